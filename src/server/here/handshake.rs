//! HELLO and AUTH: who is there, and who is speaking.

use std::sync::Arc;
use std::time::Instant;

use lockstep_commands::here::{Auth, Hello};
use lockstep_commands::{BadArgs, Protocol, Reply, error};

use super::Answer;
use crate::clients;
use crate::config::Setting;
use crate::info::REDIS_VERSION;
use crate::session::Session;
use crate::users::guesses::Try;
use crate::users::{Context, DEFAULT, Entry, Reason};
use crate::{Node, users};

/// HELLO. Nothing changes unless all of it can be done.
pub(super) fn hello<'a>(node: &Arc<Node>, session: &mut Session, hello: &Hello<'_>) -> Answer<'a> {
    match hello.auth {
        Some((user, password)) => {
            guess(node, session, "HELLO", user, password, |session| greet(node, session, hello))
        }
        None if may_speak(node, session) => greet(node, session, hello).into(),
        None => Reply::Error(error::HELLO_UNAUTHENTICATED).into(),
    }
}

fn greet(node: &Node, session: &mut Session, hello: &Hello<'_>) -> Reply {
    if let Some(name) = hello.name {
        session.client.rename(|names| names.name = name.to_vec());
    }
    if let Some(protocol) = hello.protocol {
        session.speak(protocol);
    }
    greeting(node, session)
}

fn greeting(node: &Node, session: &Session) -> Reply {
    let protocol = match session.protocol {
        Protocol::Resp2 => 2,
        Protocol::Resp3 => 3,
    };
    let mode = if node.settings.flag(Setting::ClusterEnabled) { "cluster" } else { "standalone" };
    let fields = [
        ("server", Reply::bulk("redis")),
        ("version", Reply::bulk(REDIS_VERSION)),
        ("proto", Reply::Int(protocol)),
        ("id", Reply::Int(i64::try_from(session.client.id()).unwrap_or(i64::MAX))),
        ("mode", Reply::bulk(mode)),
        ("role", Reply::bulk("master")),
        ("modules", Reply::Array(Vec::new())),
    ];
    Reply::Map(fields.into_iter().map(|(name, value)| (Reply::bulk(name), value)).collect())
}

/// AUTH.
pub(super) fn auth<'a>(node: &Arc<Node>, session: &mut Session, auth: Auth<'_>) -> Answer<'a> {
    let default = node.users.default_user();
    if auth.user.is_none() && default.rights().user.needs_no_password() {
        return Reply::Error(error::NO_PASSWORD_SET).into();
    }
    let user = auth.user.unwrap_or(DEFAULT);
    guess(node, session, "AUTH", user, auth.password, |_| Reply::Ok)
}

/// Somebody says who it is: `then` gives the reply if it is right. Who was wrong too often
/// is told later what came of it.
fn guess<'a>(
    node: &Arc<Node>,
    session: &mut Session,
    command: &str,
    user: &[u8],
    password: &[u8],
    then: impl FnOnce(&mut Session) -> Reply,
) -> Answer<'a> {
    let (from, now) = (session.client.link().peer.ip(), Instant::now());
    let taken = match node.users.guesses.begin(from, now) {
        // Nothing is waited for there.
        Try::In(_) if session.denies_waiting => Try::Never,
        taken => taken,
    };
    let account = match taken {
        Try::Never => None,
        _ => node.users.admit(user, password),
    };
    let reply = match account {
        Some(account) => {
            session.become_user(account);
            then(session)
        }
        None => {
            if taken == Try::Now {
                node.users.guesses.wrong(from, now);
            }
            refused(node, session, command, user).into()
        }
    };
    match taken {
        Try::In(wait) => Answer::Later(Box::pin(async move {
            tokio::time::sleep(wait).await;
            reply
        })),
        Try::Now | Try::Never => reply.into(),
    }
}

fn refused(node: &Node, session: &Session, command: &str, user: &[u8]) -> BadArgs {
    let entry = Entry {
        reason: Reason::Auth,
        context: if session.denies_waiting { Context::Multi } else { Context::TopLevel },
        object: command.as_bytes().to_vec(),
        user: user.to_vec(),
        client: clients::line(&session.client),
    };
    node.users.log.add(entry, node.settings.size(Setting::AcllogMaxLen));
    error::WRONG_PASSWORD
}

/// Whether a session may do more than show a password. A password that was
/// taken away since it came is no longer asked for.
fn may_speak(node: &Node, session: &mut Session) -> bool {
    session.authenticated |= users::asks_for_no_password(node);
    session.authenticated
}
