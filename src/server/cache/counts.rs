//! What is counted of the cache.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

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
const READS: &[&str] = &["hit_local", "hit_home", "miss_cold", "miss_coherence", "miss_lease"];

counts! {
    /// Reads that were answered from a line.
    hit_local,
    /// Reads that the home answered from the state.
    hit_home,
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
    /// Messages to other nodes.
    wire_messages,
    /// Frames that could not be read.
    malformed,
    /// Sessions that this node was granted.
    sessions,
}

/// Counts one more.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Relaxed);
}
