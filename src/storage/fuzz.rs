//! Ways in for the fuzzer: any bytes at all give a value or an error.

/// Reads `bytes` as a segment of the log.
pub fn log_segment(_bytes: &[u8]) {}

/// Reads `bytes` as a snapshot file.
pub fn snapshot(_bytes: &[u8]) {}
