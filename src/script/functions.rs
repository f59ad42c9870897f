//! Libraries of functions: their code runs once, and what it registers is called later.
//!
//! While that code runs its globals are others: there is `redis` alone, and of that only
//! what registers and logs. What is called later is what stood in memory when the code had
//! run, so a call finds nothing of an earlier one, as with scripts.
//!
//! Source: the Redis documentation of functions.

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::ptr;

use lockstep_core::scripts::Source;
use lockstep_core::scripts::functions::{FLAGS, Function, name_for};
use mlua_sys as ffi;
use mlua_sys::lua_State;

use crate::api::{self, refuse};
use crate::heap::LIMIT_MAX;
use crate::stack::{Raises, Stack, heap_of, inner};
use crate::vm::{Key, Vm};
use crate::{guard, vm};

/// What stands in the registry: the functions, by their names.
pub(crate) const FUNCTIONS: c_int = 4;

/// What of `redis` is for scripts and not for functions.
const NOT_FOR_FUNCTIONS: [&str; 3] = ["replicate_commands", "breakpoint", "debug"];

/// A library that is loaded.
struct Loading<'a> {
    code: &'a [u8],
    status: c_int,
    functions: Vec<Function>,
    refused: Option<String>,
}

thread_local! {
    static LOADING: Cell<*mut Loading<'static>> = const { Cell::new(ptr::null_mut()) };
}

/// The key under which a library is kept ready.
pub(crate) fn key(source: &Source<'_>) -> Key {
    (source.sha, Some((source.steps_max, source.memory_max)))
}

impl Vm {
    /// Gets the functions of a library ready to be run, unless they are.
    ///
    /// # Errors
    /// Why there are none.
    pub(crate) fn load_library(&mut self, source: &Source<'_>) -> Result<(), String> {
        if self.is_ready(&key(source)) { Ok(()) } else { self.register(source).map(drop) }
    }

    /// Runs the code of a library, gets its functions ready, and tells what they are.
    ///
    /// # Errors
    /// Why it is none.
    pub(crate) fn register(&mut self, source: &Source<'_>) -> Result<Vec<Function>, String> {
        let end = source.code.iter().position(|byte| *byte == b'\n');
        let code = &source.code[end.ok_or("Invalid library metadata")?..];
        let mut loading = Loading { code, status: 0, functions: Vec::new(), refused: None };
        let image = {
            let (heap, state) = self.anew(source.memory_max.min(LIMIT_MAX), source.steps_max);
            let pointer: *mut Loading<'_> = &mut loading;
            LOADING.set(pointer.cast());
            // Safety: nobody else uses the heap or the state.
            let failed = unsafe { ffi::lua_cpcall(state, load, pointer.cast::<c_void>()) };
            LOADING.set(ptr::null_mut());
            if failed != 0 || loading.status != 0 {
                // Safety: as above.
                let spent = unsafe { (*heap).is_spent() };
                return Err(why(failed, &loading, spent));
            }
            if let Some(refused) = loading.refused {
                return Err(refused);
            }
            // Safety: as above.
            unsafe { (*heap).image() }
        };
        self.keep(key(source), image);
        Ok(loading.functions)
    }
}

/// Why the code of a library did not run to its end.
fn why(failed: c_int, loading: &Loading<'_>, spent: bool) -> String {
    let text = match &loading.refused {
        _ if spent => "FUNCTION LOAD timeout: it takes more than script-steps-max steps",
        Some(text) if failed == 0 && loading.status != ffi::LUA_ERRMEM => text,
        _ => "FUNCTION LOAD needs more than script-memory-max bytes of memory",
    };
    format!("Error registering functions: {text}")
}

