//! What scripts find: the globals, and `redis`.

mod command;
mod failure;
mod lua;
mod redis;

use std::ffi::CStr;

use mlua_sys as ffi;
use mlua_sys::lua_State;

use self::command::{call, call_protected};
use self::lua::{not_of_shown, of_shown, pairs, protected_call, random, random_seed, to_string};
use self::redis::{
    acl_check, breakpoint, debug, error_reply, replicate_commands, set_repl, set_resp, sha1_hex,
    status_reply,
};
use crate::stack::Stack;
use crate::vm::{GLOBALS, INSIDE};
use crate::{guard, library};

pub(crate) use command::refuse;
pub(crate) use failure::{failure, located};
pub(crate) use lua::{read_only, undefined};
pub(crate) use redis::log;

/// What of Lua is not for scripts.
const REMOVED: [&CStr; 8] =
    [c"dofile", c"loadfile", c"print", c"newproxy", c"module", c"require", c"getfenv", c"setfenv"];

/// What is written in Lua itself: code is text here, and the table of globals stays as it is.
const PRELUDE: &CStr = cr#"
local globals, protected, undefined, read_only, inside = ...
local loadstring, setmetatable, type, concat, byte =
    loadstring, setmetatable, type, table.concat, string.byte

local function shut(library, metatable)
  metatable.__newindex = read_only
  metatable.__metatable = false
  return setmetatable(library, metatable)
end
for name, library in pairs(globals) do
  if type(library) == 'table' and library ~= globals then
    local shown = shut({}, { __index = library })
    inside[shown] = library
    globals[name] = shown
  end
end

local function load_text(text, name)
  if type(text) == 'string' and byte(text) == 27 then
    return nil, 'attempt to load compiled code'
  end
  return loadstring(text, name)
end
globals.loadstring = load_text
globals.load = function(pieces, name)
  local text = {}
  while true do
    local piece = pieces()
    if piece == nil or piece == '' then break end
    text[#text + 1] = piece
  end
  return load_text(concat(text), name or '=(load)')
end
globals._G = protected
setmetatable(globals, { __index = undefined })
setmetatable(protected, { __index = globals, __newindex = read_only, __metatable = shut({}, {}) })
"#;

/// Fills the globals.
///
/// # Safety
/// Called within a function of a new interpreter.
pub(crate) unsafe fn open(state: *mut lua_State) {
    unsafe {
        let libraries: [(&CStr, ffi::lua_CFunction); 4] = [
            (c"", ffi::luaopen_base),
            (c"table", ffi::luaopen_table),
            (c"string", ffi::luaopen_string),
            (c"math", ffi::luaopen_math),
        ];
        for (name, library) in libraries {
            ffi::lua_pushcclosure(state, library, 0);
            ffi::lua_pushstring(state, name.as_ptr());
            ffi::lua_call(state, 1, 0);
        }
        for name in REMOVED {
            ffi::lua_pushnil(state);
            ffi::lua_setglobal(state, name.as_ptr());
        }
        guard::open(state);
        let own: [(&CStr, ffi::lua_CFunction); 3] = [
            (c"pcall", protected_call),
            (c"tostring", to_string),
            (c"collectgarbage", guard::collect),
        ];
        for (name, function) in own {
            ffi::lua_pushcclosure(state, function, 0);
            ffi::lua_setglobal(state, name.as_ptr());
        }
        let stack = Stack::of(state);
        ffi::lua_getglobal(state, c"math".as_ptr());
        set_functions(stack, &[("random", random), ("randomseed", random_seed)]);
        stack.pop(1);
        stack.push_table(0, 0);
        set_functions(stack, REDIS);
        set_constants(stack, |_| true);
        ffi::lua_setglobal(state, c"redis".as_ptr());
        library::open(state);
        protect(state);
    }
}

/// From here on the globals can be neither changed nor asked for what they are not.
unsafe fn protect(state: *mut lua_State) {
    unsafe {
        let text = PRELUDE.to_bytes();
        let status =
            ffi::luaL_loadbuffer(state, text.as_ptr().cast(), text.len(), c"=prelude".as_ptr());
        assert!(status == 0, "the prelude is Lua");
        ffi::lua_pushvalue(state, ffi::LUA_GLOBALSINDEX);
        ffi::lua_pushvalue(state, -1);
        ffi::lua_rawseti(state, ffi::LUA_REGISTRYINDEX, GLOBALS.into());
        ffi::lua_createtable(state, 0, 0);
        ffi::lua_pushvalue(state, -1);
        // What is compiled from now on finds its globals there.
        ffi::lua_replace(state, ffi::LUA_GLOBALSINDEX);
        ffi::lua_pushcclosure(state, undefined, 0);
        ffi::lua_pushcclosure(state, read_only, 0);
        ffi::lua_createtable(state, 0, 16);
        ffi::lua_pushvalue(state, -1);
        ffi::lua_rawseti(state, ffi::LUA_REGISTRYINDEX, INSIDE.into());
        ffi::lua_call(state, 5, 0);
        let stack = Stack::of(state);
        ffi::lua_rawgeti(state, ffi::LUA_REGISTRYINDEX, GLOBALS.into());
        let looking: [(&str, &str, ffi::lua_CFunction); 5] = [
            ("pairs", "next", pairs),
            ("next", "next", of_shown),
            ("rawget", "rawget", of_shown),
            ("rawset", "rawset", not_of_shown),
            ("setmetatable", "setmetatable", not_of_shown),
        ];
        for (name, original, function) in looking {
            stack.get(-1, original);
            ffi::lua_pushvalue(state, ffi::LUA_GLOBALSINDEX);
            ffi::lua_pushcclosure(state, function, 2);
            stack.set(-2, name);
        }
        stack.pop(1);
    }
}

const REDIS: &[(&str, ffi::lua_CFunction)] = &[
    ("call", call),
    ("pcall", call_protected),
    ("log", log),
    ("setresp", set_resp),
    ("sha1hex", sha1_hex),
    ("error_reply", error_reply),
    ("status_reply", status_reply),
    ("set_repl", set_repl),
    ("replicate_commands", replicate_commands),
    ("breakpoint", breakpoint),
    ("debug", debug),
    ("acl_check_cmd", acl_check),
];

const NUMBERS: [(&str, f64); 10] = [
    ("LOG_DEBUG", 0.0),
    ("LOG_VERBOSE", 1.0),
    ("LOG_NOTICE", 2.0),
    ("LOG_WARNING", 3.0),
    ("REPL_NONE", 0.0),
    ("REPL_AOF", 1.0),
    ("REPL_SLAVE", 2.0),
    ("REPL_REPLICA", 2.0),
    ("REPL_ALL", 3.0),
    ("REDIS_VERSION_NUM", 0x0007_000f as f64),
];

/// Sets functions of the table on top.
pub(crate) fn set_functions(stack: Stack, functions: &[(&str, ffi::lua_CFunction)]) {
    for (name, function) in functions {
        unsafe { ffi::lua_pushcclosure(stack.state, *function, 0) };
        stack.set(-2, name);
    }
}

/// Sets the constants of the table on top that are wanted.
pub(crate) fn set_constants(stack: Stack, wanted: impl Fn(&str) -> bool) {
    for (name, number) in NUMBERS.into_iter().filter(|(name, _)| wanted(name)) {
        stack.push_number(number);
        stack.set(-2, name);
    }
    stack.push_bytes(b"7.0.15");
    stack.set(-2, "REDIS_VERSION");
}
