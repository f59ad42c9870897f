//! What a node says when it starts: who it is, where it is, what it found, what
//! it promises, and last that it is ready.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use lockstep_storage::Recovered;

use crate::Node;
use crate::config::{Setting, Settings};
use crate::info::shards::hex;
use crate::logging::id;

/// What only the start knows.
#[derive(Debug)]
pub struct Facts<'a> {
    /// Where clients are served.
    pub addresses: Vec<SocketAddr>,
    /// Where metrics and health are served, if anywhere.
    pub admin: Option<SocketAddr>,
    /// What was in the log.
    pub recovered: &'a Recovered,
    /// How long the start took.
    pub took: Duration,
}

/// Files that a node needs beside its clients' sockets.
const OWN_FILES: f64 = 128.0;

/// Says all there is to say, one line each; the last one says `ready`.
pub fn announce(node: &Node, facts: &Facts<'_>) {
    let (settings, identity) = (&node.settings, &node.identity);
    let commit = option_env!("LOCKSTEP_COMMIT").unwrap_or("unknown");
    tracing::info!("lockstep {}, commit {commit}", env!("CARGO_PKG_VERSION"));
    tracing::info!(
        "node {}{}, start {}, process {}",
        hex(identity.node_id),
        cluster(node),
        identity.boot,
        std::process::id()
    );
    tracing::info!("data in {}: {}", identity.dir.display(), recovered(facts.recovered));
    tracing::info!("settings from {}", sources(settings));
    tracing::info!("clients on {}; {}", list(&facts.addresses), admin(facts.admin));
    if let Some(links) = &node.links {
        let (own, seeds) = (identity.me.peer_address(), settings.text(Setting::Seeds));
        let on = list(&links.addresses());
        tracing::info!("other nodes on {on}, told to use {own}; seeds {seeds}");
    }
    tracing::info!("{}; {}", shards(node), durability(settings));
    for (id, warning) in warnings(settings, &facts.addresses) {
        tracing::warn!(id, "{warning}");
    }
    let took = facts.took.as_secs_f64();
    match facts.addresses.first() {
        Some(address) => {
            tracing::info!("ready to serve after {took:.3} s; try: {}", client_line(*address));
        }
        None => tracing::info!("ready to serve after {took:.3} s"),
    }
}

fn recovered(found: &Recovered) -> String {
    if found.entries == 0 && found.bytes == 0 {
        return "nothing yet".to_owned();
    }
    let seconds = found.duration.as_secs_f64();
    let mut text = format!(
        "{} entries in {} files, {} bytes, read in {seconds:.3} s",
        found.entries, found.segments, found.bytes
    );
    if found.torn_bytes > 0 {
        text.push_str(&format!(", {} bytes of a torn end cut off", found.torn_bytes));
    }
    text
}

fn sources(settings: &Settings) -> String {
    match settings.sources() {
        [] => "the defaults".to_owned(),
        sources => format!("the defaults, {}", sources.join(", ")),
    }
}

fn list(addresses: &[SocketAddr]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn admin(address: Option<SocketAddr>) -> String {
    match address {
        Some(address) => format!("metrics and health on http://{address}"),
        None => "no metrics and health (admin-port 0)".to_owned(),
    }
}

/// The cluster the node belongs to, if it is known.
fn cluster(node: &Node) -> String {
    let cluster = node.shards.host().cluster();
    cluster.map_or_else(String::new, |cluster| format!(", cluster {:016x}", cluster.0))
}

fn shards(node: &Node) -> String {
    let led = node.shards.led().len();
    match node.shards.count() {
        0 => format!("no cluster yet: {}", node.shards.not_formed()),
        1 if node.links.is_none() => "1 shard in this process".to_owned(),
        count if node.links.is_none() => format!("{count} shards in this process"),
        count => format!("{count} shards, {led} of them led here so far"),
    }
}

fn durability(settings: &Settings) -> &'static str {
    match settings.word(Setting::Fsync) {
        "always" => "an answered write survives the loss of power (fsync always)",
        "everysec" => "an answered write is safe on disk within about a second (fsync everysec)",
        _ => "an answered write is safe on disk when the system likes (fsync never)",
    }
}

