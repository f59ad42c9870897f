//! The way of a command from its words to a host.

use std::sync::Arc;

use lockstep::cache::simulated::{Got, Wanted};
use lockstep_commands::{Args, Context, Protocol, Request, table};
use lockstep_core::op::Home;
use lockstep_core::slot::{SLOTS, Slot};
use lockstep_core::wire::Wire;
use lockstep_core::{Db, Op, Origin, Outcome, Read, ShardId, keys};
use lockstep_raft::{Delivery, Host, Mailbox, Ops};
use parking_lot::Mutex;
use tokio::task::AbortHandle;

use super::meaning::Meaning;
use super::members::in_session;
use super::queues::Sorts;
use super::seat::Running;
use crate::world::node::{Node, Process};

/// Operations that were handed in, and the task that waits for what becomes of
/// them, as a connection does.
pub struct OnTheWay {
    arrived: Arc<Mutex<Option<Delivery>>>,
    waits: Option<AbortHandle>,
    /// The coordinator that works on it.
    running: Option<Running>,
}

impl OnTheWay {
    /// Nothing is on its way yet.
    pub fn new() -> Self {
        OnTheWay { arrived: Arc::default(), waits: None, running: None }
    }

    /// Where it is put what became of them.
    pub fn arrived(&self) -> Arc<Mutex<Option<Delivery>>> {
        self.arrived.clone()
    }

    /// The same, with a coordinator that has to be told of the end.
    pub fn ending_with(mut self, running: Running) -> Self {
        self.running = Some(running);
        self
    }

    /// This task waits for it.
    pub fn waits_for(&mut self, task: AbortHandle) {
        self.waits = Some(task);
    }

    /// Takes what became of them, when that is known.
    pub fn take(&self) -> Option<Delivery> {
        self.arrived.lock().take()
    }

    /// Nobody waits for them any more, and nobody tries them again.
    fn abandon(self) -> Option<Running> {
        if let Some(waits) = &self.waits {
            waits.abort();
        }
        self.running
    }
}

/// What a client is about to hand in.
pub struct Prepared {
    pub shard: ShardId,
    pub ops: Ops,
    /// One for each outcome.
    pub meanings: Vec<Meaning>,
    /// Whether the connection may hold something there afterwards.
    pub binds: bool,
    pub block_ms: u64,
    /// The operation, when it is a single read.
    read: Option<Vec<u8>>,
}

/// What became of it.
pub enum Submitted {
    /// Read at once.
    Read(Meaning, Outcome),
    /// On its way.
    Waits(OnTheWay, Vec<Meaning>),
}

fn context(origin: Origin, request: u64) -> Context {
    Context {
        db: Db(0),
        origin,
        request,
        protocol: Protocol::Resp3,
        string_bytes_max: 1 << 20,
        sparse_bytes_max: 3_000,
        lfu: false,
        seed: 1,
        locks: Default::default(),
        queues: Default::default(),
        streams: Default::default(),
        scripts: Default::default(),
    }
}

