//! How what gathers in the inbox becomes entries, one behind the other.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use lockstep_core::keys::Class;
use lockstep_core::shard::VERSION;
use lockstep_core::wire::Wire;
use lockstep_core::{Effects, Op, Outcome, Read};
use parking_lot::RwLockReadGuard;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::lent::Failed;
use super::{Inner, Underway};
use crate::batch::{Batch, Ops};
use crate::mailbox::{Delivery, Mailbox, Refusal};
use crate::office::Phase;
use crate::runtime::read;
use crate::tickets::{Answer, Ticket, Tickets};
use crate::types::LeaderId;
use crate::watcher::Come;

/// How often the other tasks get a turn before an entry is closed: connections
/// that are ready hand in their shares, and an entry of many costs little more
/// than an entry of one. Three gave entries of 31 operations with 50 clients
/// where none gave 25; more than three gave no more.
const TURNS: usize = 3;
/// How often it is looked, while an entry is on its way, whether there is any hope
/// for what waits behind it.
const REFUSE_LOOK: Duration = Duration::from_millis(50);
/// After how many reads whoever writes gets a turn.
const READS_PER_TURN: usize = 64;

/// Turns what gathers in the inbox into entries, until the group stops.
pub(super) async fn run(inner: Arc<Inner>) {
    let mut stop = inner.stop.subscribe();
    let mut last_ms = 0;
    let mut turn = Turn::default();
    let mut look = pin!(tokio::time::sleep(REFUSE_LOOK));
    loop {
        // More gathers while all entries that may be in flight are. Nobody is rung
        // for before there is room for one more: that would be a wake-up for nothing.
        let permit = loop {
            tokio::select! {
                biased;
                _ = stop.changed() => return,
                permit = inner.in_flight.clone().acquire_owned() => break permit,
                () = &mut look => {
                    inner.refuse_if_cut_off();
                    look.as_mut().reset(Instant::now() + REFUSE_LOOK);
                }
            }
        };
        if inner.inbox.is_empty() && !inner.has_ahead() {
            // A group that stops waits for all permits.
            drop(permit);
            tokio::select! {
                biased;
                _ = stop.changed() => return,
                () = inner.inbox.filled() => continue,
                () = inner.watched.rung() => continue,
            }
        }
        let permit = permit.expect("the semaphore is never closed");
        match inner.office.phase() {
            Phase::Open => {}
            Phase::Taking => {
                drop(permit);
                tokio::select! {
                    biased;
                    _ = stop.changed() => return,
                    () = inner.office.left(Phase::Taking) => {}
                }
                continue;
            }
            Phase::Away | Phase::Yielding => {
                inner.inbox.refuse(Refusal::NotLeader);
                inner.watched.has_ahead.store(false, Ordering::SeqCst);
                continue;
            }
        }
        for _ in 0..TURNS {
            tokio::task::yield_now().await;
        }
        if !inner.propose(&mut last_ms, &mut turn, permit).await {
            return;
        }
    }
}

/// Whose turn it is: what goes ahead comes first, and not again before what waits.
#[derive(Debug, Default)]
struct Turn {
    was_ahead: bool,
}

impl Turn {
    /// Whether it is that of what goes ahead, where nothing else waits or something does.
    fn is_ahead(&mut self, nothing_waits: bool) -> bool {
        self.was_ahead = nothing_waits || !self.was_ahead;
        self.was_ahead
    }
}

impl Inner {
    /// What waits behind an entry that gets no majority is refused: it was not
    /// proposed, and may be tried elsewhere.
    fn refuse_if_cut_off(&self) {
        if !self.office.takes() {
            self.inbox.refuse(Refusal::NotLeader);
        }
    }

    /// Makes one entry of what has gathered. False: the group has failed.
    async fn propose(
        &self,
        last_ms: &mut u64,
        turn: &mut Turn,
        mut permit: OwnedSemaphorePermit,
    ) -> bool {
        if turn.is_ahead(self.inbox.is_empty()) {
            permit = match self.propose_ahead(last_ms, permit).await {
                Ok(Some(permit)) => permit,
                Ok(None) => return true,
                Err(Failed) => return false,
            };
        }
        let (mut parts, tickets) = self.inbox.take();
        if parts.is_empty() {
            // Closed meanwhile.
            return true;
        }
        *last_ms = self.clock.now_ms().max(*last_ms);
        let batch = Batch::join(*last_ms, VERSION, &mut parts);
        self.entries.fetch_add(1, Ordering::Relaxed);
        let count = parts.iter().map(|part| u64::from(part.count)).sum();
        self.operations.fetch_add(count, Ordering::Relaxed);
        // Before anybody else can know of it.
        match self.begin(last_ms, &batch, permit).await {
            Ok(Some((underway, permit))) => self.hand_in(batch, tickets, permit, underway).await,
            Ok(None) => {
                for ticket in tickets {
                    ticket.mailbox.put(Delivery::Refused(Refusal::NotLeader));
                }
                true
            }
            Err(Failed) => false,
        }
    }

