//! One wait of a coordinator; and where tests break it off.

use std::time::Duration;

use lockstep_core::locks::Op;
use lockstep_core::{Fault, Outcome, ShardId, Wait};

use super::coordinator::{Coordinator, Halt};
use super::{Asked, End, Expected, Seat, Why, as_part};
use crate::{Delivery, Host};

/// The answer to a wait that was taken back.
const UNBLOCKED: Outcome = Outcome::Fault(Fault::Unblocked);

/// How long an answer that may have been lost is waited for.
const LAST_ANSWER: Duration = Duration::from_secs(1);

impl Expected {
    /// Takes a request back that waits, by the operation that ends the wait: its
    /// answer, which may have come before.
    pub async fn take_back(
        &self,
        host: &Host,
        shard: ShardId,
        cancel: &lockstep_core::Op<'_>,
    ) -> Delivery {
        let taken_back = async {
            // What cannot be told is answered by nobody.
            let _ = host.insist(shard, cancel).await;
            tokio::time::sleep(LAST_ANSWER).await;
        };
        tokio::select! {
            biased;
            delivery = self.mailbox.take() => delivery,
            () = taken_back => Delivery::Unknown,
        }
    }
}

/// What happens to somebody who waits.
enum Event {
    /// The answer.
    Answered(Delivery),
    /// It may have been lost.
    Adrift,
    /// The coordinator was told to stop.
    Stopped(Why),
    /// It is time to renew the leases.
    Renew,
    /// Its time has long been up: nobody leads the shard.
    Overdue,
}

/// How much longer than it may wait an answer is waited for. The shard ends the wait
/// in time if it has a leader.
const OVERDUE_AFTER: Duration = Duration::from_secs(2);

/// How long a wait may take to be taken back then.
const TAKE_BACK_MAX: Duration = Duration::from_millis(500);

impl<S: Seat> Coordinator<S> {
    /// Asks for one lock and waits for it.
    pub(super) async fn ask_and_wait(
        &mut self,
        shard: ShardId,
        at: usize,
    ) -> Result<Outcome, Halt<S>> {
        let Some(block_ms) = self.rest_ms() else { return Ok(Outcome::Nil) };
        let origin = self.asked.origin;
        let Some(request) = self.asked.requests.next() else {
            return Err(self.ends(End::Uncertain));
        };
        let expected = self.asked.seat.enter(request, shard);
        let part_ms = self.part_ms();
        let Asked { plan, terms, line, .. } = &mut self.asked;
        let wait = Wait::For { origin, request, block_ms };
        let terms = as_part(&super::read(terms), part_ms);
        let terms = terms.in_mode(plan.mode(at)).waiting(Some(wait));
        let ops = line.share(shard, Op::Acquire { name: plan.name(at), terms });
        let outcome = match self.write(shard, ops).await {
            Ok(Outcome::Waits) => self.await_answer(shard, at, request, &expected).await,
            other => other,
        };
        self.asked.seat.leave(request);
        outcome
    }

    async fn await_answer(
        &mut self,
        shard: ShardId,
        at: usize,
        request: u64,
        expected: &Expected,
    ) -> Result<Outcome, Halt<S>> {
        loop {
            let answer = match self.next_event(expected).await {
                Event::Answered(delivery) => delivery,
                Event::Adrift if self.still_waits(shard, at, request).await => continue,
                Event::Adrift => self.take_back(shard, at, request, expected).await,
                Event::Stopped(why) => {
                    // What it was given meanwhile is given back with the rest.
                    self.take_back(shard, at, request, expected).await;
                    return Err(Halt::Stopped(why));
                }
                Event::Overdue => {
                    let taken_back = self.take_back(shard, at, request, expected);
                    match tokio::time::timeout(TAKE_BACK_MAX, taken_back).await {
                        Ok(Delivery::Done(outcomes)) if outcomes != [UNBLOCKED] => {
                            Delivery::Done(outcomes)
                        }
                        _ => return Ok(Outcome::Nil),
                    }
                }
                Event::Renew => {
                    if let Err(halt) = self.renew().await {
                        self.take_back(shard, at, request, expected).await;
                        return Err(halt);
                    }
                    continue;
                }
            };
            return match answer {
                Delivery::Done(mut outcomes) => Ok(outcomes.pop().unwrap_or(Outcome::Nil)),
                other => Err(self.ends(End::Undone(shard, &other))),
            };
        }
    }

    async fn next_event(&mut self, expected: &Expected) -> Event {
        let renews = self.has_got_something();
        let (renew_at, deadline) = (self.renew_at, self.deadline());
        let overdue = deadline.map_or(renew_at, |deadline| deadline + OVERDUE_AFTER);
        tokio::select! {
            biased;
            delivery = expected.mailbox.take() => Event::Answered(delivery),
            why = stopped(&mut self.stop) => Event::Stopped(why),
            () = expected.adrift.notified() => Event::Adrift,
            () = tokio::time::sleep_until(renew_at), if renews => Event::Renew,
            () = tokio::time::sleep_until(overdue), if deadline.is_some() => Event::Overdue,
        }
    }

    /// Whether the shard still has the request.
    async fn still_waits(&self, shard: ShardId, at: usize, request: u64) -> bool {
        let Asked { seat, plan, origin, .. } = &self.asked;
        let name = plan.name(at);
        let op = Op::LookAtWait {
            name,
            origin: *origin,
            request,
            owner: None,
            mode: plan.mode(at),
            full: false,
        };
        let looked = seat.host().insist(shard, &lockstep_core::Op::Lock { op }).await;
        matches!(looked, Delivery::Done(outcomes) if outcomes == [Outcome::Waits])
    }

    /// Ends the wait; the answer, which may have come before.
    async fn take_back(
        &mut self,
        shard: ShardId,
        at: usize,
        request: u64,
        expected: &Expected,
    ) -> Delivery {
        let Asked { seat, plan, origin, .. } = &self.asked;
        let op = Op::CancelWait { name: plan.name(at), origin: *origin, request, error: true };
        expected.take_back(seat.host(), shard, &lockstep_core::Op::Lock { op }).await
    }
}

async fn stopped(stop: &mut tokio::sync::watch::Receiver<Option<Why>>) -> Why {
    match stop.wait_for(Option::is_some).await.map(|why| *why) {
        Ok(Some(why)) => why,
        // Nobody is left who could wait for it.
        _ => Why::Gone,
    }
}

/// Counts what a coordinator does, so that a test can break it off anywhere.
#[doc(hidden)]
#[derive(Debug, Default)]
pub struct Steps {
    /// How many are left; none: all of them.
    pub left: Option<usize>,
}

impl Steps {
    /// The next step begins. Where a test wants it to die, it never does.
    pub(super) async fn next(&mut self) {
        if let Some(left) = &mut self.left {
            if *left == 0 {
                return std::future::pending().await;
            }
            *left -= 1;
        }
    }
}
