//! Random histories: after every step all rules hold, and the oracle agrees about
//! deadlocks.

use std::collections::{BTreeMap, BTreeSet};

use super::oracle::stuck;
use super::*;
use crate::chance::{Chance, with_seeds};
use crate::locks::owner::OwnerKey;

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

/// What a history is made of besides the plain.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spice {
    permits: bool,
    policies: bool,
    leases: bool,
}

impl Spice {
    pub(super) fn of(chance: &mut Chance) -> Self {
        Spice {
            permits: chance.once_in(4),
            policies: chance.once_in(4),
            leases: !chance.once_in(3),
        }
    }
}

/// A table with requests that come as they may.
pub(super) struct History {
    pub table: Table,
    at: Stamp,
    requests: u64,
    spice: Spice,
    /// The highest token of each name so far, and the newest hold.
    highest: BTreeMap<Vec<u8>, (u64, u64)>,
    /// Requests that were answered; none of them may be granted afterwards.
    answered: BTreeSet<(u64, u64)>,
}

/// What one step gave.
pub(super) type Gave = (String, Vec<Effect>);

impl History {
    pub fn new(mutant: Option<Mutant>, spice: Spice) -> Self {
        let mut table = Table::new();
        table.mutant = mutant;
        let at = Stamp { now_ms: 100_000, ..Stamp::default() };
        History {
            table,
            at,
            requests: 0,
            spice,
            highest: BTreeMap::new(),
            answered: BTreeSet::new(),
        }
    }

    /// The same with another table.
    pub fn with_table(&self, table: Table) -> Self {
        History {
            table,
            at: self.at,
            requests: self.requests,
            spice: self.spice,
            highest: self.highest.clone(),
            answered: self.answered.clone(),
        }
    }

    /// Something happens; everything is checked.
    pub fn step(&mut self, chance: &mut Chance) -> Gave {
        self.at.now_ms += chance.pick(&[0, 0, 1, 7, 40]);
        self.at.seq += 1;
        let mut fx = Effects::new(true);
        self.table.expire(&self.at, 64, &mut fx);
        let stuck_before = stuck(&self.table);
        let shown = match chance.below(40) {
            0 => {
                let conn = chance.below(6);
                self.table.end_connection(&self.at, connection(conn), &mut fx);
                self.no_holds_of(&OwnerKey::Connection(connection(conn)));
                format!("gone {conn}")
            }
            1 => {
                let id = format!("s{}", chance.below(3));
                self.table.end_session(&self.at, id.as_bytes(), chance.pick(&[0, 30]), &mut fx);
                assert!(!self.table.index.sessions.contains_key(id.as_bytes()), "{id} holds on");
                id
            }
            _ => self.request(chance, &mut fx),
        };
        self.check_effects(&shown, &fx);
        self.table.check_all();
        if self.at.seq.is_multiple_of(16) {
            self.table.check_image();
        }
        self.check_tokens();
        let stuck = stuck(&self.table);
        assert!(stuck.is_empty(), "{shown}: {stuck:?} wait for ever");
        assert!(stuck_before.is_empty());
        (shown, fx.take())
    }

    fn request(&mut self, chance: &mut Chance, fx: &mut Effects) -> String {
        self.requests += 1;
        let conn = chance.below(6);
        let line = self.line(chance, conn);
        let words: Vec<&str> = line.split(' ').collect();
        let (op, birth_ms) = words::op(connection(conn), self.requests, &words);
        let before = self.table.deadlocks.iter().count();
        let before_ids = self.table.last_id;
        let unsearched = self.table.mutant.is_none().then(|| self.table.freeze());
        let held_before = self.held_by_others(&op);
        let own_before = match &op {
            Op::Release { name, owner, .. } => self.table.own(name, owner).map(|hold| hold.token),
            _ => None,
        };
        let outcome = self.table.apply(&self.at, &op, birth_ms, fx);
        self.check_outcome(&line, conn, &op, &outcome, held_before);
        if let Op::Release { token: Some(token), .. } = op
            && outcome == Outcome::Int(1)
        {
            assert_eq!(own_before, Some(token), "{line}: freed by another token");
        }
        let found = self.table.deadlocks.iter().count() > before;
        if let Some(frozen) = unsearched
            && found
        {
            let mut copy = Table::new();
            frozen.chunks().for_each(|chunk| copy.restore(&chunk).unwrap());
            copy.mutant = Some(Mutant::NoSearch);
            copy.apply(&self.at, &op, birth_ms, &mut Effects::default());
            assert!(!stuck(&copy).is_empty(), "{line}: a deadlock was found that is none");
        }
        assert!(self.table.last_id >= before_ids);
        format!("{conn}: {line} = {outcome:?}")
    }