/// Gives the operation of a command to `take`.
fn parsed<T>(words: &[Vec<u8>], context: &Context, take: impl FnOnce(Op<'_>) -> T) -> T {
    let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
    let (command, used) = table::find(&words).expect("a command of the table");
    let request = (command.parse)(context, Args::new(&words, used)).expect("well-formed words");
    match request {
        Request::Op(op) => take(op),
        other => panic!("{other:?} is not for a shard"),
    }
}

/// Makes operations of what a client wants; all of it belongs to one shard. What is
/// asked of locks is asked in the name of the session, if there is one.
pub fn prepare(
    meanings: Vec<Meaning>,
    origin: Origin,
    request: u64,
    shards: u16,
    session: Option<&str>,
    sorts: &Sorts,
) -> Prepared {
    let context = context(origin, request);
    let mut ops = Ops::default();
    let mut shard = ShardId(0);
    let (mut binds, mut block_ms, mut read) = (false, 0, None);
    for meaning in &meanings {
        block_ms = block_ms.max(meaning.block_ms().unwrap_or(0));
        if let Meaning::Session(asked) = meaning {
            let op = asked.op(origin).expect("the others are errands");
            shard = of(op.home(), shards);
            binds |= asked.binds();
            ops.write(&op);
            continue;
        }
        let commands = meaning.commands(origin.conn, sorts);
        if meaning.is_transaction() {
            let mut inside = Vec::new();
            for words in &commands {
                parsed(words, &context, |op| op.put(&mut inside));
            }
            let count = commands.len() as u32;
            ops.write(&Op::Transaction { watched: Vec::new(), count, ops: &inside });
            continue;
        }
        for words in &commands {
            parsed(words, &context, |op| {
                let op = match session {
                    Some(id) => in_session(op, id.as_bytes()),
                    None => op,
                };
                shard = of(op.home(), shards);
                binds |= op.wait().is_some() || matches!(op, Op::Lock { .. });
                if op.is_write() {
                    ops.write(&op);
                } else {
                    ops.read(&op);
                    let mut bytes = Vec::new();
                    op.put(&mut bytes);
                    read = Some(bytes);
                }
            });
        }
    }
    let read = read.filter(|_| meanings.len() == 1);
    Prepared { shard, ops, meanings, binds, block_ms, read }.named(origin, request)
}

impl Prepared {
    fn named(mut self, origin: Origin, request: u64) -> Self {
        if !self.ops.only_reads() {
            self.ops.identify(origin, request);
        }
        self
    }
}

fn of(home: Home, shards: u16) -> ShardId {
    match home {
        Home::Slot(slot) => of_slot(slot, shards),
        _ => ShardId(0),
    }
}

fn of_slot(slot: Slot, shards: u16) -> ShardId {
    ShardId((usize::from(slot.0) * usize::from(shards) / usize::from(SLOTS)) as u16)
}

/// The shard that a session is at home in.
pub fn home_of(id: &str, shards: u16) -> ShardId {
    of_slot(Slot::of(id.as_bytes()), shards)
}

/// The shard of a lock.
pub fn shard_of_lock(name: &str, shards: u16) -> ShardId {
    let op = Op::Lock { op: lockstep_core::locks::Op::Info { name: name.as_bytes() } };
    of(op.home(), shards)
}

/// What a look at a node gives.
enum Looked {
    Found(Outcome),
    TickFirst,
    /// A copy is on its way.
    Wanted(Wanted),
    /// The leader has to be asked.
    Elsewhere,
}

fn outcome(value: Option<bytes::Bytes>) -> Outcome {
    value.map_or(Outcome::Nil, |value| Outcome::Bytes(value.to_vec()))
}

/// Reads as connections do: from a copy that is here, from the state where the node leads,
/// or from a copy that is fetched.
fn read(process: &Process, host: &Host, shard: ShardId, op: &Op<'_>) -> Looked {
    let key = match op {
        Op::Key { op: keys::Op::Get { key, .. } } => Some(*key),
        _ => None,
    };
    let copies = process.copies.as_ref().zip(key);
    if let Some(value) = copies.and_then(|(copies, key)| copies.hit(shard, key)) {
        return Looked::Found(outcome(value));
    }
    match host.group(shard).map(|group| group.read(op)) {
        Some(Ok(Read::Done(found))) => {
            if let Some((copies, key)) = copies {
                copies.read_here(shard, key);
            }
            Looked::Found(found)
        }
        Some(Ok(Read::TickFirst)) => Looked::TickFirst,
        Some(Err(_)) | None => match copies.map(|(copies, key)| copies.fetch(shard, key)) {
            Some(Got::Value(value)) => Looked::Found(outcome(value)),
            Some(Got::Later(copy)) => Looked::Wanted(copy),
            Some(Got::Elsewhere) | None => Looked::Elsewhere,
        },
    }
}

/// Hands operations to the node, as its connections do.
pub fn submit(node: &Node, mut prepared: Prepared) -> Submitted {
    let mut on_the_way = OnTheWay::new();
    let (Some(process), Some(host)) = (node.running(), node.host()) else {
        return Submitted::Waits(on_the_way, prepared.meanings);
    };
    let _inside = process.enter();
    let asked = prepared.read.take();
    let op = asked.as_ref().and_then(|bytes| Op::take(&mut &bytes[..]).ok());
    let mut wanted = None;
    if let Some(op) = &op {
        match read(process, host, prepared.shard, op) {
            Looked::Found(outcome) => {
                return Submitted::Read(prepared.meanings.remove(0), outcome);
            }
            Looked::TickFirst => {
                let mut ops = Ops::default();
                ops.write(&Op::Tick {});
                ops.read(op);
                prepared.ops = ops;
                prepared.meanings.insert(0, Meaning::Nothing);
            }
            Looked::Wanted(copy) => wanted = Some(copy),
            Looked::Elsewhere => {}
        }
    }
    let (host, arrived) = (host.clone(), on_the_way.arrived.clone());
    let (shard, ops) = (prepared.shard, prepared.ops);
    on_the_way.waits = Some(match wanted {
        None => {
            let mailbox = Arc::<Mailbox>::default();
            host.submit(shard, ops, &mailbox);
            process.spawn(async move {
                let delivery = mailbox.take().await;
                *arrived.lock() = Some(delivery);
            })
        }
        Some(copy) => process.spawn(async move {
            let delivery = match copy.value().await {
                Some(value) => Delivery::Done(vec![outcome(value)]),
                None => {
                    let mailbox = Arc::<Mailbox>::default();
                    host.submit(shard, ops, &mailbox);
                    mailbox.take().await
                }
            };
            *arrived.lock() = Some(delivery);
        }),
    });
    Submitted::Waits(on_the_way, prepared.meanings)
}

/// Tells the shards that a connection is over. `number` is the next one of the
/// connection: what was sent before and arrives later is applied no more.
pub fn gone(
    node: &Node,
    origin: Origin,
    number: u64,
    bound_to: Vec<ShardId>,
    on_the_way: Option<OnTheWay>,
) {
    let running = on_the_way.and_then(OnTheWay::abandon);
    let Some(process) = &node.process else { return };
    let Some(host) = process.host.clone() else { return };
    if bound_to.is_empty() {
        return;
    }
    process.spawn_errand(async move {
        if let Some(running) = running {
            // First: its operations have the smaller numbers.
            running.end().await;
        }
        for shard in bound_to {
            let mut ops = Ops::default();
            ops.write(&Op::Gone { origin });
            ops.identify(origin, number);
            let told = host.insist_on(shard, ops).await;
            // Of a former life of the node it knows without.
            if matches!(told, Delivery::Unknown) && host.life().boot == origin.boot {
                host.insist(shard, &Op::Gone { origin }).await;
            }
        }
    });
}
