//! The clients of this node that pop from one queue with several partitions, as one.
//!
//! Whoever asks joins a line. A partition is asked for all who stand in it at once,
//! while the next gather; what it gives is handed out in the order of their arrival.
//! Where nothing is known to be, all partitions are looked at, which costs no entry.
//! Who has seen all of them empty goes away, or waits until home says where something
//! came. Nothing here knows of time, tasks or nodes: what is to be done comes out as
//! [`Step`]s.

mod plan;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Somebody in the line.
pub type AskId = u64;

/// So many stand behind one request to a partition at most.
const ASKS_MAX: usize = 256;

/// Room for so many messages more than a partition is known to have: some may have come
/// since.
const ROOM: u64 = 16;

/// For so long it is believed that a partition still has what it had.
const BELIEVED_MS: u64 = 500;

/// What somebody asks for besides the number of messages: requests of one kind are put
/// together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind {
    /// What is wanted, in bytes.
    pub want: Arc<[u8]>,
    /// Not to be put together with others.
    pub alone: bool,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step<E> {
    /// Pop from a partition for several at once.
    Pop {
        /// The partition.
        part: u32,
        /// When this was planned, for [`Line::popped`].
        began: u64,
        /// For whom.
        portions: Vec<Portion>,
    },
    /// See how many messages these partitions have ready.
    Look {
        /// The partitions.
        parts: Vec<u32>,
        /// When this was planned, for [`Line::looked`].
        began: u64,
    },
    /// There is nothing for somebody who does not wait, or it cannot be known.
    Nothing(AskId, Option<E>),
    /// Tell home for how many messages clients wait here.
    Want(u64),
    /// Tell home what was left in a partition that it has sent this node to.
    Left {
        /// The partition.
        part: u32,
        /// By which word of it.
        version: u64,
        /// So many messages.
        ready: u64,
    },
}

/// Some of the line that want the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Portion {
    /// What they want.
    pub kind: Kind,
    /// How many messages in all.
    pub count: u64,
    /// Who, in the order of their arrival.
    pub asks: Vec<AskId>,
}

/// What a portion got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Got<D, E> {
    /// These deliveries.
    Deliveries(Vec<D>),
    /// It was refused.
    Refused(E),
}

/// What comes of a pop.
#[derive(Debug)]
pub struct Shared<D, E> {
    /// Who gets what.
    pub answers: Vec<(AskId, Result<Vec<D>, E>)>,
    /// Deliveries for which nobody is left.
    pub left_over: Vec<D>,
    /// Home has sent this node to a partition that gave nothing.
    pub in_vain: bool,
}

/// Who stands in the line, and what is known of the partitions.
#[derive(Debug)]
pub struct Line<E> {
    asks: BTreeMap<AskId, Ask>,
    /// Those who are not part of a pop just now.
    free: BTreeSet<AskId>,
    /// Those of them who have not seen all partitions empty.
    new: BTreeSet<AskId>,
    /// For how many messages all others of them wait.
    waiting: u64,
    /// How many home believes.
    told: u64,
    parts: Vec<Part<E>>,
    /// Counts what happens, so that it is known what came before what.
    clock: u64,
    /// Where the next round over the partitions begins.
    round: usize,
}

#[derive(Debug)]
struct Ask {
    kind: Kind,
    need: u64,
    waits: bool,
    /// It has something already and wants more only where that is known to be.
    brief: bool,
    came: u64,
    /// Partitions that have something, but nothing for this one.
    tried: BTreeSet<u32>,
}

#[derive(Debug)]
struct Part<E> {
    /// Messages that are ready, as far as is known.
    ready: u64,
    known_ms: u64,
    /// When the last look began that found nothing.
    empty_at: u64,
    /// Why nothing is known since then.
    failed: Option<E>,
    popping: bool,
    looking: bool,
    /// Home has sent this node there, by this word of the partition.
    sent: Option<u64>,
    /// The last pop got nothing, though it has something: nobody here can have that.
    barren: bool,
}

impl<E: Clone> Line<E> {
    /// Nobody, in front of so many partitions.
    pub fn new(count: u32) -> Self {
        let mut line = Line {
            asks: BTreeMap::new(),
            free: BTreeSet::new(),
            new: BTreeSet::new(),
            waiting: 0,
            told: 0,
            parts: Vec::new(),
            clock: 1,
            round: 0,
        };
        line.grow(count);
        line
    }

    /// There are so many partitions, or more.
    pub fn grow(&mut self, count: u32) {
        while self.parts.len() < count as usize {
            self.parts.push(Part {
                ready: 0,
                known_ms: 0,
                empty_at: 0,
                failed: None,
                popping: false,
                looking: false,
                sent: None,
                barren: false,
            });
        }
    }

    /// Somebody comes and wants so many messages at most; `waits`, if there are none.
    pub fn join(&mut self, kind: Kind, need: u64, waits: bool) -> AskId {
        let (brief, tried) = (false, BTreeSet::new());
        self.enter(Ask { kind, need: need.max(1), waits, brief, came: 0, tried })
    }

    /// Somebody has fewer messages than it wants, of the partitions that it has `tried`,
    /// and takes so many more at most where they are known to be, or just looked for by
    /// others.
    pub fn join_for_more(&mut self, kind: Kind, need: u64, tried: BTreeSet<u32>) -> AskId {
        let (waits, brief) = (false, true);
        self.enter(Ask { kind, need: need.max(1), waits, brief, came: 0, tried })
    }

