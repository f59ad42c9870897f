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
