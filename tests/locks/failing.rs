//! Locks while nodes fail: what was acknowledged stays, lines keep their order, and
//! who leads no longer says nothing that may be wrong.

use std::time::{Duration, Instant};

use lockstep_tests::{Client, Cluster, Value, wait_for};

use super::{cluster, scan, send};

/// The number of the node that leads a lock's shard.
fn leader_of(cluster: &Cluster, name: &str) -> usize {
    let mut client = cluster.client(0);
    client.call(&format!("LOCK {name} OWNER probe PX 60000"));
    let info = client.call(&format!("LOCKINFO KEY {name}"));
    client.call(&format!("UNLOCK {name} OWNER probe"));
    let shard = info.field("shard").and_then(Value::int).expect("it has a shard");
    cluster.wait_leader(shard as u16)
}

/// What those who lead now say; as long as nobody does it is asked again.
fn is_valid(client: &mut Client, name: &str, token: i64) -> bool {
    let mut told = Value::Nil;
    wait_for("somebody who knows the token", || {
        told = client.call(&format!("LOCKCHECK {name} TOKEN {token}"));
        !told.text().starts_with("CLUSTERDOWN")
    });
    told.int().unwrap_or_else(|| panic!("{told:?}")) >= 0
}

/// An acknowledged LOCK or UNLOCK outlives the node that led it (S7).
#[test]
fn what_was_acknowledged_survives_the_leader() {
    let mut cluster = cluster(&[]);
    for _ in 0..3 {
        let leader = leader_of(&cluster, "door");
        let mut client = cluster.client((leader + 1) % 3);
        let token = client.call("LOCK door OWNER me PX 60000").int().unwrap();
        cluster.kill(leader);
        assert!(is_valid(&mut client, "door", token));
        cluster.restart(leader);
        let leader = leader_of(&cluster, "door");
        let mut client = cluster.client((leader + 1) % 3);
        assert_eq!(client.call("UNLOCK door OWNER me"), Value::Int(1));
        cluster.kill(leader);
        assert!(!is_valid(&mut client, "door", token));
        cluster.restart(leader);
    }
}

/// Tokens grow across the death of all nodes (S4).
#[test]
fn tokens_grow_though_all_nodes_are_killed() {
    let mut cluster = Cluster::start(3, &["--shards", "6"]);
    let mut before = [0; 6];
    for _ in 0..2 {
        let mut client = cluster.client(0);
        for (number, highest) in before.iter_mut().enumerate() {
            let line = format!("LOCK n{number} OWNER me PX 60000 BLOCK 10000");
            let token = client.call(&line).int().unwrap();
            assert!(token > *highest, "n{number}: {token} after {highest}");
            *highest = token;
            client.call(&format!("UNLOCK n{number} OWNER me"));
        }
        (0..3).for_each(|node| cluster.kill(node));
        (0..3).for_each(|node| cluster.spawn(node));
        cluster.wait_ready();
    }
    let mut client = cluster.client(1);
    assert!(client.call("LOCK n0 OWNER me PX 60000").int().unwrap() > before[0]);
}

/// A leader that was deposed while it stood still neither renews nor says that a
/// token is valid (S9).
#[test]
fn who_leads_no_longer_renews_nothing() {
    let cluster = cluster(&[]);
    for round in 0..3 {
        let name = format!("n{round}");
        let leader = leader_of(&cluster, &name);
        let (mut old, mut client) = (cluster.client(leader), cluster.client((leader + 1) % 3));
        let token = client.call(&format!("LOCK {name} OWNER me PX 300")).int().unwrap();
        cluster.signal(leader, "STOP");
        let other = client.call(&format!("LOCK {name} OWNER other PX 60000 BLOCK 20000"));
        let newer = other.int().unwrap();
        assert!(newer > token);
        let mut sender = old.second_handle();
        let check = format!("LOCKCHECK {name} TOKEN {token}\r\n");
        let renew = format!("LOCKRENEW {name} OWNER me TOKEN {token} PX 60000\r\n");
        sender.send([&check[..], &renew, &check].concat().as_bytes()).unwrap();
        cluster.signal(leader, "CONT");
        for wrong in [0, 1, 0] {
            let answer = old.reply().unwrap();
            assert!(answer.int().is_none_or(|said| said < wrong), "{answer:?}");
        }
        assert!(is_valid(&mut client, &name, newer));
        client.call(&format!("UNLOCK {name} OWNER other"));
    }
}

