//! Libraries that Redis gives to scripts besides Lua's own, with what they give there.

mod bit;
mod json;
mod msgpack;
mod structs;

use mlua_sys as ffi;
use mlua_sys::lua_State;

use crate::api::set_functions;
use crate::stack::{Raised, Stack};

pub(crate) use json::Settings;

/// Makes them globals.
///
/// # Safety
/// Called within a function of a new interpreter.
pub(crate) unsafe fn open(state: *mut lua_State) {
    unsafe {
        let stack = Stack::of(state);
        let libraries = [
            (c"bit", bit::FUNCTIONS),
            (c"cjson", json::FUNCTIONS),
            (c"cmsgpack", msgpack::FUNCTIONS),
            (c"struct", structs::FUNCTIONS),
        ];
        for (name, functions) in libraries {
            stack.push_table(0, functions.len());
            set_functions(stack, functions);
            if name == c"cjson" {
                ffi::lua_pushlightuserdata(state, std::ptr::null_mut());
                stack.set(-2, "null");
            }
            ffi::lua_setglobal(state, name.as_ptr());
        }
    }
}

/// An argument of a function is not what it takes.
fn bad_argument(stack: Stack, number: i32, function: &str, why: &str) -> Raised {
    stack.raise(&format!("bad argument #{number} to '{function}' ({why})"))
}
