//! Logs: lines for people or for machines on standard error, with a level that
//! can change while the node runs.

use std::io::IsTerminal;
use std::sync::OnceLock;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::Registry;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{fmt, reload};

use crate::config::{Setting, Settings};

/// Numbers of warnings and errors, as field `id` of their lines. They never change meaning.
pub mod id {
    /// The node cannot run.
    pub const CANNOT_RUN: &str = "LS-0001";
    /// Connections did not end in the time given to them at the stop.
    pub const CONNECTIONS_CUT: &str = "LS-0002";
    /// The log on disk has failed; the node stops.
    pub const LOG_FAILED: &str = "LS-0003";
    /// What is on disk was damaged, and put aside; the other nodes have it.
    pub const DATA_PUT_ASIDE: &str = "LS-0005";
    /// The cluster was founded with other settings than this node has.
    pub const OTHER_CLUSTER: &str = "LS-0006";
    /// A snapshot on disk is damaged; another one is taken in its place.
    pub const SNAPSHOT_DAMAGED: &str = "LS-0007";
    /// The cluster has given up what this node's connections held.
    pub const GIVEN_UP: &str = "LS-0008";
    /// Nobody answers this node any more; connections that hold something are closed.
    pub const CUT_OFF: &str = "LS-0009";
    /// Bodies of messages are damaged, and the other nodes have them; the node stops.
    pub const DATA_DAMAGED: &str = "LS-0010";
    /// A second signal ended the process before it had stopped gracefully.
    pub const CUT_SHORT: &str = "LS-0004";
    /// Writes are acknowledged before they are safe on disk.
    pub const FSYNC_OFF: &str = "LS-1001";
    /// Other machines can reach the node, and no password is asked for.
    pub const OPEN_TO_ALL: &str = "LS-1002";
    /// The limit of open files is too low for `maxclients`.
    pub const FEW_FILES: &str = "LS-1003";
    /// Something in the configuration looks odd and was let through.
    pub const ODD_SETTING: &str = "LS-1004";
    /// An operator took locks from those who held them.
    pub const LOCK_KILLED: &str = "LS-1301";
    /// The admin port cannot take a connection.
    pub const ADMIN_ACCEPT: &str = "LS-1201";
}

/// The filter in force, once logs have been started.
static FILTER: OnceLock<reload::Handle<Targets, Registry>> = OnceLock::new();

/// Starts logs in the form and at the level that the settings say. Later calls do nothing.
pub fn start(settings: &Settings) {
    let (filter, handle) = reload::Layer::new(filter(settings.word(Setting::Loglevel)));
    let json = settings.word(Setting::LogFormat) == "json";
    let lines = if json { json_lines() } else { pretty_lines() };
    let started = tracing_subscriber::registry().with(lines.with_filter(filter)).try_init();
    if started.is_ok() {
        // Only the first start gets here, so the place is free.
        let _ = FILTER.set(handle);
    }
}

/// Lets the level follow the settings.
pub fn set_level(settings: &Settings) {
    if let Some(handle) = FILTER.get() {
        // Fails only when logging has ended, and then there is nothing to set.
        let _ = handle.modify(|now| *now = filter(settings.word(Setting::Loglevel)));
    }
}

type Lines = Box<dyn Layer<Registry> + Send + Sync>;

fn pretty_lines() -> Lines {
    let color = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    fmt::layer().with_target(false).with_ansi(color).with_writer(std::io::stderr).boxed()
}

fn json_lines() -> Lines {
    fmt::layer().json().flatten_event(true).with_writer(std::io::stderr).boxed()
}

/// Our own lines and, only when asked for more, those of libraries, which say
/// a lot about each of their steps.
fn filter(level: &str) -> Targets {
    let (ours, theirs) = match level {
        "trace" => (LevelFilter::TRACE, LevelFilter::TRACE),
        "debug" => (LevelFilter::TRACE, LevelFilter::INFO),
        "verbose" => (LevelFilter::DEBUG, LevelFilter::WARN),
        "warning" => (LevelFilter::WARN, LevelFilter::WARN),
        _ => (LevelFilter::INFO, LevelFilter::WARN),
    };
    // Each vote that a node does not answer is a warning to openraft, many times
    // a second; the links say once that it is not reached.
    let raft = if theirs == LevelFilter::WARN { LevelFilter::ERROR } else { theirs };
    Targets::new().with_default(theirs).with_target("openraft", raft).with_target("lockstep", ours)
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn libraries_say_less_than_we_do() {
        for (level, ours, theirs) in [
            ("notice", Level::INFO, Level::WARN),
            ("info", Level::INFO, Level::WARN),
            ("verbose", Level::DEBUG, Level::WARN),
            ("debug", Level::TRACE, Level::INFO),
            ("trace", Level::TRACE, Level::TRACE),
            ("warning", Level::WARN, Level::WARN),
        ] {
            let filter = filter(level);
            assert!(filter.would_enable("lockstep_raft::group", &ours), "{level}");
            assert!(filter.would_enable("hyper::proto", &theirs), "{level}");
            assert_eq!(filter.would_enable("openraft::core", &Level::DEBUG), level == "trace");
        }
    }
}
