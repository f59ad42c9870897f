//! Queues as Disque's clients know them.
//!
//! The id of a job is `D-partition-number-attempt-queue`: the id of the message, the
//! number of its delivery (0 in what ADDJOB gives, before any), and the name of its
//! queue, which may hold any bytes. So an id says by itself where the job is, and one
//! of GETJOB's is a receipt as well.

mod ackjob;
mod addjob;
mod getjob;
mod nack;
mod qstat;
mod show;
mod working;

use lockstep_core::Outcome;
use lockstep_core::queues::{COUNT_MAX, NAME_BYTES_MAX, Receipt};

use crate::{Args, BadArgs, Command, error};

pub(super) const ACKJOB: Command = ackjob::ACKJOB;
pub(super) const ADDJOB: Command = addjob::COMMAND;
pub(super) const FASTACK: Command = ackjob::FASTACK;
pub(super) const GETJOB: Command = getjob::COMMAND;
pub(super) const NACK: Command = nack::COMMAND;
pub(super) const QSTAT: Command = qstat::COMMAND;
pub(super) const SHOW: Command = show::COMMAND;
pub(super) const WORKING: Command = working::COMMAND;

/// What an id begins with.
const PREFIX: &[u8] = b"D-";

/// A job as its id names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Job<'a> {
    queue: &'a [u8],
    part: u32,
    seq: u64,
    /// 0: the id was given before any delivery.
    attempt: u32,
}

impl<'a> Job<'a> {
    /// Reads an id.
    fn parse(word: &'a [u8]) -> Result<Self, BadArgs> {
        Job::read(word).ok_or(error::BAD_JOB)
    }

    fn read(word: &'a [u8]) -> Option<Self> {
        let rest = word.strip_prefix(PREFIX)?;
        let mut dashes = rest.iter().enumerate().filter(|(_, byte)| **byte == b'-');
        let (end, _) = dashes.nth(2)?;
        let Receipt::Of { part, seq, attempt } = Receipt::parse(&rest[..end])?;
        let queue = &rest[end + 1..];
        (queue.len() <= NAME_BYTES_MAX).then_some(Job { queue, part, seq, attempt })
    }

    /// Reads the id of a job that was delivered.
    fn delivered(word: &'a [u8]) -> Result<Self, BadArgs> {
        match Job::parse(word)? {
            Job { attempt: 0, .. } => Err(error::NOT_DELIVERED),
            job => Ok(job),
        }
    }

    /// The receipt of the delivery.
    fn receipt(&self) -> Receipt {
        Receipt::Of { part: self.part, seq: self.seq, attempt: self.attempt }
    }
}

/// All words that are left as jobs, at least one.
fn jobs<'a>(
    args: Args<'a>,
    read: impl Fn(&'a [u8]) -> Result<Job<'a>, BadArgs>,
) -> Result<Vec<Job<'a>>, BadArgs> {
    if args.len() as u64 > COUNT_MAX {
        return Err(error::TOO_MANY_MESSAGES);
    }
    args.map(read).collect()
}

/// Jobs by the partition they are in, in the order in which these are named first.
fn by_part<'a>(jobs: impl IntoIterator<Item = Job<'a>>) -> Vec<Vec<Job<'a>>> {
    let mut parts: Vec<Vec<Job<'a>>> = Vec::new();
    for job in jobs {
        let same = |part: &&mut Vec<Job<'a>>| {
            part.first().is_some_and(|first| (first.queue, first.part) == (job.queue, job.part))
        };
        match parts.iter_mut().find(same) {
            Some(part) => part.push(job),
            None => parts.push(vec![job]),
        }
    }
    parts
}

/// The id of a job, from the name of its queue and the id or receipt of the message.
fn id(queue: &[u8], message: &[u8]) -> Vec<u8> {
    let dashes = message.iter().filter(|byte| **byte == b'-').count();
    let attempt: &[u8] = if dashes < 2 { b"-0-" } else { b"-" };
    [PREFIX, message, attempt, queue].concat()
}

/// The bytes of an outcome, if it is some.
fn bytes(outcome: Option<Outcome>) -> Option<Vec<u8>> {
    match outcome {
        Some(Outcome::Bytes(bytes)) => Some(bytes),
        _ => None,
    }
}

/// Seconds as milliseconds, of the option `name`.
fn seconds(name: &str, min: u64, args: &mut Args<'_>) -> Result<u64, BadArgs> {
    const SECONDS_MAX: u64 = 10 * 365 * 86_400;
    super::words::number(name, min, SECONDS_MAX, args).map(|seconds| seconds * 1000)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn an_id_says_where_the_job_is() {
        let job = Job { queue: b"a-b", part: 3, seq: 17, attempt: 2 };
        assert_eq!(Job::parse(b"D-3-17-2-a-b"), Ok(job));
        assert_eq!(id(b"a-b", b"3-17-2"), b"D-3-17-2-a-b");
        assert_eq!(id(b"a-b", b"3-17"), b"D-3-17-0-a-b");
        assert_eq!(Job::parse(&id(b"", b"0-1")).unwrap().queue, b"");
        let strange = b"\r\n\0-\xff";
        assert_eq!(Job::parse(&id(strange, b"0-1-1")).unwrap().queue, strange);
    }

    #[test]
    fn what_we_did_not_give_is_no_id() {
        for bad in ["", "D-", "D-1", "D-0-1", "D-0-1-1", "0-1-1-q", "D-0-x-1-q", "d-0-1-1-q"] {
            assert_eq!(Job::parse(bad.as_bytes()), Err(error::BAD_JOB), "{bad:?}");
        }
        assert_eq!(Job::delivered(b"D-0-1-0-q"), Err(error::NOT_DELIVERED));
    }
}