    /// How many holds owners other than the asking one have of the lock.
    fn held_by_others(&self, op: &Op<'_>) -> usize {
        let (Op::Release { name, owner, .. } | Op::Renew { name, owner, .. }) = op else {
            return 0;
        };
        let lock = self.table.locks.get(name);
        let others = lock.map(|lock| lock.holders.iter().filter(|hold| !hold.is_of(owner)).count());
        others.unwrap_or_default()
    }

    fn line(&self, chance: &mut Chance, conn: u64) -> String {
        let name = chance.pick(&NAMES);
        let mut line = match chance.below(20) {
            0..10 => self.lock_line(chance, name),
            10..14 => format!("unlock {name}"),
            14 => format!("renew {name} px {}", chance.pick(&[10, 200])),
            15 => {
                let mode = chance.pick(&["shared", "update", "exclusive"]);
                format!("convert {name} {mode} block {}", chance.pick(&[0, 25]))
            }
            16 => format!("kill {name}"),
            17 => {
                let (one, two) = (chance.pick(&NAMES), chance.pick(&NAMES));
                format!("mlock {one},{two} {}", chance.pick(&["shared", "exclusive"]))
            }
            18 => return format!("unblock {name} connection {conn} request {}", self.requests / 2),
            _ => return format!("cancel {name}"),
        };
        if chance.once_in(8) && line.starts_with("unlock") {
            line += &format!(" token {}", 1 + chance.below(self.table.last_token + 1));
        }
        if line.starts_with("kill") {
            return line;
        }
        match chance.below(4) {
            0 => line += &format!(" owner o{}", chance.below(3)),
            1 => {
                let session = chance.below(3);
                line += &format!(" session s{session} birth {}", 50 + session);
            }
            _ => {}
        }
        line
    }

    fn lock_line(&self, chance: &mut Chance, name: &str) -> String {
        let mode = chance.pick(&["shared", "shared", "update", "exclusive", "exclusive"]);
        let mut line = format!("lock {name} {mode}");
        if self.spice.permits && chance.once_in(2) {
            line = format!("lock {name} permits {} limit 3", 1 + chance.below(2));
        }
        if !chance.once_in(4) {
            line += &format!(" block {}", chance.pick(&[0, 0, 25]));
        }
        if self.spice.leases && chance.once_in(3) {
            line += &format!(" px {}", chance.pick(&[15, 60, 300]));
        }
        if chance.once_in(5) {
            line += &format!(" prio {}", chance.below(3));
        }
        if chance.once_in(6) {
            line += " reenter";
        }
        if chance.once_in(6) {
            line += &format!(" id i{}", chance.below(3));
        }
        if chance.once_in(6) {
            line += " delay 20";
        }
        if chance.once_in(8) {
            line += " release";
        }
        if self.spice.policies && chance.once_in(2) {
            line += chance.pick(&[" waitdie", " wound 10", " wound 0"]);
        }
        line
    }

    fn check_outcome(
        &mut self,
        line: &str,
        conn: u64,
        op: &Op<'_>,
        outcome: &Outcome,
        held_before: usize,
    ) {
        if !matches!(outcome, Outcome::Waits) {
            self.answered.insert((conn, self.requests));
        }
        match op {
            Op::Release { name, owner, .. } => {
                let lock = self.table.locks.get(name);
                let others =
                    lock.map(|lock| lock.holders.iter().filter(|hold| !hold.is_of(owner)).count());
                assert!(others.unwrap_or_default() >= held_before, "{line}: freed another's");
            }
            Op::Kill { name, .. } if *outcome != Outcome::Int(0) => {
                let lock = self.table.locks.get(name);
                let newest = lock.into_iter().flat_map(|lock| lock.holders.iter());
                let mut newest = newest.filter(|hold| hold.since_ms < self.at.now_ms);
                assert!(newest.next().is_none(), "{line}: it is still held");
            }
            Op::Convert { name, owner, .. } if *outcome == Outcome::Nil => {
                assert!(self.table.own(name, owner).is_some(), "{line}: the hold is lost");
            }
            Op::Renew { name, owner, lease_ms, .. } if *outcome == Outcome::Int(1) => {
                let hold = self.table.own(name, owner).expect("what is renewed is held");
                assert_eq!(hold.deadline_ms, Some(self.at.now_ms + lease_ms), "{line}");
            }
            _ => {}
        }
    }

    /// Nobody is answered twice, and nobody is granted anything too late.
    fn check_effects(&mut self, shown: &str, fx: &Effects) {
        for effect in fx.since(0) {
            if let Effect::Answer { origin, request, .. } = effect {
                let key = (origin.conn, *request);
                assert!(self.answered.insert(key), "{shown}: {key:?} was answered before");
            }
        }
    }

