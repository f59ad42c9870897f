//! MLOCK and MUNLOCK: the node's coordinator, at work for a client.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use lockstep_core::locks::{Mode, Op as LockOp, Owner, Terms};
use lockstep_core::{Fault, Origin, Outcome, ShardId, Wait};
use lockstep_raft::many::{Asked, Coordinator, End, Expected, Line, Plan, Seat, Why};
use lockstep_raft::{Delivery, Host, Refusal};
use parking_lot::Mutex;
use tokio::sync::{oneshot, watch};

use super::guards::{Guarded, How, name};
use super::meaning::Meaning;
use super::submit::{OnTheWay, shard_of_lock};
use super::{Client, Desk, errands};
use crate::world::node::Node;

/// How many numbers of a connection one coordinator may need.
pub const NUMBERS: u64 = 1 << 20;
/// How many waits it may begin for each name.
const REQUESTS_PER_NAME: u64 = 16;
/// The lease of what is not confirmed.
pub const PART_MS: u64 = 400;
/// The same where it is kept on purpose.
const KEPT_MS: u64 = 3_600_000;

/// Where answers to coordinators of a process come.
#[derive(Debug, Default)]
pub struct Expectations(Mutex<BTreeMap<(u64, u64), (ShardId, Expected)>>);

impl Expectations {
    /// An answer has come; whether somebody waits for it.
    pub fn answer(&self, origin: Origin, request: u64, outcome: &Outcome) -> bool {
        let waiting = self.0.lock().remove(&(origin.conn, request));
        if let Some((_, expected)) = &waiting {
            expected.mailbox.put(Delivery::Done(vec![outcome.clone()]));
        }
        waiting.is_some()
    }

    /// The answers of a shard may have been lost.
    pub fn set_adrift(&self, shard: ShardId) {
        for (_, expected) in self.0.lock().values().filter(|(of, _)| *of == shard) {
            expected.adrift.notify_one();
        }
    }
}

/// Who asks for several locks.
pub struct Request {
    /// Which, and how.
    pub locks: Vec<(u32, How)>,
    pub lease_ms: Option<u64>,
    pub block_ms: Option<u64>,
    /// The session of the connection.
    pub session: Option<String>,
    pub origin: Origin,
    /// The last number of the connection that was used.
    pub number: u64,
    pub shards: u16,
    /// Home hears of the shards that let requests in a session's name in.
    pub notes: bool,
    /// It gives back what it got when it does not get all.
    pub gives_back: bool,
}

impl Request {
    /// The shards it is about.
    pub fn shards(&self) -> Vec<ShardId> {
        self.plan().shards()
    }

    fn plan(&self) -> Plan {
        let names: Vec<String> = self.locks.iter().map(|(lock, _)| name(*lock)).collect();
        let words: Vec<&[u8]> = names.iter().map(|name| name.as_bytes()).collect();
        let modes: Vec<Mode> = self.locks.iter().map(|(_, how)| how.mode()).collect();
        let shard_of =
            |name: &[u8]| shard_of_lock(std::str::from_utf8(name).expect("text"), self.shards);
        Plan::new(&words, &modes, shard_of)
    }

    fn owner(&self) -> Owner<'_> {
        match &self.session {
            Some(id) => Owner::Session { id: id.as_bytes() },
            None => Owner::Connection { origin: self.origin },
        }
    }

    fn line(&self) -> Line {
        let shards = (0..self.shards).map(|shard| (ShardId(shard), self.number));
        Line::new(self.origin, shards.collect::<HashMap<_, _>>())
    }
}

/// A connection of a simulated node.
struct Bench {
    host: Host,
    conn: u64,
    shards: u16,
    notes: bool,
    expectations: Arc<Expectations>,
}

/// Why there is no outcome.
#[derive(Debug)]
enum Undone {
    /// Nothing happened, or it was taken back.
    Refused,
    /// There is no such session.
    NoSession,
    /// Nobody knows.
    Unknown,
}

impl Seat for Bench {
    type Refusal = Undone;

    fn host(&self) -> &Host {
        &self.host
    }

    async fn open(&self, session: &[u8], shard: ShardId) -> Result<(), Undone> {
        let id = std::str::from_utf8(session).expect("ids are text");
        match errands::open(&self.host, id, shard, self.shards, self.notes).await {
            Ok(Outcome::Ok) => Ok(()),
            Ok(_) => Err(Undone::NoSession),
            Err(Delivery::Refused(_)) => Err(Undone::Refused),
            Err(_) => Err(Undone::Unknown),
        }
    }

    fn enter(&self, request: u64, shard: ShardId) -> Expected {
        let expected = Expected::default();
        self.expectations.0.lock().insert((self.conn, request), (shard, expected.clone()));
        expected
    }

    fn leave(&self, request: u64) {
        self.expectations.0.lock().remove(&(self.conn, request));
    }

    fn refusal(&self, end: End<'_>) -> Undone {
        match end {
            End::Undone(_, Delivery::Refused(_)) | End::Lost | End::GivenUp => Undone::Refused,
            End::Undone(..) | End::Uncertain => Undone::Unknown,
        }
    }
}

