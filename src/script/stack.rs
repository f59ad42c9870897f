//! The stack through which the interpreter is spoken to.
//!
//! Functions of this crate that Lua calls have two halves. The outer half has nothing that
//! would have to be dropped, because an error of Lua jumps out of it: it checks arguments.
//! The [inner](inner) half may use all of Rust: while it runs the heap gives memory to it
//! even above the limit, so that nothing jumps; it looks for itself whether there is room.

use std::any::Any;
use std::cell::Cell;
use std::ffi::{CStr, c_int};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use lockstep_commands::users::User;
use lockstep_core::scripts::{Call, World};
use lockstep_core::{Db, Slot};
use mlua_sys as ffi;
use mlua_sys::lua_State;

use crate::Teller;
use crate::heap::Heap;
use crate::library;
use crate::shebang::Flags;

/// Something was raised: what stands on top of the stack.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Raised;

/// A result of what may raise an error.
pub(crate) type Raises<T> = Result<T, Raised>;

/// The script that runs on this thread.
pub(crate) struct Active<'a> {
    pub(crate) world: &'a mut dyn World,
    pub(crate) call: &'a Call<'a>,
    /// Who calls it; none: one who may do everything.
    pub(crate) user: Option<User>,
    pub(crate) flags: Flags,
    /// The version of the protocol that it has chosen.
    pub(crate) resp: u8,
    pub(crate) db: Db,
    /// The state of its random numbers.
    pub(crate) chance: u64,
    pub(crate) json: library::Settings,
    /// Who is told what becomes of its commands.
    pub(crate) teller: Option<&'a Teller>,
    /// Whether a command was carried out that writes.
    pub(crate) has_written: bool,
    /// Where keys are spread by slot: the slot of the first key that was named, if it was not
    /// declared.
    pub(crate) slot: Option<Slot>,
    /// What is to be known of the run.
    pub(crate) notes: i64,
    /// Why this process is to break behind it.
    pub(crate) panic: Option<Box<dyn Any + Send>>,
}

thread_local! {
    static ACTIVE: Cell<*mut Active<'static>> = const { Cell::new(ptr::null_mut()) };
}

/// Makes a script the one that runs while `run` does.
pub(crate) fn with_active<T>(active: &mut Active<'_>, run: impl FnOnce() -> T) -> T {
    let pointer: *mut Active<'_> = active;
    ACTIVE.set(pointer.cast());
    let given = run();
    ACTIVE.set(ptr::null_mut());
    given
}

/// The script that runs.
///
/// # Safety
/// Nobody else has it at the moment, and it is not kept.
pub(crate) unsafe fn active<'a>() -> Option<&'a mut Active<'static>> {
    // Safety: it is set as long as the script runs, on this thread.
    unsafe { ACTIVE.get().as_mut() }
}

/// Runs the inner half of a function. What it raises is raised.
///
/// # Safety
/// Called by Lua, from a frame that has nothing to drop.
pub(crate) unsafe fn inner(
    state: *mut lua_State,
    run: impl FnOnce(Stack) -> Raises<c_int>,
) -> c_int {
    match unsafe { guarded(state, run) } {
        Ok(count) => count,
        Err(Raised) => unsafe { ffi::lua_error(state) },
    }
}

/// Nothing in here jumps, and all it has is dropped.
unsafe fn guarded(
    state: *mut lua_State,
    run: impl FnOnce(Stack) -> Raises<c_int>,
) -> Raises<c_int> {
    let heap = unsafe { heap_of(state) };
    unsafe { (*heap).be_patient(true) };
    let stack = Stack { state, heap };
    let given = match catch_unwind(AssertUnwindSafe(|| run(stack))) {
        Ok(given) => given,
        Err(panic) => {
            if let Some(active) = unsafe { active() } {
                active.panic = Some(panic);
            }
            // Nothing more is done in this script.
            unsafe { (*heap).spend(u64::MAX) };
            Err(stack.raise("the node stops"))
        }
    };
    unsafe { (*heap).be_patient(false) };
    given
}

/// The heap of an interpreter.
///
/// # Safety
/// The state is one of this crate.
pub(crate) unsafe fn heap_of(state: *mut lua_State) -> *mut Heap {
    let mut heap = ptr::null_mut();
    unsafe { ffi::lua_getallocf(state, &mut heap) };
    heap.cast()
}

/// The stack of an interpreter, within an inner half.
#[derive(Clone, Copy)]
pub(crate) struct Stack {
    pub(crate) state: *mut lua_State,
    heap: *mut Heap,
}

/// A kind of value.
pub(crate) type Kind = c_int;

impl Stack {
    /// For a state that is this crate's, while the heap is patient.
    ///
    /// # Safety
    /// As it says.
    pub(crate) unsafe fn of(state: *mut lua_State) -> Stack {
        Stack { state, heap: unsafe { heap_of(state) } }
    }

    /// Takes so many steps, and looks whether there are any left, and memory.
    pub(crate) fn spend(self, steps: u64) -> Raises<()> {
        // Safety: the heap is used for the length of this call only.
        let heap = unsafe { &mut *self.heap };
        heap.spend(steps);
        if heap.is_spent() {
            return Err(self.raise("the script takes too many steps"));
        }
        if heap.is_full() { Err(self.raise("not enough memory")) } else { Ok(()) }
    }

    /// Looks whether there is memory for so many bytes more.
    pub(crate) fn must_fit(self, bytes: usize) -> Raises<()> {
        let room = unsafe { (*self.heap).room() };
        if bytes as u64 > room { Err(self.raise("not enough memory")) } else { Ok(()) }
    }

