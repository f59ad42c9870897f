//! The names of keys that entries change, for whoever keeps copies of values.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use lockstep_core::keys::{self, Touched};
use lockstep_core::{Db, NodeId, Op, Origin, Shard, ShardId};

use crate::peers::Later;

/// Keys that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touch {
    /// The connection that changed them; none: nobody did, or it is not known.
    pub by: Option<Origin>,
    /// Their names.
    pub touched: Touched,
}

/// The keys that an entry wrote, by database.
pub type Written = Vec<(Db, Touched)>;

/// How far a node was told what changes in a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// Which words: of each stream they are counted by themselves.
    pub stream: u64,
    /// The number of the next one.
    pub next: u64,
}

/// Takes the news of what entries changed.
pub trait Taker: Send + Sync {
    /// Takes what an entry changed, in the order of the entries of each shard. Called on
    /// machines' tasks, behind the change and before anybody is told of it; must not wait.
    /// What others have copies of is told when nobody can read those any more.
    fn take(&self, shard: ShardId, list: Vec<Touch>);

    /// How far the node `to` was told; none: it is told nothing. What was taken before this
    /// is asked is counted.
    fn said(&self, shard: ShardId, to: NodeId) -> Option<Told>;

    /// Waits until this node has heard from `from` all that it was told so far, or is not
    /// told by it any more. None: there is nothing to wait for. How long it may last is for
    /// whoever waits to say.
    fn heard(&self, shard: ShardId, from: NodeId, told: Told) -> Option<Later<()>>;
}

/// Whether a node wants to know which keys change, and where it is told.
#[derive(Clone, Default)]
pub struct Touches(Arc<Inner>);

#[derive(Default)]
struct Inner {
    wanted: AtomicBool,
    taker: OnceLock<Box<dyn Taker>>,
}

impl Touches {
    /// From now on `taker` is told, while it wants to be. The first one that is named
    /// stays.
    pub fn tell(&self, taker: impl Taker + 'static) {
        let _ = self.0.taker.set(Box::new(taker));
    }

    /// Whether anybody wants to know. What is read from the state behind this and
    /// changes later is told.
    pub fn want(&self, wanted: bool) {
        self.0.wanted.store(wanted, Ordering::SeqCst);
    }

    /// Tells who wants to know.
    pub(crate) fn say(&self, shard: ShardId, list: Vec<Touch>) {
        if let Some(taker) = self.0.taker.get().filter(|_| !list.is_empty()) {
            taker.take(shard, list);
        }
    }

    /// How far the node `to` was told of a shard, to go with a reply to it.
    pub(crate) fn said(&self, shard: ShardId, to: NodeId) -> Option<Told> {
        // Who is told nothing is not worth a look.
        self.0.taker.get().filter(|_| self.wanted())?.said(shard, to)
    }

    /// Waits until this node has heard what came with a reply of `from`.
    pub(crate) fn heard(&self, shard: ShardId, from: NodeId, told: Told) -> Option<Later<()>> {
        self.0.taker.get()?.heard(shard, from, told)
    }

    fn wanted(&self) -> bool {
        self.0.wanted.load(Ordering::SeqCst)
    }
}

impl fmt::Debug for Touches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Touches({})", self.wanted())
    }
}

/// What one entry changes.
pub(crate) struct Notes<'a> {
    touches: &'a Touches,
    on: bool,
    list: Vec<Touch>,
    /// What was written, by database, where that is wanted whoever keeps copies.
    written: Option<Written>,
}

impl<'a> Notes<'a> {
    pub(crate) fn new(touches: &'a Touches, names_wanted: bool) -> Self {
        let written = names_wanted.then(Written::default);
        Notes { touches, on: false, list: Vec::new(), written }
    }

    /// To be called whenever the state was taken for changes: others may have read it
    /// meanwhile, having said before that they want to know.
    pub(crate) fn begin(&mut self, shard: &mut Shard) {
        self.on = self.touches.wanted();
        shard.note_touched(self.on || self.written.is_some());
    }

    /// An operation of `by` was applied.
    pub(crate) fn gather(&mut self, shard: &mut Shard, op: &Op<'_>, by: Option<Origin>) {
        if let Some(written) = &mut self.written {
            let parts = shard.take_touched_in();
            let touched = parts.iter().map(|(_, part)| part.clone()).reduce(|mut all, part| {
                all.append(&part);
                all
            });
            written.extend(parts);
            return self.add(touched, op, by);
        }
        if self.on {
            let touched = shard.take_touched();
            self.add(touched, op, by);
        }
    }

    fn add(&mut self, touched: Option<Touched>, op: &Op<'_>, by: Option<Origin>) {
        let Some(touched) = touched.filter(|_| self.on) else { return };
        // Evictions ride in the share of somebody who needs room.
        let evicts = matches!(op, Op::Key { op: keys::Op::Evict { .. } });
        let by = by.filter(|_| !evicts);
        match self.list.last_mut().filter(|last| last.by == by) {
            Some(last) => last.touched.append(&touched),
            None => self.list.push(Touch { by, touched }),
        }
    }

