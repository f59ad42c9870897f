//! The time of the commands of a connection.

use std::time::{Duration, Instant};

use crate::Node;

/// After how many commands the leader's time is looked at again.
const COMMANDS_PER_LOOK: u32 = 64;

/// Takes the time of commands that follow each other with one look at the clock
/// for each: where one ends the next begins. A look costs as much as finding a
/// command, so it matters in a long pipeline.
#[derive(Debug, Default)]
pub(super) struct StopWatch {
    /// Where the last command ended; none while the connection waits.
    last: Option<Instant>,
    now_ms: u64,
    commands: u32,
}

impl StopWatch {
    /// A command begins.
    pub(super) fn begin(&mut self, node: &Node) -> Instant {
        if self.last.is_none() || self.commands == COMMANDS_PER_LOOK {
            self.commands = 0;
            self.now_ms = node.shards.now_ms();
        }
        self.commands += 1;
        *self.last.get_or_insert_with(Instant::now)
    }

    /// A command that began then ends: how long it took.
    pub(super) fn end(&mut self, begun: Instant) -> Duration {
        let now = Instant::now();
        self.last = Some(now);
        now.saturating_duration_since(begun)
    }

    /// The connection waits for something, so that what comes next begins later.
    pub(super) fn rest(&mut self) {
        self.last = None;
    }

    /// The leader's time at the beginning of this batch of commands. All of them
    /// were sent and none is answered yet, so each may be judged by it; what the
    /// replicated clock has ended stays ended.
    pub(super) fn now_ms(&self) -> u64 {
        self.now_ms
    }
}
