//! Keys that are lent: the only copy may be written where it is, and the home may not have
//! the newest value (`cache-write-mode back`).
//!
//! A key is lent to the node that wrote it last, with the copy that it gets for that
//! ([`Home::lend`]). From then on nobody else is shown the key, nor is any entry proposed that
//! touches it, before it is called back (R34): its copy ends as if the key were written, and
//! the node acknowledges that when what it wrote is in the log (R35). What it wrote comes
//! before, too, all the time ([`ToHome::Flush`](crate::ToHome)), and goes into the log ahead
//! of what waits ([`Home::ahead`]), as long as the key is lent (R36). A session that is over ends
//! its loans, but for what has come and is on its way into the log (R37): so nobody sees an
//! older value first, and a newer one is not written over. Who looked at the state before such
//! a value was there, and asks behind it whether that may be shown, is told no.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use lockstep_core::NodeId;

use super::gates::Gate;
use super::{GateId, Home, Out};
use crate::message::{Flushed, Payload, ToNode};
use crate::{Label, Name, Session, Time};

/// So many keys of a shard are lent at once; others are written through.
const LENT_MAX: usize = 4_096;
/// Keys with longer names are not lent.
const NAME_BYTES_MAX: usize = 1_024;
/// So many keys are called back with one message.
const RECALL_MAX: usize = 256;
/// What goes into the log at once: so many keys, and so many bytes unless one has more.
const AHEAD_MAX: usize = 1_024;
const AHEAD_BYTES_MAX: usize = 1 << 20;

/// The keys that are lent.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Lent {
    loans: BTreeMap<Name, Loan>,
    /// Those of which a value came that can go into the log.
    ready: BTreeSet<Name>,
    /// Keys that were called back, and until when they are not lent again.
    resting: BTreeMap<Name, Time>,
    /// In the order in which that ends.
    rests: VecDeque<(Time, Name)>,
    /// Nothing is lent before.
    from: Time,
    /// What looked at the state before it had seen so many operations may have missed values.
    back_at: u64,
}

/// A key that is lent.
#[derive(Clone, Debug, Hash)]
struct Loan {
    node: NodeId,
    /// With which message.
    q: u64,
    /// Whether it is called back.
    called: bool,
    /// The newest value that came, if it is not on its way into the log.
    came: Option<(u64, Bytes)>,
    /// The one that is on its way into the log.
    underway: Option<u64>,
    /// The newest one in the log.
    done: u64,
    /// It ends when nothing is on its way any more.
    over: bool,
}

impl Lent {
    pub(super) fn holds(&self, name: &Name) -> bool {
        self.loans.contains_key(name)
    }

    /// Changes what is known of a key; whether it is kept is the answer.
    fn change(&mut self, name: &Name, change: impl FnOnce(&mut Loan) -> bool) {
        let Some(loan) = self.loans.get_mut(name) else { return };
        let stays = change(loan);
        let ready = stays && loan.came.is_some() && loan.underway.is_none();
        if !stays {
            self.loans.remove(name);
        }
        match ready {
            true => _ = self.ready.insert(name.clone()),
            false => _ = self.ready.remove(name),
        }
    }

    /// A key that is called back is not lent again for a while.
    fn rest(&mut self, name: &Name, now: Time, rest: Duration) {
        while self.rests.front().is_some_and(|(until, _)| *until <= now)
            || self.rests.len() >= LENT_MAX
        {
            let Some((until, name)) = self.rests.pop_front() else { break };
            // It may have been called back once more.
            if self.resting.get(&name).is_some_and(|last| *last <= until) {
                self.resting.remove(&name);
            }
        }
        if !rest.is_zero() {
            let until = now.after(rest);
            self.resting.insert(name.clone(), until);
            self.rests.push_back((until, name.clone()));
        }
    }
}

/// What was written to a key that is lent, on its way to the home.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Flush {
    pub session: Session,
    pub name: Name,
    pub q: u64,
    pub number: u64,
    pub value: Bytes,
}

/// Values that go into the log ahead of everything else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ahead {
    /// The gate of their entry.
    pub gate: GateId,
    /// What the keys hold behind it.
    pub values: Vec<(Name, Bytes)>,
}

