//! `lockstep import`: brings the keys of a Redis here, from its file or from itself.
//!
//! Values are not taken apart: what stands in a file, or what DUMP gives, goes to the
//! target as it is, by RESTORE. So the target alone decides what is a value, and a damaged
//! one costs one key. A collection that is too large for one command is written in pieces.
//! Not more is held in memory than a batch for each node, or one value.

mod file;
mod lane;
mod pieces;
mod reader;
mod report;
mod source;
mod target;
#[cfg(test)]
mod tests;
mod values;
mod words;

use std::ffi::OsString;
use std::fmt;
use std::path::Path;
use std::process::ExitCode;

use super::ctl::ask::Trouble;
use super::{print, tell};
use file::{Damage, File, Item};
use report::Report;
use target::Target;
use words::{Asked, From, Line};

/// The code when something was lost, is damaged, or was refused.
const LOST: u8 = 1;
/// The code for a command line that means nothing.
const WRONG_USAGE: u8 = 2;
/// The code when a server does not answer.
const NO_ANSWER: u8 = 3;

const HELP: &str = "\
usage: lockstep import --rdb FILE [OPTION]...
       lockstep import --from redis://[[USER]:PASSWORD@]HOST[:PORT][/DB] [OPTION]...

Brings keys, with their times to live, and libraries of functions from a Redis to a
running Lockstep: from an RDB file (any version up to that of Redis 7.4), or from a server
(by SCAN, DUMP and PTTL; of all databases, or of the one named). What is written there
meanwhile may or may not come along: stop the writers first. A server of a Redis Cluster
gives its own keys only.

options:
  --to HOST:PORT       where they go (127.0.0.1:6379)
  --user NAME          user there (default)
  --password TEXT      password there (the environment's REDISCLI_AUTH)
  --from-password TEXT password of the server they come from, unless it is in the address
                       (the environment's LOCKSTEP_FROM_PASSWORD)
  --replace            keys and libraries that are there are replaced (else they stay, and
                       what comes is skipped)
  --dry-run            read and check everything, write nothing

exit codes: 0 all is there or was skipped, 1 something is lost, damaged or refused,
            2 wrong usage, 3 a server does not answer
";

/// Why an import did not come to its end.
#[derive(Debug)]
enum Stop {
    /// The target or the source.
    Server(Trouble),
    /// The file.
    File(Damage),
}

impl std::convert::From<Trouble> for Stop {
    fn from(trouble: Trouble) -> Self {
        Stop::Server(trouble)
    }
}

impl std::convert::From<Damage> for Stop {
    fn from(damage: Damage) -> Self {
        Stop::File(damage)
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stop::Server(trouble) => trouble.fmt(f),
            Stop::File(damage) => damage.fmt(f),
        }
    }
}

/// Does what the words behind `import` say.
pub(super) fn run(words: &[OsString]) -> ExitCode {
    let asked = match words::parse(words) {
        Ok(Line::Help) => return print(HELP),
        Ok(Line::Import(asked)) => asked,
        Err(wrong) => {
            tell(&format!("lockstep import: {wrong}\nTry 'lockstep import --help'."));
            return ExitCode::from(WRONG_USAGE);
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let mut report = Report::new(asked.dry_run);
    let done = match runtime {
        Ok(runtime) => runtime.block_on(import(&asked, &mut report)),
        Err(why) => Err(Stop::Server(Trouble::NoAnswer(why.to_string()))),
    };
    finish(&report, done)
}

fn finish(report: &Report, done: Result<(), Stop>) -> ExitCode {
    // Where nobody reads it the code says the most.
    let printed = print(&report.to_string());
    match done {
        Err(stop) => {
            tell(&format!("lockstep import: {stop}"));
            let missing = matches!(stop, Stop::Server(Trouble::NoAnswer(_)));
            ExitCode::from(if missing { NO_ANSWER } else { LOST })
        }
        Ok(()) if report.is_complete() => printed,
        Ok(()) => ExitCode::from(LOST),
    }
}

async fn import(asked: &Asked, report: &mut Report) -> Result<(), Stop> {
    match &asked.from {
        From::File(path) => {
            // A file that cannot be read is told before a target that is not there.
            let file = File::open(path)?;
            let target = Target::open(asked).await?;
            from_file(file, path, target, report).await
        }
        From::Server(address) => {
            let target = Target::open(asked).await?;
            source::carry(address, target, report).await
        }
    }
}

async fn from_file(
    mut file: File<std::fs::File>,
    path: &Path,
    mut target: Target,
    report: &mut Report,
) -> Result<(), Stop> {
    let size = path.metadata().map_or(0, |about| about.len());
    loop {
        let item = match file.next() {
            Ok(Some(item)) => item,
            Ok(None) => break,
            // What stands before the damage is brought to its place.
            Err(damage) => {
                target.settle(report).await?;
                return Err(damage.into());
            }
        };
        match item {
            Item::Value(value) => target.put(value, report).await?,
            Item::Library(code) => target.load(code, report).await?,
            Item::Lost { kind, key, why } => report.lost(kind, &key, &why),
        }
        report.tell_progress(file.offset(), size);
    }
    Ok(target.settle(report).await?)
}
