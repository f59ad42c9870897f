//! The clients of this node that pop from one queue with several partitions, as one.
//!
//! Whoever asks joins a line. A partition is asked for all who stand in it at once,
//! while the next gather; what it gives is handed out in the order of their arrival.
//! Where nothing is known to be, all partitions are looked at, which costs no entry.
//! Who has seen all of them empty goes away, or waits until home says where something
//! came. Nothing here knows of time, tasks or nodes: what is to be done comes out as
//! [`Step`]s.

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
        self.clock += 1;
        let (id, need) = (self.clock, need.max(1));
        let ask = Ask { kind, need, waits, came: self.clock, tried: BTreeSet::new() };
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

    /// What is to be done now. `led` says which partitions this node leads.
    pub fn plan(&mut self, led: impl Fn(u32) -> bool, now_ms: u64) -> Vec<Step<E>> {
        let mut steps = Vec::new();
        self.plan_pops(led, now_ms, &mut steps);
        self.plan_look(&mut steps);
        self.end_searches(&mut steps);
        self.plan_words(&mut steps);
        steps
    }

    fn plan_pops(&mut self, led: impl Fn(u32) -> bool, now_ms: u64, steps: &mut Vec<Step<E>>) {
        if self.free.is_empty() {
            return;
        }
        for part in self.stocked(led, now_ms) {
            let portions = self.portions(part);
            if !portions.is_empty() {
                self.clock += 1;
                self.parts[part as usize].popping = true;
                steps.push(Step::Pop { part, began: self.clock, portions });
            }
        }
    }

    /// The partitions that may have something, the first to be asked first: those that
    /// this node leads, each in its turn, then those that have most.
    fn stocked(&mut self, led: impl Fn(u32) -> bool, now_ms: u64) -> Vec<u32> {
        let (count, round) = (self.parts.len(), self.round);
        let mut list: Vec<_> = (0..count)
            .filter_map(|at| {
                let part = &mut self.parts[at];
                if now_ms.saturating_sub(part.known_ms) >= BELIEVED_MS && part.sent.is_none() {
                    part.ready = 0;
                }
                if part.ready == 0 || part.popping {
                    return None;
                }
                let (number, turn) = (at as u32, (at + count - round % count) % count);
                let here = led(number);
                Some((!here, if here { turn as u64 } else { u64::MAX - part.ready }, number))
            })
            .collect();
        if !list.is_empty() {
            self.round = round.wrapping_add(1) % count;
        }
        list.sort_unstable();
        list.into_iter().map(|(_, _, part)| part).collect()
    }

    /// Who is going to be served by a partition.
    fn portions(&mut self, part: u32) -> Vec<Portion> {
        let room = self.parts[part as usize].ready.saturating_add(ROOM);
        let (mut chosen, mut sum) = (Vec::new(), 0u64);
        for id in &self.free {
            let ask = &self.asks[id];
            if ask.tried.contains(&part) {
                continue;
            }
            chosen.push(*id);
            sum = sum.saturating_add(ask.need);
            if sum >= room || chosen.len() >= ASKS_MAX {
                break;
            }
        }
        let mut portions: Vec<Portion> = Vec::new();
        for id in chosen {
            self.take_out(id);
            let Ask { kind, need, .. } = &self.asks[&id];
            let same = |portion: &&mut Portion| !kind.alone && portion.kind == *kind;
            match portions.iter_mut().find(same) {
                Some(portion) => {
                    portion.count = portion.count.saturating_add(*need);
                    portion.asks.push(id);
                }
                None => portions.push(Portion { kind: kind.clone(), count: *need, asks: vec![id] }),
            }
        }
        portions
    }

    /// Looks where those who came last have not seen that there is nothing.
    fn plan_look(&mut self, steps: &mut Vec<Step<E>>) {
        let Some(came) = self.new.iter().map(|id| self.asks[id].came).max() else { return };
        let due = |part: &Part<E>| {
            part.ready == 0 && !part.popping && !part.looking && part.empty_at <= came
        };
        let parts: Vec<u32> =
            (0..self.parts.len()).filter(|at| due(&self.parts[*at])).map(|at| at as u32).collect();
        if parts.is_empty() {
            return;
        }
        self.clock += 1;
        for part in &parts {
            self.parts[*part as usize].looking = true;
        }
        steps.push(Step::Look { parts, began: self.clock });
    }

    /// Ends the search of those who have seen that there is nothing for them.
    fn end_searches(&mut self, steps: &mut Vec<Step<E>>) {
        let bare = |part: &Part<E>| part.ready == 0 && !part.popping;
        let horizon = |part: &Part<E>| if bare(part) { part.empty_at } else { 0 };
        let all = self.parts.iter().map(horizon).min().unwrap_or(u64::MAX);
        let has_seen = |ask: &Ask| {
            let seen = |(number, part): (usize, &Part<E>)| {
                (bare(part) && part.empty_at > ask.came)
                    || (!part.popping && ask.tried.contains(&(number as u32)))
            };
            ask.came < all || (!ask.tried.is_empty() && self.parts.iter().enumerate().all(seen))
        };
        let done: Vec<AskId> =
            self.new.iter().copied().filter(|id| has_seen(&self.asks[id])).collect();
        let failed = self.parts.iter().filter_map(|part| part.failed.as_ref());
        let (any, none) = (failed.clone().next().cloned(), failed.count() < self.parts.len());
        for id in done {
            self.new.remove(&id);
            let ask = &self.asks[&id];
            if ask.waits && none {
                self.waiting = self.waiting.saturating_add(ask.need);
            } else {
                self.free.remove(&id);
                self.asks.remove(&id);
                steps.push(Step::Nothing(id, any.clone()));
            }
        }
    }

    /// Tells home what changed that it has to know.
    fn plan_words(&mut self, steps: &mut Vec<Step<E>>) {
        for (number, part) in self.parts.iter_mut().enumerate() {
            // Had anybody a use for it, it would be asked just now.
            if let Some(version) = part.sent.take_if(|_| !part.popping) {
                // What nobody here can have would come back again and again. Others are
                // sent there when the partition says anew that it has something.
                let ready = if part.barren { 0 } else { part.ready };
                steps.push(Step::Left { part: number as u32, version, ready });
                // Home takes it that nobody here wants anything any more.
                self.told = 0;
            }
        }
        // More is told at once, less with the next regular word: at worst the node is
        // sent once for nothing.
        if self.waiting > self.told || (self.waiting == 0 && self.told > 0) {
            self.told = self.waiting;
            steps.push(Step::Want(self.waiting));
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    type Steps = Vec<Step<&'static str>>;

    fn kind(want: &[u8]) -> Kind {
        Kind { want: want.into(), alone: false }
    }

    fn plan(line: &mut Line<&'static str>) -> Steps {
        line.plan(|part| part == 1, 0)
    }

    /// Looks, and finds so many messages in each partition.
    fn look(line: &mut Line<&'static str>, ready: &[u64]) -> Steps {
        for step in plan(line) {
            let Step::Look { parts, began } = step else { panic!("{step:?}") };
            for part in parts {
                line.looked(part, began, Ok(ready[part as usize]), 0);
            }
        }
        plan(line)
    }

    fn pop(steps: &Steps) -> (u32, u64, Vec<Portion>) {
        match &steps[..] {
            [Step::Pop { part, began, portions }] => (*part, *began, portions.clone()),
            other => panic!("{other:?}"),
        }
    }

    fn done(
        line: &mut Line<&'static str>,
        (part, began, portions): (u32, u64, Vec<Portion>),
        deliveries: &[u32],
        left: u64,
    ) -> Shared<u32, &'static str> {
        let mut deliveries = deliveries.iter().copied();
        let portions = portions.into_iter().map(|portion| {
            let some = deliveries.by_ref().take(portion.count as usize).collect();
            (portion, Got::Deliveries(some))
        });
        let portions = portions.collect();
        line.popped((part, began), portions, Ok(left), 0)
    }

    #[test]
    fn who_does_not_wait_goes_when_all_partitions_were_seen_empty() {
        let mut line = Line::new(2);
        let id = line.join(kind(b""), 1, false);
        assert_eq!(look(&mut line, &[0, 0]), [Step::Nothing(id, None)]);
        assert!(line.is_idle());
    }

    #[test]
    fn who_came_after_a_look_began_has_seen_nothing() {
        let mut line = Line::new(1);
        line.join(kind(b""), 1, false);
        let steps = plan(&mut line);
        let second = line.join(kind(b""), 1, false);
        let Step::Look { began, .. } = steps[0] else { panic!("{steps:?}") };
        line.looked(0, began, Ok(0), 0);
        let steps = plan(&mut line);
        assert!(matches!(steps[..], [Step::Look { .. }, Step::Nothing(id, None)] if id != second));
    }

    #[test]
    fn who_waits_is_told_of_at_home() {
        let mut line = Line::new(2);
        line.join(kind(b""), 3, true);
        assert_eq!(look(&mut line, &[0, 0]), [Step::Want(3)]);
        let second = line.join(kind(b"x"), 1, true);
        assert_eq!(look(&mut line, &[0, 0]), [Step::Want(4)]);
        assert!(line.leave(second));
        assert_eq!(plan(&mut line), []);
        assert_eq!(line.tell_again(), Some(3));
    }

    #[test]
    fn one_pop_is_for_all_who_want_the_same_and_serves_them_in_their_order() {
        let mut line = Line::new(2);
        let first = line.join(kind(b"a"), 1, true);
        let other = line.join(kind(b"b"), 1, true);
        let third = line.join(kind(b"a"), 2, true);
        let asked = pop(&look(&mut line, &[0, 9]));
        let portion = |want: &[u8], count, asks: &[u64]| Portion {
            kind: kind(want),
            count,
            asks: asks.to_vec(),
        };
        assert_eq!(asked.2, [portion(b"a", 3, &[first, third]), portion(b"b", 1, &[other])]);
        let shared = done(&mut line, asked, &[7, 8], 0);
        assert_eq!(shared.answers, [(first, Ok(vec![7])), (third, Ok(vec![8]))]);
        assert!(shared.left_over.is_empty());
        assert_eq!(plan(&mut line), [Step::Want(1)]);
    }

    #[test]
    fn partitions_of_this_node_come_first_then_those_that_have_most() {
        let mut line = Line::new(4);
        for _ in 0..3 * (1 + ROOM) {
            line.join(kind(b""), 1, true);
        }
        let parts: Vec<u32> = look(&mut line, &[1, 1, 3, 0])
            .iter()
            .filter_map(|step| if let Step::Pop { part, .. } = step { Some(*part) } else { None })
            .collect();
        assert_eq!(parts, [1, 2, 0]);
    }

    #[test]
    fn what_is_delivered_to_nobody_is_left_over() {
        let mut line = Line::new(1);
        let first = line.join(kind(b""), 1, true);
        let second = line.join(kind(b""), 1, true);
        let asked = pop(&look(&mut line, &[5]));
        assert!(line.is_asking(first) && line.leave(first));
        let shared = done(&mut line, asked, &[7, 8], 3);
        assert_eq!((shared.answers, shared.left_over), (vec![(second, Ok(vec![7]))], vec![8]));
    }

    #[test]
    fn what_was_for_somebody_who_went_away_is_for_the_next() {
        let mut line = Line::new(1);
        let first = line.join(kind(b""), 1, true);
        let asked = pop(&look(&mut line, &[5]));
        let second = line.join(kind(b""), 1, true);
        assert!(line.leave(first));
        let shared = done(&mut line, asked, &[7], 4);
        assert_eq!(shared.answers, [(second, Ok(vec![7]))]);
        assert!(shared.left_over.is_empty());
    }

    #[test]
    fn a_partition_that_has_nothing_for_somebody_is_not_asked_again_until_home_says_so() {
        let mut line = Line::new(1);
        line.join(kind(b"high"), 1, true);
        let asked = pop(&look(&mut line, &[5]));
        done(&mut line, asked, &[], 5);
        assert_eq!(plan(&mut line), [Step::Want(1)]);
        let other = line.join(kind(b"low"), 1, true);
        let asked = pop(&plan(&mut line));
        assert_eq!(asked.2[0].asks, [other]);
        done(&mut line, asked, &[1], 4);
        assert_eq!(plan(&mut line), []);
        line.sent(0, 1, 9, 0);
        let asked = pop(&plan(&mut line));
        assert!(done(&mut line, asked, &[], 4).in_vain);
        let left = Step::Left { part: 0, version: 9, ready: 0 };
        assert_eq!(plan(&mut line), [left, Step::Want(1)]);
    }

    #[test]
    fn home_hears_what_was_left_where_it_has_sent_the_node() {
        let mut line = Line::new(2);
        line.join(kind(b""), 1, true);
        look(&mut line, &[0, 0]);
        line.sent(0, 1, 9, 0);
        let asked = pop(&plan(&mut line));
        done(&mut line, asked, &[1], 4);
        assert_eq!(plan(&mut line), [Step::Left { part: 0, version: 9, ready: 4 }]);
        line.sent(1, 2, 10, 0);
        assert_eq!(plan(&mut line), [Step::Left { part: 1, version: 10, ready: 2 }]);
    }

    #[test]
    fn who_was_not_served_is_told_of_again() {
        let mut line = Line::new(1);
        line.join(kind(b""), 1, true);
        look(&mut line, &[0]);
        line.sent(0, 1, 9, 0);
        let asked = pop(&plan(&mut line));
        done(&mut line, asked, &[], 0);
        let left = Step::Left { part: 0, version: 9, ready: 0 };
        assert_eq!(plan(&mut line), [left, Step::Want(1)]);
    }

    #[test]
    fn a_partition_that_cannot_be_asked_holds_up_nobody() {
        let mut line = Line::new(2);
        let polls = line.join(kind(b""), 1, false);
        line.join(kind(b""), 1, true);
        let steps = plan(&mut line);
        let Step::Look { began, .. } = steps[0] else { panic!("{steps:?}") };
        line.looked(0, began, Ok(0), 0);
        line.looked(1, began, Err("down"), 0);
        assert_eq!(plan(&mut line), [Step::Nothing(polls, Some("down")), Step::Want(1)]);
    }

    #[test]
    fn where_nobody_can_be_asked_nobody_waits() {
        let mut line = Line::new(1);
        let id = line.join(kind(b""), 1, true);
        let steps = plan(&mut line);
        let Step::Look { began, .. } = steps[0] else { panic!("{steps:?}") };
        line.looked(0, began, Err("down"), 0);
        assert_eq!(plan(&mut line), [Step::Nothing(id, Some("down"))]);
    }

    #[test]
    fn what_was_known_long_ago_is_not_believed() {
        let mut line: Line<&'static str> = Line::new(1);
        line.looked(0, 1, Ok(5), 0);
        assert_eq!(line.ready(0, BELIEVED_MS - 1), Some(5));
        assert_eq!(line.ready(0, BELIEVED_MS), None);
        line.join(kind(b""), 1, true);
        assert!(matches!(line.plan(|_| true, BELIEVED_MS)[..], [Step::Look { .. }]));
    }
}
