//! An interpreter, and a script in it.

use std::ffi::{c_int, c_void};
use std::panic::resume_unwind;
use std::ptr;

use lockstep_commands::users::User;
use lockstep_commands::{BadArgs, Reply};
use lockstep_core::scripts::{Call, IS_COUNTED, Sha, Terms, World};
use mlua_sys as ffi;
use mlua_sys::lua_State;

use crate::functions::FUNCTIONS;
use crate::heap::{Heap, Image, LIMIT_MAX, allocate};
use crate::shebang::Flags;
use crate::stack::{Active, Stack, with_active};
use crate::{Teller, answer, api, guard, library, shebang};

/// How many scripts are kept ready.
const READY_MAX: usize = 64;
/// How many bytes these have.
const READY_BYTES_MAX: usize = 16 << 20;

/// A field of errors that were counted when they came up, as Redis names it.
pub(crate) const IGNORE_STATS: &str = "ignore_error_stats_update";

/// What stands in the registry: the globals.
pub(crate) const GLOBALS: c_int = 1;
/// What makes errors.
const HANDLER: c_int = 2;
/// The script.
const SCRIPT: c_int = 3;
/// What stands behind tables that take nothing, by these.
pub(crate) const INSIDE: c_int = 5;

/// What is kept ready: a script, or a library with the steps and the bytes that loading it
/// may take.
pub(crate) type Key = (Sha, Option<(u64, u64)>);

/// An interpreter.
pub(crate) struct Vm {
    heap: *mut Heap,
    state: *mut lua_State,
    pristine: Image,
    /// As it is with a script or a library loaded, the one that was used last at the end.
    ready: Vec<(Key, Image)>,
}

// It is one thread's at a time, and what Lua knows of threads is none of these.
unsafe impl Send for Vm {}

impl Drop for Vm {
    fn drop(&mut self) {
        // Nothing in it would have to be told: all is in the heap.
        // Safety: made by `Box::into_raw`.
        drop(unsafe { Box::from_raw(self.heap) });
    }
}

impl Vm {
    /// A new one. None: the system has no addresses left.
    pub(crate) fn new() -> Option<Vm> {
        let heap = Box::into_raw(Heap::new()?);
        // Safety: the heap lives as long as the state, and nobody else uses it.
        unsafe {
            let state = ffi::lua_newstate(allocate, heap.cast());
            assert!(!state.is_null(), "there is memory for a state");
            let status = ffi::lua_cpcall(state, open, ptr::null_mut());
            assert!(status == 0, "the libraries open");
            let pristine = (*heap).image();
            Some(Vm { heap, state, pristine, ready: Vec::new() })
        }
    }

    /// Gets a script ready to be run.
    ///
    /// # Errors
    /// Why it is none.
    pub(crate) fn load(&mut self, sha: &Sha, body: &[u8]) -> Result<(), String> {
        let key = (*sha, None);
        if self.is_ready(&key) {
            return Ok(());
        }
        let (_, at) = shebang::read(body)?;
        let body = &body[at..];
        if body.first() == Some(&ffi::LUA_SIGNATURE[0]) {
            // Compiled code is not looked at: it could break out.
            let text = "user_script:1: unexpected symbol near 'char(27)'";
            return Err(format!("Error compiling script (new function): {text}"));
        }
        // Safety: nobody else uses the heap or the state.
        let image = unsafe {
            (*self.heap).lay(&self.pristine, LIMIT_MAX, u64::MAX);
            let mut load = Load { body, refused: None };
            let status = ffi::lua_cpcall(self.state, compile, (&raw mut load).cast::<c_void>());
            if status != 0 {
                load.refused = Some("not enough memory".to_owned());
            }
            if let Some(refused) = load.refused {
                return Err(format!("Error compiling script (new function): {refused}"));
            }
            (*self.heap).image()
        };
        self.keep(key, image);
        Ok(())
    }