impl Home {
    /// Sends the node that wrote a key last a copy that it may write, where nothing else has
    /// to do with the key; else one that it may read, if it may have any. To be called in the
    /// place of [`Home::push`], when all have been answered that waited for the key.
    pub fn lend(&mut self, now: Time, node: NodeId, name: &Name, payload: &Payload, out: &mut Out) {
        if !self.may_lend(now, node, name, payload) {
            return self.push(now, node, name, payload, out);
        }
        if !self.serves(now) {
            return;
        }
        // Nobody else has it, so that is as what it comes.
        if let Some(q) = self.send(now, node, name, payload, Label::Lent, out) {
            let (called, came, underway) = (false, None, None);
            let loan = Loan { node, q, called, came, underway, done: 0, over: false };
            self.lent.loans.insert(name.clone(), loan);
        }
    }

    fn may_lend(&self, now: Time, node: NodeId, name: &Name, payload: &Payload) -> bool {
        let fits = payload.value.is_some() && payload.left.is_none();
        let rests = self.lent.resting.get(name).is_some_and(|until| now < *until);
        // Replicas would go on showing what is in the log.
        self.settings.write_back
            && fits
            && !rests
            && now >= self.lent.from
            && node != self.me
            && name.key.len() <= NAME_BYTES_MAX
            && self.lent() < LENT_MAX
            && !self.is_followed()
            && !self.gates.touch(name)
            && self.shared_by(name) == 0
            && !self.is_lent(name)
            && self.borrows_now(node)
            && self.may_keep(node, payload).is_some()
    }

    /// A node writes keys by itself that are lent to it, as long as that session lasts.
    pub fn borrows(&mut self, from: NodeId, session: Session) {
        if let Some(seat) = self.seats.get_mut(&from) {
            seat.borrows = Some(session);
        }
    }

    fn borrows_now(&self, node: NodeId) -> bool {
        let session = self.session_of(node);
        session.is_some() && self.seats.get(&node).is_some_and(|seat| seat.borrows == session)
    }

    /// Lends nothing before a time.
    pub fn lend_nothing_before(&mut self, time: Time) {
        self.lent.from = self.lent.from.max(time);
    }

    /// Whether a key is lent to anybody.
    pub fn is_lent(&self, name: &Name) -> bool {
        self.lent.loans.contains_key(name)
    }

    /// How many keys are.
    pub fn lent(&self) -> usize {
        self.lent.loans.len()
    }

    /// How many operations a state must have seen of which anything may be shown: before that
    /// it may lack what was written to keys that were lent.
    pub fn back_at(&self) -> u64 {
        self.lent.back_at
    }

    /// Calls back what is lent of these keys; none: all keys. True: not all of it is back, so
    /// nothing that touches them may be proposed.
    pub fn must_wait(&mut self, now: Time, names: Option<&[&Name]>, out: &mut Out) -> bool {
        if self.lent() == 0 || !self.settings.rules.lent_called_back {
            return false;
        }
        self.pass_time(now, out);
        let Some(names) = names else {
            self.call_all_back(now, out);
            return self.lent() > 0;
        };
        let lent = names.iter().filter(|name| self.is_lent(name));
        let lent: Vec<Name> = lent.map(|name| Name::clone(name)).collect();
        self.call_back(now, &lent, out);
        lent.iter().any(|name| self.is_lent(name))
    }

    /// No key is lent any more, as soon as all are back.
    pub fn call_all_back(&mut self, now: Time, out: &mut Out) {
        self.pass_time(now, out);
        let names: Vec<Name> = self.lent.loans.keys().cloned().collect();
        self.call_back(now, &names, out);
    }

    /// Calls keys back, as far as that is not under way: those of a node together.
    pub(super) fn call_back(&mut self, now: Time, names: &[Name], out: &mut Out) {
        let mut by_node = BTreeMap::<NodeId, Vec<Name>>::new();
        for name in names {
            if let Some(loan) = self.lent.loans.get(name).filter(|loan| !loan.called) {
                by_node.entry(loan.node).or_default().push(name.clone());
            }
        }
        for names in by_node.values().flat_map(|names| names.chunks(RECALL_MAX)) {
            out.callbacks += names.len() as u64;
            self.recall(now, names.to_vec(), out);
        }
    }

    /// A key is called back, for whatever reason.
    pub(super) fn called_back(&mut self, now: Time, name: &Name) {
        let Some(loan) = self.lent.loans.get_mut(name) else { return };
        loan.called = true;
        self.lent.rest(name, now, self.settings.lent_rest);
    }

    /// A key that was called back is here again, or its node has given it back, or is forgotten.
    pub(super) fn back(&mut self, name: &Name, from: Option<NodeId>) {
        let keeps = self.settings.rules.flush_keeps_loan;
        self.lent.change(name, |loan| {
            if from.is_some_and(|from| loan.node != from) {
                return true;
            }
            (loan.called, loan.over) = (true, true);
            keeps && (loan.underway.is_some() || loan.came.is_some())
        });
    }