/// A coordinator at work.
pub struct Running {
    stop: watch::Sender<Option<Why>>,
    over: oneshot::Receiver<()>,
}

impl Running {
    /// Has it give back what it got, and waits for that, not for ever.
    pub async fn end(self) {
        const GIVE_BACK_MAX: Duration = Duration::from_secs(1);
        self.stop.send_replace(Some(Why::Gone));
        let _ = tokio::time::timeout(GIVE_BACK_MAX, self.over).await;
    }
}

/// Begins to take several locks.
pub fn begin(node: &Node, host: Host, request: Request) -> OnTheWay {
    let Some(process) = node.running() else { return OnTheWay::new() };
    let (shards, notes, origin) = (request.shards, request.notes, request.origin);
    let bench = Bench {
        host,
        conn: origin.conn,
        shards,
        notes,
        expectations: process.expectations.clone(),
    };
    let wait = request.block_ms.map(|block_ms| Wait::For { origin, request: 0, block_ms });
    let terms = Terms::plain(request.owner(), origin).for_ms(request.lease_ms).waiting(wait);
    let first = request.number + 1;
    let requests = first..first + request.locks.len() as u64 * REQUESTS_PER_NAME;
    let part_ms = if request.gives_back { PART_MS } else { KEPT_MS };
    let plan = (request.plan(), part_ms);
    let asked = Asked::new(bench, origin, plan, request.line(), requests, &terms);
    let (stop, stopped) = watch::channel(None);
    // The time is that of the process.
    let _inside = process.enter();
    let mut coordinator = Coordinator::new(asked, stopped);
    coordinator.gives_back = request.gives_back;
    let (tell, told) = oneshot::channel();
    let (ended, over) = oneshot::channel();
    process.spawn_errand(async move {
        coordinator.run(tell).await;
        // Nobody waits for it whose connection goes on.
        let _ = ended.send(());
    });
    let on_the_way = errands::begin(node, async move {
        match told.await {
            Ok(Ok(outcome)) => Delivery::Done(vec![outcome]),
            Ok(Err(Undone::NoSession)) => Delivery::Done(vec![Fault::NoSession.into()]),
            Ok(Err(Undone::Refused)) => Delivery::Refused(Refusal::NoLeader),
            Ok(Err(Undone::Unknown)) | Err(_) => Delivery::Unknown,
        }
    });
    on_the_way.ending_with(Running { stop, over })
}

/// Gives several locks back.
pub async fn release(host: Host, request: Request) -> Delivery {
    let mut line = request.line();
    let mut released = 0;
    for shard in request.shards() {
        let names: Vec<String> = request.locks.iter().map(|(lock, _)| name(*lock)).collect();
        let here = names.iter().filter(|name| shard_of_lock(name, request.shards) == shard);
        let names = here.map(|name| name.as_bytes()).collect();
        let owner = request.owner();
        let op = LockOp::ReleaseMany { names, tokens: Vec::new(), owner, waits: false };
        let mailbox = Arc::default();
        host.submit(shard, line.share(shard, op), &mailbox);
        match mailbox.take().await {
            Delivery::Done(outcomes) => match outcomes.first() {
                Some(Outcome::Int(count)) => released += count,
                _ => return Delivery::Done(outcomes),
            },
            _ => return Delivery::Unknown,
        }
    }
    Delivery::Done(vec![Outcome::Int(released)])
}

impl Client {
    /// Has the node take or give back several locks.
    pub(super) fn hand_in_several(
        &mut self,
        asked: Guarded,
        began: u64,
        nodes: &mut [Node],
        desk: &mut Desk,
    ) {
        let session = self.attached().map(str::to_owned);
        let Some(connection) = &mut self.connection else { return };
        let node = &nodes[connection.node];
        let Some(host) = node.host().cloned() else { return };
        let (locks, lease_ms, block_ms) = match &asked {
            Guarded::Many { locks, lease_ms, block_ms } => (locks.clone(), *lease_ms, *block_ms),
            Guarded::UnlockMany(locks) => {
                (locks.iter().map(|lock| (*lock, How::Exclusive)).collect(), None, None)
            }
            _ => return,
        };
        let request = Request {
            locks,
            lease_ms,
            block_ms,
            session,
            origin: connection.origin,
            number: connection.request,
            shards: desk.shards,
            notes: !desk.doors_not_noted,
            gives_back: !desk.many_kept,
        };
        connection.request += NUMBERS;
        for shard in request.shards() {
            if !connection.bound_to.contains(&shard) {
                connection.bound_to.push(shard);
            }
        }
        let on_the_way = match &asked {
            Guarded::Many { .. } => begin(node, host, request),
            _ => errands::begin(node, release(host, request)),
        };
        self.since_ms = desk.now_ms + block_ms.unwrap_or(0);
        self.before_guarded(desk, &asked, began);
        let meanings = vec![Meaning::Guarded(asked)];
        self.waits = Some(super::Wait::Share { on_the_way, meanings, began });
    }
}
