//! Ports for the nodes.

use std::net::TcpListener;

/// Where the search for free ports begins.
const FIRST: u16 = 7001;
/// Above this the ports for nodes, 10000 higher, would leave the range.
const LAST: u16 = u16::MAX - 10_000;
/// The ports of one node, above the one for clients.
const DISTANCES: [u16; 3] = [0, 1000, 10_000];

/// The ports for clients of so many nodes.
///
/// # Errors
/// The ports that were asked for are taken, or no others are free.
pub(super) fn choose(count: usize, first: Option<u16>) -> Result<Vec<u16>, String> {
    if let Some(first) = first {
        let ports = row(first, count).ok_or_else(|| format!("--port {first} is too high"))?;
        return match ports.iter().flat_map(of_node).find(|port| !is_free(*port)) {
            Some(taken) => Err(format!("port {taken} is taken")),
            None => Ok(ports),
        };
    }
    let step = u16::try_from(count).unwrap_or(u16::MAX).max(10);
    let mut rows = (FIRST..LAST).step_by(step.into()).filter_map(|first| row(first, count));
    rows.find(|ports| ports.iter().flat_map(of_node).all(is_free))
        .ok_or_else(|| "no ports are free".to_owned())
}

fn row(first: u16, count: usize) -> Option<Vec<u16>> {
    let last = u16::try_from(count).ok()?.checked_sub(1)?.checked_add(first)?;
    (last <= LAST).then(|| (first..=last).collect())
}

fn of_node(port: &u16) -> impl Iterator<Item = u16> + use<> {
    let port = *port;
    DISTANCES.into_iter().map(move |distance| port + distance)
}

fn is_free(port: u16) -> bool {
    TcpListener::bind(("127.0.0.1", port)).is_ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn taken_ports_are_passed_over_unless_they_were_asked_for() {
        let first = choose(3, None).unwrap()[0];
        let held = TcpListener::bind(("127.0.0.1", first + 10_001)).unwrap();
        assert!(!choose(3, None).unwrap().contains(&(first + 1)));
        let refused = choose(3, Some(first)).unwrap_err();
        assert_eq!(refused, format!("port {} is taken", held.local_addr().unwrap().port()));
    }

    #[test]
    fn ports_stay_in_the_range() {
        assert_eq!(choose(3, Some(65_000)), Err("--port 65000 is too high".to_owned()));
    }
}
