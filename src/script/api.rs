//! What scripts find: the globals, and `redis`.

use std::ffi::{CStr, c_int};
use std::mem::MaybeUninit;

use lockstep_commands::double::general;
use lockstep_commands::error;
use lockstep_commands::here::PubSub;
use lockstep_commands::request::SPARSE_BYTES_MAX;
use lockstep_commands::{
    Args, BadArgs, Command, Context, Group, Here, LockContext, Protocol, QueueContext, Reply,
    Request, ScriptContext, StreamContext, table,
};
use lockstep_core::keys::{self, sorting};
use lockstep_core::op::Slots;
use lockstep_core::scripts::{ALL_SLOTS, Call, HAS_READ, LFU, NO_REPLICAS, NO_ROOM, Terms, sha1};
use lockstep_core::{Db, Op, Origin, Outcome, Slot};
use mlua_sys as ffi;
use mlua_sys::lua_State;

use crate::stack::{Active, Raised, Raises, Stack, active, inner};
use crate::vm::{GLOBALS, IGNORE_STATS, INSIDE};
use crate::{Called, Told, answer, guard, library};

/// How many steps a command counts for.
const STEPS_PER_COMMAND: u64 = 80;

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

unsafe extern "C-unwind" fn call(state: *mut lua_State) -> c_int {
    unsafe { inner(state, |stack| command(stack, true)) }
}

unsafe extern "C-unwind" fn call_protected(state: *mut lua_State) -> c_int {
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
fn words(stack: Stack) -> Result<Vec<std::borrow::Cow<'static, [u8]>>, &'static str> {
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
        let given = self.run_known(command, words, used).map_err(|text| BadArgs(text.into()));
        if let Some(teller) = self.teller {
            let told = given.as_ref().map_or_else(Told::Refused, Told::Done);
            teller(Called { asker: self.world.asker(), db: self.db, command, words, told });
        }
        given
    }

    fn run_known(
        &mut self,
        command: &'static Command,
        words: &[&[u8]],
        used: usize,
    ) -> Result<Reply, String> {
        if !command.spec.takes(words.len()) {
            return Err("ERR Wrong number of args calling Redis command from script".to_owned());
        }
        if command.spec.is("noscript") {
            return Err(NOT_ALLOWED.to_owned());
        }
        if let Some(Err(denied)) = self.user.as_ref().map(|user| user.check(command.spec, words)) {
            return Err(denied.text_in_script().to_owned());
        }
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
            Here::Select(db) if spread && db != Db(0) => {
                Reply::Error(lockstep_commands::error::SELECT_IN_CLUSTER)
            }
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

const NOT_LOCAL: &str = "ERR Script attempted to access a non local key in a cluster node";
const OTHER_SLOT: &str = "ERR Script attempted to access keys that do not hash to the same slot";
const NOT_ALLOWED: &str = "ERR This Redis command is not allowed from script";

fn may_write(command: &Command) -> bool {
    // Redis counts messages in without saying so in COMMAND INFO.
    command.spec.is("write") || matches!(command.spec.name, "publish" | "spublish")
}

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

unsafe extern "C-unwind" fn set_resp(state: *mut lua_State) -> c_int {
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

unsafe extern "C-unwind" fn sha1_hex(state: *mut lua_State) -> c_int {
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

unsafe extern "C-unwind" fn error_reply(state: *mut lua_State) -> c_int {
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

unsafe extern "C-unwind" fn status_reply(state: *mut lua_State) -> c_int {
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

unsafe extern "C-unwind" fn set_repl(state: *mut lua_State) -> c_int {
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

unsafe extern "C-unwind" fn replicate_commands(state: *mut lua_State) -> c_int {
    unsafe { ffi::lua_pushboolean(state, 1) };
    1
}

unsafe extern "C-unwind" fn breakpoint(state: *mut lua_State) -> c_int {
    unsafe { ffi::lua_pushboolean(state, 0) };
    1
}

unsafe extern "C-unwind" fn debug(_: *mut lua_State) -> c_int {
    0
}

unsafe extern "C-unwind" fn acl_check(state: *mut lua_State) -> c_int {
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

/// `pcall`: of errors that are tables it gives the text.
unsafe extern "C-unwind" fn protected_call(state: *mut lua_State) -> c_int {
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
unsafe extern "C-unwind" fn to_string(state: *mut lua_State) -> c_int {
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
unsafe extern "C-unwind" fn pairs(state: *mut lua_State) -> c_int {
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
unsafe extern "C-unwind" fn not_of_shown(state: *mut lua_State) -> c_int {
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
unsafe extern "C-unwind" fn of_shown(state: *mut lua_State) -> c_int {
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
unsafe extern "C-unwind" fn random(state: *mut lua_State) -> c_int {
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

unsafe extern "C-unwind" fn random_seed(state: *mut lua_State) -> c_int {
    unsafe {
        let seed = ffi::luaL_checkinteger(state, 1);
        if let Some(active) = active() {
            active.chance = seed as u64;
        }
    }
    0
}
