//! What a proxy does to the bytes.

use std::time::Duration;

/// A direction of a connection, seen from who made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From who dialled.
    There,
    /// To who dialled.
    Back,
    /// In both.
    Both,
}

impl Way {
    pub(super) fn indices(self) -> &'static [usize] {
        match self {
            Way::There => &[0],
            Way::Back => &[1],
            Way::Both => &[0, 1],
        }
    }
}

/// What happens to the bytes of one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Nothing arrives, and nobody is told; it arrives when this ends.
    pub held: bool,
    /// So much later than without the proxy.
    pub delay: Duration,
    /// And up to so much more or less, a different time for every piece.
    pub jitter: Duration,
    /// No faster than this.
    pub bytes_per_second: Option<u64>,
    /// One bit in so many bytes is changed, on average.
    pub corrupt_one_in: Option<u64>,
}

/// What happens to the connections of somebody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rules {
    /// They are closed, and new ones as soon as it is known whose they are.
    pub(super) cut: bool,
    faults: [Faults; 2],
}

impl Rules {
    pub(super) fn set(&mut self, way: Way, faults: Faults) {
        for at in way.indices() {
            self.faults[*at] = faults;
        }
    }

    pub(super) fn faults(&self, at: usize) -> Faults {
        self.faults[at]
    }
}
