//! `cjson`: values as JSON, with the forms and the texts of lua-cjson 2.1.

mod decode;
mod encode;

use std::ffi::c_int;

use mlua_sys as ffi;
use mlua_sys::{lua_CFunction, lua_State};

use super::bad_argument;
use crate::stack::{Raises, Stack, active, inner};

pub(super) const FUNCTIONS: &[(&str, lua_CFunction)] = &[
    ("encode", encode::encode),
    ("decode", decode::decode),
    ("encode_sparse_array", encode_sparse_array),
    ("encode_max_depth", encode_max_depth),
    ("decode_max_depth", decode_max_depth),
    ("encode_number_precision", encode_number_precision),
    ("encode_keep_buffer", encode_keep_buffer),
    ("encode_invalid_numbers", encode_invalid_numbers),
    ("decode_invalid_numbers", decode_invalid_numbers),
];

/// How deep values may stand within values, however it is set.
const DEPTH_MAX: u32 = 1000;

/// What a script can set, for itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// Whether tables with too many holes become objects.
    sparse_converts: bool,
    /// How many times as many places as items an array may have; 0: any number.
    sparse_ratio: f64,
    /// Arrays of up to so many places may be empty.
    sparse_safe: f64,
    encode_depth_max: u32,
    decode_depth_max: u32,
    /// Significant digits of numbers.
    precision: u8,
    keeps_buffer: bool,
    encode_invalid: Invalid,
    /// Whether numbers that JSON does not know are read.
    decode_invalid: bool,
}

/// What becomes of numbers that JSON does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Invalid {
    Refused,
    Written,
    Null,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            sparse_converts: false,
            sparse_ratio: 2.0,
            sparse_safe: 10.0,
            encode_depth_max: DEPTH_MAX,
            decode_depth_max: DEPTH_MAX,
            precision: 14,
            keeps_buffer: true,
            encode_invalid: Invalid::Refused,
            decode_invalid: true,
        }
    }
}

fn settings() -> Settings {
    // Safety: copied at once.
    unsafe { active() }.map(|active| active.json).unwrap_or_default()
}

fn set(change: impl FnOnce(&mut Settings)) {
    // Safety: not kept.
    if let Some(active) = unsafe { active() } {
        change(&mut active.json);
    }
}

/// The argument at a place as a whole number within bounds, if it is given.
fn option(stack: Stack, at: c_int, name: &str, min: f64, max: f64) -> Raises<Option<f64>> {
    if matches!(stack.kind(at), ffi::LUA_TNONE | ffi::LUA_TNIL) {
        return Ok(None);
    }
    let number = stack.number(at).trunc();
    if !(min..=max).contains(&number) {
        let why = format!("expected integer between {min} and {max}");
        return Err(bad_argument(stack, at, name, &why));
    }
    Ok(Some(number))
}

unsafe extern "C-unwind" fn encode_sparse_array(state: *mut lua_State) -> c_int {
    unsafe {
        inner(state, |stack| {
            let name = "encode_sparse_array";
            if stack.kind(1) == ffi::LUA_TBOOLEAN {
                set(|settings| settings.sparse_converts = stack.boolean(1));
            }
            let most = f64::from(i32::MAX);
            let ratio = option(stack, 2, name, 0.0, most)?;
            let safe = option(stack, 3, name, 0.0, most)?;
            set(|settings| {
                settings.sparse_ratio = ratio.unwrap_or(settings.sparse_ratio);
                settings.sparse_safe = safe.unwrap_or(settings.sparse_safe);
            });
            let now = settings();
            stack.push_boolean(now.sparse_converts);
            stack.push_number(now.sparse_ratio);
            stack.push_number(now.sparse_safe);
            Ok(3)
        })
    }
}

unsafe extern "C-unwind" fn encode_max_depth(state: *mut lua_State) -> c_int {
    unsafe {
        inner(state, |stack| {
            if let Some(depth) = option(stack, 1, "encode_max_depth", 1.0, f64::from(i32::MAX))? {
                set(|settings| settings.encode_depth_max = depth as u32);
            }
            stack.push_number(settings().encode_depth_max.into());
            Ok(1)
        })
    }
}

unsafe extern "C-unwind" fn decode_max_depth(state: *mut lua_State) -> c_int {
    unsafe {
        inner(state, |stack| {
            if let Some(depth) = option(stack, 1, "decode_max_depth", 1.0, f64::from(i32::MAX))? {
                set(|settings| settings.decode_depth_max = depth as u32);
            }
            stack.push_number(settings().decode_depth_max.into());
            Ok(1)
        })
    }
}

unsafe extern "C-unwind" fn encode_number_precision(state: *mut lua_State) -> c_int {
    unsafe {
        inner(state, |stack| {
            if let Some(digits) = option(stack, 1, "encode_number_precision", 1.0, 14.0)? {
                set(|settings| settings.precision = digits as u8);
            }
            stack.push_number(settings().precision.into());
            Ok(1)
        })
    }
}

/// The argument as a switch, which may be a boolean or one of these words; none: it is not
/// given.
fn switch(stack: Stack, name: &str, words: &[&str]) -> Raises<Option<usize>> {
    match stack.kind(1) {
        ffi::LUA_TNONE | ffi::LUA_TNIL => Ok(None),
        ffi::LUA_TBOOLEAN => Ok(Some(stack.boolean(1).into())),
        _ => {
            let word = stack.bytes(1).unwrap_or_default();
            let place = words.iter().position(|known| known.as_bytes() == word);
            let why = || format!("invalid option '{}'", String::from_utf8_lossy(word));
            place.map(Some).ok_or_else(|| bad_argument(stack, 1, name, &why()))
        }
    }
}

unsafe extern "C-unwind" fn encode_invalid_numbers(state: *mut lua_State) -> c_int {
    unsafe {
        inner(state, |stack| {
            let all = [Invalid::Refused, Invalid::Written, Invalid::Null];
            if let Some(place) = switch(stack, "encode_invalid_numbers", &["off", "on", "null"])? {
                set(|settings| settings.encode_invalid = all[place]);
            }
            match settings().encode_invalid {
                Invalid::Null => stack.push_bytes(b"null"),
                other => stack.push_boolean(other == Invalid::Written),
            }
            Ok(1)
        })
    }
}

unsafe extern "C-unwind" fn decode_invalid_numbers(state: *mut lua_State) -> c_int {
    unsafe {
        inner(state, |stack| {
            if let Some(place) = switch(stack, "decode_invalid_numbers", &["off", "on"])? {
                set(|settings| settings.decode_invalid = place == 1);
            }
            stack.push_boolean(settings().decode_invalid);
            Ok(1)
        })
    }
}

/// Whether memory is kept between calls; here it never matters.
unsafe extern "C-unwind" fn encode_keep_buffer(state: *mut lua_State) -> c_int {
    unsafe {
        inner(state, |stack| {
            if stack.kind(1) == ffi::LUA_TBOOLEAN {
                set(|settings| settings.keeps_buffer = stack.boolean(1));
            }
            stack.push_boolean(settings().keeps_buffer);
            Ok(1)
        })
    }
}
