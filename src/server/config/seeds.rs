//! The seeds: where the nodes are that found a cluster, or let this one in.

use std::fmt;
use std::net::Ipv6Addr;

use super::row::Refusal;
use super::settings::Settings;
use super::table::Setting;

/// How far the port for nodes stands above the one for clients, unless told.
pub const PEER_PORT_DISTANCE: u16 = 10_000;
/// The port for clients that goes without saying.
const PORT: u16 = 6379;
/// How many seeds there are at most.
const SEEDS_MAX: usize = 9;

const BAD_SEED: &str = "a seed is host:port, with host:port@peer-port where the port for nodes is \
                        not port + 10000";

/// One of the nodes that found the cluster, as the settings name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seed {
    /// A name or an IP address.
    pub host: String,
    /// Its port for clients.
    pub port: u16,
    /// Its port for nodes.
    pub peer_port: u16,
}

impl Seed {
    /// Where nodes reach it: `host:peer-port`.
    pub fn peer_address(&self) -> String {
        address(&self.host, self.peer_port)
    }

    /// Reads `host:port` or `host:port@peer-port`.
    pub fn parse(word: &str) -> Option<Seed> {
        let (client, peer_port) = match word.split_once(['@', '/']) {
            Some((client, peer_port)) => (client, Some(port(peer_port)?)),
            None => (word, None),
        };
        let (host, port) = host_and_port(client)?;
        let peer_port = match peer_port {
            Some(port) => port,
            None => port.checked_add(PEER_PORT_DISTANCE)?,
        };
        Some(Seed { host, port, peer_port })
    }
}

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&address(&self.host, self.port))?;
        if self.port.checked_add(PEER_PORT_DISTANCE) != Some(self.peer_port) {
            write!(f, "@{}", self.peer_port)?;
        }
        Ok(())
    }
}

/// `host:port`, with brackets around what has colons itself.
pub fn address(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

fn host_and_port(text: &str) -> Option<(String, u16)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        host.parse::<Ipv6Addr>().ok()?;
        let port = match rest.strip_prefix(':') {
            Some(digits) => port(digits)?,
            None => rest.is_empty().then_some(PORT)?,
        };
        return Some((host.to_owned(), port));
    }
    let (host, port) = match text.split_once(':') {
        Some((host, digits)) => (host, port(digits)?),
        None => (text, PORT),
    };
    is_name(host).then(|| (host.to_owned(), port))
}

fn is_name(host: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    !host.is_empty() && !host.starts_with(['-', '.']) && host.bytes().all(allowed)
}

fn port(digits: &str) -> Option<u16> {
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|port| plain && *port > 0)
}

/// Reads a list of seeds, with commas or blanks between, and writes it with commas.
pub(super) fn seeds(raw: &str) -> Result<String, Refusal> {
    let refused = |why: String| Refusal(why.into());
    let mut seeds: Vec<Seed> = Vec::new();
    for word in words(raw) {
        let seed = Seed::parse(word).ok_or_else(|| refused(format!("'{word}': {BAD_SEED}")))?;
        if seeds.iter().any(|known| known.host == seed.host && known.port == seed.port) {
            return Err(refused(format!("'{word}' is named twice")));
        }
        seeds.push(seed);
    }
    if seeds.len() > SEEDS_MAX {
        return Err(refused(format!("there may be {SEEDS_MAX} seeds at most")));
    }
    Ok(seeds.iter().map(ToString::to_string).collect::<Vec<_>>().join(","))
}

/// The name of a host, or nothing.
pub(super) fn host(raw: &str) -> Result<String, Refusal> {
    if raw.is_empty() || is_name(raw) || raw.parse::<Ipv6Addr>().is_ok() {
        Ok(raw.to_owned())
    } else {
        Err(Refusal::of("argument must be a host name or an IP address"))
    }
}

fn words(raw: &str) -> impl Iterator<Item = &str> {
    raw.split([',', ' ']).filter(|word| !word.is_empty())
}

/// The seeds in force.
pub fn of(settings: &Settings) -> Vec<Seed> {
    words(&settings.text(Setting::Seeds)).filter_map(Seed::parse).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_a_client_address_and_its_peer_port_is_derived() {
        assert_eq!(seeds("a:6379,b:7000, c").unwrap(), "a:6379,b:7000,c:6379");
        let seed = Seed::parse("a:7000").unwrap();
        assert_eq!((seed.port, seed.peer_port), (7000, 17_000));
        assert_eq!(seed.peer_address(), "a:17000");
    }

    #[test]
    fn the_peer_port_can_be_named_in_two_notations() {
        for text in ["a:6379@16390", "a:6379/16390"] {
            assert_eq!(Seed::parse(text).unwrap().peer_port, 16_390, "{text}");
            assert_eq!(seeds(text).unwrap(), "a:6379@16390");
        }
        assert_eq!(seeds("a:6379@16379").unwrap(), "a:6379");
    }

    #[test]
    fn an_address_with_colons_stands_in_brackets() {
        let seed = Seed::parse("[::1]:7000").unwrap();
        assert_eq!((&*seed.host, seed.port), ("::1", 7000));
        assert_eq!(seed.to_string(), "[::1]:7000");
        assert_eq!(seed.peer_address(), "[::1]:17000");
        assert_eq!(Seed::parse("[::1]").unwrap().port, 6379);
    }

    #[test]
    fn what_is_no_seed_is_refused_by_name() {
        for wrong in
            ["a:", ":1", "a:0", "a:70000", "a:60000", "a:1@", "a:1@x", "::1:6379", "a b:x", "[x]:1"]
        {
            let refusal = seeds(&format!("ok:1,{wrong}")).unwrap_err().to_string();
            assert!(refusal.contains("a seed is host:port"), "{wrong}: {refusal}");
        }
        assert_eq!(seeds("a:1,b:1,a:1").unwrap_err().to_string(), "'a:1' is named twice");
        let many: Vec<String> = (1..=10).map(|n| format!("n{n}:1")).collect();
        assert!(seeds(&many.join(",")).unwrap_err().to_string().contains("9 seeds"));
    }

    #[test]
    fn no_seeds_are_fine() {
        assert_eq!(seeds("").unwrap(), "");
        assert_eq!(of(&Settings::default()), []);
    }

    #[test]
    fn a_host_is_a_name_an_address_or_nothing() {
        for fine in ["", "a.example.org", "10.0.0.1", "::1"] {
            assert_eq!(host(fine).unwrap(), fine);
        }
        assert!(host("a b").is_err());
        assert!(host("a:1").is_err());
    }
}
