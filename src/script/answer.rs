//! From replies to Lua and back, by the rules of the Redis documentation.

use std::borrow::Cow;

use lockstep_commands::double::{format_digits, format_double};
use lockstep_commands::{BadArgs, Reply};
use mlua_sys as ffi;

use crate::stack::{Raises, Stack};
use crate::vm::IGNORE_STATS;

/// How deep replies may stand within replies.
const DEPTH_MAX: u32 = 1000;

/// Pushes a reply as a value.
pub(crate) fn push(stack: Stack, resp: u8, reply: Reply) -> Raises<()> {
    stack.need(5)?;
    let three = resp == 3;
    match reply {
        Reply::Ok => push_field(stack, "ok", b"OK"),
        Reply::Simple(line) => push_field(stack, "ok", line.as_bytes()),
        Reply::Line(line) => push_field(stack, "ok", line.as_bytes()),
        Reply::Bulk(bytes) => {
            stack.must_fit(bytes.len())?;
            stack.push_bytes(&bytes);
        }
        Reply::Int(number) => stack.push_number(number as f64),
        Reply::Nil | Reply::NilArray if three => stack.push_nil(),
        Reply::Nil | Reply::NilArray | Reply::Silence => stack.push_boolean(false),
        Reply::Bool(yes) if three => stack.push_boolean(yes),
        Reply::Bool(yes) => stack.push_number(f64::from(u8::from(yes))),
        Reply::Double(number) | Reply::DoubleDigits(number) if three => {
            stack.push_table(0, 1);
            stack.push_number(number);
            stack.set(-2, "double");
        }
        Reply::Double(number) | Reply::DoubleText(number) => {
            stack.push_bytes(format_double(number).as_bytes());
        }
        Reply::DoubleDigits(number) => stack.push_bytes(format_digits(number).as_bytes()),
        Reply::BigNumber(digits) if three => push_field(stack, "big_number", digits.as_bytes()),
        Reply::BigNumber(digits) => stack.push_bytes(digits.as_bytes()),
        Reply::Verbatim(text) if three => push_verbatim(stack, *b"txt", text.as_bytes()),
        Reply::Verbatim(text) => stack.push_bytes(text.as_bytes()),
        Reply::VerbatimAs(format, bytes) if three => push_verbatim(stack, format, &bytes),
        Reply::VerbatimAs(_, bytes) => stack.push_bytes(&bytes),
        Reply::Array(items) | Reply::Push(items) | Reply::Several(items) => {
            push_items(stack, resp, items)?;
        }
        Reply::Set(items) if three => push_set(stack, resp, items)?,
        Reply::Set(items) => push_items(stack, resp, items)?,
        Reply::Map(pairs) | Reply::PairsOrMap(pairs) if three => {
            push_map(stack, resp, pairs)?;
        }
        Reply::Map(pairs) => push_items(stack, resp, flat(pairs))?,
        Reply::Pairs(pairs) if !three => push_items(stack, resp, flat(pairs))?,
        Reply::Pairs(pairs) | Reply::PairsOrMap(pairs) => {
            let twos = pairs.into_iter().map(|(name, value)| Reply::Array(vec![name, value]));
            push_items(stack, resp, twos.collect())?;
        }
        Reply::Error(bad) => {
            push_error(stack, &bad.0);
            stack.push_boolean(true);
            stack.set(-2, IGNORE_STATS);
        }
    }
    stack.spend(1)
}

/// Pushes a table that stands for an error: its code, a blank, and its text.
pub(crate) fn push_error(stack: Stack, text: &str) {
    push_field(stack, "err", text.trim_end_matches(['\r', '\n']).as_bytes());
}

fn push_field(stack: Stack, name: &str, bytes: &[u8]) {
    stack.push_table(0, 1);
    stack.push_bytes(bytes);
    stack.set(-2, name);
}

fn push_verbatim(stack: Stack, format: [u8; 3], bytes: &[u8]) {
    stack.push_table(0, 1);
    stack.push_table(0, 2);
    stack.push_bytes(bytes);
    stack.set(-2, "string");
    stack.push_bytes(&format);
    stack.set(-2, "format");
    stack.set(-2, "verbatim_string");
}

fn push_items(stack: Stack, resp: u8, items: Vec<Reply>) -> Raises<()> {
    stack.must_fit(items.len().saturating_mul(16))?;
    stack.push_table(items.len(), 0);
    for (item, index) in items.into_iter().zip(1..) {
        push(stack, resp, item)?;
        stack.set_item(-2, index);
    }
    Ok(())
}

fn push_map(stack: Stack, resp: u8, pairs: Vec<(Reply, Reply)>) -> Raises<()> {
    stack.push_table(0, 1);
    stack.push_table(0, pairs.len());
    for (name, value) in pairs {
        push(stack, resp, name)?;
        push(stack, resp, value)?;
        stack.set_raw(-3);
    }
    stack.set(-2, "map");
    Ok(())
}

