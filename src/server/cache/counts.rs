//! What is counted of the cache.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicI64, AtomicU64};

macro_rules! counts {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What is counted of the cache, since the start or since it was reset.
        #[derive(Debug, Default)]
        pub(crate) struct Counts {
            $($(#[$doc])* pub(super) $name: AtomicU64,)*
        }

        impl Counts {
            /// Names and numbers.
            pub(crate) fn list(&self) -> Vec<(&'static str, u64)> {
                let mut all = vec![$((stringify!($name), self.$name.load(Relaxed)),)*];
                let of = |(name, _): &&(&str, u64)| READS.contains(name);
                all.insert(0, ("gets", all.iter().filter(of).map(|(_, count)| count).sum()));
                all
            }

            /// Begins anew.
            pub(crate) fn reset(&self) {
                $(self.$name.store(0, Relaxed);)*
            }
        }
    };
}

/// What all reads that a copy could answer are counted as, each as one.
const READS: &[&str] = &[
    "hit_local",
    "hit_replica",
    "hit_home",
    "validated",
    "miss_cold",
    "miss_coherence",
    "miss_lease",
];

counts! {
    /// Reads that were answered from a line.
    hit_local,
    /// Of these, those of a key that is not there.
    nothing_local,
    /// Reads that were answered from a replica of the shard here.
    hit_replica,
    /// Reads that the home answered from the state.
    hit_home,
    /// Reads that the home was asked for though there was a copy, since no lease is
    /// trusted.
    validated,
    /// Misses: nothing was there.
    miss_cold,
    /// The line had gone because somebody wrote.
    miss_coherence,
    /// The line was there, and its session was not.
    miss_lease,
    /// Misses that waited for a request that was on its way already.
    coalesced,
    /// Misses that the home gave no copy for, so that it was asked for the value.
    forwarded,
    /// Requests for copies that were sent.
    requests,
    /// Answers to them that said that an older copy is the same still, without its bytes.
    confirmed,
    /// Caches that had to be told something about their copies.
    probes,
    /// Copies that were sent unasked.
    pushes,
    /// Writes that had to wait for others, or stood behind such.
    gates,
    /// How long these were held back behind their apply, all together.
    held_us,
    /// Reads at the home that stood behind such a write.
    hidden,
    /// Reads that a new home here answered before it served.
    early,
    /// Reads that a replica here could not answer, since the key was being written.
    hidden_here,
    /// Writes of keys that are lent to this node, which it carried out by itself.
    local_writes,
    /// Values of such keys that came to the homes here.
    flushes,
    /// Keys that were lent by the homes here, and had to be called back.
    callbacks,
    /// Keys of which what was written here last never came into the log.
    writes_lost,
    /// Messages to other nodes.
    wire_messages,
    /// Frames that could not be read.
    malformed,
    /// Keys read from copies and replicas here that were named to their leaders as used.
    uses,
    /// Sessions that this node was granted.
    sessions,
    /// Lines of sessions that were over of which the home was asked whether they are good
    /// still.
    older,
    /// Of these, those that are, without a value having been sent.
    reattested,
}

/// Counts one more.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Relaxed);
}

/// Counts so many more.
pub(super) fn add(counter: &AtomicU64, many: usize) {
    counter.fetch_add(many as u64, Relaxed);
}

/// Reads of keys that copies answered, as INFO counts reads of keys: of those that are
/// there, and of those that are not.
#[derive(Debug, Default)]
pub(crate) struct Answered {
    /// Besides what is counted as answered from lines.
    besides: [AtomicI64; 2],
}

impl Answered {
    /// The home answered a reader of this node with a copy.
    pub(super) fn fetched(&self, is_there: bool) {
        self.besides[usize::from(!is_there)].fetch_add(1, Relaxed);
    }

    /// How many there are.
    pub(super) fn totals(&self, counts: &Counts) -> [u64; 2] {
        let lines = Answered::from_lines(counts);
        [0, 1].map(|at| (self.besides[at].load(Relaxed) + lines[at]).unsigned_abs())
    }

    /// Begins anew.
    pub(super) fn reset(&self, counts: &Counts) {
        let lines = Answered::from_lines(counts);
        self.besides.iter().zip(lines).for_each(|(cell, lines)| cell.store(-lines, Relaxed));
    }

    /// What is counted as answered from lines begins anew, and these do not.
    pub(super) fn keep(&self, counts: &Counts) {
        let lines = Answered::from_lines(counts);
        self.besides.iter().zip(lines).for_each(|(cell, lines)| {
            cell.fetch_add(lines, Relaxed);
        });
    }

    fn from_lines(counts: &Counts) -> [i64; 2] {
        let nothing = counts.nothing_local.load(Relaxed);
        let there = counts.hit_local.load(Relaxed).saturating_sub(nothing);
        [there, nothing].map(|count| i64::try_from(count).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_anew_in_one_place_goes_on_in_the_other() {
        let (counts, answered) = (Counts::default(), Answered::default());
        (0..5).for_each(|_| count(&counts.hit_local));
        count(&counts.nothing_local);
        answered.fetched(true);
        assert_eq!(answered.totals(&counts), [5, 1]);
        answered.keep(&counts);
        counts.reset();
        assert_eq!(answered.totals(&counts), [5, 1]);
        count(&counts.hit_local);
        answered.reset(&counts);
        assert_eq!(answered.totals(&counts), [0, 0]);
        answered.fetched(false);
        count(&counts.hit_local);
        assert_eq!(answered.totals(&counts), [1, 1]);
    }
}
