//! What is told about locks: the same by any node, and as it is.

use std::collections::BTreeSet;

use lockstep_tests::{Client, Value, wait_for};

use super::{cluster, id, scan, send};

#[test]
fn a_walk_finds_every_lock_once_from_any_node() {
    let cluster = cluster(&[]);
    let mut holder = cluster.client(0);
    let names: BTreeSet<String> = (0..300).map(|n| format!("n{n}")).collect();
    for name in &names {
        holder.call(&format!("LOCK {name}"));
    }
    for node in 0..3 {
        let mut client = cluster.client(node);
        for count in ["", "COUNT 7", "COUNT 1000"] {
            let found = scan(&mut client, count);
            assert_eq!(found.len(), 300, "{count}");
            assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), names);
        }
        assert_eq!(
            scan(&mut client, "MATCH n1?"),
            (10..20).map(|n| format!("n{n}")).collect::<Vec<_>>()
        );
        assert_eq!(scan(&mut client, "WAITED"), [""; 0]);
        assert_eq!(scan(&mut client, "OWNER nobody"), [""; 0]);
    }
    let mut waiter = cluster.client(1);
    send(&mut waiter, &["LOCK n7 BLOCK 0 OWNER w"]);
    let mut client = cluster.client(2);
    wait_for("it waits", || scan(&mut client, "WAITED") == ["n7"]);
    assert_eq!(scan(&mut client, "OWNER w"), ["n7"]);
    wait_for("it waits for long", || scan(&mut client, "MINWAIT 50") == ["n7"]);
    assert_eq!(scan(&mut client, "MINWAIT 60000"), [""; 0]);
}

#[test]
fn whose_lock_it_is_is_told_by_any_node() {
    let cluster = cluster(&[]);
    for (holds, asks) in [(0, 0), (0, 1), (1, 2)] {
        let (mut holder, mut other) = (cluster.client(holds), cluster.client(asks));
        holder.call("CLIENT SETNAME worker");
        let token = holder.call("LOCK door PX 60000 VALUE here").int().unwrap();
        let info = other.call("LOCKINFO KEY door");
        let field = |name: &str| info.field(name).unwrap_or_else(|| panic!("{name}: {info:?}"));
        assert_eq!(field("token").int(), Some(token));
        let [of] = field("holders").items() else { panic!("{info:?}") };
        let of = |name: &str| of.field(name).unwrap_or_else(|| panic!("{name}: {info:?}")).text();
        assert_eq!(of("client-name"), "worker");
        assert_eq!(of("value"), "here");
        let list = holder.call("CLIENT INFO").text();
        assert!(list.contains(&format!(" addr={} ", of("client-addr"))), "{list}");
        let shard = u16::try_from(field("shard").int().unwrap()).unwrap();
        let leader = cluster.wait_leader(shard);
        assert_eq!(field("leader").text(), cluster.address(leader).to_string());
        holder.call("UNLOCK door");
        assert_eq!(other.call("LOCKINFO KEY door"), Value::Nil);
    }
}

#[test]
fn what_an_owner_has_is_told_over_all_shards() {
    let cluster = cluster(&[]);
    let (mut holder, mut waiter, mut other) =
        (cluster.client(0), cluster.client(1), cluster.client(2));
    for name in ["a", "b", "c", "d", "e", "f"] {
        holder.call(&format!("LOCK {name} OWNER me PX 60000"));
    }
    other.call("LOCK g OWNER you PX 60000");
    send(&mut waiter, &["LOCK g OWNER me BLOCK 0"]);
    wait_for("it waits", || scan(&mut other, "WAITED") == ["g"]);
    let mine = other.call("LOCKINFO OWNER me");
    let count = |kind: &str| mine.field(kind).map(|list| list.items().len());
    assert_eq!((count("holds"), count("waits")), (Some(6), Some(1)), "{mine:?}");
    // A walk and the facts of each lock say the same (A4).
    for name in ["a", "b", "c", "d", "e", "f"] {
        let info = other.call(&format!("LOCKINFO KEY {name}"));
        let holders = info.field("holders").unwrap().items();
        assert_eq!(holders[0].field("owner").unwrap().text(), "me");
    }
}

