//! Latency events (LATENCY).

/// The latency events.
#[derive(Debug, Default)]
pub struct Latency {}