/// Compiles the code of a library and runs it.
unsafe extern "C-unwind" fn load(state: *mut lua_State) -> c_int {
    unsafe {
        let loading = ffi::lua_touserdata(state, 1).cast::<Loading<'_>>();
        let stack = Stack::of(state);
        stack.set_top(0);
        stack.push_table(0, 0);
        ffi::lua_rawseti(state, ffi::LUA_REGISTRYINDEX, FUNCTIONS.into());
        forget(stack);
        let code = (*loading).code;
        let status = ffi::luaL_loadbuffer(
            state,
            code.as_ptr().cast(),
            code.len(),
            c"@user_function".as_ptr(),
        );
        if status != 0 {
            let text = String::from_utf8_lossy(stack.bytes(-1).unwrap_or_default());
            (*loading).refused = Some(format!("Error compiling function: {text}"));
            return 0;
        }
        push_globals(stack);
        set_globals(stack);
        ffi::lua_sethook(state, Some(guard::count), ffi::LUA_MASKCOUNT, guard::HOOK_EVERY);
        (*loading).status = ffi::lua_pcall(state, 0, 0, 0);
        ffi::lua_sethook(state, None, 0, 0);
        if (*loading).status != 0 {
            (*heap_of(state)).be_patient(true);
            (*loading).refused = Some(told(stack));
            (*heap_of(state)).be_patient(false);
            return 0;
        }
        ffi::lua_rawgeti(state, ffi::LUA_REGISTRYINDEX, vm::GLOBALS.into());
        set_globals(stack);
    }
    0
}

/// The text of the error on top.
fn told(stack: Stack) -> String {
    let text =
        |stack: Stack| stack.bytes(-1).map(|text| String::from_utf8_lossy(text).into_owned());
    match stack.kind(-1) {
        ffi::LUA_TTABLE => {
            stack.get(-1, "err");
            text(stack).unwrap_or_else(|| "ERR unknown error".to_owned())
        }
        _ => format!("ERR {}", text(stack).unwrap_or_else(|| "unknown error".to_owned())),
    }
}

/// Takes from `redis` what is not for functions.
fn forget(stack: Stack) {
    unsafe {
        ffi::lua_rawgeti(stack.state, ffi::LUA_REGISTRYINDEX, vm::GLOBALS.into());
        stack.get(-1, "redis");
        ffi::lua_rawgeti(stack.state, ffi::LUA_REGISTRYINDEX, vm::INSIDE.into());
        ffi::lua_insert(stack.state, -2);
        ffi::lua_rawget(stack.state, -2);
        for name in NOT_FOR_FUNCTIONS {
            stack.push_nil();
            stack.set(-2, name);
        }
    }
    stack.pop(3);
}

/// Pushes a table that shows what the one on top has, and takes nothing.
unsafe fn push_read_only(stack: Stack) {
    unsafe {
        stack.push_table(0, 0);
        stack.push_table(0, 2);
        stack.push_copy(-3);
        stack.set(-2, "__index");
        ffi::lua_pushcclosure(stack.state, api::read_only, 0);
        stack.set(-2, "__newindex");
        ffi::lua_setmetatable(stack.state, -2);
    }
}

/// Pushes the globals of the code of a library.
unsafe fn push_globals(stack: Stack) {
    unsafe {
        stack.push_table(0, 1);
        stack.push_table(0, 16);
        api::set_functions(stack, &[("register_function", register), ("log", api::log)]);
        api::set_constants(stack, |name| name.starts_with("LOG_") || name.starts_with("REDIS_"));
        end_at_names(stack);
        push_read_only(stack);
        ffi::lua_replace(stack.state, -2);
        stack.set(-2, "redis");
        end_at_names(stack);
    }
}

/// Asking the table on top for what it has not is an error.
unsafe fn end_at_names(stack: Stack) {
    unsafe {
        stack.push_table(0, 1);
        ffi::lua_pushcclosure(stack.state, api::undefined, 0);
        stack.set(-2, "__index");
        ffi::lua_setmetatable(stack.state, -2);
    }
}

/// Makes the table on top, which it takes, the globals.
unsafe fn set_globals(stack: Stack) {
    unsafe {
        ffi::lua_getmetatable(stack.state, ffi::LUA_GLOBALSINDEX);
        ffi::lua_insert(stack.state, -2);
        stack.set(-2, "__index");
        stack.pop(1);
    }
}

/// `redis.register_function`.
unsafe extern "C-unwind" fn register(state: *mut lua_State) -> c_int {
    unsafe {
        inner(state, |stack| {
            let Some(loading) = LOADING.get().as_mut() else {
                let text = "redis.register_function can only be called on FUNCTION LOAD command";
                return refuse(stack, true, text);
            };
            let given = read(stack).and_then(|mut function| {
                function.name = name_for(function.name.as_bytes(), &loading.functions)?;
                Ok(function)
            });
            match given {
                Ok(function) => add(stack, &mut loading.functions, function),
                Err(text) => refuse(stack, true, &text),
            }
        })
    }
}