/// Who waits keeps its place when the leader dies, and is granted it soon after
/// (L11, L2, S12).
#[test]
fn those_who_wait_keep_their_places_when_the_leader_dies() {
    let mut cluster = cluster(&[]);
    let name = "door";
    let leader = leader_of(&cluster, name);
    let nodes: Vec<usize> = (0..3).filter(|node| *node != leader).collect();
    let mut holder = cluster.client(nodes[0]);
    let mut highest = holder.call(&format!("LOCK {name} OWNER h PX 60000")).int().unwrap();
    let mut waiters: Vec<Client> = (0..6).map(|at| cluster.client(nodes[at % 2])).collect();
    for (at, waiter) in waiters.iter_mut().enumerate() {
        send(waiter, &[&format!("LOCK {name} OWNER w{at} PX 60000 BLOCK 0")]);
        wait_for("it waits", || {
            holder.call(&format!("LOCKINFO WAITERS {name}")).items().len() == at + 1
        });
    }
    cluster.kill(leader);
    let began = Instant::now();
    assert_eq!(holder.call(&format!("UNLOCK {name} OWNER h")), Value::Int(1));
    for (at, waiter) in waiters.iter_mut().enumerate() {
        let token = waiter.reply().unwrap().int().expect("no error reaches those who wait");
        if at == 0 {
            eprintln!("from the leader's death to the first grant: {:?}", began.elapsed());
            assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        }
        assert!(token > highest, "one behind the other");
        highest = token;
        let info = waiter.call(&format!("LOCKINFO WAITERS {name}"));
        assert_eq!(info.items().len(), 5 - at, "nobody overtakes");
        assert_eq!(waiter.call(&format!("UNLOCK {name} OWNER w{at}")), Value::Int(1));
    }
}

/// The same request through every node is one wait, one hold and one token (S12).
#[test]
fn a_request_that_is_repeated_through_every_node_counts_once() {
    let cluster = cluster(&[]);
    let mut clients: Vec<Client> = (0..3).map(|node| cluster.client(node)).collect();
    clients[0].call("LOCK door OWNER first PX 60000");
    for client in &mut clients {
        send(client, &["LOCK door OWNER me PX 60000 ID r1 REENTER BLOCK 0"]);
    }
    let mut other = cluster.client(0);
    wait_for("all wait in one place", || {
        let line = other.call("LOCKINFO WAITERS door").items().len();
        let waiting = other.call("LOCKINFO KEY door").field("waiters").and_then(Value::int);
        line == 1 && waiting == Some(3)
    });
    other.call("UNLOCK door OWNER first");
    let tokens: Vec<Value> = clients.iter_mut().map(|client| client.reply().unwrap()).collect();
    assert!(tokens.iter().all(|token| *token == tokens[0]), "{tokens:?}");
    for client in &mut clients {
        assert_eq!(client.call("LOCK door OWNER me PX 60000 ID r1 REENTER"), tokens[0]);
    }
    assert_eq!(clients[1].call("UNLOCK door OWNER me"), Value::Int(1));
    assert_eq!(clients[2].call("UNLOCK door OWNER me"), Value::Int(0), "it counted once");
}

