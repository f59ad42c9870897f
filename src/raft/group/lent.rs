//! Keys that are lent: what was written to them elsewhere goes into the log first.
//!
//! Before an entry is proposed that touches such a key the watcher calls the key back, and
//! the entry waits, with everything behind it. What comes back is an entry of its own, ahead
//! of the others; where both wait they take turns.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use lockstep_core::shard::VERSION;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout};

use super::{Group, Inner, Underway};
use crate::batch::{Batch, Ops};
use crate::office::Phase;
use crate::tickets::Ticket;

/// How often it is looked whether an entry still has to wait, and may.
const LOOK: Duration = Duration::from_millis(20);
/// How long a leader that hands over waits for what it has lent.
const BACK_WAIT: Duration = Duration::from_millis(800);

/// The group has failed.
pub(super) struct Failed;

impl Group {
    /// Whether any key is lent, and whether something was written to such keys that is to go
    /// into the log ahead of what waits ([`Watcher::ahead`](crate::Watcher::ahead)). A state that
    /// has not seen `back_at` operations may lack what was written to keys that are back.
    pub fn lends(&self, lends: bool, ahead: bool, back_at: u64) {
        self.inner.watched.lends(lends, ahead, back_at);
    }

    /// Some of what was lent is back.
    pub fn lends_less(&self) {
        self.inner.watched.lends_less();
    }

    /// Has everything brought back that is lent, since another node is to lead; or as much
    /// as comes in time.
    pub(super) async fn bring_back(&self) {
        let watched = &self.inner.watched;
        // Also where nothing is lent yet: entries are on their way that have keys lent.
        watched.yields();
        let until = Instant::now() + BACK_WAIT;
        while watched.lends_any() && Instant::now() < until {
            tokio::time::sleep(LOOK / 10).await;
        }
    }
}

impl Inner {
    /// Proposes what goes ahead. The permit comes back if there is nothing.
    pub(super) async fn propose_ahead(
        &self,
        last_ms: &mut u64,
        permit: OwnedSemaphorePermit,
    ) -> Result<Option<OwnedSemaphorePermit>, Failed> {
        if !self.has_ahead() {
            return Ok(Some(permit));
        }
        let mut ops = Ops::default();
        let Some(gate) = self.watched.ahead(&mut |op| ops.write(op)) else {
            return Ok(Some(permit));
        };
        let ticket = Ticket { count: ops.len(), has_ahead: false, mailbox: Arc::default() };
        *last_ms = self.clock.now_ms().max(*last_ms);
        let batch = Batch::join(*last_ms, VERSION, &mut [ops]);
        let underway = self.watched.begin_with(Some(gate));
        match self.hand_in(batch, vec![ticket], permit, underway).await {
            true => Ok(None),
            false => Err(Failed),
        }
    }

    /// Begins an entry as soon as nothing that it touches is lent. None: this replica does not
    /// take it any more.
    pub(super) async fn begin(
        &self,
        last_ms: &mut u64,
        batch: &Batch,
        mut permit: OwnedSemaphorePermit,
    ) -> Result<Option<(Underway, OwnedSemaphorePermit)>, Failed> {
        loop {
            if let Some(underway) = self.watched.begin(batch, &self.shard) {
                return Ok(Some((underway, permit)));
            }
            let may_wait = || self.office.phase() == Phase::Open && self.office.takes();
            permit = match self.propose_ahead(last_ms, permit).await? {
                Some(permit) => {
                    // Looks again in any case: a lease may have ended.
                    let _ = timeout(LOOK, self.watched.rung()).await;
                    permit
                }
                None => loop {
                    let next = self.in_flight.clone().acquire_owned();
                    match timeout(LOOK, next).await {
                        Ok(permit) => break permit.expect("the semaphore is never closed"),
                        Err(_) if may_wait() => {}
                        Err(_) => return Ok(None),
                    }
                },
            };
            if !may_wait() || *self.stop.borrow() {
                return Ok(None);
            }
        }
    }

    /// Whether something goes ahead.
    pub(super) fn has_ahead(&self) -> bool {
        self.watched.has_ahead.load(SeqCst)
    }
}
