//! Clients: each is connected to one node, asks, waits, and writes down what it
//! was told.

mod book;
mod connection;
mod draw;
mod errands;
pub mod guards;
pub mod meaning;
mod members;
pub mod queues;
pub mod seat;
mod settle;
mod submit;

use lockstep_core::{NodeId, Origin, Outcome};
use lockstep_raft::Delivery;

pub use book::{Book, Counts, moment};
use connection::Connection;
pub use draw::Goods;
use draw::Hands;
use guards::Guarded;
use meaning::Meaning;
pub use members::DELAY_MAX_MS;
use members::{Asked, Mine};
pub use queues::Tally;
use submit::{OnTheWay, prepare};

use super::node::Node;
use super::trace::{Kind, Trace};
use crate::chance::Chance;
use crate::check::Span;

/// After so long a client gives up and closes its connection.
const PATIENCE_MS: u64 = 8_000;

/// What clients share.
pub struct Desk {
    pub book: Book,
    pub goods: Goods,
    /// The queues there are.
    pub queues: queues::Sorts,
    /// Numbers that no two commands share.
    pub unique: u64,
    /// How far the clocks of two nodes may be apart, in milliseconds.
    pub skew_ms: u64,
    /// How many data shards there are.
    pub shards: u16,
    /// How long clients rest between two commands at most.
    pub rest_ms: u64,
    /// How many moments there were in this millisecond.
    ticks: u64,
    /// MULTI is handed in as two entries.
    pub multi_split: bool,
    /// Home does not hear of the shards that let requests in a session's name in.
    pub doors_not_noted: bool,
    /// MLOCK keeps what it got when it does not get all.
    pub many_kept: bool,
    pub now_ms: u64,
}

impl Desk {
    pub fn new(goods: Goods, shards: u16, skew_ms: u64, rest_ms: u64) -> Self {
        Desk {
            book: Book::default(),
            goods,
            queues: queues::Sorts::default(),
            unique: 0,
            skew_ms,
            shards,
            rest_ms,
            ticks: 0,
            multi_split: false,
            doors_not_noted: false,
            many_kept: false,
            now_ms: 0,
        }
    }

    /// A moment of its own.
    pub fn moment(&mut self) -> u64 {
        self.ticks += 1;
        moment(self.now_ms) + self.ticks
    }

    /// It is later now.
    pub fn set_now(&mut self, now_ms: u64) {
        self.now_ms = now_ms;
        self.ticks = 0;
    }

    /// Up to when something surely lasts that was asked for at `began` and lasts
    /// so long by the clock of a leader.
    pub fn surely_until(&self, began: u64, lasts_ms: u64) -> u64 {
        began + moment((lasts_ms - lasts_ms / 50).saturating_sub(self.skew_ms + 4))
    }
}

/// What a client waits for.
enum Wait {
    /// For what it handed in.
    Share { on_the_way: OnTheWay, meanings: Vec<Meaning>, began: u64 },
    /// In line, in a machine.
    Line { meaning: Meaning, request: u64, began: u64 },
}

/// A transaction that is handed in in two pieces.
struct Half {
    whole: Vec<Meaning>,
    rest: Vec<Meaning>,
    first: Vec<Outcome>,
    began: u64,
}

/// How the last command of a client ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With an answer.
    Answered,
    /// It was refused, or nobody knows.
    Otherwise,
}

/// A client.
pub struct Client {
    pub id: u32,
    pub ended: Ended,
    chance: Chance,
    connection: Option<Connection>,
    connections: u64,
    waits: Option<Wait>,
    /// An answer to the last request, before it was known to wait.
    early: Option<(u64, Outcome)>,
    half: Option<Half>,
    since_ms: u64,
    next_at_ms: u64,
    hands: Hands,
    /// Whether it works with guarded lists and their locks, and nothing else.
    guards: bool,
    /// Whether it does so in the name of a session.
    member: bool,
    /// Whether it works with queues and nothing else.
    queues: bool,
    /// Its session.
    mine: Option<Mine>,
    /// Something was asked of locks, and nobody knows what came of it.
    unsure: bool,
    /// What it asks behind what it waits for.
    behind: Option<Meaning>,
    /// Its own key: the value, the moments around the SET, and how long it lives.
    short: Option<(u64, Span, u64)>,
}

