//! In which order several locks are taken.

use std::ops::Range;

use lockstep_core::ShardId;
use lockstep_core::locks::Mode;
use lockstep_core::slot::Slot;

/// The names of an MLOCK, each once, in the order in which every MLOCK of the
/// cluster takes them: by slot, then by name. Two of them never wait for each
/// other in a circle. It does not depend on which shard a slot is in.
#[derive(Debug)]
pub struct Plan {
    names: Vec<Vec<u8>>,
    modes: Vec<Mode>,
    /// Neighbours in one shard.
    runs: Vec<Run>,
    /// Which of the names each word of the request is.
    places: Vec<usize>,
}

/// Names that follow each other and are in one shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub shard: ShardId,
    pub names: Range<usize>,
}

impl Plan {
    /// Of a name that comes twice the stronger mode is taken.
    pub fn new(names: &[&[u8]], modes: &[Mode], shard_of: impl Fn(&[u8]) -> ShardId) -> Self {
        let mut order: Vec<usize> = (0..names.len()).collect();
        order.sort_by_key(|&at| (Slot::of(names[at]), names[at]));
        let mut plan =
            Plan { names: vec![], modes: vec![], runs: vec![], places: vec![0; names.len()] };
        for at in order {
            let mode = modes.get(at).copied().unwrap_or(Mode::Exclusive {});
            plan.add(names[at], mode, &shard_of);
            plan.places[at] = plan.names.len() - 1;
        }
        plan
    }

    fn add(&mut self, name: &[u8], mode: Mode, shard_of: impl Fn(&[u8]) -> ShardId) {
        if let (Some(last), Some(there)) = (self.names.last(), self.modes.last_mut())
            && last == name
        {
            if strength(mode) > strength(*there) {
                *there = mode;
            }
            return;
        }
        let (shard, at) = (shard_of(name), self.names.len());
        self.names.push(name.to_vec());
        self.modes.push(mode);
        match self.runs.last_mut() {
            Some(run) if run.shard == shard => run.names.end = at + 1,
            _ => self.runs.push(Run { shard, names: at..at + 1 }),
        }
    }

    pub(super) fn runs(&self) -> &[Run] {
        &self.runs
    }

    pub(super) fn names(&self, names: Range<usize>) -> Vec<&[u8]> {
        self.names[names].iter().map(Vec::as_slice).collect()
    }

    pub(super) fn modes(&self, names: Range<usize>) -> Vec<Mode> {
        self.modes[names].to_vec()
    }

    pub(super) fn name(&self, at: usize) -> &[u8] {
        &self.names[at]
    }

    pub(super) fn mode(&self, at: usize) -> Mode {
        self.modes[at]
    }

    /// How many names there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is no name.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The shards, each once.
    pub fn shards(&self) -> Vec<ShardId> {
        let mut shards: Vec<ShardId> = self.runs.iter().map(|run| run.shard).collect();
        shards.sort_unstable();
        shards.dedup();
        shards
    }

    /// What belongs to each word of the request, of what belongs to each name.
    pub(super) fn in_words_order<T: Copy>(&self, of_names: &[T]) -> Vec<T> {
        self.places.iter().map(|&place| of_names[place]).collect()
    }
}

fn strength(mode: Mode) -> u8 {
    match mode {
        Mode::Shared {} => 1,
        Mode::Update {} => 2,
        Mode::Exclusive {} | Mode::Permits { .. } => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHARED: Mode = Mode::Shared {};
    const EXCLUSIVE: Mode = Mode::Exclusive {};

    /// Four shards, as the slots are spread over them; `{...}` in shard 0.
    fn shard_of(name: &[u8]) -> ShardId {
        let tagged = name.contains(&b'{');
        ShardId(if tagged { 0 } else { Slot::of(name).0 / 4096 })
    }

    fn plan(names: &[&[u8]]) -> Plan {
        Plan::new(names, &vec![EXCLUSIVE; names.len()], shard_of)
    }

    #[test]
    fn the_order_of_the_words_does_not_matter() {
        let forth = plan(&[b"a", b"b", b"c", b"d", b"e"]);
        let back = plan(&[b"e", b"d", b"c", b"b", b"a"]);
        assert_eq!(forth.names, back.names);
        assert_eq!(forth.runs, back.runs);
        assert_eq!(forth.in_words_order(&[0, 1, 2, 3, 4]).len(), 5);
    }

    #[test]
    fn a_name_that_comes_twice_is_taken_once_in_the_stronger_mode() {
        let plan =
            Plan::new(&[b"a", b"b", b"a", b"b"], &[SHARED, EXCLUSIVE, EXCLUSIVE, SHARED], shard_of);
        assert_eq!(plan.len(), 2);
        assert_eq!(plan.modes(0..2), [EXCLUSIVE, EXCLUSIVE]);
        let words = plan.in_words_order(&[7, 8]);
        assert_eq!((words[0], words[1]), (words[2], words[3]));
        assert_ne!(words[0], words[1]);
    }

    #[test]
    fn neighbours_of_one_shard_are_one_run() {
        let plan = plan(&[b"{x}1", b"{x}2", b"{x}3"]);
        assert_eq!(plan.runs(), [Run { shard: ShardId(0), names: 0..3 }]);
        assert_eq!(plan.names(1..3), [b"{x}2", b"{x}3"]);
    }

    #[test]
    fn every_name_is_in_just_one_run() {
        let names: Vec<String> = (0..100).map(|n| format!("k{n}")).collect();
        let words: Vec<&[u8]> = names.iter().map(|name| name.as_bytes()).collect();
        let plan = plan(&words);
        let mut next = 0;
        for run in plan.runs() {
            assert_eq!(run.names.start, next);
            assert!(plan.names(run.names.clone()).iter().all(|n| shard_of(n) == run.shard));
            next = run.names.end;
        }
        assert_eq!(next, plan.len());
        assert_eq!(plan.shards(), [0, 1, 2, 3].map(ShardId));
    }
}
