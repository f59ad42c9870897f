//! SLOWLOG.

/// The slow commands.
#[derive(Debug, Default)]
pub struct Slowlog {}
