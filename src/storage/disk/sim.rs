//! A disk in memory that can lose power, fill up and fail.

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {}

/// A disk in memory.
#[derive(Clone, Debug, Default)]
pub struct SimDisk;
