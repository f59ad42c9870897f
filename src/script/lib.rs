//! Scripts in Lua 5.1, as Redis runs them.
//!
//! A script runs when its entry is applied, on every replica, so what it gives has to follow
//! from the entry and the state alone:
//!
//! * Every run begins with the same bytes of memory: the interpreter lives in a heap
//!   of its own, and a copy of it as it was when it was new is laid over it. Nothing of an
//!   earlier script is left, so scripts share nothing.
//! * The heap stands at addresses whose lower 32 bits, which are all that the interpreter
//!   looks at, are the same in every process, and gives out memory in the same order. So the order
//!   of `pairs` is the same even of tables whose keys are tables.
//! * Time, random numbers and the state come from the [World]; there is no clock, no file,
//!   no other way out.
//! * Limits count: steps of the interpreter, bytes it takes, work of library functions.
//!   No clock decides where a script stops.
//!
//! The numbers are those of the C library: a cluster runs the same build on the same kind of
//! processor, as it has to for `^` and `math` alone.

#![allow(unsafe_code)]

mod answer;
mod api;
mod functions;
mod guard;
mod heap;
mod library;
mod pattern;
mod shebang;
mod stack;
#[cfg(test)]
mod tests;
mod vm;

use std::fmt;
use std::sync::{Arc, OnceLock};

use lockstep_commands::users::Denied;
use lockstep_commands::{BadArgs, Command, Reply, error};
use lockstep_core::scripts::functions::{self as libraries, Function};
use lockstep_core::scripts::{
    Asker, Call, Engine, NO_REPLICAS, NO_ROOM, Source, Terms, World, sha1,
};
use lockstep_core::{Db, Outcome};
use parking_lot::Mutex;

use shebang::Flags;
use vm::Vm;

/// What became of a command that a script called.
#[derive(Clone, Copy, Debug)]
pub enum Told<'a> {
    /// It was carried out, and gave this.
    Done(&'a Reply),
    /// It was refused before.
    Refused(&'a BadArgs),
    /// The same, because the user of the script may not do this.
    Denied(Denied, &'a BadArgs),
}

/// A command that a script called.
#[derive(Clone, Copy, Debug)]
pub struct Called<'a> {
    /// Who asked for the script.
    pub asker: Asker,
    /// The selected database, behind the command.
    pub db: Db,
    /// The command.
    pub command: &'static Command,
    /// Its words.
    pub words: &'a [&'a [u8]],
    /// What became of it.
    pub told: Told<'a>,
}

/// Takes what became of each command that scripts call, on the thread that runs them; must
/// not wait.
pub type Teller = Box<dyn Fn(Called<'_>) + Send + Sync>;

/// How many interpreters are kept for later.
const IDLE_MAX: usize = 4;

/// Runs scripts in Lua.
#[derive(Default)]
pub struct Lua {
    idle: Mutex<Vec<Vm>>,
    teller: OnceLock<Teller>,
    when_long: OnceLock<fn()>,
}

impl Lua {
    /// Runs scripts.
    ///
    /// # Errors
    /// The system has no addresses left for an interpreter.
    pub fn new() -> Result<Arc<Self>, NoAddresses> {
        let lua = Lua::default();
        lua.idle.lock().push(Vm::new().ok_or(NoAddresses)?);
        Ok(Arc::new(lua))
    }

    /// From now on `teller` is told what becomes of the commands of scripts. The first one
    /// that is named stays.
    pub fn tell(&self, teller: Teller) {
        let _ = self.teller.set(teller);
    }

    /// From now on `call` is called once in each run that takes longer than some milliseconds,
    /// in the middle of it and on its thread. The first one that is named stays.
    pub fn when_long(&self, call: fn()) {
        let _ = self.when_long.set(call);
    }

    fn with<T>(&self, run: impl FnOnce(&mut Vm) -> T) -> T {
        let idle = self.idle.lock().pop();
        let mut vm = idle.or_else(Vm::new).expect("the system has addresses");
        vm.when_long(self.when_long.get().copied());
        let given = run(&mut vm);
        let mut idle = self.idle.lock();
        if idle.len() < IDLE_MAX {
            idle.push(vm);
        }
        given
    }
}

/// The system has no addresses left for an interpreter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoAddresses;

impl fmt::Display for NoAddresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there are no addresses left for the interpreter of scripts: look at the limit of virtual memory (ulimit -v)")
    }
}

