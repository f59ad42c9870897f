//! Writing back (`cache-write-mode back`): keys that are lent to this node are written here,
//! and a little later in the log; and what other nodes wrote goes into the log here.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::Duration;

use bytes::Bytes;
use lockstep_cache::{At, Home, Name, SharerOut, Time, ToHome, Written};
use lockstep_core::keys::{self, Expiry, When};
use lockstep_core::{NodeId, Op, ShardId};
use lockstep_raft::Gate;
use lockstep_raft::runtime::lock;
use parking_lot::RwLock;

use super::counts::count;
use super::post::Post;
use super::seat::{Reign, Seat};
use super::{Cache, clock};
use crate::config::{Setting, Settings};

/// How long a node that stops waits until what it wrote is in the log.
const STOP_WAIT: Duration = Duration::from_secs(2);
/// How often it looks.
const LOOK_AGAIN: Duration = Duration::from_millis(5);
/// For how long a leader lends nothing that hands over, or that has no room.
const YIELD_FOR: Duration = Duration::from_secs(5);

/// Which keys are written back.
#[derive(Debug, Default)]
pub(super) struct Back {
    on: AtomicBool,
    /// Those whose names begin with it.
    prefix: RwLock<Arc<str>>,
    /// The node stops.
    closed: AtomicBool,
    /// Of how many keys the last writes here were lost, since the node began.
    losses: AtomicU64,
}

impl Back {
    pub(super) fn new(settings: &Settings) -> Self {
        let back = Back::default();
        back.set(settings);
        back
    }

    fn set(&self, settings: &Settings) {
        *self.prefix.write() = settings.text(Setting::CacheWritebackPrefix);
        let on = settings.word(Setting::CacheWriteMode) == "back";
        self.on.store(on && !self.closed.load(Relaxed), Relaxed);
    }

    /// Whether any keys are.
    pub(super) fn is_on(&self) -> bool {
        self.on.load(Relaxed)
    }

    /// Whether a key is.
    pub(super) fn covers(&self, key: &[u8]) -> bool {
        self.is_on() && key.starts_with(self.prefix.read().as_bytes())
    }
}

impl Cache {
    /// Whether any keys may be written here that others lead.
    pub(crate) fn is_writing_back(&self) -> bool {
        self.back.is_on()
    }

    /// Whether a key is lent to this node, and may be written here as far as its leader is
    /// concerned.
    pub(crate) fn borrows(&self, shard: ShardId, at: At<'_>) -> bool {
        let Some(seat) = self.seat(shard).filter(|_| self.back.covers(at.key)) else {
            return false;
        };
        // Whoever writes is lent nothing without a session.
        if seat.want(clock::now()) {
            self.bell.notify_one();
        }
        let leads = self.home_of(shard).is_none_or(|home| home == self.me);
        !leads && seat.sharer.lock().borrows(&Name::of(at.db, at.key))
    }

    /// Tells the home of a shard that this node writes back. A frame of its own: one that does
    /// not know the message drops what stands beside it.
    pub(super) fn tell_that_it_borrows(&self, seat: &Seat, home: Option<NodeId>) {
        let session = seat.sharer.lock().session().filter(|_| self.is_writing_back());
        if let (Some(home), Some(session)) = (home, session) {
            let mut post = Post::default();
            post.tell_home(home, seat.shard, &ToHome::Borrows { session });
            post.send(self);
        }
    }

    /// Writes a key here, if it is lent to this node.
    pub(crate) fn write(&self, shard: ShardId, at: At<'_>, value: &[u8]) -> Written {
        let Some(seat) = self.seat(shard).filter(|_| self.back.covers(at.key)) else {
            return Written::Elsewhere;
        };
        let fits = value.len() <= self.settings.size(Setting::CacheMaxValue);
        if !fits || !seat.pass.is_known() || !self.leases() {
            return Written::Elsewhere;
        }
        let name = Name::of(at.db, at.key);
        let mut out = SharerOut::default();
        let (written, first) = {
            let mut sharer = seat.sharer.lock();
            if !sharer.borrows(&name) {
                return Written::Elsewhere;
            }
            let first = sharer.dirty() == 0;
            let value = Bytes::copy_from_slice(value);
            (sharer.write(&self.lines, &name, value, clock::now, &mut out), first)
        };
        if written == Written::Here {
            count(&self.counts.local_writes);
        }
        if first {
            self.bell.notify_one();
        }
        let mut post = Post::default();
        post.add(self.home_of(shard), shard, out);
        post.send(self);
        written
    }

    /// Takes over what the settings say.
    pub(super) fn look_at_back(&self) {
        self.back.set(&self.settings);
        self.look_at_terms();
        self.bell.notify_one();
    }

    /// Calls back what is lent, where that is not to be any more.
    pub(super) fn call_back_unless_on(&self) {
        let mut post = Post::default();
        for seat in self.seats().filter(|_| !self.back.is_on()) {
            let mut home = lock(&seat.home);
            let Some(reign) = home.as_mut().filter(|reign| reign.home.lent() > 0) else { continue };
            self.act(seat, reign, &mut post, Home::call_all_back);
        }
        post.send(self);
    }

