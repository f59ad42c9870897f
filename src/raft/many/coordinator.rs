//! How several locks are taken and, where that fails, given back.

use std::ops::Range;
use std::time::Duration;

use futures_util::future::join_all;
use lockstep_core::locks::{Again, Op, Owner, Terms};
use lockstep_core::{Fault, Outcome, ShardId, Wait};
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;

use super::step::Steps;
use super::{Answered, Asked, End, Seat, Why, as_part, at_once};
use crate::{Delivery, Ops};

/// How often it begins anew when something was lost that it had got.
const ATTEMPTS: usize = 3;

/// How long the client waits at most until everything is given back. What takes
/// longer ends with its lease.
const GIVE_BACK_WAIT: Duration = Duration::from_secs(1);

/// Takes several locks, all or none.
pub struct Coordinator<S> {
    pub(super) asked: Asked<S>,
    pub(super) stop: watch::Receiver<Option<Why>>,
    /// What it has got, of each name in the order they are taken.
    got: Vec<Option<Got>>,
    /// How many names it has asked for: it may hold those, known or not.
    asked_for: usize,
    /// How many runs may be confirmed.
    confirmed: usize,
    /// When the leases have to be renewed.
    pub(super) renew_at: Instant,
    /// When it gives up waiting; none: never.
    deadline: Option<Instant>,
    waits: bool,
    /// Where tests break it off.
    #[doc(hidden)]
    pub steps: Steps,
    /// What it got is given back when it does not get all; tests find out what that is
    /// good for.
    #[doc(hidden)]
    pub gives_back: bool,
}

/// A lock it has got.
#[derive(Clone, Copy, Debug)]
struct Got {
    token: i64,
    /// The owner held it before, for good.
    before: bool,
}

/// Why it does not go on.
pub(super) enum Halt<S: Seat> {
    /// Not all are to be had, or not in time.
    NotGot,
    /// This is the answer.
    Answer(Answered<S>),
    /// It was told to stop.
    Stopped(Why),
    /// Something that it had got is gone.
    Lost,
}

impl<S: Seat> Coordinator<S> {
    /// One that has not begun yet. It is told to stop by `stop`.
    pub fn new(asked: Asked<S>, stop: watch::Receiver<Option<Why>>) -> Self {
        let wait = asked.terms().wait();
        let block_ms = wait.map_or(0, |Wait::For { block_ms, .. }| block_ms);
        let now = Instant::now();
        let deadline = (block_ms > 0).then(|| now.checked_add(Duration::from_millis(block_ms)));
        Coordinator {
            got: vec![None; asked.plan.len()],
            asked_for: 0,
            confirmed: 0,
            renew_at: now,
            deadline: deadline.flatten(),
            waits: wait.is_some(),
            steps: Steps::default(),
            gives_back: true,
            asked,
            stop,
        }
    }

    /// Does its work and tells what came of it.
    pub async fn run(mut self, tell: oneshot::Sender<Answered<S>>) {
        let mut answer = Err(self.asked.seat.refusal(End::Lost));
        for _ in 0..ATTEMPTS {
            match self.take_all().await {
                Ok(()) => {
                    // Of a connection that is gone the shards may have been told so
                    // before. What is not its own is left to its lease.
                    if self.is_gone() {
                        self.give_back().await;
                    }
                    // Nobody hears it whose connection is gone.
                    let _ = tell.send(Ok(self.tokens()));
                    return;
                }
                Err(Halt::Lost) => self.give_back().await,
                Err(halt) => {
                    answer = match halt {
                        Halt::NotGot | Halt::Lost => Ok(Outcome::Nil),
                        Halt::Answer(answer) => answer,
                        Halt::Stopped(why) => self.broken_off(why),
                    };
                    break;
                }
            }
        }
        let victim = answer.as_ref().is_ok_and(is_deadlock) && self.loses_all();
        let mut given_back = Box::pin(async move {
            self.give_back().await;
            if victim {
                self.give_up_all().await;
            }
        });
        let in_time = tokio::time::timeout(GIVE_BACK_WAIT, &mut given_back).await;
        let _ = tell.send(answer);
        if in_time.is_err() {
            given_back.await;
        }
    }

