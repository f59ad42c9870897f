//! What other nodes and clients are told to reach this node by.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs, UdpSocket};

use lockstep_core::NodeId;
use lockstep_core::cluster::{NodeInfo, NodeState};

use crate::config::seeds::{self, Seed};
use crate::config::{Setting, Settings, special};

/// The highest behaviour of the machines that this program knows.
const VERSION: u32 = 1;

/// This node as others shall know it. `port` is the one it listens on for clients,
/// `peer_port` the one for other nodes.
pub(super) fn myself(settings: &Settings, id: NodeId, port: u16, peer_port: u16) -> NodeInfo {
    let or = |setting: Setting, own: u16| match settings.port(setting) {
        0 => own,
        announced => announced,
    };
    NodeInfo {
        id,
        host: host(settings, port),
        port: or(Setting::AnnouncePort, port),
        peer_port: or(Setting::AnnouncePeerPort, peer_port),
        zone: settings.text(Setting::Zone).to_string(),
        state: NodeState::Joining,
        version: VERSION,
    }
}

/// The host to announce: as told, else as the seeds call this machine, else an
/// address that it listens on.
fn host(settings: &Settings, port: u16) -> String {
    let told = settings.text(Setting::AnnounceHost);
    if !told.is_empty() {
        return told.to_string();
    }
    let seeds = seeds::of(settings);
    if let Some(seed) = seeds.iter().find(|seed| seed.port == port && is_here(seed)) {
        return seed.host.clone();
    }
    let bound = special::addresses(settings);
    let bound = bound.iter().filter_map(|word| word.trim_start_matches('-').parse::<IpAddr>().ok());
    let mut bound = bound.filter(|ip| !ip.is_unspecified());
    bound.next().map_or_else(outward, |ip| ip.to_string())
}

/// Whether a seed's address belongs to this machine: others' cannot be bound.
fn is_here(seed: &Seed) -> bool {
    let Ok(mut addresses) = (&*seed.host, 0).to_socket_addrs() else { return false };
    addresses.any(|address| UdpSocket::bind(SocketAddr::new(address.ip(), 0)).is_ok())
}

/// The address this machine would use towards others. Nothing is sent.
fn outward() -> String {
    let address = UdpSocket::bind("0.0.0.0:0").and_then(|socket| {
        socket.connect("192.0.2.1:9")?;
        socket.local_addr()
    });
    address.map_or_else(|_| "127.0.0.1".to_owned(), |address| address.ip().to_string())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::config::Layers;

    fn settle(flags: &[(&str, &str)]) -> Settings {
        let mut layers = Layers::default();
        for (name, value) in flags {
            layers.flag(name, value);
        }
        layers.settle().unwrap()
    }

    fn told(flags: &[(&str, &str)]) -> String {
        let me = myself(&settle(flags), NodeId(1), 6379, 16379);
        format!("{} {}", me.client_address(), me.peer_port)
    }

    #[test]
    fn what_is_to_be_announced_is_announced() {
        let flags = [
            ("announce-host", "n1.example.org"),
            ("announce-port", "7000"),
            ("announce-peer-port", "7001"),
        ];
        assert_eq!(told(&flags), "n1.example.org:7000 7001");
    }

    #[test]
    fn a_node_is_called_as_the_seeds_call_it() {
        let flags = [("seeds", "192.0.2.7:6379,localhost:6379,127.0.0.1:7000"), ("bind", "*")];
        assert_eq!(told(&flags), "localhost:6379 16379");
    }

    #[test]
    fn a_node_that_no_seed_names_is_called_by_an_address_it_listens_on() {
        assert_eq!(told(&[]), "127.0.0.1:6379 16379");
        assert_eq!(told(&[("bind", "-::1 127.0.0.1")]), "::1:6379 16379");
        assert!(!told(&[("bind", "*")]).starts_with("0.0.0.0"));
    }
}
