//! What beats for all groups of a node: heartbeats and election timers.
//!
//! One task for all groups. The heartbeats of all groups this node leads go to
//! each peer in one message, however many groups there are. Nodes come to beat
//! at the same time: they wake up once for all.

mod beats;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use lockstep_core::{NodeId, ShardId};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::group::Inner as Group;
use crate::message;
use crate::peers::{Peers, Served};
use crate::timing::Timing;
use crate::turnover::Turnover;
use beats::Beats;

/// How long the pulse sleeps when nothing is to be done.
const REST: Duration = Duration::from_secs(10);
/// How long the groups have to hand in their heartbeats for a message.
const GATHER: Duration = Duration::from_millis(1);

/// The heartbeat of a node, shared by its groups.
#[derive(Clone, Debug)]
pub struct Pulse(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    peers: Arc<dyn Peers>,
    timing: Timing,
    groups: Mutex<BTreeMap<ShardId, Weak<Group>>>,
    beats: Beats,
    turnover: Turnover,
    /// When the groups that this node leads give their next sign.
    next_beat: Mutex<Instant>,
    /// Rung when something has to be done earlier than expected.
    bell: Arc<Notify>,
    stopped: AtomicBool,
}

impl Pulse {
    /// Begins to beat. There is one for each node; it has to be started on the
    /// runtime the groups run on.
    pub fn start(_node: NodeId, peers: Arc<dyn Peers>, timing: Timing) -> Self {
        let pulse = Pulse(Arc::new(Inner {
            peers,
            timing,
            groups: Mutex::default(),
            beats: Beats::default(),
            turnover: Turnover::default(),
            next_beat: Mutex::new(Instant::now()),
            bell: Arc::default(),
            stopped: AtomicBool::new(false),
        }));
        tokio::spawn(run(Arc::downgrade(&pulse.0)));
        pulse
    }

    /// Answers the heartbeats of another node
    /// ([`Addressed::Heartbeats`](crate::message::Addressed::Heartbeats)).
    pub fn serve(&self, from: NodeId, beats: &[u8]) -> Served {
        self.0.beat_along();
        match beats::take(beats) {
            Ok(beats) => beats::answer(self, from, beats),
            Err(_) => Served::Now(message::nobody_here()),
        }
    }

    /// The connection to a node broke: every group it leads looks whether it is
    /// still there.
    pub fn link_lost(&self, node: NodeId) {
        for group in self.groups() {
            group.link_lost(node);
        }
    }

    /// Beats no more.
    pub fn stop(&self) {
        self.0.stopped.store(true, Ordering::Release);
        self.wake();
    }

    pub(crate) fn add(&self, group: &Arc<Group>) {
        self.0.groups.lock().insert(group.id, Arc::downgrade(group));
        self.wake();
    }

    pub(crate) fn remove(&self, shard: ShardId) {
        self.0.groups.lock().remove(&shard);
    }

    /// Something has to be done earlier than expected.
    pub(crate) fn wake(&self) {
        self.0.bell.notify_one();
    }

    #[cfg(test)]
    pub(crate) fn next_beat(&self) -> Instant {
        *self.0.next_beat.lock()
    }

    /// How often groups here had to look for leaders.
    pub(crate) fn turnover(&self) -> &Turnover {
        &self.0.turnover
    }

    fn groups(&self) -> Vec<Arc<Group>> {
        self.0.groups()
    }

    fn group(&self, shard: ShardId) -> Option<Arc<Group>> {
        self.0.groups.lock().get(&shard)?.upgrade()
    }
}

impl Inner {
    fn groups(&self) -> Vec<Arc<Group>> {
        self.groups.lock().values().filter_map(Weak::upgrade).collect()
    }

    /// Another node beats: this one does so as well, if it was soon about to.
    fn beat_along(&self) {
        let now = Instant::now();
        let mut next = self.next_beat.lock();
        if *next > now && *next - now <= self.timing.heartbeat / 2 {
            *next = now;
            self.bell.notify_one();
        }
    }

    /// Whether it is time to beat; if so, says when the next time will be.
    fn beat_is_due(&self, now: Instant) -> bool {
        let mut next = self.next_beat.lock();
        let due = *next <= now;
        if due {
            *next += self.timing.heartbeat;
            if *next <= now {
                *next = now + self.timing.heartbeat;
            }
        }
        due
    }
}

/// Beats until the pulse is stopped, or nobody holds it any more.
async fn run(pulse: Weak<Inner>) {
    loop {
        let Some(inner) = pulse.upgrade() else { return };
        if inner.stopped.load(Ordering::Acquire) {
            return;
        }
        let wake = round(&inner).await;
        let bell = inner.bell.clone();
        drop(inner);
        tokio::select! {
            biased;
            () = bell.notified() => {}
            () = tokio::time::sleep_until(wake) => {}
        }
    }
}

/// Does what is due, and says when to look again.
async fn round(inner: &Arc<Inner>) -> Instant {
    let now = Instant::now();
    let mut wake = now + REST;
    let groups = inner.groups();
    let leads = groups.iter().any(|group| group.office.has_followers());
    let beat = leads && inner.beat_is_due(now);
    let mut asked = false;
    for group in groups {
        let (campaign, again) = group.office.step(now);
        if campaign {
            inner.turnover.asked_votes();
            group.ask_votes().await;
        }
        wake = again.map_or(wake, |again| wake.min(again));
        if beat && group.office.has_followers() {
            asked |= group.beat(now).await;
        }
    }
    if leads {
        wake = wake.min(*inner.next_beat.lock());
    }
    // What Raft has to say goes into the same message.
    inner.beats.send_at(if asked { now + GATHER } else { now });
    inner.beats.send_due(inner, now).map_or(wake, |due| wake.min(due))
}