    /// Whether the owner is a connection that is over.
    fn is_gone(&self) -> bool {
        matches!(self.asked.terms().owner(), Owner::Connection { .. })
            && *self.stop.borrow() == Some(Why::Gone)
    }

    async fn take_all(&mut self) -> Result<(), Halt<S>> {
        self.open_session().await?;
        let runs = self.asked.plan.runs().to_vec();
        for run in &runs {
            self.take_run(run.shard, run.names.clone()).await?;
        }
        if self.confirmed == 0 {
            self.confirm_all().await?;
        }
        Ok(())
    }

    /// Has the shards let the session in that the holds are to live by.
    async fn open_session(&mut self) -> Result<(), Halt<S>> {
        let id = self.asked.terms().session().map(<[u8]>::to_vec);
        let Some(id) = id else { return Ok(()) };
        for shard in self.asked.plan.shards() {
            let opened = self.asked.seat.open(&id, shard).await;
            opened.map_err(|refusal| Halt::Answer(Err(refusal)))?;
        }
        Ok(())
    }

    /// Takes neighbours of one shard.
    async fn take_run(&mut self, shard: ShardId, mut rest: Range<usize>) -> Result<(), Halt<S>> {
        while !rest.is_empty() {
            if self.take_at_once(shard, rest.clone()).await? {
                return Ok(());
            }
            if !self.waits {
                return Err(Halt::NotGot);
            }
            self.wait_for(shard, rest.start).await?;
            rest.start += 1;
        }
        Ok(())
    }

    /// Takes several locks of a shard at once; whether they were to be had. Where
    /// they are all that there is to take, they are taken for good.
    async fn take_at_once(&mut self, shard: ShardId, names: Range<usize>) -> Result<bool, Halt<S>> {
        let all = names == (0..self.asked.plan.len());
        let Asked { plan, terms, line, part_ms, .. } = &mut self.asked;
        let terms = super::read(terms);
        let terms = if all { terms } else { as_part(&terms, *part_ms) };
        let op = at_once(plan.names(names.clone()), plan.modes(names.clone()), &terms);
        let ops = line.share(shard, op);
        if all {
            self.confirmed = 1;
        } else {
            self.asked_for = names.end;
        }
        match self.write(shard, ops).await? {
            Outcome::List(tokens) if tokens.len() == names.len() => {
                for (at, token) in names.zip(tokens) {
                    self.note(at, &token)?;
                }
                Ok(true)
            }
            Outcome::Nil => {
                self.confirmed = 0;
                Ok(false)
            }
            other => {
                self.confirmed = 0;
                Err(Halt::Answer(Ok(other)))
            }
        }
    }

    /// Takes one lock, waiting for it.
    async fn wait_for(&mut self, shard: ShardId, at: usize) -> Result<(), Halt<S>> {
        self.asked_for = at + 1;
        loop {
            let outcome = self.ask_and_wait(shard, at).await?;
            match outcome {
                // The answer was lost, and the wait was taken back: once more.
                Outcome::Fault(Fault::Unblocked) => {}
                Outcome::Nil => return Err(Halt::NotGot),
                Outcome::Int(_) => return self.note(at, &outcome),
                other => return Err(Halt::Answer(Ok(other))),
            }
        }
    }

    /// Notes what it has got. A token that differs from the one before is that of
    /// another hold: the first one is gone.
    fn note(&mut self, at: usize, token: &Outcome) -> Result<(), Halt<S>> {
        let Outcome::Int(token) = *token else { return Err(self.ends(End::Uncertain)) };
        let got = Got { token: token.saturating_abs(), before: token < 0 };
        match &self.got[at] {
            Some(there) if there.token != got.token => Err(Halt::Lost),
            Some(_) => Ok(()),
            None => {
                self.got[at] = Some(got);
                self.renewed();
                Ok(())
            }
        }
    }

