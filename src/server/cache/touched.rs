//! The keys that an entry reads and writes.

use std::collections::BTreeMap;
use std::ops::Bound::{self, Excluded, Included};

use lockstep_cache::{Name, Payload, Wrote};
use lockstep_core::keys::waits::Table as Waits;
use lockstep_core::keys::{self, Expiry, When};
use lockstep_core::requests::Recall;
use lockstep_core::wire::Wire;
use lockstep_core::{Db, NodeId, Op, Origin, RequestId, Shard, Wait, queues};
use lockstep_raft::{Entry, Written};

/// The database that shows queues.
const SHOWN_IN: Db = Db(0);
/// An entry that writes more keys than these is taken for one that writes all.
const NAMES_MAX: usize = 16_384;

/// The keys that an entry reads and writes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Touched {
    /// The keys it writes, or may write, each once.
    pub written: Vec<Name>,
    /// The keys it only reads.
    pub read: Vec<Name>,
    /// Whether it may write any key.
    pub all: bool,
    /// Whether it may write keys besides, which are known when it is applied.
    pub any: bool,
    /// Whether it looks at more than keys, or at any of them.
    pub in_order: bool,
    /// Whether it looks at keys that it does not name.
    pub anywhere: bool,
    /// Which node wrote which of them last.
    pub writers: Vec<Wrote>,
    /// What the key holds then, if it writes a single one, and that is known.
    pub value: Option<Payload>,
    /// How many operations came before it.
    pub after: u64,
    /// Whether any of its operations may touch keys, as replicas count them.
    pub counts: bool,
    /// Whether it surely carries out an operation.
    pub moves: bool,
    /// The nodes that it says have left for good.
    pub departed: Vec<NodeId>,
}

impl Touched {
    /// Whether it is about no keys at all.
    pub(super) fn is_nothing(&self) -> bool {
        self.written.is_empty() && self.read.is_empty() && !self.all && !self.any
    }
}

/// The keys that an entry touches.
///
/// `value_max`: of which size what a single SET writes is wanted.
pub(super) fn of(entry: &Entry<'_>, value_max: Option<usize>) -> Touched {
    let mut walk = Walk { value_max, ..Walk::default() };
    entry.each(|op| walk.entry_op(op));
    entry.each_read(|op| walk.rides(op));
    let after = {
        let state = entry.state();
        // Only a queue that is new takes the place of a key that is not there.
        walk.queues.retain(|queue| !state.queues().holds(queue));
        walk.follow_waits(state.keys().waits());
        walk.moves |= walk.requests.iter().any(|asked| is_fresh(&state, asked));
        state.seq()
    };
    walk.into_touched(after)
}

/// A name of operations: of which request, what it does not remember, and whether it may
/// have been proposed before.
type Requested = (RequestId, u64, bool);

/// Whether a state will carry a request out that is the next thing it is asked to do.
fn is_fresh(state: &Shard, (id, floor, retry): &Requested) -> bool {
    matches!(state.recall(id, *floor, *retry), Recall::Fresh)
}

/// The keys that a read reads; none: it may look at any.
pub(super) fn names_read(op: &Op<'_>) -> Option<Vec<Name>> {
    match op {
        Op::Key { op } if op.looks_elsewhere() => None,
        Op::Key { op } => {
            let names: Vec<Name> = op.key_names().map(|key| Name::of(op.db(), key)).collect();
            (!names.is_empty()).then_some(names)
        }
        Op::Queue { op } => Some(op.names().map(|name| Name::of(SHOWN_IN, name)).collect()),
        // They look at no keys.
        Op::Lock { .. } | Op::Session { .. } => Some(Vec::new()),
        Op::Script { op } if !op.runs() => Some(Vec::new()),
        _ => None,
    }
}

/// Who wrote a key last, and whether it did nothing but set it.
#[derive(Clone, Copy)]
struct By {
    node: NodeId,
    plain: bool,
}

