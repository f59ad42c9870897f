//! What is written and held back until others agree.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use lockstep_core::keys::Expiry;
use lockstep_core::wait::Wait;
use lockstep_core::{Db, Effect, NodeId, Op, Origin, Outcome, Read, ShardId, locks};
use lockstep_storage::{Log, SimDisk, Snapshots};
use parking_lot::Mutex;
use tokio::time::{Instant, sleep};

use super::failures::sim_log;
use super::rig::Rig;
use super::{get, open, set, start_watched};
use crate::{
    Come, Deliver, Delivery, Entry, Gate, Group, Guards, Mailbox, Ops, Proposed, Refusal, Reign,
    Watcher, Watching, Written,
};

/// Holds every entry back until the test opens it.
#[derive(Default)]
struct Held {
    told: Mutex<Vec<String>>,
    gates: Mutex<BTreeMap<u64, Option<Deliver>>>,
    /// Entries are open as soon as they are applied.
    lets_through: AtomicBool,
    asks_for_names: AtomicBool,
    /// Nothing may be proposed but this.
    lent: AtomicBool,
    ahead: Mutex<Option<String>>,
    /// There is always something more that goes ahead.
    again: AtomicBool,
    written: Mutex<Vec<(Db, Vec<u8>)>>,
    not_before: Mutex<Option<Instant>>,
    led: Mutex<Vec<(Option<NodeId>, Group)>>,
    campaigns: Mutex<Vec<u64>>,
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Held")
    }
}

impl Held {
    fn told(&self) -> Vec<String> {
        std::mem::take(&mut self.told.lock())
    }

    /// Opens the first one.
    fn open(&self) {
        let first = self.gates.lock().pop_first();
        first.unwrap().1.unwrap()();
    }

    /// How many are applied and held back.
    fn applied(&self) -> usize {
        self.gates.lock().values().filter(|deliver| deliver.is_some()).count()
    }
}

impl Watcher for Held {
    fn proposed(&self, _: ShardId, entry: &Entry<'_>) -> Proposed {
        if self.lent.load(SeqCst) {
            return Proposed::Later;
        }
        let mut told = self.told.lock();
        told.push(format!("after {}", entry.state().seq()));
        entry.each(|op| told.push(format!("{op:?}").chars().take(3).collect()));
        let mut gates = self.gates.lock();
        let number = gates.last_key_value().map_or(0, |(number, _)| *number) + 1;
        gates.insert(number, None);
        let names = self.asks_for_names.load(SeqCst);
        Proposed::Gated(Gate { number, hides: !self.lets_through.load(SeqCst), names })
    }