    /// Hands an entry to Raft. False: the group has failed.
    pub(super) async fn hand_in(
        &self,
        batch: Batch,
        tickets: Vec<Ticket>,
        permit: OwnedSemaphorePermit,
        underway: Underway,
    ) -> bool {
        let sink = self.effects.clone();
        let tickets = Tickets::new(tickets, self.fetch.clone(), sink, permit, underway);
        let answer = Answer::new(move |result| tickets.complete(result));
        if let Err(why) = self.raft.client_write_ff(batch, Some(answer)).await {
            tracing::error!(shard = self.id.0, %why, id = "LS-2001", "the group has failed");
            return false;
        }
        true
    }

    /// Answers a share of reads from the state; the lease is looked at after the
    /// state was.
    pub(super) fn look(&self, ops: Ops, mailbox: &Arc<Mailbox>) -> Result<(), Refusal> {
        if self.office.phase() == Phase::Taking {
            return self.look_early(&ops, mailbox);
        }
        let outcomes = match self.look_at(&ops) {
            Look::Found(outcomes) => outcomes,
            Look::Behind(ahead) => return self.inbox.put(ahead.of_reads(ops), mailbox.clone()),
        };
        if !self.office.leads() {
            return Err(Refusal::NotLeader);
        }
        self.tell_missed(&ops);
        self.fetch.deliver(outcomes, mailbox);
        Ok(())
    }

    /// The same while this replica leads and does not serve yet, for what older leaders can
    /// have left nothing of. Nothing is proposed meanwhile.
    fn look_early(&self, ops: &Ops, mailbox: &Arc<Mailbox>) -> Result<(), Refusal> {
        let leads = || self.takes_over().ok_or(Refusal::NotLeader);
        // In front of the look and behind it: all that was committed is there, and nothing
        // else.
        let (leader, _) = leads()?;
        let (outcomes, come) = self.look_at_lasting(ops).ok_or(Refusal::NotLeader)?;
        let shown = leads().is_ok_and(|(still, quorum)| {
            still == leader && self.watched.shows_early(reads_of(ops), come, quorum)
        });
        if !shown {
            return Err(Refusal::NotLeader);
        }
        self.tell_missed(ops);
        self.fetch.deliver(outcomes, mailbox);
        Ok(())
    }

    /// As which leader this replica does not serve yet, though all that was committed before
    /// is applied and a quorum stands behind it; and when it sent what that acknowledged.
    fn takes_over(&self) -> Option<(LeaderId, Instant)> {
        let taking = self.office.taking_over();
        taking.filter(|(leader, _)| self.progress.applied_as() == Some(*leader))
    }

    /// What is found of keys that no clock changes; none: something else is asked for.
    fn look_at_lasting(&self, ops: &Ops) -> Option<(Vec<Outcome>, Come)> {
        let shard = read(&self.shard);
        let read = |op: Op<'_>| match op {
            Op::Key { op } => shard.read_lasting(&op),
            _ => None,
        };
        let outcomes: Option<Vec<Outcome>> = reads_of(ops).map(read).collect();
        Some((outcomes?, Come { seq: shard.seq(), touched_at: self.watched.touched_at() }))
    }

    /// Tells whoever listens of the keys that reads did not find.
    fn tell_missed(&self, ops: &Ops) {
        if !self.inbox.limits().hears(Class::Miss) {
            return;
        }
        let mut fx = Effects::default();
        let shard = read(&self.shard);
        for op in reads_of(ops) {
            let missed = shard.missed(self.clock.now_ms(), &op);
            missed.into_iter().for_each(|happened| fx.push_key_event(happened));
        }
        drop(shard);
        (self.effects)(fx.take(), true);
    }

    /// Whether what was found in a state that has seen so many operations may be told.
    fn shows_all(&self, ops: &Ops, seq: u64) -> bool {
        self.watched.is_all_open() || reads_of(ops).all(|op| self.watched.shows(&op, seq))
    }

    /// What is found, as far as it may be told.
    fn look_at(&self, ops: &Ops) -> Look {
        let now_ms = self.clock.now_ms();
        let mut outcomes = Vec::with_capacity(ops.reads.len());
        let mut shard = read(&self.shard);
        let first = shard.seq();
        for (number, (_, read)) in ops.reads.iter().enumerate() {
            let op = Op::take(&mut &read[..]).expect("encoded by this process, or checked");
            if let Some(ahead) = shard.ahead_of(now_ms, &op) {
                return Look::Behind(Ops::ahead(&ahead));
            }
            match shard.read(now_ms, &op) {
                Read::Done(outcome) => outcomes.push(outcome),
                Read::TickFirst => return Look::Behind(Ops::ahead(&Op::Tick {})),
            }
            if number % READS_PER_TURN == READS_PER_TURN - 1 {
                RwLockReadGuard::bump(&mut shard);
            }
        }
        let seq = shard.seq();
        drop(shard);
        if self.watched.is_back(first) && self.shows_all(ops, seq) {
            Look::Found(outcomes)
        } else {
            Look::Behind(Ops::ahead(&Op::Tick {}))
        }
    }
}

/// What came of a look at the state.
enum Look {
    /// What a share of reads found.
    Found(Vec<Outcome>),
    /// They have to be carried out behind this: the clock of the shard has to move, or one of
    /// them needs something written.
    Behind(Ops),
}

/// The operations of a share that only reads.
fn reads_of(ops: &Ops) -> impl Iterator<Item = Op<'_>> {
    ops.reads
        .iter()
        .map(|(_, read)| Op::take(&mut &read[..]).expect("encoded by this process, or checked"))
}
