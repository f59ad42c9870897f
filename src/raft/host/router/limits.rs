//! How much may be on its way to leaders.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

/// How many shares of this node's connections may be on their way to leaders.
/// Beyond it they are refused as busy.
pub const FORWARDED_MAX: usize = 65_536;

/// How many bytes such shares may have together, unless one alone has more.
/// Beyond it they are refused as busy.
pub const FORWARDED_BYTES_MAX: usize = 256 << 20;

/// What is on its way.
#[derive(Debug, Default)]
pub(crate) struct InFlight {
    shares: AtomicUsize,
    bytes: AtomicUsize,
}

/// The place of a share among those on their way, given back when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    of: Arc<InFlight>,
    bytes: usize,
}

impl InFlight {
    /// A place for a share of so many bytes, if there is room.
    pub(super) fn enter(self: &Arc<Self>, bytes: usize) -> Option<Place> {
        let place = self.enter_always(bytes);
        let (shares, all) = (self.shares.load(Relaxed), self.bytes.load(Relaxed));
        let fits = shares <= FORWARDED_MAX && (all <= FORWARDED_BYTES_MAX || all == bytes);
        fits.then_some(place)
    }

    /// A place, whether there is room or not.
    pub(super) fn enter_always(self: &Arc<Self>, bytes: usize) -> Place {
        self.shares.fetch_add(1, Relaxed);
        self.bytes.fetch_add(bytes, Relaxed);
        Place { of: self.clone(), bytes }
    }

    /// Shares and bytes on their way.
    pub(crate) fn now(&self) -> (usize, usize) {
        (self.shares.load(Relaxed), self.bytes.load(Relaxed))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.of.shares.fetch_sub(1, Relaxed);
        self.of.bytes.fetch_sub(self.bytes, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_shares_are_on_their_way_than_there_is_room_for() {
        let all = Arc::new(InFlight::default());
        let places: Vec<_> = (0..FORWARDED_MAX).map(|_| all.enter(10).unwrap()).collect();
        assert!(all.enter(10).is_none());
        drop(places);
        assert!(all.enter(10).is_some());
        assert_eq!(all.now(), (0, 0));
    }

    #[test]
    fn no_more_bytes_are_on_their_way_than_there_is_room_for_but_one_large_share_is() {
        let all = Arc::new(InFlight::default());
        let large = all.enter(FORWARDED_BYTES_MAX + 1).unwrap();
        assert!(all.enter(1).is_none());
        drop(large);
        let _half = all.enter(FORWARDED_BYTES_MAX / 2).unwrap();
        let _other = all.enter(FORWARDED_BYTES_MAX / 2).unwrap();
        assert!(all.enter(1).is_none());
    }
}