    /// S4: whoever holds exclusively has a token higher than all before.
    fn check_tokens(&mut self) {
        for (name, lock) in self.table.locks.iter() {
            let (highest, newest) = self.highest.entry(name.to_vec()).or_default();
            for hold in lock.holders.iter() {
                let fresh = hold.id > *newest && hold.mode == Mode::Exclusive {};
                assert!(!fresh || hold.token.0 > *highest, "a token was handed out again");
                (*highest, *newest) = (hold.token.0.max(*highest), hold.id.max(*newest));
            }
        }
    }

    fn no_holds_of(&self, owner: &OwnerKey) {
        assert!(!self.table.index.owners.contains_key(owner), "{owner:?} is not there any more");
    }
}

fn run(mutant: Option<Mutant>, seeds: u64, steps: u64) {
    with_seeds(seeds, |chance| {
        let mut history = History::new(mutant, Spice::of(chance));
        for _ in 0..steps {
            history.step(chance);
        }
    });
}

#[test]
fn whatever_happens_all_rules_hold() {
    run(None, 60, 200);
}

#[test]
fn s20_s21_with_permits_whoever_is_stuck_is_freed_and_nobody_else_is_told_so() {
    with_seeds(60, |chance| {
        let spice = Spice { permits: true, policies: false, leases: false };
        let mut history = History::new(None, spice);
        for _ in 0..200 {
            history.step(chance);
        }
    });
}

/// Whether histories find what is broken.
fn is_found(mutant: Mutant) -> bool {
    (0..60).any(|seed| {
        let history = || {
            let mut chance = Chance::new(seed);
            let permits = mutant == Mutant::PermitsPlain;
            let spice = Spice { leases: !permits, policies: false, permits };
            let mut history = History::new(Some(mutant), spice);
            for _ in 0..200 {
                history.step(&mut chance);
            }
        };
        std::panic::catch_unwind(history).is_err()
    })
}

#[test]
fn what_is_broken_is_found() {
    for mutant in [
        Mutant::SharedBesideExclusive,
        Mutant::TokenUsedAgain,
        Mutant::ReadersTokensDiffer,
        Mutant::LeaverBlocksLine,
        Mutant::ReleaseWithAnyToken,
        Mutant::ReleaseByAnyone,
        Mutant::UpgradeLosesHold,
        Mutant::EndedConnectionShares,
        Mutant::NoSearch,
        Mutant::PermitsPlain,
        Mutant::KilledGoesOn,
        Mutant::RenewalForgotten,
        Mutant::TurnsNotInImage,
    ] {
        assert!(is_found(mutant), "{mutant:?} is not found");
    }
}

/// What a broken rule changes in a story: the story, and what it gives when all is
/// well.
type Story = (Mutant, &'static [&'static str], &'static str);

#[test]
fn what_histories_do_not_see_stories_do() {
    let stories: [Story; 8] = [
        (
            Mutant::NobodyQueues,
            &["1: lock a shared", "2: lock a block 0", "3: lock a shared"],
            "nil",
        ),
        (Mutant::NoDelay, &["1: lock a session s birth 1 delay 9", "end s", "2: lock a"], "nil"),
        (
            Mutant::OldestDies,
            &["1: lock a", "later", "2: lock b", "2: lock a block 0", "1: lock b block 0"],
            "waits",
        ),
        (
            Mutant::RepeatCounts,
            &["1: lock a id x reenter", "1: lock a id x reenter", "1: unlock a", "2: lock a"],
            "2",
        ),
        (
            Mutant::NoHeadStart,
            &["1: lock a shared", "2: lock a block 0", "3: lock a shared prio 1"],
            "1",
        ),
        (
            Mutant::YoungerWaits,
            &["1: lock a session s birth 1", "2: lock a session t birth 2 waitdie block 0"],
            "younger than s",
        ),
        (
            Mutant::RepeatLosesPlace,
            &[
                "1: lock a",
                "2: lock a owner x block 0",
                "3: lock a block 0",
                "4: lock a owner x block 0",
                "1: unlock a",
                "2: lock a owner x",
            ],
            "2",
        ),
        (
            Mutant::LateGrant,
            &["1: lock a", "2: lock a owner x block 10", "late", "1: unlock a", "3: lock a"],
            "2",
        ),
    ];
    for (mutant, lines, expected) in stories {
        assert_eq!(told(None, lines), expected, "{mutant:?}");
        assert_ne!(told(Some(mutant), lines), expected, "{mutant:?} changes nothing");
    }
}

fn told(mutant: Option<Mutant>, lines: &[&str]) -> String {
    let mut scene = Scene::new();
    scene.table.mutant = mutant;
    scene.at(50_000);
    let mut last = String::new();
    for line in lines {
        match *line {
            "end s" => scene.end_session("s", 0),
            "later" => scene.at(50_005),
            "late" => scene.at.now_ms = 50_010,
            line => last = scene.ask(line),
        }
    }
    last
}