    /// Whether this is ready to be run; then it is the one to be run next.
    pub(crate) fn is_ready(&mut self, key: &Key) -> bool {
        let Some(at) = self.ready.iter().position(|(ready, _)| ready == key) else { return false };
        let found = self.ready.remove(at);
        self.ready.push(found);
        true
    }

    /// What is called in the middle of runs that take long.
    pub(crate) fn when_long(&mut self, call: Option<fn()>) {
        // Safety: nobody else uses the heap.
        unsafe { (*self.heap).when_long(call) };
    }

    /// The heap and the state as they were when they were new.
    pub(crate) fn anew(&mut self, memory_max: u64, steps_max: u64) -> (*mut Heap, *mut lua_State) {
        // Safety: nobody else uses the heap.
        unsafe { (*self.heap).lay(&self.pristine, memory_max, steps_max) };
        (self.heap, self.state)
    }

    pub(crate) fn keep(&mut self, key: Key, image: Image) {
        self.ready.push((key, image));
        let bytes =
            |ready: &[(Key, Image)]| -> usize { ready.iter().map(|(_, image)| image.len()).sum() };
        while self.ready.len() > 1
            && (self.ready.len() > READY_MAX || bytes(&self.ready) > READY_BYTES_MAX)
        {
            self.ready.remove(0);
        }
    }

    /// Runs the script that was loaded last, or a function of the library: its reply, and
    /// what is to be known of the run.
    pub(crate) fn run(
        &mut self,
        call: &Call<'_>,
        flags: Flags,
        world: &mut dyn World,
        teller: Option<&Teller>,
    ) -> (Reply, i64) {
        let ((sha, _), image) = self.ready.last().expect("it was loaded");
        assert!(*sha == call.sha, "it is this one");
        let Terms::Of { db, memory_max, steps_max, .. } = call.terms;
        let seed = world.seed();
        let mut active = Active {
            world,
            call,
            // Nobody writes other bytes; who did would be allowed nothing.
            user: call.user.map(|user| User::from_bytes(user).unwrap_or_else(|_| User::new(false))),
            flags,
            resp: 2,
            db,
            chance: seed,
            json: library::Settings::default(),
            teller,
            has_written: false,
            slot: None,
            notes: 0,
            panic: None,
        };
        let mut run = Run { call, status: 0, reply: None };
        // Safety: nobody else uses the heap or the state.
        let (failed, spent) = unsafe {
            (*self.heap).lay(image, memory_max.min(LIMIT_MAX), steps_max);
            let failed = with_active(&mut active, || {
                ffi::lua_cpcall(self.state, enter, (&raw mut run).cast::<c_void>())
            });
            (failed, (*self.heap).is_spent())
        };
        if let Some(panic) = active.panic {
            // The state of the machine may be half changed.
            resume_unwind(panic);
        }
        let ended_badly = failed != 0 || run.status != 0;
        let has_read = active.notes & !IS_COUNTED;
        if ended_badly && spent {
            let text = "ERR the script was stopped: it takes more than script-steps-max steps. \
                        What it has written stays";
            return (error(text), has_read);
        }
        if failed != 0 || run.status == ffi::LUA_ERRMEM {
            let text = "ERR the script was stopped: it needs more than script-memory-max bytes of \
                        memory. What it has written stays";
            return (error(text), has_read);
        }
        (run.reply.unwrap_or_else(|| error("ERR execution failure")), active.notes)
    }
}

/// A script that is loaded.
struct Load<'a> {
    body: &'a [u8],
    refused: Option<String>,
}

/// A script that is run.
struct Run<'a> {
    call: &'a Call<'a>,
    status: c_int,
    reply: Option<Reply>,
}

/// Fills a new interpreter.
unsafe extern "C-unwind" fn open(state: *mut lua_State) -> c_int {
    unsafe {
        api::open(state);
        ffi::lua_pushcclosure(state, handle, 0);
        ffi::lua_rawseti(state, ffi::LUA_REGISTRYINDEX, HANDLER.into());
        // Begin with as little garbage as can be.
        ffi::lua_gc(state, ffi::LUA_GCCOLLECT, 0);
    }
    0
}

