//! What a node does when the map of its cluster changes, or what the cluster
//! thinks of it.

use std::sync::Arc;
use std::time::Duration;

use lockstep_core::cluster::Map;

use crate::Node;
use crate::clients::Flag;
use crate::config::{Origin, Setting};
use crate::logging::id;
use crate::users::change;

/// Follows the map of the cluster, and says what matters to people.
pub(super) async fn map(node: Arc<Node>) {
    let mut maps = node.shards.host().watch_map();
    let mut known = false;
    loop {
        let map = maps.borrow_and_update().clone();
        if !known && map.id().is_some() {
            known = true;
            begin(&node, &map);
        }
        // Fails only when the host is gone.
        if maps.changed().await.is_err() {
            return;
        }
    }
}

/// How long a node that comes back waits at its door until it knows the users.
const USERS_WAIT: Duration = Duration::from_secs(2);

/// Knows the users before anybody is let in. A node alone whose settings say another password
/// than the one that was kept takes the new one, as whoever starts it wants it.
///
/// A node that has heard of users and does not reach the cluster lets nobody in until it does:
/// they may have changed.
pub(super) async fn users(node: &Arc<Node>) {
    let caught_up = change::catch_up(node.clone());
    match tokio::time::timeout(USERS_WAIT, caught_up).await {
        Ok(Ok(())) => take_own_password(node).await,
        // Nobody leads, or there is no cluster yet.
        _ if node.shards.host().had_users() => {
            node.users.set_unsure(true);
            node.protect();
            tokio::spawn(catch_up_later(node.clone()));
        }
        _ => {}
    }
}

async fn catch_up_later(node: Arc<Node>) {
    while change::catch_up(node.clone()).await.is_err() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    node.users.set_unsure(false);
    node.protect();
}

async fn take_own_password(node: &Arc<Node>) {
    let password = node.settings.text(Setting::Requirepass);
    let said = !matches!(node.settings.origin(Setting::Requirepass), Origin::Default);
    let known = node.users.default_user().rights();
    let same = match password.is_empty() {
        true => known.user.needs_no_password(),
        false => !known.user.needs_no_password() && known.user.knows(password.as_bytes()),
    };
    if node.links.is_none() && said && !same {
        // Should it fail, the log of the node has, too.
        let _ = change::set_password(node.clone(), password.to_string()).await;
    }
}

/// Closes connections that cannot rely on what they hold any more: the cluster may
/// give it to others, or has.
pub(super) async fn life(node: Arc<Node>) {
    let mut lives = node.shards.host().watch_life();
    let mut boot = node.life();
    loop {
        let life = *lives.borrow_and_update();
        if life.boot != boot {
            boot = life.boot;
            let clients = node.clients.all();
            tracing::warn!(
                id = id::GIVEN_UP,
                "the cluster had not heard of this node for the node timeout; {} connections are \
                 closed, what they held is free",
                clients.len()
            );
            clients.iter().for_each(|client| client.kill());
        } else if life.cut_off {
            let clients = node.clients.all();
            let bound = clients.iter().filter(|client| client.has(Flag::Bound));
            let closed = bound.map(|client| client.kill()).count();
            tracing::warn!(
                id = id::CUT_OFF,
                "no answer from the cluster for almost the node timeout; {closed} connections \
                 that hold something are closed: it may be given to others"
            );
        }
        // Fails only when the host is gone.
        if lives.changed().await.is_err() {
            return;
        }
    }
}

/// The node belongs to a cluster from now on.
fn begin(node: &Node, map: &Map) {
    if let Some(why) = contradiction(node, map) {
        tracing::error!(id = id::OTHER_CLUSTER, "{why}");
        node.stop.send_replace(true);
        return;
    }
    node.shards.look_at_map();
    let names: Vec<String> = map.nodes().map(|node| node.client_address()).collect();
    if node.links.is_some() {
        tracing::info!(
            "this node belongs to cluster {:016x} with {} and {} shards",
            map.id().unwrap_or_default().0,
            names.join(", "),
            map.shards()
        );
    }
}

/// What was decided when the cluster was founded and is asked for otherwise here.
fn contradiction(node: &Node, map: &Map) -> Option<String> {
    let settings = &node.settings;
    let named = |setting| !matches!(settings.origin(setting), Origin::Default | Origin::Derived(_));
    let shards = settings.number(Setting::Shards);
    if named(Setting::Shards) && shards != u64::from(map.shards()) {
        return Some(format!(
            "the cluster was founded with {} shards, and --shards says {shards}; start with the \
             same number, or without",
            map.shards()
        ));
    }
    let mode = settings.flag(Setting::ClusterEnabled);
    if mode != map.cluster_mode() {
        let word = |mode: bool| if mode { "yes" } else { "no" };
        return Some(format!(
            "the cluster was founded with cluster-enabled {}, and --cluster-enabled says {}; \
             start with the same word",
            word(map.cluster_mode()),
            word(mode)
        ));
    }
    None
}
