//! CLIENT.

use std::sync::Arc;

use lockstep_commands::here::{Client, ListFilter};
use lockstep_commands::{Reply, error};

use super::Answer;
use crate::clients::{self, Flag, kind};
use crate::session::Session;
use crate::{Node, tracking};

/// Executes a subcommand of CLIENT.
pub(super) fn run<'a>(node: &Arc<Node>, session: &mut Session, command: Client<'_>) -> Answer<'a> {
    let me = session.client.clone();
    match command {
        Client::Id => number(me.id()),
        Client::GetName => {
            let name = me.names().name;
            if name.is_empty() { Reply::Nil } else { Reply::Bulk(name) }
        }
        Client::SetName(name) => {
            me.rename(|names| names.name = name.to_vec());
            Reply::Ok
        }
        Client::SetLibraryName(name) => {
            me.rename(|names| names.library = name.to_vec());
            Reply::Ok
        }
        Client::SetLibraryVersion(version) => {
            me.rename(|names| names.library_version = version.to_vec());
            Reply::Ok
        }
        Client::List(filter) => Reply::Verbatim(list(node, session, &filter)),
        Client::Info => Reply::Verbatim(clients::line_with(&me, session.asked_bytes) + "\n"),
        Client::KillAddress(address) => return kill_address(node, &me, address),
        Client::Kill(filter) => {
            if let Some(name) = filter.user.filter(|name| node.users.get(name).is_none()) {
                return Reply::Error(error::no_such_user(name)).into();
            }
            let victims = node.clients.matching(&filter, me.id());
            return kill(&victims, &me, number(victims.len() as u64));
        }
        Client::Pause { timeout_ms, writes_only } => {
            node.clients.pause.begin(timeout_ms, writes_only);
            Reply::Ok
        }
        Client::Unpause => {
            node.clients.pause.end();
            Reply::Ok
        }
        Client::Reply(switch) => {
            session.switch_replies(switch);
            // SKIP's own reply is counted by the session, OFF's is not sent.
            Reply::Ok
        }
        Client::Unblock { id, error } => {
            let client = u64::try_from(id).ok().and_then(|id| node.clients.get(id));
            number(u64::from(client.is_some_and(|client| client.end_wait(error))))
        }
        Client::NoEvict(on) => {
            me.set(Flag::NoEvict, on);
            me.link().spare(on);
            Reply::Ok
        }
        Client::NoTouch(on) => {
            me.set(Flag::NoTouch, on);
            Reply::Ok
        }
        Client::LockEvents(on) => {
            me.set(Flag::LockEvents, on);
            Reply::Ok
        }
        Client::CacheMode(None) => Reply::bulk(session.copies.word()),
        Client::CacheMode(Some(mode)) => {
            session.copies = mode;
            Reply::Ok
        }
        Client::Tracking(words) => return tracking::switch(node, session, &words),
        Client::TrackingInfo => tracking::info(session),
        Client::GetRedirect => tracking::redirect(session),
        Client::Caching(yes) => tracking::caching(session, yes),
    }
    .into()
}

fn number(number: u64) -> Reply {
    Reply::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

fn list(node: &Node, session: &Session, filter: &ListFilter) -> String {
    let clients = match filter {
        ListFilter::All => node.clients.all(),
        ListFilter::Kind(wanted) => {
            let mut all = node.clients.all();
            all.retain(|client| kind(client) == *wanted);
            all
        }
        ListFilter::Ids(ids) => {
            let ids = ids.iter().filter_map(|id| u64::try_from(*id).ok());
            ids.filter_map(|id| node.clients.get(id)).collect()
        }
    };
    let bytes = |id| if id == session.client.id() { session.asked_bytes } else { 0 };
    let line = |client: &Arc<_>| clients::line_with(client, bytes(client.id())) + "\n";
    clients.iter().map(line).collect()
}

/// The old form: one address, one's own, too.
fn kill_address<'a>(node: &Node, me: &clients::Client, address: &[u8]) -> Answer<'a> {
    let mut victims = node.clients.all();
    victims.retain(|client| client.link().peer.to_string().as_bytes() == address);
    if victims.is_empty() {
        return Reply::from(error::NO_SUCH_CLIENT).into();
    }
    kill(&victims, me, Reply::Ok)
}

/// Closes connections; one's own only behind the reply.
fn kill<'a>(victims: &[Arc<clients::Client>], me: &clients::Client, reply: Reply) -> Answer<'a> {
    let mut closes_me = false;
    for victim in victims {
        if victim.id() == me.id() {
            closes_me = true;
        } else {
            victim.kill();
        }
    }
    if closes_me { Answer::Close(Some(reply)) } else { reply.into() }
}
