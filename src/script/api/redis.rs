//! The functions of `redis` beside those that run commands.

use std::ffi::c_int;

use lockstep_commands::table;
use lockstep_core::scripts::sha1;
use mlua_sys as ffi;
use mlua_sys::lua_State;

use super::command::{refuse, words};
use crate::answer;
use crate::stack::{active, inner};

pub(crate) unsafe extern "C-unwind" fn log(state: *mut lua_State) -> c_int {
    unsafe {
        inner(state, |stack| {
            if stack.top() < 2 {
                return refuse(stack, true, "redis.log() requires two arguments or more.");
            }
            if ffi::lua_isnumber(state, 1) == 0 {
                return refuse(stack, true, "First argument must be a number (log level).");
            }
            if !(0..=3).contains(&(stack.number(1) as i64)) {
                return refuse(stack, true, "Invalid debug level.");
            }
            // Every replica would write it, and again behind a restart.
            Ok(0)
        })
    }
}

pub(super) unsafe extern "C-unwind" fn set_resp(state: *mut lua_State) -> c_int {
    unsafe {
        inner(state, |stack| {
            if stack.top() != 1 {
                return refuse(stack, true, "redis.setresp() requires one argument.");
            }
            let version = stack.number(1);
            if version != 2.0 && version != 3.0 {
                return refuse(stack, true, "RESP version must be 2 or 3.");
            }
            if let Some(active) = active() {
                active.resp = version as u8;
            }
            Ok(0)
        })
    }
}

pub(super) unsafe extern "C-unwind" fn sha1_hex(state: *mut lua_State) -> c_int {
    unsafe {
        inner(state, |stack| {
            if stack.top() != 1 {
                return refuse(stack, true, "wrong number of arguments");
            }
            let bytes = stack.bytes(1).unwrap_or_default();
            stack.spend(bytes.len() as u64 / 8)?;
            stack.push_bytes(sha1(bytes).hex().as_bytes());
            Ok(1)
        })
    }
}

pub(super) unsafe extern "C-unwind" fn error_reply(state: *mut lua_State) -> c_int {
    unsafe {
        inner(state, |stack| {
            if stack.top() != 1 || stack.kind(1) != ffi::LUA_TSTRING {
                return refuse(stack, false, "wrong number or type of arguments");
            }
            let text = stack.bytes(1).unwrap_or_default();
            let text = String::from_utf8_lossy(text.strip_prefix(b"-").unwrap_or(text));
            match text.contains(' ') {
                true => answer::push_error(stack, &text),
                false => answer::push_error(stack, &format!("ERR {text}")),
            }
            Ok(1)
        })
    }
}

pub(super) unsafe extern "C-unwind" fn status_reply(state: *mut lua_State) -> c_int {
    unsafe {
        inner(state, |stack| {
            if stack.top() != 1 || stack.kind(1) != ffi::LUA_TSTRING {
                return refuse(stack, false, "wrong number or type of arguments");
            }
            stack.push_table(0, 1);
            stack.push_copy(1);
            stack.set(-2, "ok");
            Ok(1)
        })
    }
}

pub(super) unsafe extern "C-unwind" fn set_repl(state: *mut lua_State) -> c_int {
    unsafe {
        inner(state, |stack| {
            if stack.top() != 1 {
                return refuse(stack, true, "redis.set_repl() requires two arguments.");
            }
            if !(0..=3).contains(&(stack.number(1) as i64)) {
                let text = "Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or \
                            REPL_NONE.";
                return refuse(stack, true, text);
            }
            // All replicas run the script: there is nothing to choose.
            Ok(0)
        })
    }
}

pub(super) unsafe extern "C-unwind" fn replicate_commands(state: *mut lua_State) -> c_int {
    unsafe { ffi::lua_pushboolean(state, 1) };
    1
}

pub(super) unsafe extern "C-unwind" fn breakpoint(state: *mut lua_State) -> c_int {
    unsafe { ffi::lua_pushboolean(state, 0) };
    1
}

pub(super) unsafe extern "C-unwind" fn debug(_: *mut lua_State) -> c_int {
    0
}

pub(super) unsafe extern "C-unwind" fn acl_check(state: *mut lua_State) -> c_int {
    unsafe {
        inner(state, |stack| {
            let words = match words(stack) {
                Ok(words) => words,
                Err(text) => return refuse(stack, true, text),
            };
            let words: Vec<&[u8]> = words.iter().map(|word| &**word).collect();
            let Ok((command, _)) = table::name(&words) else {
                let text = "Invalid command passed to redis.acl_check_cmd()";
                return refuse(stack, true, text);
            };
            // Safety: it is not kept, and what it calls does not ask for it.
            let active = active().expect("a script runs");
            let user = active.user.as_ref();
            stack.push_boolean(user.is_none_or(|user| user.check(command.spec, &words).is_ok()));
            Ok(1)
        })
    }
}