    /// What was written, if that is wanted, and what is to be told ([`Touches::say`]) when
    /// the state is free again.
    pub(crate) fn into_parts(self) -> (Option<Written>, Vec<Touch>) {
        (self.written, self.list)
    }
}

#[cfg(test)]
mod tests {
    use lockstep_core::Effects;
    use lockstep_core::keys::{Expiry, Op as KeyOp, When};
    use parking_lot::Mutex;

    use super::*;

    /// Keeps what it takes.
    struct List(Arc<Mutex<Vec<Touch>>>);

    impl Taker for List {
        fn take(&self, _: ShardId, list: Vec<Touch>) {
            self.0.lock().extend(list);
        }

        fn said(&self, _: ShardId, to: NodeId) -> Option<Told> {
            Some(Told { stream: to.0, next: self.0.lock().len() as u64 })
        }

        fn heard(&self, _: ShardId, _: NodeId, _: Told) -> Option<Later<()>> {
            None
        }
    }

    const WRITER: Option<Origin> = Some(Origin { node: NodeId(1), boot: 1, conn: 7 });

    fn set(key: &'static [u8]) -> Op<'static> {
        let (when, expiry) = (When::Always {}, Expiry::Never {});
        Op::Key { op: KeyOp::Set { db: Db(0), key, value: b"v", when, expiry, get: false } }
    }

    /// Which keys whoever wants to know is told of, by connection, when these operations
    /// are one entry; it begins to want to know in front of operation `from`.
    fn told(ops: &[(Op<'_>, Option<Origin>)], from: usize) -> Vec<(Option<u64>, Vec<u8>)> {
        let (touches, taken) = (Touches::default(), Arc::<Mutex<Vec<Touch>>>::default());
        touches.tell(List(taken.clone()));
        let (mut shard, mut fx) = (Shard::default(), Effects::default());
        let mut notes = Notes::new(&touches, false);
        for (at, (op, by)) in ops.iter().enumerate() {
            touches.want(at >= from);
            notes.begin(&mut shard);
            shard.apply(1, op, &mut fx);
            notes.gather(&mut shard, op, *by);
        }
        touches.say(ShardId(0), notes.into_parts().1);
        let taken = taken.lock();
        let of = |touch: &Touch| {
            let by = touch.by.map(|origin| origin.conn);
            touch.touched.keys().map(move |key| (by, key.name.to_vec())).collect::<Vec<_>>()
        };
        taken.iter().flat_map(of).collect()
    }

    #[test]
    fn keys_are_told_with_the_connection_that_changed_them() {
        let evict = Op::Key { op: KeyOp::Evict { keys: vec![(Db(0), b"a")] } };
        let ops = [(set(b"a"), WRITER), (set(b"b"), WRITER), (evict, WRITER), (set(b"c"), None)];
        let due = [(Some(7), &b"a"[..]), (Some(7), b"b"), (None, b"a"), (None, b"c")];
        assert_eq!(told(&ops, 0), due.map(|(by, name)| (by, name.to_vec())));
    }

    #[test]
    fn what_an_entry_wrote_is_named_by_database_whoever_keeps_copies() {
        let (touches, mut shard) = (Touches::default(), Shard::default());
        let mut notes = Notes::new(&touches, true);
        let (when, expiry) = (When::Always {}, Expiry::Never {});
        let far = KeyOp::Set { db: Db(3), key: b"b", value: b"v", when, expiry, get: false };
        for op in [set(b"a"), Op::Key { op: far }] {
            notes.begin(&mut shard);
            shard.apply(1, &op, &mut Effects::default());
            notes.gather(&mut shard, &op, WRITER);
        }
        let (written, told) = notes.into_parts();
        let names = |(db, touched): &(Db, Touched)| {
            touched.keys().map(|key| (*db, key.name.to_vec())).collect::<Vec<_>>()
        };
        let written: Vec<_> = written.unwrap().iter().flat_map(names).collect();
        assert_eq!(written, [(Db(0), b"a".to_vec()), (Db(3), b"b".to_vec())]);
        assert!(told.is_empty(), "nobody wanted to know");
    }

    #[test]
    fn what_changes_behind_the_wish_to_know_is_told_in_the_middle_of_an_entry_too() {
        let ops = [(set(b"a"), WRITER), (set(b"b"), WRITER)];
        assert_eq!(told(&ops, 1), [(Some(7), b"b".to_vec())]);
        assert!(told(&ops, 2).is_empty());
    }

    #[test]
    fn nobody_is_asked_how_far_others_were_told_while_nobody_wants_to_know() {
        let touches = Touches::default();
        touches.tell(List(Arc::default()));
        assert_eq!(touches.said(ShardId(0), NodeId(3)), None);
        touches.want(true);
        assert_eq!(touches.said(ShardId(0), NodeId(3)), Some(Told { stream: 3, next: 0 }));
    }
}