fn push_set(stack: Stack, resp: u8, items: Vec<Reply>) -> Raises<()> {
    stack.push_table(0, 1);
    stack.push_table(0, items.len());
    for item in items {
        push(stack, resp, item)?;
        stack.push_boolean(true);
        stack.set_raw(-3);
    }
    stack.set(-2, "set");
    Ok(())
}

fn flat(pairs: Vec<(Reply, Reply)>) -> Vec<Reply> {
    pairs.into_iter().flat_map(|(name, value)| [name, value]).collect()
}

/// The reply that the value on top stands for; takes it. What is too deep or too much is an
/// error within the reply, as in Redis.
pub(crate) fn take(stack: Stack, resp: u8) -> Reply {
    take_at(stack, resp, DEPTH_MAX)
}

fn take_at(stack: Stack, resp: u8, depth: u32) -> Reply {
    let below = stack.top() - 1;
    let reply = if depth == 0 || !stack.has_room_for(6) || stack.spend(1).is_err() {
        Reply::Error(BadArgs("ERR reached lua stack limit".into()))
    } else {
        of_value(stack, resp, depth - 1)
    };
    stack.set_top(below);
    reply
}

fn of_value(stack: Stack, resp: u8, depth: u32) -> Reply {
    match stack.kind(-1) {
        ffi::LUA_TSTRING => Reply::bulk(stack.bytes(-1).unwrap_or_default()),
        ffi::LUA_TBOOLEAN if resp == 3 => Reply::Bool(stack.boolean(-1)),
        ffi::LUA_TBOOLEAN if stack.boolean(-1) => Reply::Int(1),
        ffi::LUA_TNUMBER => Reply::Int(stack.number(-1) as i64),
        ffi::LUA_TTABLE => of_table(stack, resp, depth),
        _ => Reply::Nil,
    }
}

fn of_table(stack: Stack, resp: u8, depth: u32) -> Reply {
    let at = stack.top();
    let text = |kind, name| (stack.get(at, name) == kind).then(|| stack.bytes(-1)).flatten();
    if let Some(text) = text(ffi::LUA_TSTRING, "err") {
        return Reply::Error(BadArgs(line(text)));
    }
    if let Some(text) = text(ffi::LUA_TSTRING, "ok") {
        return Reply::Line(line(text).into_owned());
    }
    if stack.get(at, "double") == ffi::LUA_TNUMBER {
        return Reply::Double(stack.number(-1));
    }
    if let Some(text) = text(ffi::LUA_TSTRING, "big_number") {
        return Reply::BigNumber(line(text).into_owned());
    }
    if stack.get(at, "verbatim_string") == ffi::LUA_TTABLE
        && let Some(verbatim) = verbatim(stack)
    {
        return verbatim;
    }
    stack.set_top(at);
    if stack.get(at, "map") == ffi::LUA_TTABLE {
        return map(stack, resp, depth);
    }
    if stack.get(at, "set") == ffi::LUA_TTABLE {
        return set(stack, resp, depth);
    }
    stack.set_top(at);
    let mut items = Vec::new();
    for index in 1.. {
        if stack.get_item(at, index) == ffi::LUA_TNIL {
            break;
        }
        items.push(take_at(stack, resp, depth));
        if stack.spend(0).is_err() {
            stack.set_top(at);
            break;
        }
    }
    Reply::Array(items)
}

fn verbatim(stack: Stack) -> Option<Reply> {
    let at = stack.top();
    if stack.get(at, "format") != ffi::LUA_TSTRING {
        return None;
    }
    let format = stack.bytes(-1)?;
    if stack.get(at, "string") != ffi::LUA_TSTRING {
        return None;
    }
    let mut three = [b' '; 3];
    three.iter_mut().zip(format).for_each(|(to, from)| *to = *from);
    Some(Reply::VerbatimAs(three, stack.bytes(-1)?.to_vec()))
}

/// The table on top, in the order of the interpreter.
fn map(stack: Stack, resp: u8, depth: u32) -> Reply {
    let at = stack.top();
    let mut pairs = Vec::new();
    stack.push_nil();
    while stack.spend(1).is_ok() && stack.next(at) {
        stack.push_copy(-2);
        let name = take_at(stack, resp, depth);
        pairs.push((name, take_at(stack, resp, depth)));
    }
    Reply::Map(pairs)
}

fn set(stack: Stack, resp: u8, depth: u32) -> Reply {
    let at = stack.top();
    let mut items = Vec::new();
    stack.push_nil();
    while stack.spend(1).is_ok() && stack.next(at) {
        stack.pop(1);
        stack.push_copy(-1);
        items.push(take_at(stack, resp, depth));
    }
    Reply::Set(items)
}

/// Text without line ends, which a line cannot have.
fn line(text: &[u8]) -> Cow<'static, str> {
    String::from_utf8_lossy(text).replace(['\r', '\n'], " ").into()
}
