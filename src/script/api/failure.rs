//! Errors of scripts: where they happened, and what the client is told.

use std::ffi::{CStr, c_int};
use std::mem::MaybeUninit;

use lockstep_commands::{BadArgs, Reply};
use lockstep_core::scripts::Call;
use mlua_sys as ffi;

use crate::answer;
use crate::stack::Stack;

/// The reply for the error on top, which [`located`] has seen.
pub(crate) fn failure(stack: Stack, call: &Call<'_>) -> Reply {
    let error = |text: String| Reply::Error(BadArgs(text.replace(['\r', '\n'], " ").into()));
    let name = call.function.map_or_else(|| call.sha.hex(), |called| called.function.name.clone());
    if stack.kind(-1) != ffi::LUA_TTABLE {
        let text = stack.bytes(-1).unwrap_or(b"execution failure");
        let text = String::from_utf8_lossy(&text[..text.len().min(100)]);
        return error(format!("ERR Error running script {name}, {text}"));
    }
    let at = stack.top();
    let text = |name| {
        stack.get(at, name);
        stack.bytes(-1).map(|text| String::from_utf8_lossy(text).into_owned())
    };
    let mut said = text("err").unwrap_or_else(|| "ERR unknown error".to_owned());
    if let (Some(source), Some(line)) = (text("source"), text("line")) {
        said.push_str(&format!(" script: {name}, on {source}:{line}."));
    }
    error(said)
}

/// Replaces the error on the stack by a table with its text and the place in the script.
pub(crate) fn located(stack: Stack) -> c_int {
    let place = place(stack);
    if stack.kind(1) != ffi::LUA_TTABLE {
        let text = match stack.kind(1) {
            ffi::LUA_TSTRING | ffi::LUA_TNUMBER => {
                String::from_utf8_lossy(stack.bytes(1).unwrap_or_default()).into_owned()
            }
            ffi::LUA_TBOOLEAN => stack.boolean(1).to_string(),
            _ => stack.kind_name(1),
        };
        stack.set_top(0);
        answer::push_error(stack, &format!("ERR {text}"));
    }
    stack.set_top(1);
    if let Some((source, line)) = place {
        stack.push_bytes(&source);
        stack.set(1, "source");
        stack.push_number(line.into());
        stack.set(1, "line");
    }
    1
}

/// The source and the line of the innermost function that is written in Lua, or right below.
fn place(stack: Stack) -> Option<(Vec<u8>, c_int)> {
    unsafe {
        for level in 1..=2 {
            let mut about = MaybeUninit::<ffi::lua_Debug>::zeroed();
            if ffi::lua_getstack(stack.state, level, about.as_mut_ptr()) == 0 {
                return None;
            }
            ffi::lua_getinfo(stack.state, c"Sl".as_ptr(), about.as_mut_ptr());
            let about = about.assume_init_ref();
            if level == 2 || CStr::from_ptr(about.what) != c"C" {
                let source = CStr::from_ptr(about.source).to_bytes().to_vec();
                return Some((source, about.currentline));
            }
        }
        None
    }
}