#[derive(Default)]
struct Walk {
    /// Who wrote each key last.
    written: BTreeMap<Name, Option<By>>,
    read: Vec<Name>,
    all: bool,
    any: bool,
    in_order: bool,
    anywhere: bool,
    queues: Vec<Vec<u8>>,
    /// Connections that ask for something new, or are over.
    ends: Vec<(Bound<Origin>, Bound<Origin>)>,
    /// Connections that are told now what they were served.
    told: Vec<Origin>,
    /// Whose operations these are, and how many are still to come.
    by: Option<(NodeId, u32)>,
    value_max: Option<usize>,
    /// Whether that is part of a transaction.
    within: bool,
    /// What was written, as long as it is a single thing.
    value: Option<Option<Payload>>,
    /// Whether any operation may touch keys, as replicas count them.
    counts: bool,
    /// The names of operations, and whether any has none.
    requests: Vec<Requested>,
    moves: bool,
    departed: Vec<NodeId>,
}

impl Walk {
    fn entry_op(&mut self, op: &Op<'_>) {
        if let Op::Request { id, count, floor, retry } = op {
            self.requests.push((*id, *floor, *retry));
            if *retry {
                // It may have been carried out before, and something else since.
                self.value_max = None;
            }
            self.by = Some((id.origin.node, *count));
            return;
        }
        self.counts |= op.may_touch_keys();
        self.moves |= self.by.is_none();
        self.op(op);
        self.by = self.by.and_then(|(node, left)| Some((node, left.checked_sub(1)?)));
        self.by = self.by.filter(|(_, left)| *left > 0);
    }

    fn op(&mut self, op: &Op<'_>) {
        match op {
            Op::Key { op } => self.key(op),
            Op::Transaction { watched, count, ops } => {
                let names = watched.iter().map(|watched| {
                    let lockstep_core::op::Watched::Key { db, key, .. } = watched;
                    Name::of(*db, key)
                });
                self.read.extend(names);
                let mut ops = *ops;
                self.within = true;
                for _ in 0..*count {
                    // What is cut short is not carried out either.
                    let Ok(op) = Op::take(&mut ops) else { break };
                    if !matches!(op, Op::Transaction { .. }) {
                        self.op(&op);
                    }
                }
                self.within = false;
                self.value = Some(None);
            }
            Op::Queue { op } => {
                self.in_order = true;
                self.queue(op);
            }
            // Which keys it reads and writes is known when it has run: mostly those that it
            // declares.
            Op::Script { op } => {
                self.in_order = true;
                self.anywhere |= op.runs();
                if let Some(db) = op.db().filter(|_| op.is_write()) {
                    let declared = op.key_names().iter().map(|key| (Name::of(db, key), None));
                    self.written.extend(declared);
                    (self.any, self.value) = (true, Some(None));
                }
                self.all |= self.written.len() > NAMES_MAX;
            }
            Op::Gone { origin } => {
                self.in_order = true;
                self.ends.push((Included(*origin), Included(*origin)));
            }
            Op::Boot { origin } => {
                self.in_order = true;
                if origin.is_after_all() {
                    self.departed.push(origin.node);
                }
                let first = Origin { boot: 0, conn: 0, ..*origin };
                self.ends.push((Included(first), Excluded(*origin)));
            }
            // What is done under a lock is seen by whoever gets it next.
            Op::Lock { .. } | Op::Session { .. } => self.in_order = true,
            // About no keys.
            Op::Tick {}
            | Op::Cluster { .. }
            | Op::User { .. }
            | Op::Request { .. }
            | Op::Refused { .. } => {}
        }
    }

    /// A read that is carried out with the entry.
    fn rides(&mut self, op: &Op<'_>) {
        match names_read(op) {
            Some(names) if matches!(op, Op::Key { .. }) => self.read.extend(names),
            Some(_) => self.in_order = true,
            // It looks at any keys.
            None => (self.in_order, self.anywhere) = (true, true),
        }
    }

    fn queue(&mut self, op: &queues::Op<'_>) {
        if op.is_write() {
            self.queues.extend(op.names().map(<[u8]>::to_vec));
        }
    }