    fn ahead(&self, _: ShardId, write: &mut dyn FnMut(&Op<'_>)) -> Option<Gate> {
        let value = self.ahead.lock().take()?;
        if self.again.load(SeqCst) {
            *self.ahead.lock() = Some(value.clone());
            self.led.lock().iter().for_each(|(_, group)| group.lends(true, true, 0));
        }
        write(&set("a", &value, Expiry::Never {}));
        let mut gates = self.gates.lock();
        let number = gates.last_key_value().map_or(0, |(number, _)| *number) + 1;
        gates.insert(number, None);
        Some(Gate { number, hides: false, names: false })
    }

    fn yields(&self, _: ShardId) {
        self.lent.store(false, SeqCst);
        self.led.lock().iter().for_each(|(_, group)| group.lends(false, false, 0));
    }

    fn applied(&self, _: ShardId, gate: u64, written: Option<Written>, deliver: Deliver) {
        let parts = written.iter().flatten();
        let names = parts.flat_map(|(db, part)| part.keys().map(|key| (*db, key.name.to_vec())));
        self.written.lock().extend(names);
        if self.lets_through.load(SeqCst) {
            self.gates.lock().remove(&gate);
            return deliver();
        }
        self.gates.lock().insert(gate, Some(deliver));
    }

    fn dropped(&self, _: ShardId, gate: u64) {
        self.gates.lock().remove(&gate);
    }

    fn shows(&self, _: ShardId, op: &Op<'_>, _: u64) -> bool {
        *op != get("a")
    }

    fn shows_early(&self, _: ShardId, op: &Op<'_>, come: Come, quorum: Instant) -> bool {
        assert!(come.touched_at <= come.seq + 1 && quorum <= Instant::now());
        *op != get("a")
    }

    fn leads(&self, group: &Group, reign: Reign) -> Option<Instant> {
        self.led.lock().push((reign.before.map(|before| before.node), group.clone()));
        *self.not_before.lock()
    }

    fn grace(&self) -> Duration {
        Duration::from_millis(500)
    }

    fn campaigns(&self, _: ShardId, term: u64) {
        self.campaigns.lock().push(term);
    }
}

struct Watched {
    node: super::Node,
    watcher: Arc<Held>,
    _dir: tempfile::TempDir,
}

async fn watched() -> Watched {
    let dir = tempfile::tempdir().unwrap();
    let (log, snapshots) = open(dir.path());
    watched_on(log, snapshots, dir).await
}

async fn watched_on(log: Log, snapshots: Snapshots, dir: tempfile::TempDir) -> Watched {
    let watcher = Arc::<Held>::default();
    let watching = Watching::default();
    watching.begin(watcher.clone());
    let node = start_watched(log, snapshots, watching).await;
    Watched { node, watcher, _dir: dir }
}

fn submit(group: &Group, op: &Op<'_>) -> Arc<Mailbox> {
    let (mailbox, mut ops) = (Arc::new(Mailbox::default()), Ops::default());
    if op.is_write() {
        ops.write(op)
    } else {
        ops.read(op)
    }
    group.submit(ops, &mailbox).unwrap();
    mailbox
}

async fn until(what: impl Fn() -> bool) {
    let from = std::time::Instant::now();
    while !what() {
        assert!(from.elapsed() < Duration::from_secs(20), "it does not come about");
        sleep(Duration::from_millis(1)).await;
    }
}

fn append<'a>(key: &'a str, value: &'a str) -> lockstep_core::keys::Op<'a> {
    let (key, value) = (key.as_bytes(), value.as_bytes());
    lockstep_core::keys::Op::Append { db: Db(0), key, value, max: 100 }
}

fn text(text: &str) -> Outcome {
    Outcome::Bytes(text.as_bytes().to_vec())
}

#[tokio::test]
async fn nobody_is_told_of_entries_before_the_watch_begins() {
    let Watched { node, watcher, _dir } = watched().await;
    assert_eq!(node.ask(&set("a", "1", Expiry::Never {})).await, Outcome::Ok);
    assert!(watcher.told().is_empty() && node.group.is_all_open());
    assert!(node.group.begin_watch());
    let mailbox = submit(&node.group, &set("a", "2", Expiry::Never {}));
    until(|| watcher.applied() == 1).await;
    assert_eq!(watcher.told(), ["after 1", "Key"]);
    watcher.open();
    assert!(matches!(mailbox.take().await, Delivery::Done(_)));
    node.group.end_watch();
    assert_eq!(node.ask(&set("a", "3", Expiry::Never {})).await, Outcome::Ok);
    assert!(watcher.told().is_empty());
    node.stop().await;
}

#[tokio::test]
async fn what_is_lent_comes_into_the_log_in_front_of_what_touches_it() {
    let Watched { node, watcher, _dir } = watched().await;
    watcher.lets_through.store(true, SeqCst);
    assert!(node.group.begin_watch());
    watcher.lent.store(true, SeqCst);
    node.group.lends(true, false, 0);
    let mailbox = submit(&node.group, &Op::Key { op: append("a", "!") });
    assert!(!node.group.is_all_open(), "reads have to ask");
    // It waits, and so does what stands behind it.
    let behind = submit(&node.group, &set("b", "1", Expiry::Never {}));
    sleep(Duration::from_millis(50)).await;
    assert!(mailbox.try_take().is_none() && behind.try_take().is_none());
    *watcher.ahead.lock() = Some("lent".to_owned());
    node.group.lends(true, true, 0);
    until(|| watcher.ahead.lock().is_none()).await;
    watcher.lent.store(false, SeqCst);
    node.group.lends(false, false, 0);
    assert!(matches!(mailbox.take().await, Delivery::Done(_)));
    assert!(matches!(behind.take().await, Delivery::Done(_)));
    assert!(node.group.is_all_open());
    assert_eq!(node.ask(&get("a")).await, text("lent!"));
    node.stop().await;
}

#[tokio::test]
async fn what_was_written_elsewhere_comes_into_the_log_though_nobody_asks_for_it() {
    let Watched { node, watcher, _dir } = watched().await;
    watcher.lets_through.store(true, SeqCst);
    assert!(node.group.begin_watch());
    *watcher.ahead.lock() = Some("lent".to_owned());
    node.group.lends(true, true, 0);
    until(|| watcher.ahead.lock().is_none()).await;
    node.group.lends(false, false, 0);
    assert_eq!(node.ask(&get("a")).await, text("lent"));
    node.stop().await;
}

#[tokio::test]
async fn a_state_that_was_looked_at_before_something_came_back_is_not_shown() {
    let Watched { node, watcher, _dir } = watched().await;
    watcher.lets_through.store(true, SeqCst);
    assert!(node.group.begin_watch());
    node.ask(&set("a", "1", Expiry::Never {})).await;
    let before = node.group.state().seq();
    node.group.lends(true, false, 0);
    *watcher.ahead.lock() = Some("lent".to_owned());
    node.group.lends(true, true, 0);
    until(|| node.group.state().seq() > before).await;
    let after = node.group.state().seq();
    node.group.lends(false, false, after);
    // Nothing is lent or held back any more, and the look is older than what came.
    assert!(node.group.is_all_open());
    watcher.lets_through.store(false, SeqCst);
    assert!(!node.group.shows(&get("a"), before) && node.group.shows(&get("a"), after));
    node.stop().await;
}

#[tokio::test]
async fn what_waits_gets_its_turn_though_something_always_goes_ahead() {
    let Watched { node, watcher, _dir } = watched().await;
    watcher.lets_through.store(true, SeqCst);
    assert!(node.group.begin_watch());
    watcher.again.store(true, SeqCst);
    *watcher.ahead.lock() = Some("lent".to_owned());
    node.group.lends(true, true, 0);
    let outcome = node.ask(&set("b", "1", Expiry::Never {})).await;
    assert_eq!(outcome, Outcome::Ok);
    watcher.again.store(false, SeqCst);
    node.group.lends(false, false, 0);
    node.stop().await;
}

#[tokio::test]
async fn a_group_that_stops_does_not_wait_for_what_is_lent() {
    let Watched { node, watcher, _dir } = watched().await;
    assert!(node.group.begin_watch());
    watcher.lent.store(true, SeqCst);
    let mailbox = submit(&node.group, &set("a", "1", Expiry::Never {}));
    sleep(Duration::from_millis(50)).await;
    node.stop().await;
    assert!(matches!(mailbox.take().await, Delivery::Refused(_)));
}

#[tokio::test]
async fn what_is_held_back_is_neither_answered_nor_read_and_holds_up_no_entry() {
    let Watched { node, watcher, _dir } = watched().await;
    assert!(node.group.begin_watch());
    let first = submit(&node.group, &set("a", "1", Expiry::Never {}));
    until(|| watcher.applied() == 1).await;
    let second = submit(&node.group, &set("b", "2", Expiry::Never {}));
    until(|| watcher.applied() == 2).await;
    assert!(first.try_take().is_none() && second.try_take().is_none());
    // The state has it, and whoever reads it has to ask.
    assert_eq!(node.group.read(&get("a")), Ok(Read::TickFirst));
    assert_eq!(node.group.read(&get("b")), Ok(Read::Done(text("2"))));
    let read = submit(&node.group, &get("a"));
    until(|| watcher.applied() == 3).await;
    assert!(read.try_take().is_none(), "it stands behind what is held back");
    watcher.open();
    assert!(matches!(first.take().await, Delivery::Done(_)));
    assert!(second.try_take().is_none());
    (0..2).for_each(|_| watcher.open());
    assert!(matches!(second.take().await, Delivery::Done(_)));
    let Delivery::Done(outcomes) = read.take().await else { panic!("it is answered") };
    assert_eq!(outcomes, [text("1")]);
    assert!(node.group.is_all_open());
    node.stop().await;
}

#[tokio::test]
async fn what_opens_as_it_is_applied_hides_nothing() {
    let Watched { node, watcher, _dir } = watched().await;
    watcher.lets_through.store(true, SeqCst);
    assert!(node.group.begin_watch());
    for value in ["1", "2", "3"] {
        assert_eq!(node.ask(&set("a", value, Expiry::Never {})).await, Outcome::Ok);
        assert!(node.group.is_all_open());
        assert_eq!(node.group.read(&get("a")), Ok(Read::Done(text(value))));
    }
    node.stop().await;
}

#[tokio::test]
async fn who_asks_is_told_what_an_entry_wrote() {
    let Watched { node, watcher, _dir } = watched().await;
    watcher.lets_through.store(true, SeqCst);
    assert!(node.group.begin_watch());
    assert_eq!(node.ask(&set("a", "1", Expiry::Never {})).await, Outcome::Ok);
    watcher.asks_for_names.store(true, SeqCst);
    for key in ["b", "c"] {
        assert_eq!(node.ask(&set(key, "1", Expiry::Never {})).await, Outcome::Ok);
    }
    watcher.asks_for_names.store(false, SeqCst);
    assert_eq!(node.ask(&set("d", "1", Expiry::Never {})).await, Outcome::Ok);
    let written = [(Db(0), b"b".to_vec()), (Db(0), b"c".to_vec())];
    assert_eq!(*watcher.written.lock(), written);
    node.stop().await;
}

#[tokio::test]
async fn who_waits_for_a_lock_is_answered_when_the_entry_that_frees_it_is_open() {
    let Watched { node, watcher, _dir } = watched().await;
    let origin = |conn| Origin { node: NodeId(1), boot: 1, conn };
    let lock = |conn| {
        let wait = Wait::For { origin: origin(conn), request: conn, block_ms: 0 };
        let owner = locks::Owner::Connection { origin: origin(conn) };
        let terms = locks::Terms::plain(owner, origin(conn)).waiting(Some(wait));
        Op::Lock { op: locks::Op::Acquire { name: b"door", terms } }
    };
    assert_eq!(node.ask(&lock(1)).await, Outcome::Int(1));
    assert_eq!(node.ask(&lock(2)).await, Outcome::Waits);
    assert!(node.group.begin_watch());
    let gone = Op::Gone { origin: origin(1) };
    let mailbox = submit(&node.group, &gone);
    until(|| watcher.applied() == 1).await;
    let granted = || {
        let effects = node.effects.lock();
        effects.iter().filter(|effect| matches!(effect, Effect::Answer { .. })).count()
    };
    assert_eq!(granted(), 0);
    watcher.open();
    assert!(matches!(mailbox.take().await, Delivery::Done(_)));
    until(|| granted() == 1).await;
    node.stop().await;
}

#[tokio::test]
async fn a_watch_has_begun_when_nothing_is_on_its_way_that_nobody_was_told_of() {
    let (dir, disk) = (tempfile::tempdir().unwrap(), SimDisk::new());
    let (_, snapshots) = open(dir.path());
    let Watched { node, watcher, _dir } = watched_on(sim_log(&disk), snapshots, dir).await;
    let before = node.group.proposed().0;
    let held = disk.hold_syncs();
    let mailbox = submit(&node.group, &set("a", "1", Expiry::Never {}));
    while node.group.proposed().0 == before {
        tokio::task::yield_now().await;
    }
    assert!(!node.group.begin_watch(), "it is not even on disk");
    drop(held);
    until(|| node.group.begin_watch()).await;
    assert!(matches!(mailbox.take().await, Delivery::Done(_)));
    assert!(watcher.told().is_empty());
    node.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_new_leader_serves_when_its_watcher_lets_it() {
    let mut rig = Rig::empty(Guards::default(), 1);
    let watchers: BTreeMap<u64, Arc<Held>> = (1..=3).map(|id| (id, Arc::default())).collect();
    for (id, watcher) in &watchers {
        let watching = Watching::default();
        watching.begin(watcher.clone());
        rig.watching.insert(*id, watching);
    }
    rig.start_all(3).await;
    let (first, _) = rig.led().await;
    rig.write("1").await;
    let not_before = Instant::now() + Duration::from_secs(5);
    watchers.values().for_each(|watcher| *watcher.not_before.lock() = Some(not_before));
    rig.kill(first).await;
    let (next, _) = rig.led().await;
    assert!(Instant::now() >= not_before, "it served too early");
    let watcher = &watchers[&next];
    let (before, _) = watcher.led.lock().last().cloned().unwrap();
    assert_eq!(before, Some(NodeId(first)));
    assert!(!watcher.campaigns.lock().is_empty());
    assert!(rig.node(next).group().quorum_since().is_some());
    rig.write("2").await;
    // Let off early.
    let not_before = Instant::now() + Duration::from_secs(1_000);
    let third = watchers.keys().copied().find(|id| ![first, next].contains(id)).unwrap();
    watchers[&third].not_before.lock().replace(not_before);
    let moved = rig.node(next).group().clone();
    let handed = tokio::spawn(async move { moved.transfer(NodeId(third)).await });
    while watchers[&third].led.lock().is_empty() {
        sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(rig.node(third).group().read(&get("a")), Err(Refusal::NotLeader));
    reads_early(&rig, third).await;
    *watchers[&third].not_before.lock() = None;
    let group = watchers[&third].led.lock().last().unwrap().1.clone();
    group.look_again();
    let (leader, took) = rig.led().await;
    assert_eq!((leader, took < Duration::from_millis(200)), (third, true));
    handed.await.unwrap().unwrap();
}

/// A leader that does not serve yet answers what its watcher allows, as long as a quorum
/// stands behind it.
async fn reads_early(rig: &Rig, leader: u64) {
    let group = rig.node(leader).group();
    let read = |key| {
        let (mailbox, mut ops) = (Arc::new(Mailbox::default()), Ops::default());
        ops.read(&get(key));
        group.submit(ops, &mailbox)?;
        let Some(Delivery::Done(outcomes)) = mailbox.try_take() else { panic!("no answer") };
        Ok(outcomes)
    };
    let begun = Instant::now();
    while read("b") != Ok(vec![Outcome::Nil]) {
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", read("b"));
        sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(read("a"), Err(Refusal::NotLeader));
    assert_eq!(group.read(&get("b")), Err(Refusal::NotLeader), "it does not serve");
    rig.net.cut_off(leader);
    sleep(Duration::from_millis(130)).await;
    assert_eq!(read("b"), Err(Refusal::NotLeader), "others may have elected another one");
    rig.net.heal();
}