impl Client {
    pub fn new(id: u32, chance: Chance) -> Self {
        Client {
            id,
            ended: Ended::Otherwise,
            chance,
            connection: None,
            connections: 0,
            waits: None,
            early: None,
            half: None,
            since_ms: 0,
            next_at_ms: 0,
            hands: Hands::default(),
            guards: false,
            member: false,
            queues: false,
            mine: None,
            unsure: false,
            behind: None,
            short: None,
        }
    }

    /// One that works with guarded lists and their locks.
    pub fn of_guards(id: u32, chance: Chance) -> Self {
        Client { guards: true, ..Client::new(id, chance) }
    }

    /// One that works with queues.
    pub fn of_queues(id: u32, chance: Chance) -> Self {
        Client { queues: true, ..Client::new(id, chance) }
    }

    /// It is the one that pauses queues and empties them.
    pub fn may_order(&mut self) {
        self.hands.queues.orders = true;
    }

    /// The messages that it has.
    pub fn messages(&self) -> usize {
        self.hands.queues.held.len()
    }

    /// Whether it waits for an answer.
    pub fn is_waiting(&self) -> bool {
        self.waits.is_some()
    }

    /// Does what it can do now; `asks`: whether it begins anything new.
    pub fn step(&mut self, nodes: &mut [Node], desk: &mut Desk, trace: &mut Trace, asks: bool) {
        self.notice_the_end(nodes, desk);
        if let Some(at) = self.connection.as_ref().map(|connection| connection.node)
            && nodes[at].standing(desk.now_ms).is_none()
        {
            self.give_up_in_time(nodes, desk);
            return;
        }
        self.take_answers(nodes, desk, trace);
        self.give_up_in_time(nodes, desk);
        if self.waits.is_none()
            && let Some(meaning) = self.behind.take()
        {
            self.hand_in(vec![meaning], nodes, desk, trace);
        } else if asks && self.waits.is_none() && desk.now_ms >= self.next_at_ms {
            self.ask(nodes, desk, trace);
        }
    }

    /// An answer to a request that waited in line.
    pub fn answered(
        &mut self,
        desk: &mut Desk,
        trace: &mut Trace,
        request: u64,
        outcome: &Outcome,
    ) {
        match &self.waits {
            Some(Wait::Line { request: waits, .. }) if *waits == request => {}
            // It may come before it is known that there is something to wait for.
            Some(Wait::Share { .. }) => {
                self.early = Some((request, outcome.clone()));
                return;
            }
            _ => return,
        }
        let Some(Wait::Line { meaning, began, .. }) = self.waits.take() else { return };
        self.told(desk, trace, &format!("{outcome:?}"));
        let span = Span { began, ended: desk.moment() };
        self.settle(desk, &meaning, span, outcome);
        self.rest(desk);
    }

    fn told(&self, desk: &Desk, trace: &mut Trace, what: &str) {
        let (id, now_ms) = (self.id, desk.now_ms);
        let numbers = [now_ms, u64::from(id)];
        trace.event(Kind::Told, &numbers, what.as_bytes(), || {
            format!("{now_ms} client {id} is told {what}")
        });
    }

    fn rest(&mut self, desk: &Desk) {
        self.next_at_ms = desk.now_ms + self.chance.below(desk.rest_ms.max(1));
    }

    /// Gives what is still on its way.
    fn outcome_is_unknown(&mut self, desk: &mut Desk) -> Option<OnTheWay> {
        let waits = self.waits.take();
        let halved = self.half.is_some();
        self.half_is_unknown(desk);
        match waits {
            Some(Wait::Share { meanings, began, on_the_way }) => {
                for meaning in meanings.iter().filter(|_| !halved) {
                    self.settle_unknown(desk, meaning, began);
                }
                Some(on_the_way)
            }
            Some(Wait::Line { meaning, began, .. }) => {
                self.settle_unknown(desk, &meaning, began);
                None
            }
            None => None,
        }
    }

