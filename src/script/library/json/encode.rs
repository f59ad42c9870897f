//! From values to JSON.

use std::ffi::c_int;

use lockstep_commands::double::general;
use mlua_sys as ffi;
use mlua_sys::lua_State;

use super::{DEPTH_MAX, Invalid, Settings, settings};
use crate::library::bad_argument;
use crate::stack::{Raised, Raises, Stack, inner};

/// `cjson.encode`.
pub(super) unsafe extern "C-unwind" fn encode(state: *mut lua_State) -> c_int {
    unsafe {
        inner(state, |stack| {
            if stack.top() != 1 {
                return Err(bad_argument(stack, 1, "encode", "expected 1 argument"));
            }
            let mut writer = Writer { stack, settings: settings(), out: Vec::new() };
            writer.value(0)?;
            stack.push_bytes(&writer.out);
            Ok(1)
        })
    }
}

struct Writer {
    stack: Stack,
    settings: Settings,
    out: Vec<u8>,
}

impl Writer {
    /// Writes the value on top, which stays there.
    fn value(&mut self, depth: u32) -> Raises<()> {
        let stack = self.stack;
        stack.spend(1)?;
        stack.must_fit(self.out.len())?;
        match stack.kind(-1) {
            ffi::LUA_TSTRING => self.string(stack.bytes(-1).unwrap_or_default())?,
            ffi::LUA_TNUMBER => self.number(stack.number(-1))?,
            ffi::LUA_TBOOLEAN if stack.boolean(-1) => self.out.extend(b"true"),
            ffi::LUA_TBOOLEAN => self.out.extend(b"false"),
            ffi::LUA_TNIL | ffi::LUA_TLIGHTUSERDATA => self.out.extend(b"null"),
            ffi::LUA_TTABLE => self.table(depth + 1)?,
            _ => return Err(self.refuse("type not supported")),
        }
        Ok(())
    }

    fn refuse(&self, why: &str) -> Raised {
        let kind = self.stack.kind_name(-1);
        self.stack.raise(&format!("Cannot serialise {kind}: {why}"))
    }

    fn number(&mut self, number: f64) -> Raises<()> {
        match self.settings.encode_invalid {
            _ if number.is_finite() => {}
            Invalid::Refused => return Err(self.refuse("must not be NaN or Inf")),
            Invalid::Null => {
                self.out.extend(b"null");
                return Ok(());
            }
            Invalid::Written if number.is_nan() => {
                self.out.extend(b"nan");
                return Ok(());
            }
            Invalid::Written => {}
        }
        self.out.extend(general(number, self.settings.precision).bytes());
        Ok(())
    }

    fn string(&mut self, bytes: &[u8]) -> Raises<()> {
        self.stack.must_fit(self.out.len() + bytes.len())?;
        self.stack.spend(bytes.len() as u64 / 32)?;
        self.out.push(b'"');
        for byte in bytes {
            match byte {
                b'"' | b'\\' | b'/' => self.out.extend([b'\\', *byte]),
                8 => self.out.extend(b"\\b"),
                b'\t' => self.out.extend(b"\\t"),
                b'\n' => self.out.extend(b"\\n"),
                12 => self.out.extend(b"\\f"),
                b'\r' => self.out.extend(b"\\r"),
                0..32 | 127 => self.out.extend(format!("\\u{byte:04x}").bytes()),
                byte => self.out.push(*byte),
            }
        }
        self.out.push(b'"');
        Ok(())
    }

    fn table(&mut self, depth: u32) -> Raises<()> {
        if depth > self.settings.encode_depth_max.min(DEPTH_MAX) {
            let text = format!("Cannot serialise, excessive nesting ({depth})");
            return Err(self.stack.raise(&text));
        }
        self.stack.need(4)?;
        match self.places()? {
            Some(places) if places > 0 => self.array(places, depth),
            _ => self.object(depth),
        }
    }

    /// How many places the array on top has. None: it is none.
    fn places(&mut self) -> Raises<Option<i32>> {
        let (stack, at) = (self.stack, self.stack.top());
        let (mut most, mut items) = (0.0_f64, 0.0);
        stack.push_nil();
        while stack.next(at) {
            stack.pop(1);
            stack.spend(1)?;
            let key = if stack.kind(-1) == ffi::LUA_TNUMBER { stack.number(-1) } else { 0.0 };
            if key < 1.0 || key.fract() != 0.0 {
                stack.set_top(at);
                return Ok(None);
            }
            most = most.max(key);
            items += 1.0;
        }
        let Settings { sparse_ratio, sparse_safe, sparse_converts, .. } = self.settings;
        if sparse_ratio > 0.0 && most > items * sparse_ratio && most > sparse_safe {
            if !sparse_converts {
                return Err(self.refuse("excessively sparse array"));
            }
            return Ok(None);
        }
        Ok(Some(most.min(f64::from(i32::MAX)) as i32))
    }

    fn array(&mut self, places: i32, depth: u32) -> Raises<()> {
        let at = self.stack.top();
        self.out.push(b'[');
        for index in 1..=places {
            if index > 1 {
                self.out.push(b',');
            }
            self.stack.get_item(at, index);
            self.value(depth)?;
            self.stack.set_top(at);
        }
        self.out.push(b']');
        Ok(())
    }

    fn object(&mut self, depth: u32) -> Raises<()> {
        let (stack, at) = (self.stack, self.stack.top());
        self.out.push(b'{');
        let mut is_first = true;
        stack.push_nil();
        while stack.next(at) {
            if !is_first {
                self.out.push(b',');
            }
            is_first = false;
            match stack.kind(-2) {
                ffi::LUA_TNUMBER => {
                    self.out.push(b'"');
                    self.number(stack.number(-2))?;
                    self.out.extend(b"\":");
                }
                ffi::LUA_TSTRING => {
                    self.string(stack.bytes(-2).unwrap_or_default())?;
                    self.out.push(b':');
                }
                _ => {
                    stack.pop(1);
                    return Err(self.refuse("table key must be a number or string"));
                }
            }
            self.value(depth)?;
            stack.pop(1);
        }
        self.out.push(b'}');
        Ok(())
    }
}
