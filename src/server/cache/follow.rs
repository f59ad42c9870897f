//! Reads from a replica of a shard that another node leads.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use lockstep_cache::{At, Replica, Time};
use lockstep_core::{Outcome, ShardId, keys};
use lockstep_raft::Group;

use super::counts::count;
use super::seat::Seat;
use super::uses::is_use;
use super::{Cache, clock};
use crate::config::Setting;

/// So many reads in the time between two looks are worth it.
const READS_WORTH: u64 = 10;
/// For so long from then on.
const WORTH_FOR: Duration = Duration::from_secs(5);

/// How often a replica is, or would be, of use to readers.
#[derive(Debug, Default)]
pub(super) struct Use {
    reads: AtomicU64,
    seen: AtomicU64,
    worth_until: AtomicU64,
}

impl Use {
    /// One more read that copies do not answer.
    pub(super) fn count(&self) {
        self.reads.fetch_add(1, Relaxed);
    }

    /// Whether it is worth it that every write waits for this node. Asked at even distances.
    fn is_worth(&self, now: Time) -> bool {
        let reads = self.reads.load(Relaxed);
        if reads - self.seen.swap(reads, Relaxed) >= READS_WORTH {
            self.worth_until.store(now.after(WORTH_FOR).0, Relaxed);
        }
        now.0 < self.worth_until.load(Relaxed)
    }
}

impl Cache {
    /// Whether this node reads a shard from a replica of its own, or wants to.
    pub(super) fn reads_replica(&self, seat: &Seat, now: Time) -> bool {
        let is_worth = seat.use_of.is_worth(now);
        let always = self.settings.word(Setting::CacheReplicaReads) == "yes";
        let terms = *self.terms.read();
        terms.replica_reads
            && !terms.write_back
            && (is_worth || always)
            && self.host.group(seat.shard).is_some_and(|group| !group.has_stopped())
    }

    /// Whether a replica of a shard here may have answers ([`Cache::look_here`]).
    pub(crate) fn reads_here(&self, shard: ShardId) -> bool {
        self.seat_if_any(shard).is_some_and(|seat| seat.view.is_on()) && self.leases()
    }

    /// What a replica says, if it may be told: its state holds what is open of these keys
    /// and nothing else, and the session of this node with their home is good.
    pub(crate) fn look_here(&self, group: &Group, op: &keys::Op<'_>) -> Option<Outcome> {
        let seat = self.seat_if_any(group.id())?;
        // In front of the look: what is forgotten with a session is so in another era.
        let era = seat.pass.era();
        let outcome = {
            let state = group.state();
            let replica = Replica { seq: state.seq(), begun: group.touched_at() };
            let names = op.key_names().map(|key| At { db: op.db(), key });
            if !seat.view.shows(replica, names) {
                count(&self.counts.hidden_here);
                return None;
            }
            state.read_lasting(op)?
        };
        // Behind it, as for copies: a process that stood still in between answers nothing.
        let now = clock::now();
        if !seat.pass.covers(era, now) {
            return None;
        }
        seat.want(now);
        seat.use_of.count();
        count(&self.counts.hit_replica);
        if is_use(op) {
            op.key_names().for_each(|key| self.note_use(seat, At { db: op.db(), key }));
        }
        Some(outcome)
    }

    /// The version of a key that a replica here would show now; 0: there is no such key.
    pub(super) fn shown_here(&self, shard: ShardId, at: At<'_>) -> Option<u64> {
        let seat = self.seat_if_any(shard)?;
        let group = self.host.group(shard).filter(|_| self.reads_here(shard))?;
        let era = seat.pass.era();
        let state = group.state();
        let replica = Replica { seq: state.seq(), begun: group.touched_at() };
        let shown =
            seat.view.shows(replica, std::iter::once(at)) && seat.pass.covers(era, clock::now());
        shown.then(|| state.keys().version_of(at.db, at.key, state.clock_ms()))
    }
}