    fn key(&mut self, op: &keys::Op<'_>) {
        self.in_order |= op.looks_elsewhere();
        self.anywhere |= op.looks_elsewhere();
        if !op.is_write() {
            let before = self.read.len();
            self.read.extend(op.key_names().map(|key| Name::of(op.db(), key)));
            self.in_order |= self.read.len() == before;
            self.anywhere |= self.read.len() == before;
            return;
        }
        let before = self.written.len();
        if let Some(Wait::For { origin, .. }) = op.wait() {
            self.ends.push((Included(origin), Included(origin)));
        }
        match op {
            keys::Op::CancelWait { .. } => {
                self.in_order = true;
                return;
            }
            keys::Op::FillAbort { .. } => return,
            keys::Op::PopOrWait { db, keys, want, .. } if want.leaves_values() => {
                return self.read.extend(keys.iter().map(|key| Name::of(*db, key)));
            }
            keys::Op::ConfirmWait { origin, .. } => {
                self.in_order = true;
                return self.told.push(*origin);
            }
            keys::Op::Copy { db, from, to_db, to, .. } => {
                self.read.push(Name::of(*db, from));
                self.write(*to_db, to);
            }
            keys::Op::Move { db, key, to_db } => {
                self.write(*db, key);
                self.write(*to_db, key);
            }
            keys::Op::Evict { keys } => keys.iter().for_each(|(db, key)| self.write(*db, key)),
            op => {
                let mut named = false;
                let plain = is_plain(op) && !self.within;
                for key in op.key_names() {
                    self.note(op.db(), key, plain);
                    named = true;
                }
                self.all |= !named;
            }
        }
        let single = self.value.is_none() && before == 0 && self.written.len() == 1;
        let most = self.value_max.filter(|_| single);
        self.value = Some(most.and_then(|most| plain(op, most)));
        self.all |= self.written.len() > NAMES_MAX;
    }

    /// What those who wait for keys add: they move elements on, what they never got goes
    /// back, and what they are told has to be seen by all before.
    fn follow_waits(&mut self, waits: &Waits) {
        let given_back = |ends: &(Bound<Origin>, Bound<Origin>)| waits.gives_back(*ends);
        self.all |= self.ends.iter().any(given_back);
        for origin in std::mem::take(&mut self.told) {
            for (db, key) in waits.changed_for(origin) {
                self.write(db, &key);
            }
        }
        if waits.is_empty() || self.all {
            return;
        }
        let mut reached: Vec<Name> = self.written.keys().cloned().collect();
        while let Some(name) = reached.pop() {
            let Some(further) = waits.moves_to(name.db, &name.key) else {
                self.all = true;
                return;
            };
            for key in further {
                let to = Name::of(name.db, &key);
                if !self.written.contains_key(&to) {
                    self.written.insert(to.clone(), None);
                    self.value = Some(None);
                    reached.push(to);
                }
            }
        }
    }

    fn write(&mut self, db: Db, key: &[u8]) {
        self.note(db, key, false);
    }

    fn note(&mut self, db: Db, key: &[u8], plain: bool) {
        let by = self.by.map(|(node, _)| By { node, plain });
        self.written.insert(Name::of(db, key), by);
    }

    fn into_touched(mut self, after: u64) -> Touched {
        for queue in std::mem::take(&mut self.queues) {
            self.written.insert(Name { db: SHOWN_IN, key: queue.into() }, None);
            self.value = Some(None);
        }
        let Walk { written, mut read, all, any, in_order, value, counts, moves, .. } = self;
        let anywhere = self.anywhere;
        let departed = self.departed;
        read.retain(|name| !written.contains_key(name));
        read.sort_unstable();
        read.dedup();
        if all {
            let rest = Touched::default();
            return Touched { all, in_order, after, counts, moves, departed, ..rest };
        }
        let wrote = |(name, by): (&Name, &Option<By>)| {
            by.map(|By { node, plain }| Wrote { node, name: name.clone(), plain })
        };
        let writers = written.iter().filter_map(wrote);
        Touched {
            writers: writers.collect(),
            written: written.into_keys().collect(),
            read,
            all,
            any,
            in_order,
            anywhere,
            value: value.flatten(),
            after,
            counts,
            moves,
            departed,
        }
    }
}

