//! Client libraries that others wrote, each in a session of its own.
//!
//! `.ci/run` puts redis-py, ioredis and node-redis under `target/clients`.

mod cluster;
pub(crate) mod fred;

use std::path::PathBuf;
use std::process::Command;

use lockstep_tests::{Cluster, Server, needed, printed, tool, workspace};
use redis::{Commands, RedisResult};

fn server() -> Server {
    Server::lockstep(&["--fsync", "never"])
}

fn script(name: &str) -> PathBuf {
    workspace().join("tests/clients").join(name)
}

/// Where client libraries are.
pub(crate) fn installed() -> PathBuf {
    workspace().join("target/clients")
}

fn must_succeed(command: &mut Command) {
    let output = command.output().unwrap();
    let text = printed(&output);
    assert!(output.status.success(), "{command:?}\n{text}");
}

/// A Python that has redis-py.
pub(crate) fn python() -> Option<PathBuf> {
    let own = installed().join("venv/bin/python");
    let python = if own.exists() { own } else { "python3".into() };
    let imports = Command::new(&python).args(["-c", "import redis"]).output();
    needed(imports.is_ok_and(|output| output.status.success()), "redis-py").then_some(python)
}

#[test]
fn a_session_of_redis_py() {
    let Some(python) = python() else { return };
    let server = server();
    must_succeed(Command::new(python).arg(script("redis_py.py")).arg(server.port().to_string()));
}

#[test]
fn streams_with_redis_py() {
    let Some(python) = python() else { return };
    let server = server();
    let port = server.port().to_string();
    must_succeed(Command::new(python).arg(script("redis_py_streams.py")).arg(port));
}

#[test]
fn channels_with_redis_py() {
    let Some(python) = python() else { return };
    let (server, cluster) = (server(), Cluster::start(3, &["--fsync", "never"]));
    let one = [server.port().to_string()];
    let two = [cluster.port(0).to_string(), cluster.port(1).to_string()];
    for ports in [&one[..], &two] {
        must_succeed(Command::new(&python).arg(script("redis_py_channels.py")).args(ports));
    }
}

#[test]
fn a_cache_in_redis_py() {
    let Some(python) = python() else { return };
    let (server, cluster) = (server(), Cluster::start(3, &["--fsync", "never"]));
    let leader = cluster.wait_leader(0);
    let port = |node: usize| cluster.port(node % 3).to_string();
    let alone = [server.port().to_string()];
    for ports in
        [&alone[..], &[port(leader), port(leader + 1)], &[port(leader + 1), port(leader + 2)]]
    {
        must_succeed(Command::new(&python).arg(script("redis_py_cache.py")).args(ports));
    }
}

fn node(library: &str, name: &str) {
    let modules = installed().join("node_modules");
    if !tool("node") || !needed(modules.join(library).exists(), library) {
        return;
    }
    let server = server();
    must_succeed(
        Command::new("node")
            .arg(script(name))
            .arg(server.port().to_string())
            .env("NODE_PATH", modules),
    );
}

#[test]
fn a_session_of_ioredis() {
    node("ioredis", "ioredis.js");
}

#[test]
fn a_session_of_node_redis() {
    node("redis", "node_redis.js");
}

#[test]
fn a_session_of_redis_rs() {
    let server = server();
    for protocol in ["", "?protocol=resp3"] {
        let address = format!("redis://127.0.0.1:{}/{protocol}", server.port());
        session_of_redis_rs(&redis::Client::open(address).unwrap()).unwrap();
    }
}

fn session_of_redis_rs(client: &redis::Client) -> RedisResult<()> {
    let mut connection = client.get_connection()?;
    redis::cmd("FLUSHALL").exec(&mut connection)?;
    connection.set::<_, _, ()>("greeting", "hello")?;
    assert_eq!(connection.get::<_, String>("greeting")?, "hello");
    assert_eq!(connection.get::<_, Option<String>>("nothing")?, None);
    assert_eq!(connection.incr::<_, _, i64>("n", 5)?, 5);
    assert_eq!(connection.append::<_, _, i64>("greeting", "!")?, 6);
    assert!(connection.expire::<_, bool>("n", 100)?);
    assert!((90..=100).contains(&connection.ttl::<_, i64>("n")?));
    let (a, b): (i64, String) =
        redis::pipe().atomic().incr("n", 1).get("greeting").query(&mut connection)?;
    assert_eq!((a, b.as_str()), (6, "hello!"));
    let counted: (i64,) = redis::transaction(&mut connection, &["n"], |connection, pipe| {
        let seen: i64 = connection.get("n")?;
        pipe.set("n", seen * 2).ignore().get("n").query(connection)
    })?;
    assert_eq!(counted, (12,));
    let mut pipe = redis::pipe();
    (0..1_000).for_each(|number| {
        pipe.set(format!("key:{number}"), number).ignore();
    });
    pipe.query::<()>(&mut connection)?;
    let keys: Vec<String> = connection.scan_match("key:*")?.collect::<RedisResult<_>>()?;
    assert_eq!(keys.len(), 1_000);
    assert!(connection.incr::<_, _, i64>("greeting", 1).is_err());
    let lock = ["door", "OWNER", "me", "PX", "10000"];
    let token: u64 = redis::cmd("LOCK").arg(&lock).query(&mut connection)?;
    assert!(token > 0);
    let held: i64 = redis::cmd("UNLOCK").arg(&lock[..3]).query(&mut connection)?;
    assert_eq!(held, 1);
    let _: String = redis::cmd("QPUSH").arg(&["work", "job 1"]).query(&mut connection)?;
    let (receipt, body): (String, String) =
        redis::cmd("QPOP").arg("work").query(&mut connection)?;
    assert_eq!(body, "job 1");
    let settled: i64 = redis::cmd("QACK").arg(&["work", &receipt]).query(&mut connection)?;
    assert_eq!(settled, 1);
    Ok(())
}