impl std::error::Error for NoAddresses {}

impl fmt::Debug for Lua {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lua")
    }
}

impl Engine for Lua {
    fn run(&self, call: &Call<'_>, world: &mut dyn World) -> Outcome {
        let reply = flags_of(call).map_err(Reply::Error).and_then(|flags| {
            self.with(|vm| {
                let loaded = match call.function {
                    Some(called) => vm.load_library(&called.source),
                    None => vm.load(&call.sha, call.body),
                };
                loaded.map_err(|text| error(&format!("ERR {text}")))?;
                Ok(vm.run(call, flags, world, self.teller.get()))
            })
        });
        let (reply, notes) = reply.unwrap_or_else(|refused| (refused, 0));
        outcome(&reply, notes)
    }

    fn refuses(&self, body: &[u8]) -> Option<Outcome> {
        let loaded = self.with(|vm| vm.load(&sha1(body), body));
        loaded.err().map(|text| outcome(&error(&format!("ERR {text}")), 0))
    }

    fn load(&self, source: &Source<'_>) -> Result<Vec<Function>, String> {
        self.with(|vm| vm.register(source))
    }
}

/// Whether a script says in its first line that it does not write.
pub fn only_reads(body: &[u8]) -> bool {
    shebang::read(body).is_ok_and(|(flags, _)| flags.no_writes)
}

/// What a script or a function says of itself.
///
/// # Errors
/// It cannot be run so.
fn flags_of(call: &Call<'_>) -> Result<Flags, BadArgs> {
    let flags = match call.function {
        Some(called) => Flags {
            given: true,
            no_writes: called.function.flags & libraries::NO_WRITES != 0,
            no_cluster: called.function.flags & libraries::NO_CLUSTER != 0,
            allow_oom: called.function.flags & libraries::ALLOW_OOM != 0,
            cross_slot: called.function.flags & libraries::CROSS_SLOT != 0,
        },
        None => shebang::read(call.body).map_err(|text| bad(&format!("ERR {text}")))?.0,
    };
    match refusal(&flags, call) {
        Some(refused) => Err(refused),
        None => Ok(flags),
    }
}

/// Why a script with these flags is not run so.
fn refusal(flags: &Flags, call: &Call<'_>) -> Option<BadArgs> {
    let Terms::Of { read_only, spread, notes, .. } = call.terms;
    if flags.given && read_only && !flags.no_writes {
        return Some(bad("ERR Can not execute a script with write flag using *_ro command."));
    }
    if spread && flags.no_cluster {
        return Some(bad("ERR Can not run script on cluster, 'no-cluster' flag is set."));
    }
    if flags.given && !flags.no_writes && notes & NO_REPLICAS != 0 {
        return Some(error::TOO_FEW_REPLICAS);
    }
    if flags.given && !flags.no_writes && !flags.allow_oom && notes & NO_ROOM != 0 {
        return Some(error::OUT_OF_MEMORY);
    }
    None
}

fn error(text: &str) -> Reply {
    Reply::Error(bad(text))
}

fn bad(text: &str) -> BadArgs {
    BadArgs(text.replace(['\r', '\n'], " ").into())
}

/// The form in which a reply travels to the client's node, with what is to be known of the run
/// ([`HAS_READ`](lockstep_core::scripts::HAS_READ) and its like).
fn outcome(reply: &Reply, notes: i64) -> Outcome {
    let bytes = Outcome::Bytes(lockstep_commands::scripting::answer::to_bytes(reply));
    Outcome::List(if notes == 0 { vec![bytes] } else { vec![bytes, Outcome::Int(notes)] })
}
