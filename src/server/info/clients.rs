//! The section Clients.

use std::sync::atomic::Ordering;

use super::page::Page;
use crate::Node;
use crate::clients::Flag;
use crate::config::Setting;

pub(super) fn fill(node: &Node, page: &mut Page) {
    let clients = node.clients.all();
    let largest = |bytes: &dyn Fn(&crate::clients::Client) -> usize| {
        clients.iter().map(|client| bytes(client)).max().unwrap_or_default()
    };
    let input = largest(&|client| client.link().query_bytes.load(Ordering::Relaxed));
    let output = largest(&|client| client.link().output_bytes.load(Ordering::Relaxed));
    let blocked = clients.iter().filter(|client| client.waits()).count();
    page.line("connected_clients", clients.len());
    page.line("cluster_connections", 0);
    page.line("maxclients", node.settings.number(Setting::Maxclients));
    page.line("client_recent_max_input_buffer", input);
    page.line("client_recent_max_output_buffer", output);
    page.line("blocked_clients", blocked);
    page.line("tracking_clients", node.tracking.counts().clients);
    page.line("pubsub_clients", clients.iter().filter(|it| it.has(Flag::PubSub)).count());
    page.line("watching_clients", 0);
    page.line("monitor_clients", node.monitors.len());
    page.line("clients_in_timeout_table", 0);
    page.line("total_watched_keys", 0);
    let replicas = node.shards.keys();
    let waited: usize = replicas.iter().map(|group| group.state().keys().waits().keys()).sum();
    page.line("total_blocking_keys", waited);
    page.line("total_blocking_keys_on_nokey", 0);
    let (reason, actions, left) = match node.clients.pause.state() {
        None => ("none", "none", 0),
        Some((true, left)) => ("client_pause", "write", left.as_millis()),
        Some((false, left)) => ("client_pause", "all", left.as_millis()),
    };
    page.line("paused_reason", reason);
    page.line("paused_actions", actions);
    page.line("paused_timeout_milliseconds", left);
}
