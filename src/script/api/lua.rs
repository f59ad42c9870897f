//! Functions of Lua that are others in scripts: those that every replica has to answer alike,
//! and those that would change what all scripts share.

use std::ffi::c_int;

use mlua_sys as ffi;
use mlua_sys::lua_State;

use crate::stack::{Active, active, inner};
use crate::vm::{GLOBALS, INSIDE};

/// `pcall`: of errors that are tables it gives the text.
pub(super) unsafe extern "C-unwind" fn protected_call(state: *mut lua_State) -> c_int {
    unsafe {
        ffi::luaL_checkany(state, 1);
        let args = ffi::lua_gettop(state) - 1;
        ffi::lua_pushboolean(state, 1);
        ffi::lua_insert(state, 1);
        if ffi::lua_pcall(state, args, ffi::LUA_MULTRET, 0) != 0 {
            if ffi::lua_type(state, -1) == ffi::LUA_TTABLE {
                ffi::lua_getfield(state, -1, c"err".as_ptr());
                if ffi::lua_isstring(state, -1) != 0 {
                    ffi::lua_replace(state, -2);
                } else {
                    ffi::lua_settop(state, -2);
                }
            }
            ffi::lua_pushboolean(state, 0);
            ffi::lua_replace(state, 1);
        }
        ffi::lua_gettop(state)
    }
}

/// `tostring`: where a value stands is told from the beginning of the heap, so that it is
/// the same everywhere.
pub(super) unsafe extern "C-unwind" fn to_string(state: *mut lua_State) -> c_int {
    unsafe {
        ffi::luaL_checkany(state, 1);
        if ffi::luaL_callmeta(state, 1, c"__tostring".as_ptr()) != 0 {
            return 1;
        }
        inner(state, |stack| {
            match stack.kind(1) {
                ffi::LUA_TNUMBER => {
                    stack.push_copy(1);
                    stack.bytes(-1);
                }
                ffi::LUA_TSTRING => stack.push_copy(1),
                ffi::LUA_TBOOLEAN if stack.boolean(1) => stack.push_bytes(b"true"),
                ffi::LUA_TBOOLEAN => stack.push_bytes(b"false"),
                ffi::LUA_TNIL => stack.push_bytes(b"nil"),
                ffi::LUA_TLIGHTUSERDATA => stack.push_bytes(b"userdata: (nil)"),
                _ => {
                    let address = ffi::lua_topointer(state, 1);
                    let at = (*crate::stack::heap_of(state)).offset(address);
                    stack.push_bytes(format!("{}: 0x{at:08x}", stack.kind_name(1)).as_bytes());
                }
            }
            Ok(1)
        })
    }
}

/// A name that no global has.
pub(crate) unsafe extern "C-unwind" fn undefined(state: *mut lua_State) -> c_int {
    unsafe {
        let name = ffi::lua_tolstring(state, 2, std::ptr::null_mut());
        let name = if name.is_null() { c"?".as_ptr() } else { name };
        let text = c"Script attempted to access nonexistent global variable '%s'";
        ffi::luaL_error(state, text.as_ptr(), name)
    }
}

pub(crate) unsafe extern "C-unwind" fn read_only(state: *mut lua_State) -> c_int {
    unsafe { ffi::luaL_error(state, c"Attempt to modify a readonly table".as_ptr()) }
}

/// Puts in the place of the first argument, if that is a table that only shows another, that
/// other one; whether it is such.
unsafe fn look_inside(state: *mut lua_State) -> bool {
    unsafe {
        if ffi::lua_rawequal(state, 1, ffi::lua_upvalueindex(2)) != 0 {
            ffi::lua_rawgeti(state, ffi::LUA_REGISTRYINDEX, GLOBALS.into());
            ffi::lua_replace(state, 1);
            return true;
        }
        if ffi::lua_type(state, 1) != ffi::LUA_TTABLE {
            return false;
        }
        ffi::lua_rawgeti(state, ffi::LUA_REGISTRYINDEX, INSIDE.into());
        ffi::lua_pushvalue(state, 1);
        ffi::lua_rawget(state, -2);
        let shows = ffi::lua_type(state, -1) == ffi::LUA_TTABLE;
        if shows {
            ffi::lua_replace(state, 1);
            ffi::lua_settop(state, -2);
        } else {
            ffi::lua_settop(state, -3);
        }
        shows
    }
}

/// `pairs`, which goes through what a table shows.
pub(super) unsafe extern "C-unwind" fn pairs(state: *mut lua_State) -> c_int {
    unsafe {
        ffi::luaL_checktype(state, 1, ffi::LUA_TTABLE);
        look_inside(state);
        ffi::lua_pushvalue(state, ffi::lua_upvalueindex(1));
        ffi::lua_pushvalue(state, 1);
        ffi::lua_pushnil(state);
    }
    3
}

/// Runs a function of the library, unless it is about a table that only shows another.
pub(super) unsafe extern "C-unwind" fn not_of_shown(state: *mut lua_State) -> c_int {
    unsafe {
        if look_inside(state) {
            ffi::lua_pushstring(state, c"Attempt to modify a readonly table".as_ptr());
            ffi::lua_error(state);
        }
        let function = ffi::lua_tocfunction(state, ffi::lua_upvalueindex(1));
        function.map_or(0, |function| function(state))
    }
}

/// Runs a function of the library, about what a table shows.
pub(super) unsafe extern "C-unwind" fn of_shown(state: *mut lua_State) -> c_int {
    unsafe {
        look_inside(state);
        let function = ffi::lua_tocfunction(state, ffi::lua_upvalueindex(1));
        function.map_or(0, |function| function(state))
    }
}

/// The next number from 0 up to 1, without 1 (splitmix64).
fn draw(active: &mut Active<'_>) -> f64 {
    active.chance = active.chance.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = active.chance;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

/// `math.random`: its numbers follow from the number of the operation.
pub(super) unsafe extern "C-unwind" fn random(state: *mut lua_State) -> c_int {
    unsafe {
        let drawn = active().map_or(0.0, draw);
        let given = match ffi::lua_gettop(state) {
            0 => drawn,
            1 => {
                let most = ffi::luaL_checkinteger(state, 1) as i32;
                if most < 1 {
                    ffi::luaL_argerror(state, 1, c"interval is empty".as_ptr());
                }
                (drawn * f64::from(most)).floor() + 1.0
            }
            2 => {
                let least = ffi::luaL_checkinteger(state, 1) as i32;
                let most = ffi::luaL_checkinteger(state, 2) as i32;
                if most < least {
                    ffi::luaL_argerror(state, 2, c"interval is empty".as_ptr());
                }
                let count = f64::from(most) - f64::from(least) + 1.0;
                (drawn * count).floor() + f64::from(least)
            }
            _ => return ffi::luaL_error(state, c"wrong number of arguments".as_ptr()),
        };
        ffi::lua_pushnumber(state, given);
    }
    1
}

pub(super) unsafe extern "C-unwind" fn random_seed(state: *mut lua_State) -> c_int {
    unsafe {
        let seed = ffi::luaL_checkinteger(state, 1);
        if let Some(active) = active() {
            active.chance = seed as u64;
        }
    }
    0
}