/// What the operator should know, each with its number.
fn warnings(settings: &Settings, addresses: &[SocketAddr]) -> Vec<(&'static str, String)> {
    let mut all: Vec<(&'static str, String)> = Vec::new();
    if settings.word(Setting::Fsync) != "always" {
        let text = "writes are acknowledged before they are on disk; --fsync always changes that";
        all.push((id::FSYNC_OFF, text.to_owned()));
    }
    if let Some(text) = open_to_all(settings, addresses) {
        all.push((id::OPEN_TO_ALL, text.to_owned()));
    }
    if let Some(text) = few_files(settings, crate::metrics::files_max()) {
        all.push((id::FEW_FILES, text));
    }
    all.extend(settings.notes().iter().map(|note| (id::ODD_SETTING, note.clone())));
    all
}

fn open_to_all(settings: &Settings, addresses: &[SocketAddr]) -> Option<&'static str> {
    let reachable = addresses.iter().any(|address| !address.ip().is_loopback());
    if !reachable || !settings.text(Setting::Requirepass).is_empty() {
        return None;
    }
    Some(if settings.flag(Setting::ProtectedMode) {
        "other machines are refused until there is a password; set --requirepass"
    } else {
        "every machine that reaches this one can read and write; set --requirepass"
    })
}

fn few_files(settings: &Settings, files_max: Option<f64>) -> Option<String> {
    let clients = settings.number(Setting::Maxclients) as f64;
    let files = files_max.filter(|files| *files < clients + OWN_FILES)?;
    let room = (files - OWN_FILES).max(0.0);
    Some(format!(
        "the limit of open files is {files}: about {room} clients fit, not {clients}; \
         raise it (ulimit -n) or lower --maxclients"
    ))
}

/// The command that opens a session from this machine.
fn client_line(address: SocketAddr) -> String {
    let port = match address.port() {
        6379 => String::new(),
        port => format!(" -p {port}"),
    };
    let host = match address.ip() {
        ip if ip.is_unspecified() || ip == IpAddr::from([127, 0, 0, 1]) => String::new(),
        ip => format!(" -h {ip}"),
    };
    format!("redis-cli{host}{port}")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn ids(settings: &Settings, addresses: &[&str]) -> Vec<&'static str> {
        let addresses: Vec<SocketAddr> = addresses.iter().map(|a| a.parse().unwrap()).collect();
        let all = warnings(settings, &addresses).into_iter().map(|(id, _)| id);
        all.filter(|id| *id != id::FEW_FILES).collect()
    }

    #[test]
    fn a_node_for_this_machine_that_syncs_gives_no_warning() {
        assert_eq!(ids(&Settings::default(), &["127.0.0.1:6379", "[::1]:6379"]), [""; 0]);
    }

    #[test]
    fn writes_that_are_not_synced_are_warned_of() {
        let settings = Settings::default();
        settings.set("fsync", "everysec").unwrap();
        assert_eq!(ids(&settings, &["127.0.0.1:6379"]), [id::FSYNC_OFF]);
    }

    #[test]
    fn a_node_that_others_reach_without_a_password_is_warned_of() {
        let settings = Settings::default();
        let addresses = ["127.0.0.1:6379", "0.0.0.0:6379"];
        assert_eq!(ids(&settings, &addresses), [id::OPEN_TO_ALL]);
        settings.set("requirepass", "x").unwrap();
        assert_eq!(ids(&settings, &addresses), [""; 0]);
    }

    #[test]
    fn too_few_files_for_the_clients_are_warned_of() {
        let settings = Settings::default();
        assert_eq!(few_files(&settings, Some(20_000.0)), None);
        assert_eq!(few_files(&settings, None), None);
        let text = few_files(&settings, Some(1024.0)).unwrap();
        assert!(text.contains("about 896 clients fit"), "{text}");
    }

    #[test]
    fn the_line_to_try_leaves_out_what_is_the_default() {
        let line = |address: &str| client_line(address.parse().unwrap());
        assert_eq!(line("127.0.0.1:6379"), "redis-cli");
        assert_eq!(line("0.0.0.0:7000"), "redis-cli -p 7000");
        assert_eq!(line("10.0.0.1:6379"), "redis-cli -h 10.0.0.1");
    }

    #[test]
    fn an_empty_directory_is_called_so() {
        assert_eq!(recovered(&Recovered::default()), "nothing yet");
        let found =
            Recovered { entries: 3, bytes: 90, torn_bytes: 7, segments: 1, ..Recovered::default() };
        assert!(recovered(&found).ends_with("7 bytes of a torn end cut off"));
    }
}
