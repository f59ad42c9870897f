//! What a node does about sessions, without sockets.

use std::sync::Arc;
use std::time::Duration;

use lockstep_core::sessions::Op;
use lockstep_core::{Outcome, ShardId};
use lockstep_raft::Delivery;
use tempfile::TempDir;

use super::{Call, carry_out, draw_id, ensure_open, home_of, tell_of_ends};
use crate::{Node, testing};

const SHARDS: u16 = 4;

async fn node() -> (Arc<Node>, TempDir) {
    testing::node_of(SHARDS).await
}

async fn create(node: &Arc<Node>, ttl_ms: u64) -> Vec<u8> {
    let call = Call::Create { ttl_ms, name: b"n".to_vec(), delay_ms: 0 };
    match carry_out(node.clone(), call).await {
        Ok(Outcome::Bytes(id)) => id,
        other => panic!("{other:?}"),
    }
}

async fn run(node: &Node, shard: ShardId, op: Op<'_>) -> Outcome {
    match node.shards.ask(shard, &lockstep_core::Op::Session { op }).await {
        Delivery::Done(mut outcomes) => outcomes.remove(0),
        other => panic!("{other:?}"),
    }
}

fn lives(node: &Node, shard: ShardId, id: &[u8]) -> bool {
    let group = node.shards.replica(shard).expect("this node has all");
    group.state().sessions().birth_of(id).is_some()
}

fn others(node: &Node, id: &[u8]) -> Vec<ShardId> {
    let home = home_of(node, id);
    node.shards.ids().filter(|shard| *shard != home).collect()
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..2_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("still not: {what}");
}

#[test]
fn drawn_ids_are_of_one_form_and_none_comes_twice() {
    let ids: std::collections::BTreeSet<String> = (0..1_000).map(|_| draw_id()).collect();
    assert_eq!(ids.len(), 1_000);
    let form = |id: &String| {
        let digits = id.strip_prefix('s').unwrap_or_default();
        digits.len() == 31 && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
    };
    assert!(ids.iter().all(form));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shard_lets_a_session_in_once_home_knows_of_it() {
    let (node, _dir) = node().await;
    let id = create(&node, 60_000).await;
    let (home, others) = (home_of(&node, &id), others(&node, &id));
    ensure_open(&node, &id, home).await.expect("home lets it in anyway");
    for shard in &others[..2] {
        assert!(!lives(&node, *shard, &id));
        ensure_open(&node, &id, *shard).await.expect("it lives");
        assert!(lives(&node, *shard, &id) && node.sessions.is_open(&id, *shard));
    }
    assert!(!node.sessions.is_open(&id, others[2]));
    let Outcome::List(facts) = run(&node, home, Op::Info { id: &id }).await else { panic!() };
    let known = others[..2].iter().map(|shard| Outcome::Int(shard.0.into())).collect();
    assert_eq!(facts[7], Outcome::List(known));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_destroyed_is_let_in_nowhere_when_that_is_known() {
    let (node, _dir) = node().await;
    let id = create(&node, 60_000).await;
    for shard in others(&node, &id) {
        ensure_open(&node, &id, shard).await.expect("it lives");
    }
    let destroy = || carry_out(node.clone(), Call::Destroy(id.clone()));
    assert_eq!(destroy().await, Ok(Outcome::Int(1)));
    assert!(node.shards.ids().all(|shard| !lives(&node, shard, &id)));
    assert_eq!(destroy().await, Ok(Outcome::Int(0)));
    for shard in others(&node, &id) {
        let refused = ensure_open(&node, &id, shard).await;
        assert!(refused.is_err_and(|bad| bad.0.starts_with("NOSESSION")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_leader_of_home_tells_all_shards_when_the_time_is_over() {
    let (node, _dir) = node().await;
    let id = create(&node, 500).await;
    let home = home_of(&node, &id);
    for shard in others(&node, &id) {
        ensure_open(&node, &id, shard).await.expect("it lives");
    }
    // As long as nobody tells, it is kept in mind who is to be told.
    until("its end", || !lives(&node, home, &id)).await;
    assert!(others(&node, &id).iter().all(|shard| lives(&node, *shard, &id)));
    let telling = tokio::spawn(tell_of_ends(node.clone()));
    until("all were told", || node.shards.ids().all(|shard| !lives(&node, shard, &id))).await;
    let forgotten = || {
        let group = node.shards.replica(home).expect("this node has all");
        let state = group.state();
        !state.sessions().has_endings() && state.sessions().is_empty()
    };
    until("it is forgotten", forgotten).await;
    telling.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn many_ends_are_told_together() {
    let (node, _dir) = node().await;
    let telling = tokio::spawn(tell_of_ends(node.clone()));
    let mut ids = Vec::new();
    for _ in 0..200 {
        let id = create(&node, 500).await;
        for shard in others(&node, &id) {
            ensure_open(&node, &id, shard).await.expect("it lives");
        }
        ids.push(id);
    }
    let all = |look: &dyn Fn(&lockstep_core::sessions::Table) -> bool| {
        node.shards.here().iter().all(|group| look(group.state().sessions()))
    };
    until("the ends", || all(&|table| table.is_empty() && table.guests() == 0)).await;
    telling.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_goes_over_all_shards() {
    let (node, _dir) = node().await;
    let mut ids = Vec::new();
    for _ in 0..30 {
        ids.push(Outcome::Bytes(create(&node, 60_000).await));
    }
    let (mut cursor, mut found) = (0, Vec::new());
    loop {
        let page = carry_out(node.clone(), Call::List { cursor, count: 4 }).await;
        let Ok(Outcome::List(parts)) = page else { panic!("{page:?}") };
        let [Outcome::Bytes(next), Outcome::List(listed)] = &parts[..] else { panic!("{parts:?}") };
        found.extend(listed.clone());
        cursor = String::from_utf8_lossy(next).parse().expect("digits");
        if cursor == 0 {
            break;
        }
    }
    assert_eq!(found.len(), ids.len());
    assert!(ids.iter().all(|id| found.contains(id)));
    let beyond = carry_out(node.clone(), Call::List { cursor: u64::MAX, count: u64::MAX }).await;
    let none = vec![Outcome::Bytes(b"0".to_vec()), Outcome::List(Vec::new())];
    assert_eq!(beyond, Ok(Outcome::List(none)));
}