    /// Pushes an error with the place in the script that it comes from.
    pub(crate) fn raise(self, text: &str) -> Raised {
        unsafe {
            ffi::lua_checkstack(self.state, 3);
            ffi::luaL_where(self.state, 1);
            self.push_bytes(text.as_bytes());
            ffi::lua_concat(self.state, 2);
        }
        Raised
    }

    /// How many values there are.
    pub(crate) fn top(self) -> c_int {
        unsafe { ffi::lua_gettop(self.state) }
    }

    /// Cuts or fills the stack to so many values.
    pub(crate) fn set_top(self, top: c_int) {
        unsafe { ffi::lua_settop(self.state, top) }
    }

    /// Takes values from the top.
    pub(crate) fn pop(self, count: c_int) {
        unsafe { ffi::lua_settop(self.state, -count - 1) }
    }

    /// Room for so many more values; whether there is.
    pub(crate) fn has_room_for(self, values: c_int) -> bool {
        unsafe { ffi::lua_checkstack(self.state, values) != 0 }
    }

    /// Room for so many more values.
    pub(crate) fn need(self, values: c_int) -> Raises<()> {
        if self.has_room_for(values) { Ok(()) } else { Err(self.raise("stack overflow")) }
    }

    pub(crate) fn kind(self, at: c_int) -> Kind {
        unsafe { ffi::lua_type(self.state, at) }
    }

    /// The name of a kind.
    pub(crate) fn kind_name(self, at: c_int) -> String {
        let name = unsafe { CStr::from_ptr(ffi::lua_typename(self.state, self.kind(at))) };
        name.to_string_lossy().into_owned()
    }

    pub(crate) fn number(self, at: c_int) -> f64 {
        unsafe { ffi::lua_tonumber(self.state, at) }
    }

    pub(crate) fn boolean(self, at: c_int) -> bool {
        unsafe { ffi::lua_toboolean(self.state, at) != 0 }
    }

    /// The bytes of a string, or of a number, which becomes a string. They stay where they
    /// are as long as the value stands on the stack.
    pub(crate) fn bytes<'a>(self, at: c_int) -> Option<&'a [u8]> {
        let mut len = 0;
        let start = unsafe { ffi::lua_tolstring(self.state, at, &mut len) };
        if start.is_null() {
            return None;
        }
        Some(unsafe { std::slice::from_raw_parts(start.cast(), len) })
    }

    pub(crate) fn push_bytes(self, bytes: &[u8]) {
        unsafe { ffi::lua_pushlstring(self.state, bytes.as_ptr().cast(), bytes.len()) };
    }

    pub(crate) fn push_number(self, number: f64) {
        unsafe { ffi::lua_pushnumber(self.state, number) }
    }

    pub(crate) fn push_boolean(self, yes: bool) {
        unsafe { ffi::lua_pushboolean(self.state, c_int::from(yes)) }
    }

    pub(crate) fn push_nil(self) {
        unsafe { ffi::lua_pushnil(self.state) }
    }

    pub(crate) fn push_copy(self, at: c_int) {
        unsafe { ffi::lua_pushvalue(self.state, at) }
    }

    pub(crate) fn push_table(self, items: usize, fields: usize) {
        let size = |size: usize| c_int::try_from(size.min(1 << 20)).unwrap_or(0);
        unsafe { ffi::lua_createtable(self.state, size(items), size(fields)) }
    }

    /// Sets a field of the table at `at` to the value on top, which it takes.
    pub(crate) fn set(self, at: c_int, name: &str) {
        let at = self.absolute(at);
        self.push_bytes(name.as_bytes());
        unsafe {
            ffi::lua_insert(self.state, -2);
            ffi::lua_rawset(self.state, at);
        }
    }

    /// Pushes a field of the table at `at`; its kind.
    pub(crate) fn get(self, at: c_int, name: &str) -> Kind {
        let at = self.absolute(at);
        self.push_bytes(name.as_bytes());
        unsafe { ffi::lua_rawget(self.state, at) };
        self.kind(-1)
    }

    /// Pushes an item of the table at `at`; its kind.
    pub(crate) fn get_item(self, at: c_int, index: i32) -> Kind {
        unsafe { ffi::lua_rawgeti(self.state, at, index.into()) };
        self.kind(-1)
    }

    /// Sets an item of the table at `at` to the value on top, which it takes.
    pub(crate) fn set_item(self, at: c_int, index: i32) {
        unsafe { ffi::lua_rawseti(self.state, at, index.into()) }
    }

    /// Sets what stands below the top, a key that is neither nil nor NaN, to what stands on
    /// top, in the table at `at`. Takes both.
    pub(crate) fn set_raw(self, at: c_int) {
        unsafe { ffi::lua_rawset(self.state, at) }
    }

    /// Replaces the key on top by the next key and its value; at the end takes it.
    pub(crate) fn next(self, at: c_int) -> bool {
        unsafe { ffi::lua_next(self.state, at) != 0 }
    }

    /// The place counted from the bottom.
    pub(crate) fn absolute(self, at: c_int) -> c_int {
        if at < 0 && at > ffi::LUA_REGISTRYINDEX { self.top() + at + 1 } else { at }
    }

    /// Calls the function below `args` values with these, for one value.
    pub(crate) fn call(self, args: c_int) -> Raises<()> {
        let heap = self.heap;
        // What is called may be left in the middle.
        let before = unsafe { (*heap).set_patience(0) };
        let status = unsafe { ffi::lua_pcall(self.state, args, 1, 0) };
        unsafe { (*heap).set_patience(before) };
        if status == 0 { Ok(()) } else { Err(Raised) }
    }
}
