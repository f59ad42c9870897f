//! Libraries that know nothing of a cluster, while the node that leads is killed. Half of
//! their clients are connected to it by an address in front of the nodes, as a proxy or a
//! name would be, and come to another node when they connect again; half of them to a
//! node that stays.

use lockstep_tests::{Cluster, Proxy};

use super::{Running, command, jobs, kills, rounds};

/// A cluster whose leader will be killed.
pub(super) struct Stage {
    pub(super) cluster: Cluster,
    /// Leads to the leader, and afterwards to a node that lives.
    front: Proxy,
    leader: usize,
}

impl Stage {
    pub(super) fn set() -> Stage {
        let cluster = Cluster::start(3, &[]);
        let leader = cluster.wait_leader(0);
        let front = Proxy::to(cluster.address(leader));
        Stage { cluster, front, leader }
    }

    /// The address in front of the nodes, and a node that stays.
    pub(super) fn ports(&self) -> [u16; 2] {
        [self.front.address().port(), self.cluster.port(self.survivor())]
    }

    pub(super) fn survivor(&self) -> usize {
        (self.leader + 1) % 3
    }

    pub(super) fn kill_the_leader(&mut self) {
        self.cluster.kill(self.leader);
        self.front.leads_to(self.cluster.address((self.leader + 2) % 3));
    }
}

fn goes_on(script: &str, needs: &[&str], times: &str) {
    for _ in 0..kills() {
        let Some(command) = command(script, needs) else { return };
        let mut stage = Stage::set();
        let ports = stage.ports().map(|port| port.to_string()).join(",");
        let mut running = Running::start(command, &[ports, times.to_owned()]);
        running.wait_under_way();
        stage.kill_the_leader();
        running.tell_killed();
        running.must_succeed();
    }
}

#[test]
fn locks_of_redis_py_python_redis_lock_and_redlock_py_guard_through_a_kill() {
    goes_on("guarded.py", &["redis_lock", "redlock"], &rounds().to_string());
}

#[test]
fn locks_of_redlock_and_redis_semaphore_guard_through_a_kill() {
    let needs = ["ioredis", "redlock4", "redlock5", "redis-semaphore"];
    goes_on("guarded.js", &needs, &rounds().to_string());
}

#[test]
fn a_cache_in_redis_py_is_told_through_a_kill() {
    goes_on("cached.py", &["redis"], &rounds().to_string());
}

#[test]
fn sessions_of_connect_redis_are_kept_through_a_kill() {
    goes_on("sessions_kept.js", &["connect-redis", "redis"], &jobs());
}

#[test]
fn pipelines_of_ioredis_and_node_redis_are_kept_through_a_kill() {
    goes_on("pipelines.js", &["ioredis", "redis"], &jobs());
}
