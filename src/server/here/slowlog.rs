//! SLOWLOG.

use lockstep_commands::Reply;
use lockstep_commands::here::Slowlog;

use crate::Node;
use crate::session::Session;
use crate::slowlog::Entry;

/// Executes a subcommand of SLOWLOG.
pub(super) fn run(node: &Node, session: &Session, command: Slowlog) -> Reply {
    match command {
        Slowlog::Get(count) => {
            let entries = node.slowlog.newest(count.unwrap_or(usize::MAX));
            Reply::Array(entries.into_iter().map(shown).collect())
        }
        Slowlog::Len => number(node.slowlog.len() as u64),
        // Who waited for something that the transaction gave is shown behind it.
        Slowlog::Reset if session.denies_waiting => {
            node.slowlog.reset_before(session.executes_behind);
            Reply::Ok
        }
        Slowlog::Reset => {
            node.slowlog.reset();
            Reply::Ok
        }
    }
}

fn shown(entry: Entry) -> Reply {
    Reply::Array(vec![
        number(entry.id),
        number(entry.at_seconds),
        number(entry.micros),
        Reply::Array(entry.words.into_iter().map(Reply::Bulk).collect()),
        Reply::bulk(entry.address),
        Reply::Bulk(entry.name),
    ])
}

fn number(number: u64) -> Reply {
    Reply::Int(i64::try_from(number).unwrap_or(i64::MAX))
}
