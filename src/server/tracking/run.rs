//! CLIENT TRACKING and its relatives.

use std::sync::Arc;
use std::time::Duration;

use lockstep_commands::here;
use lockstep_commands::{BadArgs, Reply, error};

use super::Tracks;
use super::terms::Terms;
use crate::Node;
use crate::clients::Flag;
use crate::here::Answer;
use crate::session::Session;

/// How long a client waits until its node is told of changes. It is told later that it
/// has to read anew what it reads before that.
const PATIENCE: Duration = Duration::from_secs(1);

/// CLIENT TRACKING.
pub fn switch<'a>(
    node: &Arc<Node>,
    session: &mut Session,
    words: &here::Tracking<'_>,
) -> Answer<'a> {
    match terms(node, session, words) {
        Err(bad) => Reply::from(bad).into(),
        Ok(None) => {
            session.stop_tracking(node);
            Reply::Ok.into()
        }
        Ok(Some(terms)) => {
            node.tracking.enter(&session.client, terms.clone());
            let tracks = session.tracks.get_or_insert_default();
            tracks.terms = terms;
            node.tracking.bell.notify_one();
            node.tracking.look(node);
            if session.denies_waiting || node.tracking.covers_all(node) {
                return Reply::Ok.into();
            }
            Answer::Later(Box::pin(when_told(node.clone())))
        }
    }
}

/// What is asked for; none: OFF.
fn terms(
    node: &Node,
    session: &Session,
    words: &here::Tracking<'_>,
) -> Result<Option<Terms>, BadArgs> {
    let redirect = words.redirect.map(|id| u64::try_from(id).unwrap_or(0));
    if redirect.is_some_and(|id| node.clients.get(id).is_none()) {
        return Err(error::REDIRECT_TO_NOBODY);
    }
    if words.redirects_twice {
        return Err(error::REDIRECT_TWICE);
    }
    if !words.on.ok_or(error::SYNTAX)? {
        return Ok(None);
    }
    let before = session.tracks.as_ref().map(|tracks| &tracks.terms);
    Terms::of(words, redirect, before).map(Some)
}

async fn when_told(node: Arc<Node>) -> Reply {
    let told = async {
        loop {
            let heard = node.tracking.heard.notified();
            tokio::pin!(heard);
            // From here on it is noticed.
            heard.as_mut().enable();
            if node.tracking.covers_all(&node) {
                return;
            }
            heard.await;
        }
    };
    // Whether it is or not: what it cannot be told of it reads again.
    let _ = tokio::time::timeout(PATIENCE, told).await;
    Reply::Ok
}

/// CLIENT CACHING.
pub fn caching(session: &mut Session, yes: Option<bool>) -> Reply {
    let choice = |tracks: &&mut Box<Tracks>| tracks.terms.opt_in || tracks.terms.opt_out;
    if session.tracks.is_none() {
        return error::NOT_TRACKING.into();
    }
    let Some(tracks) = session.tracks.as_mut().filter(choice) else {
        return match yes {
            Some(true) => error::NOT_OPTED_IN,
            Some(false) => error::NOT_OPTED_OUT,
            None => error::SYNTAX,
        }
        .into();
    };
    match yes {
        Some(true) if tracks.terms.opt_in => tracks.caching = true,
        Some(true) => return error::NOT_OPTED_IN.into(),
        Some(false) if tracks.terms.opt_out => tracks.caching = true,
        Some(false) => return error::NOT_OPTED_OUT.into(),
        None => return error::SYNTAX.into(),
    }
    Reply::Ok
}

/// CLIENT GETREDIR.
pub fn redirect(session: &Session) -> Reply {
    Reply::Int(session.client.redirect())
}

/// CLIENT TRACKINGINFO.
pub fn info(session: &Session) -> Reply {
    let nobody = Tracks::default();
    let tracks = session.tracks.as_deref().unwrap_or(&nobody);
    let (terms, on) = (&tracks.terms, session.tracks.is_some());
    let flags = [
        (!on, "off"),
        (on, "on"),
        (terms.broadcast, "bcast"),
        (terms.opt_in, "optin"),
        (terms.opt_in && tracks.caching, "caching-yes"),
        (terms.opt_out, "optout"),
        (terms.opt_out && tracks.caching, "caching-no"),
        (terms.no_loop, "noloop"),
        (session.client.has(Flag::BrokenRedirect), "broken_redirect"),
    ];
    let flags = flags.iter().filter(|(holds, _)| *holds).map(|(_, word)| Reply::bulk(word));
    Reply::Map(vec![
        (Reply::bulk("flags"), Reply::Set(flags.collect())),
        (Reply::bulk("redirect"), redirect(session)),
        (Reply::bulk("prefixes"), Reply::Array(terms.prefixes.iter().map(Reply::bulk).collect())),
    ])
}
