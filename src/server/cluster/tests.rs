#![allow(clippy::unwrap_used)]

use lockstep_commands::{Reply, Spec, error, table};
use lockstep_core::cluster::{NodeInfo, NodeState};
use lockstep_core::slot::Slot;
use lockstep_core::{NodeId, ShardId};

use super::show::{self, Traffic};
use super::topology::{Member, Seat};
use super::{Topology, names, route};

const A: NodeId = NodeId(0xa1);
const B: NodeId = NodeId(0xb2);
const C: NodeId = NodeId(0xc3);

fn member(id: NodeId, port: u16) -> Member {
    let info = NodeInfo {
        id,
        host: "10.0.0.1".to_owned(),
        port,
        peer_port: port + 10_000,
        zone: "z".to_owned(),
        state: NodeState::Up,
        version: 1,
    };
    Member { info, reachable: true }
}

/// Three nodes, seen by the first; a letter for the leader of each shard.
fn seen(leaders: &str) -> Topology {
    let seat = |letter| {
        let leader = match letter {
            'a' => Some(A),
            'b' => Some(B),
            'c' => Some(C),
            _ => None,
        };
        Seat { leader, served: leader.is_some(), replicas: vec![A, B, C] }
    };
    Topology {
        me: A,
        epoch: 9,
        applied: 77,
        nodes: vec![member(A, 7001), member(B, 7002), member(C, 7003)],
        shards: leaders.chars().map(seat).collect(),
    }
}

fn lost(mut seen: Topology, node: NodeId) -> Topology {
    for member in seen.nodes.iter_mut().filter(|member| member.info.id == node) {
        member.reachable = false;
    }
    for seat in seen.shards.iter_mut().filter(|seat| seat.leader == Some(node)) {
        seat.served = false;
    }
    seen
}

fn items(reply: &Reply) -> &[Reply] {
    match reply {
        Reply::Array(items) => items,
        other => panic!("{other:?}"),
    }
}

fn field<'a>(reply: &'a Reply, name: &str) -> &'a Reply {
    let Reply::Map(fields) = reply else { panic!("{reply:?}") };
    &fields.iter().find(|(key, _)| *key == Reply::bulk(name)).unwrap().1
}

#[test]
fn ids_have_forty_digits() {
    assert_eq!(names::text(A), "00000000000000a1000000000000000000000000");
    assert_eq!(names::text(NodeId(u64::MAX)).len(), 40);
}

#[test]
fn a_node_is_found_by_its_id_or_how_that_begins() {
    let known = || [NodeId(0x1234 << 48), NodeId(0x1299 << 48)].into_iter();
    assert_eq!(names::find(known(), b"123"), Ok(NodeId(0x1234 << 48)));
    let whole = names::text(NodeId(0x1299 << 48)).to_ascii_uppercase();
    assert_eq!(names::find(known(), whole.as_bytes()), Ok(NodeId(0x1299 << 48)));
    assert_eq!(names::find(known(), b"12"), Err(error::ambiguous_node(b"12", 2)));
    for unknown in [&b""[..], b"2", b"12340x", &[b'1'; 41]] {
        assert_eq!(names::find(known(), unknown), Err(error::unknown_node(unknown)));
    }
}

#[test]
fn ranges_that_touch_are_one() {
    assert_eq!(seen("aab").ranges(A), [(0, 10_922)]);
    assert_eq!(seen("aba").ranges(A), [(0, 5461), (10_923, 16_383)]);
    assert_eq!(seen("aaa").ranges(B), []);
    assert_eq!(seen("a-b").led_ranges(), [((0, 5461), A), ((10_923, 16_383), B)]);
    assert_eq!(seen("").led_ranges(), []);
}

#[test]
fn slots_names_the_leader_of_each_range_and_nobody_else() {
    let reply = show::slots(&seen("aab"));
    let first = items(&items(&reply)[0]);
    assert_eq!(first.len(), 3);
    assert_eq!(first[..2], [Reply::Int(0), Reply::Int(10_922)]);
    let node = [
        Reply::bulk("10.0.0.1"),
        Reply::Int(7001),
        Reply::bulk(names::text(A)),
        Reply::Array(Vec::new()),
    ];
    assert_eq!(items(&first[2]), node);
    assert_eq!(items(&reply).len(), 2);
}