    fn half_is_unknown(&mut self, desk: &mut Desk) {
        if let Some(half) = self.half.take() {
            self.waits = None;
            self.settle_unknown(desk, &Meaning::Multi(half.whole), half.began);
        }
    }

    fn take_answers(&mut self, nodes: &mut [Node], desk: &mut Desk, trace: &mut Trace) {
        let Some(Wait::Share { on_the_way, .. }) = &self.waits else { return };
        let Some(delivery) = on_the_way.take() else { return };
        let Some(Wait::Share { meanings, began, .. }) = self.waits.take() else { return };
        self.told(desk, trace, &format!("{delivery:?}"));
        let span = Span { began, ended: desk.moment() };
        self.rest(desk);
        if !matches!(delivery, Delivery::Done(_)) {
            self.behind = None;
        }
        match delivery {
            Delivery::Done(outcomes) => {
                if outcomes.len() != meanings.len() {
                    let count = outcomes.len();
                    desk.book.wrong(format!("{count} outcomes for {} commands", meanings.len()));
                }
                desk.book.counts.done += 1;
                for (meaning, outcome) in meanings.iter().zip(&outcomes) {
                    if let (Some(half), Outcome::List(list)) = (self.half.take(), outcome) {
                        self.next_half(half, list, nodes, desk, trace);
                    } else if *outcome == Outcome::Waits {
                        let request = self.connection.as_ref().map_or(0, |held| held.request);
                        self.waits = Some(Wait::Line { meaning: meaning.clone(), request, began });
                        if let Some((early, outcome)) = self.early.take()
                            && early == request
                        {
                            self.answered(desk, trace, request, &outcome);
                        }
                    } else {
                        self.settle(desk, meaning, span, outcome);
                    }
                }
            }
            // Not applied: as if it had never been asked.
            Delivery::Refused(_) => {
                desk.book.counts.refused += 1;
                self.half_is_unknown(desk);
            }
            Delivery::Unknown => {
                desk.book.counts.unknown += 1;
                let meanings = if self.half.is_some() { Vec::new() } else { meanings };
                self.half_is_unknown(desk);
                for meaning in &meanings {
                    self.settle_unknown(desk, meaning, began);
                }
                // It may hold what it does not know of.
                if meanings.iter().any(Meaning::may_hold) {
                    self.close(nodes, desk, None);
                }
            }
        }
    }

    /// One piece of a transaction was carried out.
    fn next_half(
        &mut self,
        mut half: Half,
        outcomes: &[Outcome],
        nodes: &mut [Node],
        desk: &mut Desk,
        trace: &mut Trace,
    ) {
        half.first.extend_from_slice(outcomes);
        if half.rest.is_empty() {
            let span = Span { began: half.began, ended: desk.moment() };
            self.settle(desk, &Meaning::Multi(half.whole), span, &Outcome::List(half.first));
        } else {
            let rest = std::mem::take(&mut half.rest);
            self.half = Some(half);
            self.hand_in(vec![Meaning::Multi(rest)], nodes, desk, trace);
        }
    }

    fn ask(&mut self, nodes: &mut [Node], desk: &mut Desk, trace: &mut Trace) {
        if !self.connect(nodes, desk.now_ms) {
            self.rest(desk);
            return;
        }
        let leaving = |connection: &Connection| {
            let node = &nodes[connection.node];
            node.leaving || node.process.as_ref().is_some_and(|process| process.stopping)
        };
        if self.connection.as_ref().is_some_and(leaving) || self.chance.permille(5) {
            self.close(nodes, desk, None);
            return;
        }
        let mut meanings = if self.member {
            let Some(meaning) = self.next_of_member(desk) else { return };
            vec![meaning]
        } else if self.guards {
            let (held, unique) = (&self.hands.guards, &mut desk.unique);
            vec![Meaning::Guarded(guards::next(&mut self.chance, held, unique))]
        } else if self.queues {
            let (sorts, unique) = (&desk.queues, &mut desk.unique);
            let hands = &mut self.hands.queues;
            vec![Meaning::Queue(queues::next(&mut self.chance, sorts, hands, unique))]
        } else {
            let (sorts, unique) = (&desk.queues, &mut desk.unique);
            draw::next(&mut self.chance, &desk.goods, sorts, &mut self.hands, unique)
        };
        if desk.multi_split
            && let [Meaning::Multi(whole)] = &meanings[..]
        {
            let (first, rest) = whole.split_at(whole.len() / 2);
            let (whole, first, rest) = (whole.clone(), first.to_vec(), rest.to_vec());
            self.half = Some(Half { whole, rest, first: Vec::new(), began: desk.moment() });
            meanings = vec![Meaning::Multi(first)];
        }
        self.hand_in(meanings, nodes, desk, trace);
    }