/// The keys that an entry wrote; none: it may be any.
pub(super) fn names_of(written: &Written) -> Option<Vec<Name>> {
    let few = !written.iter().any(|(_, touched)| touched.all());
    let names = written.iter().flat_map(|(db, touched)| {
        let names = touched.keys().map(|key| Name::of(*db, key.name));
        names.collect::<Vec<_>>()
    });
    let mut names: Vec<Name> = names.take(NAMES_MAX + 1).collect();
    names.sort_unstable();
    names.dedup();
    (few && names.len() <= NAMES_MAX).then_some(names)
}

/// What a key holds behind a SET without conditions, if that is no longer than so much.
fn plain(op: &keys::Op<'_>, most: usize) -> Option<Payload> {
    match op {
        keys::Op::Set { value, .. } if value.len() <= most && is_plain(op) => {
            let value = Some(bytes::Bytes::copy_from_slice(value));
            Some(Payload { value, version: 0, left: None })
        }
        _ => None,
    }
}

/// Whether it is a SET without options.
fn is_plain(op: &keys::Op<'_>) -> bool {
    let (always, never) = (When::Always {}, Expiry::Never {});
    matches!(op, keys::Op::Set { when, expiry, get: false, .. } if *when == always && *expiry == never)
}

#[cfg(test)]
mod tests {
    use lockstep_core::keys::waits::Want;
    use lockstep_core::keys::{lists, sorting};
    use lockstep_core::{RequestId, scripts};

    use super::*;

    const DB: Db = Db(0);

