//! Counters of this node: calls, failures, times and rates.

mod cells;
mod errors;
mod histogram;
mod rates;
mod saves;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use lockstep_commands::{BadArgs, Command, Reply, error, index};
use lockstep_script::Told;

use crate::Node;
use cells::Cells;
pub use cells::Usage;
use errors::Errors;
pub use histogram::Histogram;
use rates::Rates;
pub use rates::{Gauges, PerSecond};
pub use saves::Saves;

/// Counters of this node.
#[derive(Debug, Default)]
pub struct Stats {
    cells: Cells,
    errors: Errors,
    rates: Rates,
    used_memory_peak: AtomicU64,
    /// The snapshots that clients asked for.
    pub saves: Saves,
}

impl Stats {
    /// A command was executed. Failed is what was answered with an error.
    pub fn record(&self, command: &'static Command, elapsed: Duration, reply: &Reply) {
        let nanos = u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX);
        let cell = self.cells.of(index::of(command.spec));
        cell.add_call(nanos);
        if let Reply::Error(bad) = reply {
            cell.add_failed();
            self.errors.add(bad);
        }
    }

    /// The same of one that ran a script; `counted`: its error is that of a command of the
    /// script, which was counted already.
    pub fn record_run(
        &self,
        command: &'static Command,
        elapsed: Duration,
        reply: &Reply,
        counted: bool,
    ) {
        if !counted {
            return self.record(command, elapsed, reply);
        }
        let cell = self.cells.of(index::of(command.spec));
        cell.add_call(u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX));
        cell.add_failed();
    }

    /// A script has called a command. How long that took is a part of the script's time.
    pub fn called(&self, command: &'static Command, told: Told<'_>) {
        match told {
            Told::Done(reply) => self.record(command, Duration::ZERO, reply),
            Told::Refused(bad) | Told::Denied(_, bad) => self.rejected(command, bad),
        }
    }

    /// A command was refused before its words were looked at.
    pub fn rejected(&self, command: &'static Command, bad: &BadArgs) {
        self.errors.add(bad);
        self.cells.of(index::of(command.spec)).add_rejected();
    }

    /// Several equal commands were executed, in `nanos` together.
    pub fn record_many(&self, index: usize, calls: u64, nanos: u64) {
        self.cells.of(index).add_calls(calls, nanos);
    }

    /// A command was refused. Words that mean nothing make it a failed call, and so does a
    /// spoiled transaction of EXEC; what has to do with the state of the client or the node
    /// makes it none.
    pub fn refused(&self, command: Option<&'static Command>, bad: &BadArgs) {
        self.errors.add(bad);
        let Some(command) = command else { return };
        let cell = self.cells.of(index::of(command.spec));
        let failed = matches!(errors::code(bad), "ERR" | "NOPROTO" | "WRONGPASS");
        if failed || *bad == error::EXEC_ABORT {
            cell.add_calls(1, 0);
            cell.add_failed();
        } else {
            cell.add_rejected();
        }
    }

    /// What was counted of each command that was ever called or refused.
    pub fn commands(&self) -> Vec<(&'static Command, Usage)> {
        let used = |at| index::command(at).map(|command| (command, self.cells.usage(at)));
        (0..index::count()).filter_map(used).filter(|(_, usage)| usage.any()).collect()
    }

    /// What was counted of one command.
    pub fn command(&self, command: &'static Command) -> Usage {
        self.cells.usage(index::of(command.spec))
    }

    /// How many commands were executed.
    pub fn commands_processed(&self) -> u64 {
        (0..index::count()).map(|at| self.cells.calls(at)).sum()
    }

    /// Error codes and how often each was sent, by code.
    pub fn errors(&self) -> Vec<(String, u64)> {
        self.errors.all()
    }

    /// How many errors were sent.
    pub fn errors_total(&self) -> u64 {
        self.errors.total()
    }

    /// How much happens per second at the moment.
    pub fn per_second(&self) -> PerSecond {
        self.rates.per_second()
    }

    /// The most memory that was ever used, as far as it was looked at.
    pub fn used_memory_peak(&self) -> u64 {
        self.used_memory_peak.load(Ordering::Relaxed)
    }

    /// Takes note of the memory that is used now.
    pub fn see_used_memory(&self, bytes: u64) {
        self.used_memory_peak.fetch_max(bytes, Ordering::Relaxed);
    }

    /// Looks at the counters for the rates. To be called every 100 ms.
    pub fn sample(&self, node: &Node) {
        let traffic = &node.connections.traffic;
        let gauges = Gauges {
            commands: self.commands_processed(),
            bytes_in: traffic.bytes_in.load(Ordering::Relaxed),
            bytes_out: traffic.bytes_out.load(Ordering::Relaxed),
        };
        // Counting bytes looks at every client, so it is done less often.
        if self.rates.sample(Instant::now(), gauges) {
            self.see_used_memory(crate::info::used_memory(node));
        }
    }

    /// Sets the counters to zero (CONFIG RESETSTAT).
    pub fn reset(&self) {
        self.cells.reset();
        self.errors.reset();
        self.rates.reset();
        self.used_memory_peak.store(0, Ordering::Relaxed);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use lockstep_commands::table;

    use super::*;

    fn ping() -> &'static Command {
        table::by_name(b"ping").unwrap()
    }

    #[test]
    fn calls_are_counted_with_their_time() {
        let stats = Stats::default();
        stats.record(ping(), Duration::from_micros(3), &Reply::Ok);
        stats.record(ping(), Duration::from_micros(5), &error::SYNTAX.into());
        let usage = stats.command(ping());
        assert_eq!((usage.calls, usage.nanos / 1000, usage.failed, usage.rejected), (2, 8, 1, 0));
        assert_eq!(stats.commands_processed(), 2);
        assert_eq!(stats.errors(), [("ERR".to_owned(), 1)]);
    }

    #[test]
    fn a_refusal_is_a_failed_call_or_none() {
        let stats = Stats::default();
        stats.refused(Some(ping()), &error::SYNTAX);
        stats.refused(Some(ping()), &error::UNAUTHENTICATED);
        stats.refused(None, &error::SYNTAX);
        let usage = stats.command(ping());
        assert_eq!((usage.calls, usage.failed, usage.rejected), (1, 1, 1));
        assert_eq!(stats.errors_total(), 3);
    }

    #[test]
    fn what_was_refused_unread_is_no_call_and_a_spoiled_exec_is_one() {
        let stats = Stats::default();
        stats.rejected(ping(), &error::wrong_arity("ping"));
        stats.refused(Some(ping()), &error::EXEC_ABORT);
        let usage = stats.command(ping());
        assert_eq!((usage.calls, usage.failed, usage.rejected), (1, 1, 1));
        assert_eq!(stats.errors(), [("ERR".to_owned(), 1), ("EXECABORT".to_owned(), 1)]);
    }

    #[test]
    fn an_error_of_a_script_s_command_is_counted_once() {
        let stats = Stats::default();
        let eval = table::by_name(b"eval").unwrap();
        let refused: Reply = error::OUT_OF_MEMORY.into();
        stats.called(ping(), Told::Refused(&error::OUT_OF_MEMORY));
        stats.record_run(eval, Duration::ZERO, &refused, true);
        let counts = |command| {
            let usage = stats.command(command);
            (usage.calls, usage.failed, usage.rejected)
        };
        assert_eq!((counts(ping()), counts(eval)), ((0, 0, 1), (1, 1, 0)));
        assert_eq!(stats.errors(), [("OOM".to_owned(), 1)]);
        stats.record_run(eval, Duration::ZERO, &refused, false);
        stats.called(ping(), Told::Done(&Reply::Ok));
        assert_eq!((stats.errors_total(), counts(ping()).0), (2, 1));
    }

    #[test]
    fn a_reset_leaves_nothing() {
        let stats = Stats::default();
        stats.record(ping(), Duration::from_micros(3), &error::SYNTAX.into());
        stats.reset();
        assert!(stats.commands().is_empty());
        assert_eq!(stats.errors_total(), 0);
    }
}
