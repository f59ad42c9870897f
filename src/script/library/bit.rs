//! `bit`: numbers as 32 bits.

use std::ffi::c_int;

use mlua_sys as ffi;
use mlua_sys::{lua_CFunction, lua_State};

use crate::stack::inner;

pub(super) const FUNCTIONS: &[(&str, lua_CFunction)] = &[
    ("tobit", to_bit),
    ("bnot", not),
    ("band", and),
    ("bor", or),
    ("bxor", xor),
    ("lshift", shift_left),
    ("rshift", shift_right),
    ("arshift", shift_with_sign),
    ("rol", turn_left),
    ("ror", turn_right),
    ("bswap", swap),
    ("tohex", to_hex),
];

/// The lower 32 bits of the nearest integer.
unsafe fn bits(state: *mut lua_State, at: c_int) -> u32 {
    let number = unsafe { ffi::luaL_checknumber(state, at) };
    // As the addition of 2^52 + 2^51 leaves them in the lower half of a double.
    (number + 6_755_399_441_055_744.0).to_bits() as u32
}

unsafe fn give(state: *mut lua_State, bits: u32) -> c_int {
    unsafe { ffi::lua_pushnumber(state, f64::from(bits as i32)) };
    1
}

unsafe extern "C-unwind" fn to_bit(state: *mut lua_State) -> c_int {
    unsafe { give(state, bits(state, 1)) }
}

unsafe extern "C-unwind" fn not(state: *mut lua_State) -> c_int {
    unsafe { give(state, !bits(state, 1)) }
}

unsafe extern "C-unwind" fn swap(state: *mut lua_State) -> c_int {
    unsafe { give(state, bits(state, 1).swap_bytes()) }
}

unsafe fn fold(state: *mut lua_State, join: fn(u32, u32) -> u32) -> c_int {
    unsafe {
        let mut all = bits(state, 1);
        for at in 2..=ffi::lua_gettop(state) {
            all = join(all, bits(state, at));
        }
        give(state, all)
    }
}

unsafe extern "C-unwind" fn and(state: *mut lua_State) -> c_int {
    unsafe { fold(state, |one, other| one & other) }
}

unsafe extern "C-unwind" fn or(state: *mut lua_State) -> c_int {
    unsafe { fold(state, |one, other| one | other) }
}

unsafe extern "C-unwind" fn xor(state: *mut lua_State) -> c_int {
    unsafe { fold(state, |one, other| one ^ other) }
}

unsafe fn by(state: *mut lua_State, shift: fn(u32, u32) -> u32) -> c_int {
    unsafe {
        let (number, count) = (bits(state, 1), bits(state, 2) & 31);
        give(state, shift(number, count))
    }
}

unsafe extern "C-unwind" fn shift_left(state: *mut lua_State) -> c_int {
    unsafe { by(state, |number, count| number << count) }
}

unsafe extern "C-unwind" fn shift_right(state: *mut lua_State) -> c_int {
    unsafe { by(state, |number, count| number >> count) }
}

unsafe extern "C-unwind" fn shift_with_sign(state: *mut lua_State) -> c_int {
    unsafe { by(state, |number, count| ((number as i32) >> count) as u32) }
}

unsafe extern "C-unwind" fn turn_left(state: *mut lua_State) -> c_int {
    unsafe { by(state, u32::rotate_left) }
}

unsafe extern "C-unwind" fn turn_right(state: *mut lua_State) -> c_int {
    unsafe { by(state, u32::rotate_right) }
}

/// With so many digits, in capitals if that is negative.
unsafe extern "C-unwind" fn to_hex(state: *mut lua_State) -> c_int {
    unsafe {
        let number = bits(state, 1);
        let digits = match ffi::lua_type(state, 2) {
            ffi::LUA_TNONE => 8,
            _ => bits(state, 2) as i32,
        };
        inner(state, |stack| {
            let text = match digits < 0 {
                true => format!("{number:08X}"),
                false => format!("{number:08x}"),
            };
            let count = digits.unsigned_abs().min(8) as usize;
            stack.push_bytes(&text.as_bytes()[8 - count..]);
            Ok(1)
        })
    }
}