    fn enter(&mut self, mut ask: Ask) -> AskId {
        self.clock += 1;
        let id = self.clock;
        ask.came = id;
        self.asks.insert(id, ask);
        self.free.insert(id);
        self.new.insert(id);
        id
    }

    /// Somebody goes away without an answer; whether it was there.
    pub fn leave(&mut self, id: AskId) -> bool {
        self.take_out(id);
        self.asks.remove(&id).is_some()
    }

    /// Whether nobody is here and nothing is under way.
    pub fn is_idle(&self) -> bool {
        self.asks.is_empty() && !self.parts.iter().any(|part| part.popping || part.looking)
    }

    /// Whether somebody is part of a pop just now.
    pub fn is_asking(&self, id: AskId) -> bool {
        self.asks.contains_key(&id) && !self.free.contains(&id)
    }

    /// For how many messages clients wait.
    pub fn waiting(&self) -> u64 {
        self.waiting
    }

    /// How many clients wait.
    pub fn clients(&self) -> u64 {
        self.asks.values().filter(|ask| ask.waits).count() as u64
    }

    /// How many messages a partition has ready, as far as is known.
    pub fn ready(&self, part: u32, now_ms: u64) -> Option<u64> {
        let part = self.parts.get(part as usize)?;
        (now_ms.saturating_sub(part.known_ms) < BELIEVED_MS).then_some(part.ready)
    }

    /// What home believes is said again, or to another home.
    pub fn tell_again(&mut self) -> Option<u64> {
        self.told = self.waiting;
        (self.waiting > 0).then_some(self.waiting)
    }

    /// Home sends this node to a partition.
    pub fn sent(&mut self, part: u32, count: u64, version: u64, now_ms: u64) {
        self.grow(part.saturating_add(1));
        self.told = self.told.saturating_sub(count);
        let found = &mut self.parts[part as usize];
        found.ready = found.ready.max(count.max(1));
        found.known_ms = now_ms;
        found.sent = Some(version);
        found.barren = false;
        for ask in self.asks.values_mut() {
            ask.tried.remove(&part);
        }
    }

    /// What a look found, or why it found nothing out.
    pub fn looked(&mut self, part: u32, began: u64, found: Result<u64, E>, now_ms: u64) {
        let Some(part) = self.parts.get_mut(part as usize) else { return };
        part.looking = false;
        part.learn(began, found, now_ms);
    }

    /// What a pop gave to each portion, and how many messages it left; or why nothing is
    /// known of it.
    pub fn popped<D>(
        &mut self,
        (part, began): (u32, u64),
        portions: Vec<(Portion, Got<D, E>)>,
        left: Result<u64, E>,
        now_ms: u64,
    ) -> Shared<D, E> {
        let more = left.as_ref().is_ok_and(|left| *left > 0);
        let got_some = |(_, got): &(Portion, Got<D, E>)| matches!(got, Got::Deliveries(deliveries) if !deliveries.is_empty());
        let nothing = !portions.iter().any(got_some);
        let mut shared = Shared { answers: Vec::new(), left_over: Vec::new(), in_vain: false };
        if let Some(part) = self.parts.get_mut(part as usize) {
            part.popping = false;
            part.barren = nothing;
            part.learn(began, left, now_ms);
            shared.in_vain = nothing && part.sent.is_some();
        }
        for (portion, got) in portions {
            self.share(portion, got, &mut shared, (part, more));
        }
        shared
    }

    fn share<D>(
        &mut self,
        portion: Portion,
        got: Got<D, E>,
        shared: &mut Shared<D, E>,
        (part, more): (u32, bool),
    ) {
        let mut deliveries = match got {
            Got::Deliveries(deliveries) => deliveries.into_iter().peekable(),
            Got::Refused(why) => {
                for id in portion.asks {
                    if self.asks.remove(&id).is_some() {
                        shared.answers.push((id, Err(why.clone())));
                    }
                }
                return;
            }
        };
        for id in portion.asks {
            let Some(ask) = self.asks.get_mut(&id) else { continue };
            if deliveries.peek().is_some() {
                let need = usize::try_from(ask.need).unwrap_or(usize::MAX);
                shared.answers.push((id, Ok(deliveries.by_ref().take(need).collect())));
                self.asks.remove(&id);
                continue;
            }
            if more {
                ask.tried.insert(part);
            }
            self.free.insert(id);
            self.new.insert(id);
        }
        // Some have gone away: others want the same.
        while deliveries.peek().is_some() {
            let same = |id: &&AskId| !portion.kind.alone && self.asks[*id].kind == portion.kind;
            let Some(id) = self.free.iter().find(same).copied() else { break };
            self.take_out(id);
            let Some(ask) = self.asks.remove(&id) else { break };
            let need = usize::try_from(ask.need).unwrap_or(usize::MAX);
            shared.answers.push((id, Ok(deliveries.by_ref().take(need).collect())));
        }
        shared.left_over.extend(deliveries);
    }

    /// Takes somebody out of those who are free.
    fn take_out(&mut self, id: AskId) {
        if self.free.remove(&id)
            && !self.new.remove(&id)
            && let Some(ask) = self.asks.get(&id)
        {
            self.waiting = self.waiting.saturating_sub(ask.need);
        }
    }
}

impl<E> Part<E> {
    fn learn(&mut self, began: u64, found: Result<u64, E>, now_ms: u64) {
        self.known_ms = now_ms;
        match found {
            Ok(ready) => {
                self.ready = ready;
                self.failed = None;
                if ready > 0 {
                    return;
                }
            }
            Err(why) => {
                self.ready = 0;
                self.failed = Some(why);
            }
        }
        self.empty_at = self.empty_at.max(began);
    }
}