    /// Where there is no room for more, on disk or in memory, nothing is lent: the leader has to
    /// see what is written, to refuse it.
    pub(crate) fn lends_nothing_for_lack_of_room(&self) {
        self.seats().for_each(|seat| self.yields(seat.shard));
    }

    /// Tells homes what was written here and has rested long enough. Says when to do so again.
    pub(super) fn flush(&self, now: Time, post: &mut Post) -> Option<Time> {
        let must = !self.back.is_on();
        let mut next = None;
        for seat in self.seats() {
            let mut out = SharerOut::default();
            let again = seat.sharer.lock().flush(now, must, &mut out);
            self.look_for_losses(seat);
            post.add(self.home_of(seat.shard), seat.shard, out);
            next = next.into_iter().chain(again).min();
        }
        next
    }

    fn look_for_losses(&self, seat: &Seat) {
        let lost = {
            let mut sharer = seat.sharer.lock();
            let lost = sharer.take_lost();
            // Before anybody finds that nothing rests here any more.
            self.back.losses.fetch_add(lost, Relaxed);
            lost
        };
        if lost > 0 {
            self.counts.writes_lost.fetch_add(lost, Relaxed);
            tracing::warn!(
                shard = seat.shard.0,
                keys = lost,
                "what was written back last is lost: the leader of the shard is another one, or was not heard of"
            );
        }
    }

    /// Of how many keys the last writes here were lost, since the node began.
    pub(crate) fn losses(&self) -> u64 {
        self.seats().for_each(|seat| self.look_for_losses(seat));
        self.back.losses.load(Relaxed)
    }

    /// How many keys hold here what may not be in the log, and how many are lent by homes
    /// here.
    pub(crate) fn dirty_and_lent(&self) -> (usize, usize) {
        let dirty = self.seats().map(|seat| seat.sharer.lock().dirty()).sum();
        let lent = |seat: &Seat| lock(&seat.home).as_ref().map_or(0, |led| led.home.lent());
        (dirty, self.seats().map(lent).sum())
    }

    /// Whether all is in the log that was written here before a time.
    pub(crate) fn is_written_back(&self, before: Time) -> bool {
        let rests = |since: Time| since <= before;
        !self.seats().any(|seat| seat.sharer.lock().dirty_since().is_some_and(rests))
    }

    /// Now, for [`Cache::is_written_back`].
    pub(crate) fn now() -> Time {
        clock::now()
    }

    /// Writes nothing here any more, and waits until all is in the log.
    pub(crate) async fn write_all_back(&self) {
        self.back.closed.store(true, Relaxed);
        self.back.on.store(false, Relaxed);
        let end = tokio::time::Instant::now() + STOP_WAIT;
        while self.dirty_and_lent().0 > 0 && tokio::time::Instant::now() < end {
            self.bell.notify_one();
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// What other nodes wrote to keys that are lent, as operations.
    pub(super) fn ahead(&self, shard: ShardId, write: &mut dyn FnMut(&Op<'_>)) -> Option<Gate> {
        let seat = self.seat_if_any(shard)?;
        let mut post = Post::default();
        let gate = {
            let mut home = lock(&seat.home);
            let reign = home.as_mut()?;
            let seq = reign.group.state().seq();
            let mut found = None;
            self.act(seat, reign, &mut post, |home, now, out| found = home.ahead(now, seq, out));
            for (name, value) in found.iter().flat_map(|ahead| &ahead.values) {
                let (db, key, when, expiry) =
                    (name.db, &name.key[..], When::Always {}, Expiry::Never {});
                let op = keys::Op::Set { db, key, value, when, expiry, get: false };
                write(&Op::Key { op });
            }
            found.map(|ahead| reign.number(ahead.gate))
        };
        post.send(self);
        gate.map(|number| Gate { number, hides: false, names: false })
    }

    /// Another node is to lead: all is called back, and nothing lent for a while.
    pub(super) fn yields(&self, shard: ShardId) {
        let Some(seat) = self.seat_if_any(shard) else { return };
        let mut post = Post::default();
        if let Some(reign) = lock(&seat.home).as_mut() {
            self.act(seat, reign, &mut post, |home, now, out| {
                home.lend_nothing_before(now.after(YIELD_FOR));
                home.call_all_back(now, out);
            });
        }
        post.send(self);
    }

    /// Lets the group know what is lent.
    pub(super) fn tell_lent(&self, reign: &mut Reign) {
        let lends = reign.home.lent();
        if lends > 0 || reign.lends > 0 {
            reign.group.lends(lends > 0, reign.home.has_ahead(), reign.home.back_at());
        }
        if lends < reign.lends {
            reign.group.lends_less();
        }
        reign.lends = lends;
    }
}

/// Nothing is lent by a reign that begins.
pub(super) fn begins(reign: &Reign) {
    reign.group.lends(false, false, 0);
}
