//! Whether the cluster has come together.

use super::super::ctl::ask::Connection;
use super::super::ctl::show::{Row, rows};

/// Whether every node knows all others, and every shard has a leader.
pub(super) async fn all(ports: &[u16]) -> bool {
    for port in ports {
        if !one(*port, ports.len()).await {
            return false;
        }
    }
    true
}

async fn one(port: u16, count: usize) -> bool {
    let Ok(mut node) = Connection::open(&format!("127.0.0.1:{port}"), None).await else {
        return false;
    };
    let Ok(answer) = node.ask(&["NODE", "LIST"]).await else { return false };
    is_whole(&rows(&answer), count)
}

fn is_whole(nodes: &[Row], count: usize) -> bool {
    let mut kept: Vec<u64> = nodes.iter().flat_map(|node| node.replicas.clone()).collect();
    kept.sort_unstable();
    kept.dedup();
    let led: usize = nodes.iter().map(|node| node.leads.len()).sum();
    nodes.len() >= count && nodes.iter().all(|node| node.reachable) && led > 0 && led == kept.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_is_whole_when_every_shard_is_led() {
        let node = |leads: &[u64]| Row {
            reachable: true,
            leads: leads.to_vec(),
            replicas: vec![0, 1, 2],
            ..Row::default()
        };
        assert!(is_whole(&[node(&[0, 2]), node(&[1]), node(&[])], 3));
        assert!(!is_whole(&[node(&[0, 2]), node(&[]), node(&[])], 3), "one shard is not led");
        assert!(!is_whole(&[node(&[0, 1, 2]), node(&[])], 3), "a node is missing");
        assert!(!is_whole(&[], 0));
        let lost = Row { reachable: false, ..node(&[]) };
        assert!(!is_whole(&[node(&[0, 1, 2]), node(&[]), lost], 3));
    }
}
