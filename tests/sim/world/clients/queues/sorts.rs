//! How the queues of a run are set.

use lockstep_core::ShardId;

use crate::chance::Chance;
use crate::check::queues::whole::Rule;
use crate::world::clients::meaning::word;
use crate::world::clients::submit::home_of;

/// What a queue is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Messages go through it, some of them hidden first, some pushed again and again.
    Plain,
    /// Messages of groups.
    Groups,
    /// The most urgent first.
    Priority,
    /// Messages soon die of failures.
    Poison,
    /// Messages get too old.
    Expiring,
    /// There is room for a few.
    Bounded,
    /// Messages are moved to another queue.
    Moving,
    /// The dead go to another queue.
    Letters,
    /// It is paused, and emptied.
    Ordered,
    /// Messages come from another queue.
    Fed,
}

/// What a limit does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Overflow {
    Reject,
    DropHead,
    DeadHead,
}

/// A queue, and how it is set.
#[derive(Clone, Debug)]
pub struct Sort {
    /// What it is for.
    pub kind: Kind,
    /// What checkers need to know.
    pub rule: Rule,
    /// TTL of messages; 0: none.
    pub ttl_ms: u64,
    /// MAXLEN; 0: none.
    pub length_max: u64,
    /// MAXINFLIGHT; 0: none.
    pub inflight_max: u64,
    /// How many of a group are delivered together.
    pub group_inflight: u64,
    /// How long bodies are.
    pub bytes: (u64, u64),
    overflow: Overflow,
    name: String,
    tag: u32,
}

/// The queues of a run.
#[derive(Clone, Debug, Default)]
pub struct Sorts {
    list: Vec<Sort>,
    /// Transactions go where keys are.
    shards: u16,
}

const KINDS: [Kind; 8] = [
    Kind::Groups,
    Kind::Priority,
    Kind::Poison,
    Kind::Expiring,
    Kind::Bounded,
    Kind::Moving,
    Kind::Letters,
    Kind::Ordered,
];

impl Sorts {
    /// Draws the queues of a run: a plain one, two others, and where these feed.
    pub fn draw(chance: &mut Chance, shards: u16) -> Sorts {
        let mut kinds = KINDS;
        chance.shuffle(&mut kinds);
        let mut sorts = Sorts { list: Vec::new(), shards };
        let bytes = chance.pick(&[(0, 0), (0, 0), (0, 0), (0, 300), (50, 300), (500, 2500)]);
        for kind in [Kind::Plain, kinds[0], kinds[1]] {
            let tag = sorts.list.len() as u32;
            sorts.add(Sort::draw(chance, kind, tag, bytes));
        }
        for at in 0..sorts.list.len() {
            if matches!(sorts.list[at].kind, Kind::Moving | Kind::Letters) {
                let mut fed = Sort::draw(chance, Kind::Fed, at as u32, bytes);
                fed.name = format!("{}s", fed.name);
                sorts.list[at].rule.feeds = Some(sorts.list.len() as u32);
                sorts.add(fed);
            }
        }
        sorts
    }

    fn add(&mut self, sort: Sort) {
        self.list.push(sort);
    }

    /// The numbers of all queues.
    pub fn numbers(&self) -> impl Iterator<Item = u32> + use<> {
        0..self.list.len() as u32
    }

    /// How a queue is set.
    pub fn of(&self, queue: u32) -> &Sort {
        &self.list[queue as usize]
    }

    /// The name of a queue.
    pub fn name(&self, queue: u32) -> String {
        self.of(queue).name.clone()
    }

    /// Where transactions of a queue leave a note.
    pub fn notes(&self, queue: u32) -> String {
        format!("{{q{}}}t", self.of(queue).tag)
    }

    /// Whether a queue is where keys are, so that transactions may have both.
    pub fn is_beside_keys(&self, queue: u32) -> bool {
        home_of(&self.of(queue).name, self.shards) == ShardId(0)
    }
}

impl Sort {
    fn draw(chance: &mut Chance, kind: Kind, tag: u32, bytes: (u64, u64)) -> Sort {
        let min_ms = chance.between(10, 100);
        let mut sort = Sort {
            kind,
            rule: Rule {
                fails_max: 20,
                backoff: (min_ms, chance.between(min_ms, 600), chance.below(40)),
                is_fed: kind == Kind::Fed,
                by_priority: kind == Kind::Priority,
                ..Rule::default()
            },
            ttl_ms: 0,
            length_max: 0,
            inflight_max: 0,
            group_inflight: 1,
            bytes,
            overflow: Overflow::Reject,
            name: format!("{{q{tag}}}"),
            tag,
        };
        match kind {
            Kind::Groups => sort.group_inflight = chance.between(1, 3),
            Kind::Priority => sort.inflight_max = chance.pick(&[0, 2, 4]),
            Kind::Poison | Kind::Letters => {
                sort.rule.fails_max = chance.between(1, 3) as u32;
                sort.rule.by_attempts = chance.permille(400);
            }
            Kind::Expiring => {
                sort.ttl_ms = chance.between(200, 2000);
                sort.rule.ttl_drops = chance.permille(500);
            }
            Kind::Bounded => {
                sort.length_max = chance.between(2, 12);
                let all = [Overflow::Reject, Overflow::DropHead, Overflow::DeadHead];
                sort.overflow = chance.pick(&all);
                sort.rule.drops = sort.overflow == Overflow::DropHead;
            }
            _ => {}
        }
        sort
    }

    /// The words behind QCREATE.
    pub fn settings(&self, sorts: &Sorts) -> Vec<Vec<u8>> {
        let (min_ms, max_ms, jitter) = self.rule.backoff;
        let mut text = format!(
            "MAXDELIVER {} BACKOFF {min_ms} {max_ms} EXP {jitter} COUNTMODE {}",
            self.rule.fails_max,
            if self.rule.by_attempts { "ATTEMPTS" } else { "FAILS" },
        );
        match self.kind {
            Kind::Groups => {
                text += &format!(" GROUPS OPTIONAL GROUPINFLIGHT {}", self.group_inflight);
            }
            Kind::Priority => text += &format!(" ORDER PRI MAXINFLIGHT {}", self.inflight_max),
            Kind::Expiring => {
                let how = if self.rule.ttl_drops { "DROP" } else { "DEAD" };
                text += &format!(" TTL {} EXPIRE {how}", self.ttl_ms);
            }
            Kind::Bounded => {
                let how = match self.overflow {
                    Overflow::Reject => "REJECT",
                    Overflow::DropHead => "DROPHEAD",
                    Overflow::DeadHead => "DEADHEAD",
                };
                text += &format!(" MAXLEN {} OVERFLOW {how}", self.length_max);
            }
            Kind::Letters => {
                let to = self.rule.feeds.expect("it feeds one");
                text += &format!(" DLQ {}", sorts.name(to));
            }
            _ => {}
        }
        text.split(' ').map(word).collect()
    }
}