#[test]
fn slots_leaves_out_what_nobody_leads() {
    assert_eq!(items(&show::slots(&seen("a-b"))).len(), 2);
    assert_eq!(show::slots(&seen("---")), Reply::Array(Vec::new()));
}

#[test]
fn nodes_are_masters_with_the_ranges_they_lead() {
    let zeros = "0".repeat(24);
    assert_eq!(
        show::nodes(&seen("aba")),
        format!(
            "00000000000000a1{zeros} 10.0.0.1:7001@17001 myself,master - 0 0 9 connected 0-5461 10923-16383\n\
             00000000000000b2{zeros} 10.0.0.1:7002@17002 master - 0 0 9 connected 5462-10922\n\
             00000000000000c3{zeros} 10.0.0.1:7003@17003 master - 0 0 9 connected\n"
        )
    );
}

#[test]
fn a_node_out_of_reach_is_said_to_be_failing() {
    let text = show::nodes(&lost(seen("abc"), B));
    let line = text.lines().nth(1).unwrap();
    assert!(line.ends_with(" master,fail? - 0 0 9 disconnected 5462-10922"), "{line}");
}

#[test]
fn a_host_with_a_name_is_told_by_name() {
    let mut seen = seen("abc");
    seen.nodes[1].info.host = "b.example".to_owned();
    let text = show::nodes(&seen);
    assert!(text.contains(" b.example:7002@17002,b.example master "), "{text}");
    let shards = show::shards(&seen);
    let node = &items(field(&items(&shards)[1], "nodes"))[0];
    assert_eq!(*field(node, "hostname"), Reply::bulk("b.example"));
}

#[test]
fn shards_are_the_nodes_with_their_slots() {
    let reply = show::shards(&lost(seen("aba"), B));
    let [a, b, c] = items(&reply) else { panic!("{reply:?}") };
    let slots = |shard| items(field(shard, "slots")).to_vec();
    assert_eq!(slots(a), [0, 5461, 10_923, 16_383].map(Reply::Int));
    assert_eq!(slots(c), []);
    let node = |shard| items(field(shard, "nodes"))[0].clone();
    assert_eq!(*field(&node(a), "health"), Reply::bulk("online"));
    assert_eq!(*field(&node(a), "replication-offset"), Reply::Int(77));
    assert_eq!(*field(&node(b), "health"), Reply::bulk("failed"));
    assert_eq!(*field(&node(b), "role"), Reply::bulk("master"));
}

#[test]
fn the_state_is_ok_only_while_every_shard_is_served() {
    let told = |seen: &Topology| show::info(seen, Traffic { sent: 3, received: 4 });
    let text = told(&seen("aba"));
    for line in [
        "cluster_state:ok",
        "cluster_slots_assigned:16384",
        "cluster_slots_ok:16384",
        "cluster_known_nodes:3",
        "cluster_size:2",
        "cluster_current_epoch:9",
        "cluster_stats_messages_sent:3",
    ] {
        assert!(text.contains(&format!("{line}\r\n")), "{line} in {text}");
    }
    let text = told(&lost(seen("ab-"), B));
    for line in [
        "cluster_state:fail",
        "cluster_slots_ok:5462",
        "cluster_slots_pfail:5461",
        "cluster_slots_fail:5461",
    ] {
        assert!(text.contains(&format!("{line}\r\n")), "{line} in {text}");
    }
    assert!(told(&seen("")).contains("cluster_slots_assigned:0\r\n"));
}

#[test]
fn the_list_of_nodes_says_what_each_does() {
    let reply = show::table(&lost(seen("aab"), C));
    let [a, b, c] = items(&reply) else { panic!("{reply:?}") };
    assert_eq!(*field(a, "address"), Reply::bulk("10.0.0.1:7001"));
    assert_eq!(*field(a, "leads"), Reply::Array(vec![Reply::Int(0), Reply::Int(1)]));
    assert_eq!(*field(b, "replicas"), Reply::Array([0, 1, 2].map(Reply::Int).to_vec()));
    assert_eq!(*field(b, "state"), Reply::bulk("up"));
    assert_eq!([a, b, c].map(|row| field(row, "reachable").clone()), [1, 1, 0].map(Reply::Int));
    assert_eq!([a, b, c].map(|row| field(row, "myself").clone()), [1, 0, 0].map(Reply::Int));
}