/// Keeps the function that stands at 2.
fn add(stack: Stack, functions: &mut Vec<Function>, function: Function) -> Raises<c_int> {
    let described = function.description.as_ref().map_or(0, Vec::len);
    stack.must_fit(described)?;
    stack.spend(functions.len() as u64 / 8 + described as u64 / 64)?;
    unsafe { ffi::lua_rawgeti(stack.state, ffi::LUA_REGISTRYINDEX, FUNCTIONS.into()) };
    stack.push_copy(2);
    stack.set(-2, &function.name);
    functions.push(function);
    Ok(0)
}

/// What is registered; the function then stands at 2.
fn read(stack: Stack) -> Result<Function, String> {
    match stack.top() {
        1 if stack.kind(1) == ffi::LUA_TTABLE => named(stack),
        1 => Err("calling redis.register_function with a single argument is only applicable to \
                  Lua table (representing named arguments)."
            .to_owned()),
        2 => {
            let name =
                text(stack, 1, "first argument to redis.register_function must be a string")?;
            if stack.kind(2) != ffi::LUA_TFUNCTION {
                let text = "second argument to redis.register_function must be a function";
                return Err(text.to_owned());
            }
            Ok(Function { name, description: None, flags: 0 })
        }
        _ => Err("wrong number of arguments to redis.register_function".to_owned()),
    }
}

/// Arguments with names, in a table.
fn named(stack: Stack) -> Result<Function, String> {
    let (mut name, mut description, mut flags) = (None, None, 0);
    // Room for the function.
    stack.push_nil();
    stack.push_nil();
    while stack.next(1) {
        let key = match stack.kind(-2) {
            ffi::LUA_TSTRING => stack.bytes(-2).unwrap_or_default().to_ascii_lowercase(),
            ffi::LUA_TNUMBER => Vec::new(),
            _ => {
                return Err("named argument key given to redis.register_function is not a string"
                    .to_owned());
            }
        };
        match &key[..] {
            b"function_name" => {
                name = Some(text(stack, -1, "function_name argument given to redis.register_function must be a string")?);
            }
            b"description" => {
                description = Some(bytes(stack, -1, "description argument given to redis.register_function must be a string")?);
            }
            b"callback" if stack.kind(-1) == ffi::LUA_TFUNCTION => {
                stack.push_copy(-1);
                unsafe { ffi::lua_replace(stack.state, 2) };
            }
            b"callback" => return Err("callback argument given to redis.register_function must be a function".to_owned()),
            b"flags" if stack.kind(-1) == ffi::LUA_TTABLE => flags = read_flags(stack)?,
            b"flags" => return Err("flags argument to redis.register_function must be a table representing function flags".to_owned()),
            _ => return Err("unknown argument given to redis.register_function".to_owned()),
        }
        stack.pop(1);
    }
    let name = name.ok_or("redis.register_function must get a function name argument")?;
    if stack.kind(2) != ffi::LUA_TFUNCTION {
        return Err("redis.register_function must get a callback argument".to_owned());
    }
    Ok(Function { name, description, flags })
}

/// The flags in the table on top.
fn read_flags(stack: Stack) -> Result<u8, String> {
    let mut flags = 0;
    for index in 1.. {
        if stack.get_item(-1, index) == ffi::LUA_TNIL {
            stack.pop(1);
            break;
        }
        let flag = bytes(stack, -1, "unknown flag given")?;
        let known = FLAGS.iter().position(|known| known.as_bytes().eq_ignore_ascii_case(&flag));
        flags |= 1 << known.ok_or("unknown flag given")?;
        stack.pop(1);
    }
    Ok(flags)
}

fn bytes(stack: Stack, at: c_int, otherwise: &str) -> Result<Vec<u8>, String> {
    match stack.kind(at) {
        ffi::LUA_TSTRING | ffi::LUA_TNUMBER => Ok(stack.bytes(at).unwrap_or_default().to_vec()),
        _ => Err(otherwise.to_owned()),
    }
}

/// What is no text in UTF-8 is no name either.
fn text(stack: Stack, at: c_int, otherwise: &str) -> Result<String, String> {
    Ok(String::from_utf8_lossy(&bytes(stack, at, otherwise)?).into_owned())
}
