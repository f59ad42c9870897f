//! `redis.call` and `redis.pcall`: the commands of a script, and which are for it.

use std::borrow::Cow;
use std::ffi::c_int;

use lockstep_commands::double::general;
use lockstep_commands::error;
use lockstep_commands::here::PubSub;
use lockstep_commands::request::SPARSE_BYTES_MAX;
use lockstep_commands::users::Denied;
use lockstep_commands::{
    Args, BadArgs, Command, Context, Group, Here, LockContext, Protocol, QueueContext, Reply,
    Request, ScriptContext, StreamContext, table,
};
use lockstep_core::keys::{self, sorting};
use lockstep_core::op::Slots;
use lockstep_core::scripts::{ALL_SLOTS, HAS_READ, LFU, NO_REPLICAS, NO_ROOM, Terms};
use lockstep_core::{Db, Op, Origin, Outcome, Slot};
use mlua_sys as ffi;
use mlua_sys::lua_State;

use crate::stack::{Active, Raised, Raises, Stack, active, inner};
use crate::vm::IGNORE_STATS;
use crate::{Called, Told, answer};

/// How many steps a command counts for.
const STEPS_PER_COMMAND: u64 = 80;

const NOT_LOCAL: &str = "ERR Script attempted to access a non local key in a cluster node";
const OTHER_SLOT: &str = "ERR Script attempted to access keys that do not hash to the same slot";
const NOT_ALLOWED: &str = "ERR This Redis command is not allowed from script";

pub(super) unsafe extern "C-unwind" fn call(state: *mut lua_State) -> c_int {
    unsafe { inner(state, |stack| command(stack, true)) }
}

pub(super) unsafe extern "C-unwind" fn call_protected(state: *mut lua_State) -> c_int {
    unsafe { inner(state, |stack| command(stack, false)) }
}

/// Runs a command; its reply is the value, or raised if it is an error.
fn command(stack: Stack, raises: bool) -> Raises<c_int> {
    stack.spend(STEPS_PER_COMMAND)?;
    let reply = {
        let words = match words(stack) {
            Ok(words) => words,
            Err(text) => return refuse(stack, raises, text),
        };
        let words: Vec<&[u8]> = words.iter().map(|word| &**word).collect();
        // Safety: it is not kept, and what it calls does not ask for it.
        let active = unsafe { active() }.expect("a script runs");
        match active.run(&words) {
            Ok(reply) => reply,
            Err(bad) => {
                answer::push_error(stack, &bad.0);
                stack.push_boolean(true);
                stack.set(-2, IGNORE_STATS);
                return if raises { Err(Raised) } else { Ok(1) };
            }
        }
    };
    let resp = unsafe { active() }.map_or(2, |active| active.resp);
    let failed = matches!(reply, Reply::Error(_));
    stack.set_top(0);
    answer::push(stack, resp, reply)?;
    if failed && raises { Err(Raised) } else { Ok(1) }
}

pub(crate) fn refuse(stack: Stack, raises: bool, text: &str) -> Raises<c_int> {
    answer::push_error(stack, &format!("ERR {text}"));
    if raises { Err(Raised) } else { Ok(1) }
}

/// The arguments as the words of a command.
pub(super) fn words(stack: Stack) -> Result<Vec<Cow<'static, [u8]>>, &'static str> {
    if stack.top() == 0 {
        return Err("Please specify at least one argument for this redis lib call");
    }
    let word = |at| match stack.kind(at) {
        // Lua's own form would lose digits.
        ffi::LUA_TNUMBER => Ok(general(stack.number(at), 17).into_bytes().into()),
        ffi::LUA_TSTRING => Ok(stack.bytes(at).unwrap_or_default().into()),
        _ => Err("Lua redis lib command arguments must be strings or integers"),
    };
    (1..=stack.top()).map(word).collect()
}

