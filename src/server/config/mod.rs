//! Settings: one table, layers, and the values in force.

/// The values in force.
#[derive(Debug, Default)]
pub struct Settings {}