    fn renewed(&mut self) {
        if self.got.iter().flatten().count() == 1 {
            self.renew_at = Instant::now() + self.third();
        }
    }

    fn third(&self) -> Duration {
        Duration::from_millis(self.asked.part_ms / 3)
    }

    /// Renews the leases of what it has got so far.
    pub(super) async fn renew(&mut self) -> Result<(), Halt<S>> {
        let runs = self.asked.plan.runs().to_vec();
        for run in runs {
            let held = run.names.clone().take_while(|&at| self.got[at].is_some()).count();
            if held == 0 {
                break;
            }
            let names = run.names.start..run.names.start + held;
            let Asked { plan, terms, line, part_ms, .. } = &mut self.asked;
            let mut terms = as_part(&super::read(terms), *part_ms);
            let Terms::Of { again, id, .. } = &mut terms;
            (*again, *id) = (Again::Same {}, None);
            let op = at_once(plan.names(names.clone()), plan.modes(names.clone()), &terms);
            let ops = line.share(run.shard, op);
            match self.write(run.shard, ops).await? {
                Outcome::List(tokens) => {
                    for (at, token) in names.zip(tokens) {
                        self.note(at, &token)?;
                    }
                }
                _ => return Err(Halt::Lost),
            }
        }
        self.renew_at = Instant::now() + self.third();
        Ok(())
    }

    async fn confirm_all(&mut self) -> Result<(), Halt<S>> {
        if Instant::now() >= self.renew_at {
            self.renew().await?;
        }
        let runs = self.asked.plan.runs().to_vec();
        for (at, run) in runs.into_iter().enumerate() {
            let Asked { plan, terms, line, .. } = &mut self.asked;
            let Terms::Of { owner, lease_ms, .. } = super::read(terms);
            let op = Op::Confirm { names: plan.names(run.names.clone()), owner, lease_ms };
            let ops = line.share(run.shard, op);
            self.confirmed = at + 1;
            match self.write(run.shard, ops).await? {
                Outcome::Int(1) => {}
                Outcome::Int(_) => {
                    self.confirmed = at;
                    return Err(Halt::Lost);
                }
                other => return Err(Halt::Answer(Ok(other))),
            }
        }
        Ok(())
    }

    /// Hands in an operation, unless it was told to stop.
    pub(super) async fn write(&mut self, shard: ShardId, ops: Ops) -> Result<Outcome, Halt<S>> {
        if let Some(why) = *self.stop.borrow() {
            return Err(Halt::Stopped(why));
        }
        self.steps.next().await;
        let delivery = super::line::hand_in(self.asked.seat.host(), shard, ops).await;
        self.steps.next().await;
        match delivery {
            Delivery::Done(mut outcomes) => Ok(outcomes.pop().unwrap_or(Outcome::Nil)),
            other => Err(self.ends(End::Undone(shard, &other))),
        }
    }

    /// Gives back whatever it may have got, however long that takes.
    async fn give_back(&mut self) {
        if !self.gives_back {
            return;
        }
        let mut last_words: Vec<(ShardId, Ops)> = Vec::new();
        for (at, run) in self.asked.plan.runs().to_vec().into_iter().enumerate() {
            let asked_for = run.names.start..run.names.end.min(self.asked_for);
            let confirmed = at < self.confirmed;
            if confirmed || self.counts() {
                let ours: Vec<usize> =
                    run.names.clone().filter(|&at| self.is_ours(at, confirmed)).collect();
                self.release(run.shard, &ours, &mut last_words);
            }
            if !confirmed && !asked_for.is_empty() {
                let Asked { plan, terms, line, .. } = &mut self.asked;
                let owner = *super::read(terms).owner();
                let op = Op::Abandon { names: plan.names(asked_for), owner };
                last_words.push((run.shard, line.share(run.shard, op)));
            }
        }
        // Those of one shard one behind the other: their numbers grow.
        for (shard, ops) in last_words {
            // What cannot be told ends with its lease.
            self.steps.next().await;
            let _ = self.asked.seat.host().insist_on(shard, ops).await;
        }
        self.got.fill(None);
        (self.asked_for, self.confirmed) = (0, 0);
    }

