//! DEBUG, where `enable-debug-command` allows it.

use std::time::Duration;

use lockstep_commands::here::Debug;
use lockstep_commands::{Reply, error};
use lockstep_core::Op;

use super::Answer;
use crate::Node;
use crate::config::Setting;
use crate::session::Session;

/// Executes a subcommand of DEBUG.
pub(super) fn run<'a>(node: &Node, session: &Session, command: Debug<'a>) -> Answer<'a> {
    if !may_debug(node, session) {
        return Reply::from(error::DEBUG_DISABLED).into();
    }
    match command {
        Debug::Sleep { .. } if session.denies_waiting => Reply::Ok.into(),
        Debug::Sleep { micros } => Answer::Later(Box::pin(async move {
            tokio::time::sleep(Duration::from_micros(micros)).await;
            Reply::Ok
        })),
        Debug::Op(op) => Answer::Op(Op::Key { op }),
        Debug::Answer(reply) => reply.into(),
        Debug::Log(message) => {
            tracing::warn!(message = %String::from_utf8_lossy(message), "DEBUG LOG");
            Reply::Ok.into()
        }
    }
}

/// Whether `enable-debug-command` lets this client use DEBUG.
pub fn may_debug(node: &Node, session: &Session) -> bool {
    match node.settings.word(Setting::EnableDebugCommand) {
        "yes" => true,
        "local" => session.client.link().peer.ip().is_loopback(),
        _ => false,
    }
}
