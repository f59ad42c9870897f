//! `cmsgpack`: values in the form of MessagePack. Source: the MessagePack specification.

use std::ffi::c_int;

use mlua_sys as ffi;
use mlua_sys::{lua_CFunction, lua_State};

use crate::stack::{Raised, Raises, Stack, inner};

pub(super) const FUNCTIONS: &[(&str, lua_CFunction)] = &[
    ("pack", pack),
    ("unpack", unpack),
    ("unpack_one", unpack_one),
    ("unpack_limit", unpack_limit),
];

/// How deep tables may stand within tables; deeper ones are nil.
const PACK_DEPTH_MAX: u32 = 16;
/// ... in what is unpacked.
const UNPACK_DEPTH_MAX: u32 = 200;

unsafe extern "C-unwind" fn pack(state: *mut lua_State) -> c_int {
    unsafe {
        inner(state, |stack| {
            let count = stack.top();
            if count == 0 {
                return Err(
                    stack.raise("bad argument #0 to 'pack' (MessagePack pack needs input.)")
                );
            }
            let mut out = Vec::new();
            for at in 1..=count {
                stack.need(2)?;
                stack.push_copy(at);
                put(stack, &mut out, 0)?;
            }
            stack.push_bytes(&out);
            Ok(1)
        })
    }
}

/// Adds the value on top, and takes it.
fn put(stack: Stack, out: &mut Vec<u8>, depth: u32) -> Raises<()> {
    stack.spend(1)?;
    stack.must_fit(out.len())?;
    match stack.kind(-1) {
        ffi::LUA_TSTRING => put_string(stack, stack.bytes(-1).unwrap_or_default(), out)?,
        ffi::LUA_TBOOLEAN => out.push(if stack.boolean(-1) { 0xc3 } else { 0xc2 }),
        ffi::LUA_TNUMBER => put_number(stack.number(-1), out),
        ffi::LUA_TTABLE if depth < PACK_DEPTH_MAX => put_table(stack, out, depth)?,
        _ => out.push(0xc0),
    }
    stack.pop(1);
    Ok(())
}

fn put_string(stack: Stack, bytes: &[u8], out: &mut Vec<u8>) -> Raises<()> {
    stack.must_fit(out.len() + bytes.len())?;
    stack.spend(bytes.len() as u64 / 64)?;
    match bytes.len() {
        len @ 0..32 => out.push(0xa0 | len as u8),
        len @ 32..=0xff => out.extend([0xd9, len as u8]),
        len => put_length(0xda, len, out),
    }
    out.extend_from_slice(bytes);
    Ok(())
}

/// A length in 16 bits, or behind the next tag in 32.
fn put_length(tag: u8, len: usize, out: &mut Vec<u8>) {
    match u16::try_from(len) {
        Ok(len) => {
            out.push(tag);
            out.extend(len.to_be_bytes());
        }
        Err(_) => {
            out.push(tag + 1);
            out.extend((len as u32).to_be_bytes());
        }
    }
}

fn put_number(number: f64, out: &mut Vec<u8>) {
    let whole = number as i64;
    if whole as f64 == number && number.abs() < 9.3e18 && number < 9_223_372_036_854_775_808.0 {
        return put_integer(whole, out);
    }
    let short = number as f32;
    if f64::from(short) == number {
        out.push(0xca);
        out.extend(short.to_be_bytes());
    } else {
        out.push(0xcb);
        out.extend(number.to_be_bytes());
    }
}

fn put_integer(number: i64, out: &mut Vec<u8>) {
    let bytes = number.to_be_bytes();
    let (tag, len) = match number {
        -32..=0x7f => return out.push(number as u8),
        0x80..=0xff => (0xcc, 1),
        0x100..=0xffff => (0xcd, 2),
        0x1_0000..=0xffff_ffff => (0xce, 4),
        0x1_0000_0000.. => (0xcf, 8),
        -0x80..=-33 => (0xd0, 1),
        -0x8000..=-0x81 => (0xd1, 2),
        -0x8000_0000..=-0x8001 => (0xd2, 4),
        _ => (0xd3, 8),
    };
    out.push(tag);
    out.extend_from_slice(&bytes[8 - len..]);
}

/// The table on top; it stays there.
fn put_table(stack: Stack, out: &mut Vec<u8>, depth: u32) -> Raises<()> {
    stack.need(4)?;
    let at = stack.top();
    let (mut count, mut last, mut is_array) = (0_usize, 0.0_f64, true);
    stack.push_nil();
    while stack.next(at) {
        stack.pop(1);
        stack.spend(1)?;
        let key = if stack.kind(-1) == ffi::LUA_TNUMBER { stack.number(-1) } else { 0.0 };
        is_array &= key > 0.0 && key.fract() == 0.0;
        last = last.max(key);
        count += 1;
    }
    if is_array && last == count as f64 {
        match count {
            0..16 => out.push(0x90 | count as u8),
            count => put_length(0xdc, count, out),
        }
        for index in 1..=count {
            stack.get_item(at, index as i32);
            put(stack, out, depth + 1)?;
        }
        return Ok(());
    }
    match count {
        0..16 => out.push(0x80 | count as u8),
        count => put_length(0xde, count, out),
    }
    stack.push_nil();
    while stack.next(at) {
        stack.push_copy(-2);
        put(stack, out, depth + 1)?;
        put(stack, out, depth + 1)?;
    }
    Ok(())
}

unsafe extern "C-unwind" fn unpack(state: *mut lua_State) -> c_int {
    unsafe { take_all(state, 0, 0) }
}

unsafe extern "C-unwind" fn unpack_one(state: *mut lua_State) -> c_int {
    unsafe {
        let offset = ffi::luaL_optinteger(state, 2, 0);
        take_all(state, 1, offset)
    }
}

