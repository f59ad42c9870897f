//! What an import did: a line for each kind of value, and why something was lost.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use super::super::tell;
use super::values::{KINDS, Kind};

/// How often progress is told.
const TELL_EVERY: Duration = Duration::from_secs(2);
/// How many reasons are told, and how many keys for each.
const REASONS_MAX: usize = 20;
const KEYS_PER_REASON: usize = 5;
/// How much of a name is shown.
const NAME_BYTES_MAX: usize = 80;

/// The numbers of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Brought to the target.
    pub done: u64,
    /// The bytes of these, as they stood in the file or came from the server.
    pub bytes: u64,
    /// Their time had come.
    pub expired: u64,
    /// The target had them.
    pub skipped: u64,
    pub lost: u64,
}

/// What an import did.
#[derive(Debug)]
pub(super) struct Report {
    dry_run: bool,
    counts: [Counts; KINDS.len()],
    /// Why things were lost: how often, and some of them.
    reasons: BTreeMap<String, (u64, Vec<String>)>,
    told: Instant,
}

impl Report {
    pub(super) fn new(dry_run: bool) -> Self {
        let counts = [Counts::default(); KINDS.len()];
        Report { dry_run, counts, reasons: BTreeMap::new(), told: Instant::now() }
    }

    /// The numbers of a kind.
    pub(super) fn of(&mut self, kind: Kind) -> &mut Counts {
        &mut self.counts[kind as usize]
    }

    /// Something came to its place.
    pub(super) fn done(&mut self, kind: Kind, bytes: usize) {
        let counts = self.of(kind);
        counts.done += 1;
        counts.bytes += bytes as u64;
    }

    /// Something was lost.
    pub(super) fn lost(&mut self, kind: Kind, key: &[u8], why: &str) {
        self.of(kind).lost += 1;
        let full = self.reasons.len() >= REASONS_MAX && !self.reasons.contains_key(why);
        let why = if full { "other reasons" } else { why };
        let (count, keys) = self.reasons.entry(why.to_owned()).or_default();
        *count += 1;
        if keys.len() < KEYS_PER_REASON {
            keys.push(shown(key));
        }
    }

    /// Whether nothing was lost.
    pub(super) fn is_complete(&self) -> bool {
        self.sum().lost == 0
    }

    /// Says how far it has come, from time to time.
    pub(super) fn tell_progress(&mut self, at: u64, of: u64) {
        if self.told.elapsed() < TELL_EVERY {
            return;
        }
        self.told = Instant::now();
        let Counts { done, bytes, .. } = self.sum();
        let percent = at.saturating_mul(100) / of.max(1);
        tell(&format!("import: {done} keys, {} MB, {percent} %", bytes >> 20));
    }

    fn sum(&self) -> Counts {
        self.counts.iter().fold(Counts::default(), |sum, one| Counts {
            done: sum.done + one.done,
            bytes: sum.bytes + one.bytes,
            expired: sum.expired + one.expired,
            skipped: sum.skipped + one.skipped,
            lost: sum.lost + one.lost,
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let done = if self.dry_run { "readable" } else { "imported" };
        let head = ["", done, "bytes", "expired", "skipped", "lost"];
        row(f, head[0], &head[1..].iter().map(ToString::to_string).collect::<Vec<_>>())?;
        for (kind, counts) in KINDS.iter().zip(&self.counts) {
            if *counts != Counts::default() {
                numbers(f, kind.name(), counts)?;
            }
        }
        numbers(f, "all", &self.sum())?;
        for (why, (count, keys)) in &self.reasons {
            let more = if *count > keys.len() as u64 { ", ..." } else { "" };
            writeln!(f, "lost {count}: {why}: {}{more}", keys.join(", "))?;
        }
        Ok(())
    }
}

fn numbers(f: &mut fmt::Formatter<'_>, name: &str, counts: &Counts) -> fmt::Result {
    let Counts { done, bytes, expired, skipped, lost } = counts;
    row(f, name, &[done, bytes, expired, skipped, lost].map(ToString::to_string))
}

fn row(f: &mut fmt::Formatter<'_>, name: &str, cells: &[String]) -> fmt::Result {
    write!(f, "{name:<22}")?;
    cells.iter().try_for_each(|cell| write!(f, " {cell:>12}"))?;
    writeln!(f)
}

/// A name, as far as it can be shown.
fn shown(key: &[u8]) -> String {
    let cut = &key[..key.len().min(NAME_BYTES_MAX)];
    let more = if cut.len() < key.len() { "..." } else { "" };
    format!("'{}{more}'", cut.escape_ascii())
}
