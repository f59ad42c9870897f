//! How two nodes recognise each other.

/// The versions of the protocol this build can speak, from and to.
pub(super) const VERSIONS: (u16, u16) = (1, 1);
