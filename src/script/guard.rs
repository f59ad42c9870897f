//! Functions of Lua's own libraries whose work grows with what they are given: they pay for
//! it beforehand, in steps. Those that could do without end for little are others here.

use std::ffi::{CStr, c_int};

use mlua_sys as ffi;
use mlua_sys::lua_State;

use crate::pattern;
use crate::stack::{Stack, heap_of, inner};

/// How many instructions are counted at once.
pub(crate) const HOOK_EVERY: c_int = 1000;

/// Functions that pay a step for so many of the items of a table, and bytes of a string.
const METERED: [(&CStr, &[(&CStr, u8)]); 3] = [
    (
        c"table",
        &[
            (c"concat", 2),
            (c"foreach", 1),
            (c"foreachi", 1),
            (c"insert", 2),
            (c"maxn", 1),
            (c"remove", 2),
            (c"sort", 0),
        ],
    ),
    (
        c"string",
        &[
            (c"byte", 16),
            (c"char", 16),
            (c"dump", COSTLY),
            (c"format", 16),
            (c"lower", 16),
            (c"reverse", 16),
            (c"sub", 64),
            (c"upper", 16),
        ],
    ),
    (c"coroutine", &[(c"create", COSTLY), (c"wrap", COSTLY)]),
];

/// What costs as much as can be done before it is noticed.
const COSTLY: u8 = 255;

/// Puts the functions of this module in the place of those of the libraries.
///
/// # Safety
/// The libraries are open; called within a function of Lua.
pub(crate) unsafe fn open(state: *mut lua_State) {
    unsafe {
        for (library, functions) in METERED {
            ffi::lua_getglobal(state, library.as_ptr());
            for (name, weight) in functions {
                ffi::lua_getfield(state, -1, name.as_ptr());
                ffi::lua_pushinteger(state, i64::from(*weight));
                ffi::lua_pushcclosure(state, metered, 2);
                ffi::lua_setfield(state, -2, name.as_ptr());
            }
            ffi::lua_settop(state, -2);
        }
        ffi::lua_getglobal(state, c"string".as_ptr());
        let own: [(&CStr, ffi::lua_CFunction); 6] = [
            (c"find", pattern::find),
            (c"match", pattern::match_),
            (c"gmatch", pattern::gmatch),
            (c"gfind", pattern::gmatch),
            (c"gsub", pattern::gsub),
            (c"rep", rep),
        ];
        for (name, function) in own {
            ffi::lua_pushcclosure(state, function, 0);
            ffi::lua_setfield(state, -2, name.as_ptr());
        }
        ffi::lua_settop(state, -2);
    }
}

/// Pays, and runs the function of the library as if it had been called itself.
unsafe extern "C-unwind" fn metered(state: *mut lua_State) -> c_int {
    unsafe {
        let weight = ffi::lua_tonumber(state, ffi::lua_upvalueindex(2)) as u8;
        let function = ffi::lua_tocfunction(state, ffi::lua_upvalueindex(1));
        pay(state, weight);
        match function {
            Some(function) => function(state),
            None => 0,
        }
    }
}

unsafe fn pay(state: *mut lua_State, weight: u8) {
    unsafe {
        let heap = heap_of(state);
        if weight == COSTLY {
            (*heap).spend(HOOK_EVERY as u64);
            return;
        }
        let mut steps = 0_u64;
        for at in 1..=ffi::lua_gettop(state).min(16) {
            let kind = ffi::lua_type(state, at);
            if kind == ffi::LUA_TSTRING || kind == ffi::LUA_TTABLE {
                let len = ffi::lua_objlen(state, at) as u64;
                steps += match weight {
                    // Sorting compares each with about so many others.
                    0 => len * u64::from(64 - len.leading_zeros()),
                    weight => len / u64::from(weight),
                };
            }
        }
        (*heap).spend(steps);
        stop_if_spent(state);
    }
}

/// Raises an error if there are no steps left.
unsafe fn stop_if_spent(state: *mut lua_State) {
    unsafe {
        if (*heap_of(state)).is_spent() {
            ffi::lua_pushstring(state, c"the script takes too many steps".as_ptr());
            ffi::lua_error(state);
        }
    }
}

/// Counts instructions. When all are taken, each further one raises an error, so that nobody
/// goes on by catching it.
pub(crate) unsafe extern "C-unwind" fn count(state: *mut lua_State, _: *mut ffi::lua_Debug) {
    unsafe {
        (*heap_of(state)).spend(HOOK_EVERY as u64);
        if (*heap_of(state)).is_spent() {
            ffi::lua_sethook(state, Some(count), ffi::LUA_MASKCOUNT, 1);
        }
        stop_if_spent(state);
    }
}

/// `string.rep`.
unsafe extern "C-unwind" fn rep(state: *mut lua_State) -> c_int {
    unsafe {
        let mut len = 0;
        let start = ffi::luaL_checklstring(state, 1, &mut len);
        let times = ffi::luaL_checkinteger(state, 2) as i32;
        inner(state, |stack: Stack| {
            let times = usize::try_from(times).unwrap_or(0);
            let total = len.saturating_mul(times);
            stack.must_fit(total)?;
            stack.spend(total as u64 / 64)?;
            stack.push_bytes(&std::slice::from_raw_parts(start.cast::<u8>(), len).repeat(times));
            Ok(1)
        })
    }
}

/// `collectgarbage`: tells how much is used, or collects; how it is collected is not for
/// scripts.
pub(crate) unsafe extern "C-unwind" fn collect(state: *mut lua_State) -> c_int {
    unsafe {
        let names =
            [c"collect", c"count", c"stop", c"restart", c"step", c"setpause", c"setstepmul"];
        let mut list = [std::ptr::null(); 8];
        list.iter_mut().zip(names).for_each(|(to, name)| *to = name.as_ptr());
        let chosen = ffi::luaL_checkoption(state, 1, c"collect".as_ptr(), list.as_ptr());
        let heap = heap_of(state);
        match chosen {
            0 => {
                (*heap).spend((*heap).used() / 16);
                stop_if_spent(state);
                ffi::lua_gc(state, ffi::LUA_GCCOLLECT, 0);
                ffi::lua_pushnumber(state, 0.0);
            }
            1 => ffi::lua_pushnumber(state, (*heap).used() as f64 / 1024.0),
            4 => ffi::lua_pushboolean(state, 0),
            _ => ffi::lua_pushnumber(state, 0.0),
        }
    }
    1
}