    /// A node is forgotten, and what it wrote and has not come is lost.
    pub(super) fn back_from(&mut self, node: NodeId) {
        let of = self.lent.loans.iter().filter(|(_, loan)| loan.node == node);
        let names: Vec<Name> = of.map(|(name, _)| name.clone()).collect();
        names.iter().for_each(|name| self.back(name, Some(node)));
    }

    /// What was written to a key that is lent.
    pub(super) fn flush(&mut self, from: NodeId, flush: Flush, out: &mut Out) {
        let Flush { session, name, q, number, value } = flush;
        let is_now = self.session_of(from) == Some(session);
        let anyway = !self.settings.rules.flush_of_loan;
        if anyway && !self.is_lent(&name) {
            let (came, underway) = (Some((number, value)), None);
            let loan = Loan { node: from, q, called: true, came, underway, done: 0, over: true };
            self.lent.loans.insert(name.clone(), loan);
            self.lent.ready.insert(name);
            return;
        }
        let Some(loan) = self.lent.loans.get(&name) else { return };
        if !is_now || loan.node != from || loan.q != q || loan.over {
            return;
        }
        if number <= loan.done {
            let flushed = Flushed { name, q, number: loan.done };
            return out.messages.push((from, ToNode::Flushed { session, flushed }));
        }
        let newest = loan.came.as_ref().map(|(number, _)| *number).max(loan.underway);
        if newest < Some(number) {
            out.flushes += 1;
            self.lent.change(&name, |loan| {
                loan.came = Some((number, value));
                true
            });
        }
    }

    /// Whether anything goes into the log ahead of what waits.
    pub fn has_ahead(&self) -> bool {
        !self.lent.ready.is_empty()
    }

    /// What does. It is proposed at once: the state has seen `after` operations.
    pub fn ahead(&mut self, now: Time, after: u64, out: &mut Out) -> Option<Ahead> {
        self.pass_time(now, out);
        self.limbo = None;
        self.reached(after);
        let (mut values, mut flushed, mut bytes) = (Vec::new(), Vec::new(), 0);
        while values.len() < AHEAD_MAX
            && bytes < AHEAD_BYTES_MAX
            && let Some(name) = self.lent.ready.pop_first()
        {
            self.lent.change(&name, |loan| {
                if let Some((number, value)) = loan.came.take() {
                    bytes += value.len();
                    loan.underway = Some(number);
                    flushed.push((name.clone(), loan.q, number));
                    values.push((name.clone(), value));
                }
                true
            });
        }
        if values.is_empty() {
            return None;
        }
        let rest = Gate::default();
        let gate = self.gates.add(Gate { flushed, after, known: after + 1, sent: now, ..rest });
        Some(Ahead { gate, values })
    }

    /// Whether an entry is one of those values.
    pub fn is_ahead(&self, id: GateId) -> bool {
        self.gates.get(id).is_some_and(|gate| !gate.flushed.is_empty())
    }

    /// Values will never be in the log, as far as their entry goes: they may come again.
    pub fn failed(&mut self, id: GateId, out: &mut Out) {
        let Some(gate) = self.gates.get_mut(id) else { return };
        for (name, _, _) in std::mem::take(&mut gate.flushed) {
            let mut over = false;
            self.lent.change(&name, |loan| {
                (loan.underway, over) = (None, loan.over);
                !over
            });
            if over {
                self.release(&name, out);
            }
        }
    }

    /// Values are in the log.
    pub(super) fn flushed(&mut self, id: GateId, out: &mut Out) {
        let Some(gate) = self.gates.get_mut(id) else { return };
        let flushed = std::mem::take(&mut gate.flushed);
        if !flushed.is_empty() {
            self.lent.back_at = self.lent.back_at.max(self.seq);
        }
        for (name, q, number) in flushed {
            let (mut to, mut over) = (None, false);
            self.lent.change(&name, |loan| {
                if loan.q == q {
                    (loan.underway, loan.done) = (None, number);
                    (to, over) = (Some(loan.node), loan.over && loan.came.is_none());
                }
                !over
            });
            if over {
                self.release(&name, out);
            }
            if let Some((node, session)) = to.and_then(|node| Some((node, self.session_of(node)?)))
            {
                let flushed = Flushed { name, q, number };
                out.messages.push((node, ToNode::Flushed { session, flushed }));
            }
        }
    }
}