    fn set<'a>(key: &'a [u8]) -> Op<'a> {
        let (when, expiry) = (When::Always {}, Expiry::Never {});
        let op = keys::Op::Set { db: DB, key, value: b"v", when, expiry, get: false };
        Op::Key { op }
    }

    fn of_ops(ops: &[Op<'_>]) -> Touched {
        let mut walk = Walk { value_max: Some(1), ..Walk::default() };
        ops.iter().for_each(|op| walk.entry_op(op));
        walk.into_touched(7)
    }

    fn named(node: u64, count: u32) -> Op<'static> {
        let origin = Origin { node: NodeId(node), boot: 1, conn: 1 };
        let id = RequestId { origin, number: 1 };
        Op::Request { id, count, floor: 0, retry: false }
    }

    fn name(key: &[u8]) -> Name {
        Name::of(DB, key)
    }

    #[test]
    fn every_key_is_named_once_with_who_wrote_it_last() {
        let ops = [named(1, 2), set(b"a"), set(b"b"), named(2, 1), set(b"a"), set(b"c")];
        let touched = of_ops(&ops);
        assert_eq!(touched.written, [name(b"a"), name(b"b"), name(b"c")]);
        let wrote = |node, key| Wrote { node: NodeId(node), name: name(key), plain: true };
        assert_eq!(touched.writers, [wrote(2, b"a"), wrote(1, b"b")]);
        assert_eq!((touched.value, touched.after), (None, 7));
    }

    #[test]
    fn what_a_single_set_writes_is_known_beforehand() {
        assert!(of_ops(&[named(1, 1), set(b"a")]).value.is_some());
        assert!(of_ops(&[set(b"a"), set(b"a")]).value.is_none());
        let origin = Origin { node: NodeId(1), boot: 1, conn: 1 };
        let id = RequestId { origin, number: 1 };
        let again = Op::Request { id, count: 1, floor: 0, retry: true };
        assert!(of_ops(&[again, set(b"a")]).value.is_none(), "it may have been done before");
        let (when, expiry) = (When::Always {}, Expiry::Never {});
        let long = keys::Op::Set { db: DB, key: b"a", value: b"vv", when, expiry, get: false };
        assert!(of_ops(&[Op::Key { op: long }]).value.is_none(), "it is too long");
        let get = keys::Op::Set { db: DB, key: b"a", value: b"v", when, expiry, get: true };
        assert!(of_ops(&[Op::Key { op: get }]).value.is_none(), "it may fail");
        let incr = Op::Key { op: keys::Op::IncrBy { db: DB, key: b"a", by: 1 } };
        assert!(of_ops(&[incr]).value.is_none());
    }

    #[test]
    fn a_transaction_touches_what_its_operations_do_and_reads_what_it_watches() {
        let mut ops = Vec::new();
        set(b"a").put(&mut ops);
        Op::Key { op: keys::Op::Get { db: DB, key: b"b" } }.put(&mut ops);
        let watched = vec![lockstep_core::op::Watched::Key { db: DB, key: b"w", version: 0 }];
        let touched = of_ops(&[Op::Transaction { watched, count: 2, ops: &ops }]);
        assert_eq!(touched.written, [name(b"a")]);
        assert_eq!(touched.read, [name(b"b"), name(b"w")]);
        assert!(touched.value.is_none());
    }

    #[test]
    fn what_names_no_key_and_writes_touches_all() {
        for op in [keys::Op::FlushAll {}, keys::Op::FlushDb { db: DB }] {
            assert!(of_ops(&[Op::Key { op }]).all);
        }
        let swap = keys::Op::SwapDb { a: Db(0), b: Db(1) };
        assert!(of_ops(&[set(b"a"), Op::Key { op: swap }]).all);
        assert!(of_ops(&[Op::Tick {}]).is_nothing());
        assert!(of_ops(&[Op::Lock { op: lockstep_core::locks::Op::Stats {} }]).is_nothing());
    }

    #[test]
    fn a_script_writes_what_it_declares_and_what_comes_out_later() {
        let terms = |read_only| scripts::Terms::Of {
            db: Db(3),
            read_only,
            spread: false,
            steps_max: 1,
            memory_max: 1,
            cache_max: 1,
            string_bytes_max: 1,
            block_entries_max: 0,
            block_bytes_max: 0,
            notes: 0,
        };
        let run = |read_only| {
            let script = scripts::Script::Text { body: b"" };
            let (keys, args) = (vec![&b"k"[..]], vec![]);
            Op::Script { op: scripts::Op::Run { script, keys, args, terms: terms(read_only) } }
        };
        let touched = of_ops(&[set(b"a"), run(false)]);
        assert_eq!(touched.written, [name(b"a"), Name::of(Db(3), b"k")]);
        assert!(touched.any && !touched.all && touched.in_order && touched.value.is_none());
        assert!(of_ops(&[run(true)]).is_nothing());
        let load = scripts::Op::Load { body: b"", bytes_max: 1 };
        assert!(of_ops(&[Op::Script { op: load }]).is_nothing());
    }

    #[test]
    fn what_was_written_is_named_once_by_database_unless_it_is_too_much() {
        let touched = |names: &[&[u8]]| {
            let mut touched = keys::Touched::default();
            names.iter().for_each(|name| touched.note(keys::TouchedKey { name, ended: false }));
            touched
        };
        let written = vec![(DB, touched(&[b"b", b"a", b"b"])), (Db(3), touched(&[b"a"]))];
        let names = [name(b"a"), name(b"b"), Name::of(Db(3), b"a")];
        assert_eq!(names_of(&written).as_deref(), Some(&names[..]));
        assert_eq!(names_of(&Written::default()), Some(Vec::new()));
        let mut all = touched(&[b"a"]);
        all.note_all();
        assert_eq!(names_of(&vec![(DB, all)]), None);
        let many: Vec<String> = (0..=NAMES_MAX).map(|number| number.to_string()).collect();
        let many: Vec<&[u8]> = many.iter().map(String::as_bytes).collect();
        assert_eq!(names_of(&vec![(DB, touched(&many))]), None);
        assert!(names_of(&vec![(DB, touched(&many[1..]))]).is_some());
    }

    #[test]
    fn keys_of_other_databases_are_told_apart() {
        let moved = keys::Op::Move { db: DB, key: b"a", to_db: Db(3) };
        let touched = of_ops(&[Op::Key { op: moved }]);
        assert_eq!(touched.written, [name(b"a"), Name::of(Db(3), b"a")]);
        let copy = keys::Op::Copy { db: DB, from: b"a", to_db: Db(2), to: b"b", replace: true };
        let touched = of_ops(&[Op::Key { op: copy }]);
        assert_eq!(touched.written, [Name::of(Db(2), b"b")]);
        assert_eq!(touched.read, [name(b"a")]);
    }

    #[test]
    fn a_token_is_nobodys_copy() {
        let wait = Some(Wait::For { origin: origin(1), request: 1, block_ms: 0 });
        let want = Want::Fill { ttl_ms: 5 };
        let fill = keys::Op::PopOrWait { db: DB, keys: vec![b"a"], want, wait, keep: true };
        let touched = of_ops(&[Op::Key { op: fill }]);
        assert_eq!((touched.written, touched.read), (Vec::new(), vec![name(b"a")]));
        let abort = keys::Op::FillAbort { db: DB, key: b"a", token: 7 };
        assert!(of_ops(&[Op::Key { op: abort }]).is_nothing());
        let expiry = Expiry::Never {};
        let set = keys::Op::FillSet { db: DB, key: b"a", token: 7, value: b"v", expiry };
        assert_eq!(of_ops(&[Op::Key { op: set }]).written, [name(b"a")]);
    }

    /// What operations touch in a shard with a history.
    fn behind(history: &[Op<'_>], ops: &[Op<'_>]) -> Touched {
        let mut shard = lockstep_core::Shard::new(1);
        for op in history {
            shard.apply(1_000, op, &mut lockstep_core::Effects::default());
        }
        let mut walk = Walk::default();
        ops.iter().for_each(|op| walk.entry_op(op));
        walk.follow_waits(shard.keys().waits());
        walk.into_touched(7)
    }

    fn origin(conn: u64) -> Origin {
        Origin { node: NodeId(1), boot: 1, conn }
    }

    fn waits<'a>(conn: u64, key: &'a [u8], want: Want<'a>) -> Op<'a> {
        let wait = Some(Wait::For { origin: origin(conn), request: 1, block_ms: 0 });
        let op = keys::Op::PopOrWait { db: DB, keys: vec![key], want, wait, keep: true };
        Op::Key { op }
    }

    fn push(key: &[u8]) -> Op<'_> {
        let push = lists::Op::Push { values: vec![b"x"], front: true, only_there: false };
        Op::Key { op: keys::Op::List { db: DB, key, op: push } }
    }

    #[test]
    fn who_waits_moves_elements_on_and_what_is_given_back_may_be_anywhere() {
        let moved = |to| Want::Moved { to, from_front: true, to_front: true };
        let element = || Want::Element { front: true };
        let chain = [waits(1, b"a", moved(b"b")), waits(2, b"b", moved(b"c"))];
        let touched = behind(&chain, &[push(b"a")]);
        assert_eq!(touched.written, [name(b"a"), name(b"b"), name(b"c")]);
        assert_eq!(behind(&chain, &[push(b"d")]).written, [name(b"d")]);
        let confirm = keys::Op::ConfirmWait { origin: origin(3), request: 1 };
        let served = [waits(3, b"l", element()), push(b"l")];
        let confirm = [Op::Key { op: confirm }];
        assert_eq!(behind(&served, &confirm).written, [name(b"l")]);
        assert!(behind(&[], &confirm).is_nothing());
        for over in [Op::Gone { origin: origin(3) }, Op::Boot { origin: origin(4) }] {
            assert!(behind(&served, std::slice::from_ref(&over)).all);
            assert!(behind(&[], &[over]).is_nothing());
        }
        assert!(behind(&served, &[waits(3, b"k", element())]).all);
        assert_eq!(behind(&served, &[waits(5, b"k", element())]).written, [name(b"k")]);
    }

    #[test]
    fn only_the_end_of_all_lives_of_a_node_says_that_it_left() {
        let boot = |origin| Op::Boot { origin };
        let left = Origin::after_all(NodeId(7));
        let ops = [boot(origin(4)), boot(left), set(b"a")];
        assert_eq!(of_ops(&ops).departed, [NodeId(7)]);
        assert!(of_ops(&[boot(origin(4)), Op::Gone { origin: left }]).departed.is_empty());
        let flush = Op::Key { op: keys::Op::FlushAll {} };
        let touched = of_ops(&[flush, boot(left)]);
        assert_eq!((touched.all, touched.departed), (true, vec![NodeId(7)]));
    }

    #[test]
    fn who_waits_for_entries_of_a_stream_reads_it_and_writes_it_only_for_a_group() {
        let after = vec![keys::streams::After::Newest {}];
        let reads = waits(1, b"s", Want::Entries { after: after.clone(), count: 0 });
        let touched = behind(&[], &[reads]);
        assert_eq!((touched.written, touched.read), (Vec::new(), vec![name(b"s")]));
        let (group, consumer) = (b"g", b"c");
        let want = Want::GroupEntries { group, consumer, after, count: 0, no_ack: false };
        assert_eq!(behind(&[], &[waits(1, b"s", want)]).written, [name(b"s")]);
    }

    #[test]
    fn what_looks_at_more_than_keys_waits_for_all_before() {
        assert!(!of_ops(&[named(1, 1), set(b"a"), Op::Tick {}]).in_order);
        let stats = Op::Lock { op: lockstep_core::locks::Op::Stats {} };
        assert!(of_ops(&[set(b"a"), stats.clone()]).in_order);
        let push = Op::Queue { op: queues::Op::push(b"q", b"m") };
        assert!(of_ops(&[push]).in_order);
        let size = Op::Key { op: keys::Op::DbSize { db: DB } };
        assert!(of_ops(std::slice::from_ref(&size)).in_order);
        let get = Op::Key { op: keys::Op::Get { db: DB, key: b"b" } };
        let with = |read: &Op<'_>| {
            let mut walk = Walk::default();
            walk.entry_op(&set(b"a"));
            walk.rides(read);
            walk.into_touched(0)
        };
        let read = with(&get);
        assert_eq!((read.in_order, read.read), (false, vec![name(b"b")]));
        assert!(with(&size).in_order && with(&stats).in_order);
    }

    #[test]
    fn what_sorts_by_other_keys_names_too_few() {
        let by =
            |by| sorting::Terms::Are { by, alpha: false, reverse: false, offset: 0, limit: -1 };
        let (db, key, to) = (DB, &b"a"[..], &b"b"[..]);
        let sort = |terms| keys::Op::Sort { db, key, terms, get: Vec::new() };
        let store = |terms, get| keys::Op::SortStore { db, to, key, terms, get };
        assert_eq!(names_read(&Op::Key { op: sort(by(None)) }), Some(vec![name(b"a")]));
        assert_eq!(names_read(&Op::Key { op: sort(by(Some(b"w_*"))) }), None);
        let touched = |op| of_ops(&[Op::Key { op }]);
        assert!(touched(sort(by(Some(b"w_*")))).in_order);
        assert!(!touched(sort(by(Some(b"nosort")))).in_order);
        let stored = touched(store(by(None), vec![b"w_*"]));
        assert_eq!((stored.in_order, stored.written), (true, vec![name(b"a"), name(b"b")]));
        assert!(!touched(store(by(None), Vec::new())).in_order);
    }

    #[test]
    fn a_read_names_its_keys_or_may_look_at_all() {
        let get = Op::Key { op: keys::Op::Get { db: DB, key: b"a" } };
        assert_eq!(names_read(&get), Some(vec![name(b"a")]));
        assert_eq!(names_read(&Op::Key { op: keys::Op::DbSize { db: DB } }), None);
        let stats = Op::Lock { op: lockstep_core::locks::Op::Stats {} };
        assert_eq!(names_read(&stats), Some(Vec::new()));
    }
}
