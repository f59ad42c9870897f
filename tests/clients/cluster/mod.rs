//! Clients of Redis Cluster, each in a session with three nodes in cluster mode.

mod ctl;
mod protocol;

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use lockstep_tests::{Cluster, needed, printed, tool};
use redis::cluster::ClusterClient;
use redis::{Commands, RedisResult};

use super::{installed, must_succeed, python, script};

const PATIENCE: Duration = Duration::from_secs(60);

/// Three nodes in cluster mode, each of which leads slots and knows who leads the
/// others. They are slow to take each other for dead, so that no leadership moves
/// in a session on a busy machine.
fn three() -> Cluster {
    three_with(&["--profile", "wan"])
}

fn three_with(arguments: &[&str]) -> Cluster {
    let common = ["--cluster-enabled", "yes", "--shards", "6", "--fsync", "never"];
    let three = Cluster::start(3, &[&common, arguments].concat());
    let begun = Instant::now();
    while !(0..3).all(|node| is_whole(&three, node)) {
        assert!(begun.elapsed() < PATIENCE, "the leaders do not spread");
        std::thread::sleep(Duration::from_millis(20));
    }
    three
}

fn is_whole(three: &Cluster, node: usize) -> bool {
    let info = three.client(node).call("CLUSTER INFO").text();
    info.contains("cluster_state:ok") && info.contains("cluster_size:3")
}

#[test]
fn a_session_of_redis_py_cluster() {
    let Some(python) = python() else { return };
    let three = three();
    let script = script("cluster_redis_py.py");
    must_succeed(Command::new(python).arg(script).arg(three.port(1).to_string()));
}

#[test]
fn a_session_of_ioredis_cluster() {
    let modules = installed().join("node_modules");
    if !tool("node") || !needed(modules.join("ioredis").exists(), "ioredis") {
        return;
    }
    let three = three();
    must_succeed(
        Command::new("node")
            .arg(script("cluster_ioredis.js"))
            .arg(three.port(2).to_string())
            .env("NODE_PATH", modules),
    );
}

#[test]
fn a_session_of_redis_rs_cluster() {
    let three = three();
    for protocol in ["", "?protocol=resp3"] {
        let address = format!("redis://127.0.0.1:{}/{protocol}", three.port(0));
        session_of_redis_rs(&ClusterClient::new(vec![address]).unwrap()).unwrap();
    }
}

fn session_of_redis_rs(client: &ClusterClient) -> RedisResult<()> {
    const KEYS: i64 = 300;
    let mut connection = client.get_connection()?;
    redis::cmd("FLUSHALL").exec(&mut connection)?;
    for number in 0..KEYS {
        connection.set::<_, _, ()>(format!("key:{number}"), number)?;
    }
    for number in 0..KEYS {
        assert_eq!(connection.get::<_, i64>(format!("key:{number}"))?, number);
    }
    assert_eq!(redis::cmd("DBSIZE").query::<i64>(&mut connection)?, KEYS);
    connection.mset::<_, _, ()>(&[("{t}a", 1), ("{t}b", 2)])?;
    assert_eq!(connection.mget::<_, Vec<i64>>(&["{t}a", "{t}b"])?, [1, 2]);
    let mut pipe = redis::cluster::cluster_pipe();
    (0..100).for_each(|number| {
        pipe.incr(format!("count:{number}"), 1);
    });
    assert_eq!(pipe.query::<Vec<i64>>(&mut connection)?, [1; 100]);
    let token: u64 =
        redis::cmd("LOCK").arg(&["door", "OWNER", "me", "PX", "10000"]).query(&mut connection)?;
    assert!(token > 0);
    assert_eq!(
        redis::cmd("UNLOCK").arg(&["door", "OWNER", "me"]).query::<i64>(&mut connection)?,
        1
    );
    let _: String = redis::cmd("QPUSH").arg(&["work", "job 1"]).query(&mut connection)?;
    let (receipt, body): (String, String) =
        redis::cmd("QPOP").arg("work").query(&mut connection)?;
    assert_eq!(body, "job 1");
    assert_eq!(redis::cmd("QACK").arg(&["work", &receipt]).query::<i64>(&mut connection)?, 1);
    Ok(())
}

#[test]
fn redis_benchmark_finds_all_nodes() {
    if !tool("redis-benchmark") {
        return;
    }
    let three = three();
    let output = Command::new("redis-benchmark")
        .args(["--cluster", "-p", &three.port(0).to_string()])
        .args(["-t", "set,get,incr,mset", "-n", "3000", "-c", "30", "-r", "1000", "-P", "4", "-q"])
        .output()
        .unwrap();
    let text = printed(&output);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("Cluster has 3 master nodes"), "{text}");
    assert!(!text.contains("rror"), "{text}");
    let sizes =
        (0..3).map(|node| three.client(node).call("DBSIZE").int().unwrap()).collect::<Vec<_>>();
    assert!(sizes.iter().filter(|size| **size > 0).count() > 1, "{sizes:?}");
}

#[test]
fn redis_cli_follows_redirections() {
    if !tool("redis-cli") {
        return;
    }
    let three = three();
    let mut child = Command::new("redis-cli")
        .args(["-c", "-p", &three.port(0).to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let mut input = child.stdin.take().unwrap();
    for name in names {
        writeln!(input, "SET {name} of-{name}\nGET {name}").unwrap();
    }
    drop(input);
    let output = child.wait_with_output().unwrap();
    let text = printed(&output);
    for name in names {
        assert!(text.contains(&format!("of-{name}")), "{text}");
    }
    assert!(text.contains("-> Redirected to slot ["), "{text}");
    assert!(!text.contains("MOVED"), "{text}");
}

#[test]
fn redis_cli_finds_the_cluster_in_order() {
    if !tool("redis-cli") {
        return;
    }
    let three = three();
    for node in 0..3 {
        let begun = Instant::now();
        // A leadership may just be moving.
        while let Err(text) = in_order(three.port(node)) {
            assert!(begun.elapsed() < PATIENCE, "{text}");
        }
    }
}

/// What redis-cli finds wrong with the cluster.
fn in_order(port: u16) -> Result<(), String> {
    let address = format!("127.0.0.1:{port}");
    let output = Command::new("redis-cli").args(["--cluster", "check", &address]).output().unwrap();
    let text = printed(&output);
    let wanted = [
        "in 3 masters",
        "[OK] All nodes agree about slots configuration.",
        "[OK] All 16384 slots covered.",
    ];
    let found = output.status.success() && wanted.iter().all(|line| text.contains(line));
    found.then_some(()).ok_or(text)
}

#[test]
fn a_client_of_the_cluster_outlives_a_node() {
    let Some(python) = python() else { return };
    let mut three = three();
    let mut child = Command::new(python)
        .arg(script("cluster_survives.py"))
        .arg(three.port(0).to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    if line.trim() != "working" {
        panic!("{}", printed(&child.wait_with_output().unwrap()));
    }
    three.kill(1);
    writeln!(child.stdin.take().unwrap(), "killed").unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", printed(&output));
    line.clear();
    lines.read_line(&mut line).unwrap();
    assert!(line.starts_with("recovered"), "{line}");
    eprintln!("{line}");
}