impl Active<'_> {
    /// Runs a command, and tells what became of it.
    ///
    /// # Errors
    /// Why it is not for scripts, or not for this one.
    fn run(&mut self, words: &[&[u8]]) -> Result<Reply, BadArgs> {
        let (command, used) = table::name(words)
            .map_err(|_| BadArgs("ERR Unknown Redis command called from script".into()))?;
        let denied = self.denied(command, words);
        let given = match denied {
            Some(denied) => Err(BadArgs(denied.text_in_script().into())),
            None => self.run_known(command, words, used).map_err(|text| BadArgs(text.into())),
        };
        if let Some(teller) = self.teller {
            let told = match (&given, denied) {
                (Ok(reply), _) => Told::Done(reply),
                (Err(bad), Some(denied)) => Told::Denied(denied, bad),
                (Err(bad), None) => Told::Refused(bad),
            };
            teller(Called { asker: self.world.asker(), db: self.db, command, words, told });
        }
        given
    }

    /// What the user of the script may not do, of a command that is for scripts.
    fn denied(&self, command: &'static Command, words: &[&[u8]]) -> Option<Denied> {
        let user = self.user.as_ref().filter(|_| is_for_scripts(command, words).is_ok())?;
        user.check(command.spec, words).err()
    }

    fn run_known(
        &mut self,
        command: &'static Command,
        words: &[&[u8]],
        used: usize,
    ) -> Result<Reply, String> {
        is_for_scripts(command, words)?;
        let Terms::Of { read_only, spread, notes, .. } = self.call.terms;
        if (read_only || self.flags.no_writes) && may_write(command) {
            return Err(error::SCRIPT_READ_ONLY.0.into_owned());
        }
        let writes = command.spec.is("write") && !self.has_written;
        // What has begun to write is not stopped half-way.
        if writes && notes & NO_REPLICAS != 0 {
            return Err(error::TOO_FEW_REPLICAS.0.into_owned());
        }
        let poor = notes & NO_ROOM != 0 && !self.flags.allow_oom;
        if poor && command.spec.is("denyoom") && !self.has_written {
            return Err(error::OUT_OF_MEMORY.0.into_owned());
        }
        self.has_written |= command.spec.is("write");
        let request = (command.parse)(&self.context(), Args::new(words, used));
        if let (Some(user), Ok(request)) = (&self.user, &request)
            && let Err((bad, _)) = user.check_request(command.spec, request, None)
        {
            return Ok(Reply::Error(bad));
        }
        match request {
            Err(bad) => Ok(Reply::Error(bad)),
            Ok(Request::Op(op)) => {
                if spread {
                    self.come_to(op.slots())?;
                }
                if op.wait().is_some() && command.spec.group == Group::Stream {
                    return Ok(error::blocks_in_script(words[0]).into());
                }
                match op.without_wait() {
                    Op::Key { op } => {
                        if command.spec.is("readonly") {
                            self.notes |= HAS_READ;
                        }
                        let op = self.in_an_order(op);
                        let outcome = self.world.apply(&op);
                        Ok((command.reply)(command.spec, outcome))
                    }
                    _ => Err(NOT_ALLOWED.to_owned()),
                }
            }
            Ok(Request::Here(here)) => self.here(here),
        }
    }

    /// The elements of a set have an order in scripts, also where SORT is told to leave them
    /// as they are.
    fn in_an_order<'op>(&mut self, op: keys::Op<'op>) -> keys::Op<'op> {
        let keys::Op::Sort { db, key, terms, ref get } = op else { return op };
        let sorting::Terms::Are { by: Some(_), reverse, offset, limit, .. } = terms else {
            return op;
        };
        let kind = |this: &mut Self| this.world.apply(&keys::Op::Type { db, key });
        if terms.looks_elsewhere() || kind(self) != Outcome::Word("set") {
            return op;
        }
        let terms = sorting::Terms::Are { by: None, alpha: true, reverse, offset, limit };
        keys::Op::Sort { db, key, terms, get: get.clone() }
    }

    /// What a node answers itself, as far as all would answer the same.
    fn here(&mut self, here: Here<'_>) -> Result<Reply, String> {
        let Terms::Of { spread, .. } = self.call.terms;
        Ok(match here {
            Here::Answer(reply) => reply,
            Here::Ping(None) => Reply::Simple("PONG"),
            Here::Ping(Some(text)) | Here::Echo(text) => Reply::bulk(text),
            Here::Time => {
                let now_ms = self.world.now_ms();
                let parts = [now_ms / 1000, now_ms % 1000 * 1000];
                Reply::Array(parts.iter().map(|part| Reply::bulk(part.to_string())).collect())
            }
            Here::Select(db) if spread && db != Db(0) => Reply::Error(error::SELECT_IN_CLUSTER),
            Here::Select(db) => {
                self.db = db;
                Reply::Ok
            }
            Here::PubSub(PubSub::Publish { shard, channel, message }) => {
                self.world.publish(shard, channel, message);
                // Who listens differs from node to node.
                Reply::Int(0)
            }
            _ => return Err(NOT_ALLOWED.to_owned()),
        })
    }

    /// Notes the slots of what an operation names. The slot of the script is that of the keys
    /// it declares, or of the first that it names if it declares none. Keys of others are
    /// for it only where its shard has all of them, and not for one that says something of
    /// itself but not that it does so.
    ///
    /// # Errors
    /// They are not for this script.
    fn come_to(&mut self, slots: Slots) -> Result<(), String> {
        let slot = match slots {
            Slots::None => return Ok(()),
            Slots::One(slot) => slot,
            Slots::Several => return Err(NOT_LOCAL.to_owned()),
        };
        let declared = || self.call.keys.first().map(|key| Slot::of(key));
        let own = self.slot.or_else(declared);
        if own == Some(slot) {
            return Ok(());
        }
        let Terms::Of { notes, .. } = self.call.terms;
        if notes & ALL_SLOTS == 0 {
            return Err(NOT_LOCAL.to_owned());
        }
        if own.is_some() && !self.flags.cross_slot {
            return Err(OTHER_SLOT.to_owned());
        }
        self.slot = own.or(Some(slot));
        Ok(())
    }

    fn context(&self) -> Context {
        let Terms::Of { string_bytes_max, block_entries_max, block_bytes_max, notes, .. } =
            self.call.terms;
        Context {
            db: self.db,
            origin: Origin::default(),
            request: 0,
            protocol: if self.resp == 3 { Protocol::Resp3 } else { Protocol::Resp2 },
            string_bytes_max,
            sparse_bytes_max: SPARSE_BYTES_MAX,
            lfu: notes & LFU != 0,
            seed: self.world.seed().wrapping_mul(0x9E37_79B9_7F4A_7C15),
            locks: LockContext::default(),
            queues: QueueContext::default(),
            streams: StreamContext { block_entries_max, block_bytes_max },
            scripts: ScriptContext::default(),
        }
    }
}

fn may_write(command: &Command) -> bool {
    // Redis counts messages in without saying so in COMMAND INFO.
    command.spec.is("write") || matches!(command.spec.name, "publish" | "spublish")
}

/// Whether scripts may call a command with so many words.
///
/// # Errors
/// What the script is told.
fn is_for_scripts(command: &Command, words: &[&[u8]]) -> Result<(), String> {
    if !command.spec.takes(words.len()) {
        return Err("ERR Wrong number of args calling Redis command from script".to_owned());
    }
    if command.spec.is("noscript") { Err(NOT_ALLOWED.to_owned()) } else { Ok(()) }
}