    /// Whether a lock has to be given back that is not, or no longer, a part: what
    /// the owner held before only where it was counted.
    fn is_ours(&self, at: usize, confirmed: bool) -> bool {
        self.got[at].is_some_and(|got| if got.before { self.counts() } else { confirmed })
    }

    fn release(&mut self, shard: ShardId, ours: &[usize], last_words: &mut Vec<(ShardId, Ops)>) {
        if ours.is_empty() {
            return;
        }
        let Asked { plan, terms, line, .. } = &mut self.asked;
        let owner: Owner<'_> = *super::read(terms).owner();
        let names = ours.iter().map(|&at| plan.name(at)).collect();
        let token = |at: &usize| self.got[*at].map_or(0, |got| got.token.unsigned_abs());
        let tokens = ours.iter().map(token).collect();
        let op = Op::ReleaseMany { names, tokens, owner, waits: false };
        last_words.push((shard, line.share(shard, op)));
    }

    fn counts(&self) -> bool {
        let Terms::Of { again, .. } = self.asked.terms();
        again == Again::Count {}
    }

    fn loses_all(&self) -> bool {
        let Terms::Of { release_on_deadlock, .. } = self.asked.terms();
        release_on_deadlock
    }

    /// The end of the work without an outcome.
    pub(super) fn ends(&self, end: End<'_>) -> Halt<S> {
        Halt::Answer(Err(self.asked.seat.refusal(end)))
    }

    /// What a client is told whose request was broken off.
    fn broken_off(&self, why: Why) -> Answered<S> {
        match why {
            Why::Unblocked(false) => Ok(Outcome::Nil),
            Why::Unblocked(true) | Why::Gone => Ok(Fault::Unblocked.into()),
            Why::GivenUp => Err(self.asked.seat.refusal(End::GivenUp)),
        }
    }

    /// Takes from the owner all that it holds and waits for, in all shards. What
    /// cannot be told ends with its lease, or with its connection.
    async fn give_up_all(&self) {
        let host = self.asked.seat.host();
        let terms = self.asked.terms();
        let op = lockstep_core::Op::Lock { op: Op::Surrender { owner: *terms.owner() } };
        let op = &op;
        join_all((0..host.map().shards()).map(|shard| host.insist(ShardId(shard), op))).await;
    }

    /// How much longer it may wait, in milliseconds; 0: without end. None: no
    /// longer.
    pub(super) fn rest_ms(&self) -> Option<u64> {
        let Some(deadline) = self.deadline else { return Some(0) };
        let rest = deadline.saturating_duration_since(Instant::now()).as_millis();
        u64::try_from(rest).ok().filter(|rest| *rest > 0)
    }

    /// When it gives up waiting; none: never.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    pub(super) fn part_ms(&self) -> u64 {
        self.asked.part_ms
    }

    pub(super) fn has_got_something(&self) -> bool {
        self.got.iter().any(Option::is_some)
    }

    fn tokens(&self) -> Outcome {
        let tokens: Vec<i64> = self.got.iter().map(|got| got.map_or(0, |got| got.token)).collect();
        Outcome::List(
            self.asked.plan.in_words_order(&tokens).into_iter().map(Outcome::Int).collect(),
        )
    }
}

/// Whether an answer says that the owner was chosen to break a cycle of waits.
pub fn is_deadlock(outcome: &Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Fault(Fault::Deadlock) | Outcome::Refused { fault: Fault::Deadlock, .. }
    )
}