#[test]
fn who_waits_for_whom_is_told_while_it_lasts() {
    let cluster = cluster(&[]);
    let (mut one, mut two, mut other) = (cluster.client(0), cluster.client(1), cluster.client(2));
    one.call("LOCK a OWNER one PX 60000");
    two.call("LOCK b OWNER two PX 60000");
    send(&mut one, &["LOCK b OWNER one BLOCK 0"]);
    wait_for("the wait is told", || other.call("LOCKINFO GRAPH").items().len() == 1);
    let dot = other.call("LOCKINFO GRAPH DOT").text();
    assert!(dot.contains("digraph") && dot.contains("one") && dot.contains("two"), "{dot}");
    two.call("UNLOCK b OWNER two");
    assert!(one.reply().unwrap().int().is_some());
    assert!(other.call("LOCKINFO GRAPH").items().is_empty());
}

#[test]
fn a_deadlock_over_two_shards_is_told_to_its_victim_and_afterwards() {
    let cluster = cluster(&[]);
    let (mut one, mut two, mut other) = (cluster.client(0), cluster.client(1), cluster.client(2));
    let mut victims = 0;
    for (a, b) in [("a", "b"), ("c", "d"), ("x", "y")] {
        one.call(&format!("LOCK {a} OWNER one"));
        two.call(&format!("LOCK {b} OWNER two"));
        send(&mut one, &[&format!("LOCK {b} OWNER one BLOCK 10000 ON DEADLOCK RELEASE")]);
        send(&mut two, &[&format!("LOCK {a} OWNER two BLOCK 10000 ON DEADLOCK RELEASE")]);
        let replies = [one.reply().unwrap(), two.reply().unwrap()];
        let told: Vec<String> = replies.iter().filter(|r| r.is_error()).map(Value::text).collect();
        assert_eq!(told.len(), 1, "{replies:?}");
        assert!(told[0].starts_with("DEADLOCK victim of cycle "), "{told:?}");
        victims += 1;
        // The victim had lost all it held before it was told.
        let victim = if replies[0].is_error() { "one" } else { "two" };
        assert_eq!(scan(&mut other, &format!("OWNER {victim}")), [""; 0]);
        for (client, owner) in [(&mut one, "one"), (&mut two, "two")] {
            client.call(&format!("MUNLOCK 2 {a} {b} OWNER {owner}"));
        }
    }
    let deadlocks = other.call("LOCKINFO DEADLOCKS");
    assert_eq!(deadlocks.items().len(), victims, "{deadlocks:?}");
    assert_eq!(other.call("LOCKINFO DEADLOCKS COUNT 1").items().len(), 1);
}

#[test]
fn in_cluster_mode_what_names_a_key_is_redirected_and_the_rest_is_not() {
    let cluster = cluster(&["--cluster-enabled", "yes"]);
    let mut clients: Vec<Client> = (0..3).map(|node| cluster.client(node)).collect();
    assert!(clients.iter_mut().any(|client| client.call("LOCK k").text().starts_with("MOVED")));
    assert!(clients.iter_mut().any(|c| c.call("LOCKINFO KEY k").text().starts_with("MOVED")));
    assert!(clients.iter_mut().any(|c| c.call("LOCKCANCEL k").text().starts_with("MOVED")));
    for client in &mut clients {
        id(client);
        let all = "6 a b c d e f";
        assert_eq!(client.call(&format!("MLOCK {all} BLOCK 1000")).items().len(), 6);
        assert!(scan(client, "HELD MATCH ?").len() >= 6);
        assert_eq!(client.call(&format!("MUNLOCK {all}")), Value::Int(6));
        assert!(!client.call("LOCKINFO STATS").is_error());
        assert!(!client.call("LOCKINFO GRAPH").is_error());
        assert!(!client.call("LOCKINFO DEADLOCKS").is_error());
        assert!(!client.call("LOCKINFO OWNER nobody").is_error());
    }
}