unsafe extern "C-unwind" fn compile(state: *mut lua_State) -> c_int {
    unsafe {
        let load = &mut *ffi::lua_touserdata(state, 1).cast::<Load<'_>>();
        let body = load.body;
        let status =
            ffi::luaL_loadbuffer(state, body.as_ptr().cast(), body.len(), c"@user_script".as_ptr());
        if status != 0 {
            let text = Stack::of(state).bytes(-1).unwrap_or_default();
            load.refused = Some(String::from_utf8_lossy(text).into_owned());
            return 0;
        }
        ffi::lua_rawseti(state, ffi::LUA_REGISTRYINDEX, SCRIPT.into());
    }
    0
}

unsafe extern "C-unwind" fn enter(state: *mut lua_State) -> c_int {
    unsafe {
        let run = ffi::lua_touserdata(state, 1).cast::<Run<'_>>();
        let stack = Stack::of(state);
        stack.set_top(0);
        ffi::lua_rawgeti(state, ffi::LUA_REGISTRYINDEX, HANDLER.into());
        let args = push_called(stack, (*run).call);
        ffi::lua_sethook(state, Some(guard::count), ffi::LUA_MASKCOUNT, guard::HOOK_EVERY);
        (*run).status = ffi::lua_pcall(state, args, 1, 1);
        ffi::lua_sethook(state, None, 0, 0);
        finish(stack, run);
    }
    0
}

/// Pushes what is called, and its arguments: a script has none, but globals. How many.
unsafe fn push_called(stack: Stack, call: &Call<'_>) -> c_int {
    let state = stack.state;
    unsafe {
        let Some(called) = call.function else {
            ffi::lua_rawgeti(state, ffi::LUA_REGISTRYINDEX, SCRIPT.into());
            ffi::lua_rawgeti(state, ffi::LUA_REGISTRYINDEX, GLOBALS.into());
            push_words(stack, call.keys);
            stack.set(-2, "KEYS");
            push_words(stack, call.args);
            stack.set(-2, "ARGV");
            stack.pop(1);
            return 0;
        };
        ffi::lua_rawgeti(state, ffi::LUA_REGISTRYINDEX, FUNCTIONS.into());
        stack.get(-1, &called.function.name);
        ffi::lua_replace(state, -2);
        push_words(stack, call.keys);
        push_words(stack, call.args);
        2
    }
}

/// Makes the reply of what stands on top.
unsafe fn finish(stack: Stack, run: *mut Run<'_>) {
    unsafe {
        let heap = crate::stack::heap_of(stack.state);
        (*heap).be_patient(true);
        if stack.kind(-1) == ffi::LUA_TTABLE {
            let counted = stack.get(-1, IGNORE_STATS) == ffi::LUA_TBOOLEAN && stack.boolean(-1);
            stack.pop(1);
            if let Some(active) = crate::stack::active().filter(|_| counted) {
                active.notes |= IS_COUNTED;
            }
        }
        let reply = if (*run).status == 0 {
            let resp = crate::stack::active().map_or(2, |active| active.resp);
            answer::take(stack, resp)
        } else {
            api::failure(stack, (*run).call)
        };
        (*heap).be_patient(false);
        if !matches!(reply, Reply::Error(_))
            && let Some(active) = crate::stack::active()
        {
            active.notes &= !IS_COUNTED;
        }
        (*run).reply = Some(reply);
    }
}

/// Where that needs too much memory, nothing has to be dropped.
fn push_words(stack: Stack, words: &[&[u8]]) {
    stack.push_table(words.len(), 0);
    for (word, index) in words.iter().zip(1..) {
        stack.push_bytes(word);
        stack.set_item(-2, index);
    }
}

/// Makes a table of an error, with the place that it comes from.
unsafe extern "C-unwind" fn handle(state: *mut lua_State) -> c_int {
    unsafe { crate::stack::inner(state, |stack| Ok(api::located(stack))) }
}

fn error(text: &str) -> Reply {
    Reply::Error(BadArgs(text.to_owned().into()))
}