/// A minority refuses soon, and holds up nobody for longer than was asked (L16).
#[test]
fn a_minority_neither_grants_nor_waits_for_long() {
    let mut cluster = cluster(&[]);
    let mut holder = cluster.client(0);
    let token = holder.call("LOCK held OWNER h PX 60000").int().unwrap();
    let mut waiter = cluster.client(0);
    send(&mut waiter, &["LOCK held OWNER w PX 60000 BLOCK 3000"]);
    wait_for("it waits", || scan(&mut holder, "WAITED") == ["held"]);
    let began = Instant::now();
    cluster.kill(1);
    cluster.kill(2);
    // What is refused is refused for good: the shards see at different times that
    // nobody answers them.
    wait_for("a refusal", || holder.call("LOCK free PX 60000").is_error());
    for line in [
        "LOCK free BLOCK 500".to_owned(),
        format!("LOCKCHECK held TOKEN {token}"),
        format!("LOCKRENEW held OWNER h TOKEN {token} PX 60000"),
        "MLOCK 2 free other BLOCK 500".to_owned(),
    ] {
        let asked = Instant::now();
        let answer = holder.call(&line);
        assert!(answer.is_error(), "{line}: {answer:?}");
        assert!(asked.elapsed() < Duration::from_secs(3), "{line}: {:?}", asked.elapsed());
    }
    let answer = waiter.reply().unwrap();
    assert!(answer.int().is_none(), "{answer:?}");
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
}

/// Where nobody is heard the cluster may give locks to others any moment: who holds one
/// is closed there, and so is who asks for the first one afterwards.
#[test]
fn where_nobody_is_heard_no_connection_takes_its_first_lock() {
    let mut cluster = cluster(&[]);
    let mut holder = cluster.client(0);
    assert!(holder.call("LOCK held").int().is_some());
    let mut idle = cluster.client(0);
    idle.call("PING");
    cluster.kill(1);
    cluster.kill(2);
    holder.rest().expect("it is closed when the node counts itself out");
    let mut late = cluster.client(0);
    late.call("PING");
    send(&mut late, &["LOCK free"]);
    let answer = late.rest().expect("it is closed as well");
    assert!(!answer.starts_with(b":"), "{answer:?}");
    assert_eq!(idle.call("PING").text(), "PONG", "who holds nothing stays");
}

/// A transaction with an invalid token changes nothing on any replica (S15): each
/// of them leads in turn, and tells the same.
#[test]
fn a_refused_transaction_leaves_no_trace_on_any_replica() {
    let mut cluster = Cluster::start(3, &["--shards", "2", "--fsync", "never"]);
    let mut client = cluster.client(0);
    client.call("SET {x}a 1");
    let token = client.call("LOCK {x} OWNER me PX 60000").int().unwrap();
    let before = client.call("DEBUG DIGEST").text();
    client.call("MULTI");
    for line in ["SET {x}a 2", "SET {x}b 1", "LOCK {x}other OWNER me PX 60000", "QPUSH {x}q m"] {
        client.call(line);
    }
    client.call(&format!("LOCKASSERT {{x}} TOKEN {}", token + 1));
    client.call("UNLOCK {x} OWNER me");
    assert!(client.call("EXEC").text().starts_with("FENCED"));
    for _ in 0..3 {
        let leader = cluster.wait_leader(0);
        let mut client = cluster.client(leader);
        assert_eq!(client.call("DEBUG DIGEST").text(), before, "node {leader}");
        assert_eq!(scan(&mut client, "HELD"), ["{x}"], "node {leader}");
        assert!(is_valid(&mut client, "{x}", token), "node {leader}");
        cluster.kill(leader);
        cluster.restart(leader);
    }
}

/// What LOCKKILL has revoked is revoked everywhere when it is answered (S17).
#[test]
fn a_killed_token_is_valid_nowhere() {
    let cluster = cluster(&[]);
    let mut clients: Vec<Client> = (0..3).map(|node| cluster.client(node)).collect();
    for round in 0..12 {
        let name = format!("n{round}");
        let token = clients[round % 3].call(&format!("LOCK {name} PX 60000")).int().unwrap();
        assert_eq!(clients[(round + 1) % 3].call(&format!("LOCKKILL {name} ALL")), Value::Int(1));
        assert!(clients.iter_mut().all(|client| !is_valid(client, &name, token)), "{name}");
        assert_eq!(clients[round % 3].call(&format!("UNLOCK {name}")), Value::Int(0));
    }
}