    /// Asks for this one thing.
    pub fn demand(
        &mut self,
        meaning: Meaning,
        nodes: &mut [Node],
        desk: &mut Desk,
        trace: &mut Trace,
    ) {
        self.ended = Ended::Otherwise;
        if self.connect(nodes, desk.now_ms) {
            self.hand_in(vec![meaning], nodes, desk, trace);
        }
    }

    /// Whether it was granted a lock that it did not give back.
    pub fn holds_a_lock(&self) -> bool {
        self.hands.lock.is_some()
    }

    fn hand_in(
        &mut self,
        meanings: Vec<Meaning>,
        nodes: &mut [Node],
        desk: &mut Desk,
        trace: &mut Trace,
    ) {
        let Some(connection) = &mut self.connection else { return };
        connection.request += 1;
        self.early = None;
        let (origin, request, at) = (connection.origin, connection.request, connection.node);
        let began = desk.moment();
        let (id, now_ms) = (self.id, desk.now_ms);
        trace.event(Kind::Asked, &[now_ms, u64::from(id)], &[], || {
            format!("{now_ms} client {id} at n{at} asks {meanings:?}")
        });
        if let [Meaning::Session(asked @ (Asked::Destroy(_) | Asked::Open(..)))] = &meanings[..] {
            let (asked, notes) = (asked.clone(), !desk.doors_not_noted);
            self.since_ms = desk.now_ms;
            self.before_session(desk, &asked, began);
            let Some(host) = nodes[at].host().cloned() else { return };
            let work = errands::of_session(host, asked, desk.shards, notes);
            let on_the_way = errands::begin(&nodes[at], work);
            self.waits = Some(Wait::Share { on_the_way, meanings, began });
            return;
        }
        if let [Meaning::Guarded(several @ (Guarded::Many { .. } | Guarded::UnlockMany(_)))] =
            &meanings[..]
        {
            let several = several.clone();
            return self.hand_in_several(several, began, nodes, desk);
        }
        let prepared =
            prepare(meanings, origin, request, desk.shards, self.attached(), &desk.queues);
        if let Some(connection) = &mut self.connection
            && prepared.binds
            && !connection.bound_to.contains(&prepared.shard)
        {
            connection.bound_to.push(prepared.shard);
        }
        self.since_ms = desk.now_ms + prepared.block_ms;
        self.before_asking(desk, &prepared.meanings, began);
        match submit::submit(&nodes[at], prepared) {
            submit::Submitted::Read(meaning, outcome) => {
                desk.book.counts.done += 1;
                self.told(desk, trace, &format!("{outcome:?}"));
                let span = Span { began, ended: desk.moment() };
                self.settle(desk, &meaning, span, &outcome);
                self.rest(desk);
            }
            submit::Submitted::Waits(on_the_way, meanings) => {
                self.waits = Some(Wait::Share { on_the_way, meanings, began });
            }
        }
    }
}

/// The names of all locks of a run.
pub fn lock_names() -> impl Iterator<Item = String> {
    let usual = (0..Goods::USUAL.locks).map(meaning::lock);
    usual.chain((0..guards::GUARDS).map(guards::name))
}

/// Whether an answer is for this node's process.
pub fn is_for(origin: Origin, node: NodeId, boot: u64) -> bool {
    origin.node == node && origin.boot >= boot
}