#[test]
fn links_tell_their_direction() {
    let link = show::Link { node: B, inbound: true, created_ms: 5, waiting_bytes: 6 };
    let reply = show::links(&[link]);
    let [link] = items(&reply) else { panic!("{reply:?}") };
    assert_eq!(*field(link, "direction"), Reply::bulk("from"));
    assert_eq!(*field(link, "send-buffer-used"), Reply::Int(6));
}

fn slot_of(line: &'static str) -> Result<Option<Slot>, String> {
    let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
    let (command, _) = table::find(&words).unwrap();
    route::slot_of(command.spec, &words).map_err(|bad| bad.0.into_owned())
}

#[test]
fn keys_locks_and_queues_have_one_slot_or_none() {
    let foo = Ok(Some(Slot(12_182)));
    for line in [
        "get foo",
        "set foo x",
        "mget foo {foo}a {foo}b",
        "mset foo 1 {foo}a 2",
        "rename foo {foo}a",
        "copy foo {foo}a",
        "lcs foo {foo}a",
        "object encoding foo",
        "memory usage foo",
        "watch foo",
        "lock foo",
        "unlock foo",
        "lockcheck foo TOKEN 1",
        "qpush foo m",
        "qpop foo",
        "qlen foo",
        "qinfo foo",
    ] {
        assert_eq!(slot_of(line), foo, "{line}");
    }
    for line in ["ping", "dbsize", "keys *", "scan 0", "flushall", "cluster slots", "exec", "info"]
    {
        assert_eq!(slot_of(line), Ok(None), "{line}");
    }
    for line in ["mget foo bar", "mset a 1 b 2", "rename a b", "del a b", "watch a b", "lcs a b"] {
        let text = "CROSSSLOT Keys in request don't hash to the same slot";
        assert_eq!(slot_of(line), Err(text.to_owned()), "{line}");
    }
}

/// Cluster clients learn from COMMAND which words are keys.
#[test]
fn every_command_on_a_lock_or_a_queue_names_it_as_a_key() {
    use lockstep_commands::{Group, Road};
    let named = |spec: &Spec| matches!(spec.group, Group::Locks | Group::Queues);
    for command in table::each().filter(|command| named(command.spec)) {
        let spec = command.spec;
        // What this node answers may be about one name, many or none.
        if spec.road != Road::Here {
            let wide = spec.road == Road::Everyone;
            assert_eq!(
                spec.shown_keys().is_empty(),
                wide || !command.subcommands.is_empty(),
                "{}",
                spec.name
            );
        }
    }
}

#[test]
fn cluster_mode_has_one_database() {
    let refused = |line: &'static str| {
        let words: &'static [&'static [u8]] =
            line.split(' ').map(str::as_bytes).collect::<Vec<_>>().leak();
        let (command, named) = table::find(words).unwrap();
        let ctx = lockstep_commands::Context {
            db: lockstep_core::Db(0),
            origin: Default::default(),
            request: 1,
            protocol: Default::default(),
            string_bytes_max: 100,
            sparse_bytes_max: 3_000,
            lfu: false,
            seed: 1,
            locks: Default::default(),
            queues: Default::default(),
            streams: Default::default(),
            scripts: Default::default(),
        };
        let request = (command.parse)(&ctx, lockstep_commands::Args::new(words, named));
        route::restrict(command.spec, request).err().map(|bad| bad.0.into_owned())
    };
    for (line, text) in [
        ("select 0", None),
        ("select 1", Some("ERR SELECT is not allowed in cluster mode")),
        ("select 99", Some("ERR SELECT is not allowed in cluster mode")),
        ("select -1", Some("ERR SELECT is not allowed in cluster mode")),
        ("select abc", Some("ERR value is not an integer or out of range")),
        ("swapdb x y", Some("ERR SWAPDB is not allowed in cluster mode")),
        ("move k 0", Some("ERR MOVE is not allowed in cluster mode")),
        ("move k x", Some("ERR MOVE is not allowed in cluster mode")),
        ("copy a b", None),
        ("copy a b db 0", None),
        ("copy a b db 1", Some("ERR Copying to another database is not allowed in cluster mode")),
        ("copy a b db 99", Some("ERR DB index is out of range")),
    ] {
        assert_eq!(refused(line).as_deref(), text, "{line}");
    }
}

#[test]
fn shards_are_counted_from_zero() {
    assert_eq!(seen("aba").led_by(A), [ShardId(0), ShardId(2)]);
    assert_eq!(seen("aba").kept_by(C).len(), 3);
}
