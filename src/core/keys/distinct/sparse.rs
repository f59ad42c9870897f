//! Counters as runs of equal ones, as long as most of them are zero.
//!
//! `00xxxxxx`: up to 64 zeros. `01xxxxxx xxxxxxxx`: up to 16,384 zeros. `1vvvvvxx`: up to 4
//! counters of 1 to 32. Each length and value is one more than its bits say.

use std::fmt;

use super::{HEAD_BYTES, REGISTERS};
use crate::Fault;

/// Zeros only.
pub(super) const NOTHING: [u8; 2] = zeros(REGISTERS);

const SHORT_ZEROS_MAX: usize = 64;
const LONG_ZEROS: u8 = 0x40;
const VALUES: u8 = 0x80;
const VALUE_MAX: u8 = 32;
const VALUES_MAX: usize = 4;

/// How many runs are looked at for equal neighbours behind a change.
const RUNS_MERGED_MAX: usize = 5;

/// Counters in a row that are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub value: u8,
    pub len: usize,
    /// How many bytes it is written in.
    bytes: usize,
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.value, self.bytes) {
            (0, 1) => write!(f, "z:{}", self.len),
            (0, _) => write!(f, "Z:{}", self.len),
            (value, _) => write!(f, "v:{value},{}", self.len),
        }
    }
}

/// What became of a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Raised {
    Yes,
    /// It was as great before.
    No,
    /// It needs more room than it may have.
    TooLarge,
}

/// The runs of a body; none where it is cut short.
pub(super) fn runs(body: &[u8]) -> impl Iterator<Item = Option<Run>> {
    let mut rest = body;
    std::iter::from_fn(move || {
        let first = *rest.first()?;
        let run = read(first, rest.get(1).copied());
        rest = rest.get(run.map_or(rest.len(), |run| run.bytes)..).unwrap_or_default();
        Some(run)
    })
}

fn read(first: u8, second: Option<u8>) -> Option<Run> {
    let low = usize::from(first & 0x3f);
    Some(match first & (VALUES | LONG_ZEROS) {
        0 => Run { value: 0, len: low + 1, bytes: 1 },
        LONG_ZEROS => Run { value: 0, len: (low << 8 | usize::from(second?)) + 1, bytes: 2 },
        _ => Run { value: (first >> 2 & 31) + 1, len: usize::from(first & 3) + 1, bytes: 1 },
    })
}

const fn zeros(len: usize) -> [u8; 2] {
    let len = len - 1;
    [LONG_ZEROS | (len >> 8) as u8, len as u8]
}

fn values(value: u8, len: usize) -> u8 {
    VALUES | (value - 1) << 2 | (len - 1) as u8
}

fn write(out: &mut Vec<u8>, value: u8, len: usize) {
    match (value, len) {
        (_, 0) => {}
        (0, ..=SHORT_ZEROS_MAX) => out.push((len - 1) as u8),
        (0, _) => out.extend(zeros(len)),
        _ => out.push(values(value, len)),
    }
}

/// Raises a counter in a sparse string, which becomes no longer than `max`.
pub(super) fn raise(
    bytes: &mut Vec<u8>,
    register: usize,
    to: u8,
    max: u64,
) -> Result<Raised, Fault> {
    if to > VALUE_MAX {
        return Ok(Raised::TooLarge);
    }
    let Spot { at, before, first, run } = find(bytes, register)?;
    if run.value >= to {
        return Ok(Raised::No);
    }
    let mut new = Vec::with_capacity(5);
    write(&mut new, run.value, register - first);
    write(&mut new, to, 1);
    write(&mut new, run.value, first + run.len - 1 - register);
    let len = bytes.len() + new.len() - run.bytes;
    if new.len() > run.bytes && len as u64 > max {
        return Ok(Raised::TooLarge);
    }
    bytes.splice(at..at + run.bytes, new);
    merge(bytes, before.unwrap_or(HEAD_BYTES));
    Ok(Raised::Yes)
}

/// Where a counter stands.
struct Spot {
    /// Its run begins at this byte.
    at: usize,
    /// The run before it does at this one.
    before: Option<usize>,
    /// The first counter of its run.
    first: usize,
    run: Run,
}

fn find(bytes: &[u8], register: usize) -> Result<Spot, Fault> {
    let (mut at, mut before, mut first) = (HEAD_BYTES, None, 0);
    for run in runs(&bytes[HEAD_BYTES..]) {
        let run = run.ok_or(Fault::BadSketch)?;
        if register < first + run.len {
            return Ok(Spot { at, before, first, run });
        }
        before = Some(at);
        at += run.bytes;
        first += run.len;
    }
    Err(Fault::BadSketch)
}

/// Makes one run of neighbours that are equal, in a few runs from a byte on.
fn merge(bytes: &mut Vec<u8>, from: usize) {
    let mut at = from;
    for _ in 0..RUNS_MERGED_MAX {
        let (Some(first), second) = (bytes.get(at).copied(), bytes.get(at + 1).copied()) else {
            return;
        };
        let Some(run) = read(first, second) else { return };
        let next = second.filter(|_| run.value > 0).and_then(|second| read(second, None));
        match next {
            Some(next) if next.value == run.value && run.len + next.len <= VALUES_MAX => {
                bytes[at + 1] = values(run.value, run.len + next.len);
                bytes.remove(at);
            }
            _ => at += run.bytes,
        }
    }
}
