//! MONITOR.

/// The connections that watch all commands.
#[derive(Debug, Default)]
pub struct Monitors {}
