//! What can be set about the log.

use crate::Mutants;

/// When a hand-over to the log is answered, and how far it is safe by then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fsync {
    /// After fdatasync: survives the loss of power.
    #[default]
    Always,
    /// After the write, with fdatasync about once a second: survives the end of
    /// the process; about the last second can go with the power.
    EverySec,
    /// At once: what the process had not yet written goes with it.
    Never,
}

/// The settings of a log.
#[derive(Clone, Debug)]
pub struct LogOptions {
    /// When callers are answered. Can be changed at run time.
    pub fsync: Fsync,
    /// The size of a segment file. The first ones of a new log are smaller.
    pub segment_bytes: u64,
    /// How many free segment files are kept for use again.
    pub spare_segments_max: usize,
    /// Bytes handed in and not yet written; beyond this the caller is held up.
    pub in_flight_bytes_max: usize,
    /// Payload bytes of recent entries kept in memory.
    pub cache_bytes_max: usize,
    /// Who does the work that waits.
    pub driver: Driver,
    /// Mistakes on purpose.
    #[doc(hidden)]
    pub mutants: Mutants,
}

/// Who writes what was handed to the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Driver {
    /// Two threads of the log: a writer, and a keeper of the segment files.
    #[default]
    Threads,
    /// Nobody, until [`Log::step`](super::Log::step) is called: for simulations.
    ByHand,
}

impl Default for LogOptions {
    fn default() -> LogOptions {
        LogOptions {
            fsync: Fsync::Always,
            segment_bytes: 64 << 20,
            spare_segments_max: 4,
            in_flight_bytes_max: 64 << 20,
            cache_bytes_max: 16 << 20,
            driver: Driver::Threads,
            mutants: Mutants::default(),
        }
    }
}