unsafe extern "C-unwind" fn unpack_limit(state: *mut lua_State) -> c_int {
    unsafe {
        let limit = ffi::luaL_checkinteger(state, 2);
        let offset = ffi::luaL_optinteger(state, 3, 0);
        take_all(state, limit, offset)
    }
}

unsafe fn take_all(state: *mut lua_State, limit: i64, offset: i64) -> c_int {
    unsafe {
        let mut len = 0;
        let start = ffi::luaL_checklstring(state, 1, &mut len);
        let bytes = std::slice::from_raw_parts(start.cast::<u8>(), len);
        inner(state, |stack| {
            if limit < 0 || offset < 0 {
                // With the length in the place of the limit, as ever.
                let len = bytes.len();
                let text = format!(
                    "Invalid request to unpack with offset of {offset} and limit of {len}."
                );
                return Err(stack.raise(&text));
            }
            let Some(rest) = bytes.get(offset as usize..) else {
                let text =
                    format!("Start offset {offset} greater than input length {}.", bytes.len());
                return Err(stack.raise(&text));
            };
            let whole = limit == 0 && offset == 0;
            let limit = if whole { usize::MAX } else { limit as usize };
            stack.set_top(1);
            let (mut rest, mut count) = (rest, 0);
            while !rest.is_empty() && (count as usize) < limit {
                if !stack.has_room_for(4) {
                    let text = "too many return values at once; use unpack_one or unpack_limit \
                                instead.";
                    return Err(stack.raise(text));
                }
                take(stack, &mut rest, 0)?;
                count += 1;
            }
            if !whole {
                let at = if rest.is_empty() { -1.0 } else { (bytes.len() - rest.len()) as f64 };
                stack.push_number(at);
                ffi::lua_insert(state, 2);
                count += 1;
            }
            Ok(count)
        })
    }
}

fn missing(stack: Stack) -> Raised {
    stack.raise("Missing bytes in input.")
}

fn bad(stack: Stack) -> Raised {
    stack.raise("Bad data format in input.")
}

fn front<'a>(stack: Stack, rest: &mut &'a [u8], count: usize) -> Raises<&'a [u8]> {
    let (front, behind) = rest.split_at_checked(count).ok_or_else(|| missing(stack))?;
    *rest = behind;
    Ok(front)
}

/// A number of so many bytes without a sign.
fn unsigned(stack: Stack, rest: &mut &[u8], count: usize) -> Raises<u64> {
    let bytes = front(stack, rest, count)?;
    Ok(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

/// Pushes the next value.
fn take(stack: Stack, rest: &mut &[u8], depth: u32) -> Raises<()> {
    stack.spend(2)?;
    if depth == UNPACK_DEPTH_MAX {
        return Err(bad(stack));
    }
    let tag = front(stack, rest, 1)?[0];
    let len = |rest: &mut &[u8], bytes| unsigned(stack, rest, bytes).map(|len| len as usize);
    match tag {
        0..=0x7f => stack.push_number(tag.into()),
        0xe0..=0xff => stack.push_number((tag as i8).into()),
        0xa0..=0xbf => take_string(stack, rest, usize::from(tag & 31))?,
        0x90..=0x9f => take_array(stack, rest, usize::from(tag & 15), depth)?,
        0x80..=0x8f => take_map(stack, rest, usize::from(tag & 15), depth)?,
        0xc0 => stack.push_nil(),
        0xc2 | 0xc3 => stack.push_boolean(tag == 0xc3),
        0xcc..=0xcf => stack.push_number(unsigned(stack, rest, 1 << (tag - 0xcc))? as f64),
        0xd0..=0xd3 => {
            let bytes = 1 << (tag - 0xd0);
            let unused = 64 - 8 * bytes as u32;
            let number = unsigned(stack, rest, bytes)?;
            stack.push_number(((number << unused) as i64 >> unused) as f64);
        }
        0xca => stack.push_number(f32::from_bits(unsigned(stack, rest, 4)? as u32).into()),
        0xcb => stack.push_number(f64::from_bits(unsigned(stack, rest, 8)?)),
        0xd9..=0xdb => {
            let len = len(rest, 1 << (tag - 0xd9))?;
            take_string(stack, rest, len)?;
        }
        0xdc | 0xdd => {
            let len = len(rest, 2 << (tag - 0xdc))?;
            take_array(stack, rest, len, depth)?;
        }
        0xde | 0xdf => {
            let len = len(rest, 2 << (tag - 0xde))?;
            take_map(stack, rest, len, depth)?;
        }
        _ => return Err(bad(stack)),
    }
    Ok(())
}

fn take_string(stack: Stack, rest: &mut &[u8], len: usize) -> Raises<()> {
    let bytes = front(stack, rest, len)?;
    stack.must_fit(len)?;
    stack.push_bytes(bytes);
    Ok(())
}

fn take_array(stack: Stack, rest: &mut &[u8], len: usize, depth: u32) -> Raises<()> {
    stack.need(4)?;
    stack.push_table(0, 0);
    for index in 1..=len {
        take(stack, rest, depth + 1)?;
        stack.set_item(-2, index as i32);
    }
    Ok(())
}

fn take_map(stack: Stack, rest: &mut &[u8], len: usize, depth: u32) -> Raises<()> {
    stack.need(5)?;
    stack.push_table(0, 0);
    for _ in 0..len {
        take(stack, rest, depth + 1)?;
        let kind = stack.kind(-1);
        if kind == ffi::LUA_TNIL || kind == ffi::LUA_TNUMBER && stack.number(-1).is_nan() {
            return Err(bad(stack));
        }
        take(stack, rest, depth + 1)?;
        stack.set_raw(-3);
    }
    Ok(())
}
