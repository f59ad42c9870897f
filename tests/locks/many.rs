//! MLOCK: all or none, whatever happens meanwhile.

use std::thread;
use std::time::{Duration, Instant};

use lockstep_tests::{Client, Cluster, Server, Value, wait_for};

use super::{cluster, id, scan, send, wait_for_blocked, wait_for_nothing_of};

const NAMES: &str = "6 a b c d e f";

fn tokens(reply: &Value) -> Vec<i64> {
    reply.items().iter().map(|token| token.int().unwrap()).collect()
}

/// A node and three of them, with several shards each.
fn everywhere(story: impl Fn(&mut dyn FnMut() -> Client)) {
    let server = Server::lockstep(&["--shards", "6", "--fsync", "never"]);
    story(&mut || server.client());
    let cluster = cluster(&[]);
    let mut next = 0;
    story(&mut || {
        next += 1;
        cluster.client(next % cluster.len())
    });
}

#[test]
fn all_names_are_held_with_their_tokens_in_the_order_of_the_words() {
    everywhere(|connect| {
        let (mut mine, mut other) = (connect(), connect());
        let reply = mine.call(&format!("MLOCK {NAMES}"));
        let tokens = tokens(&reply);
        assert_eq!(tokens.len(), 6, "{reply:?}");
        for (name, token) in ["a", "b", "c", "d", "e", "f"].iter().zip(&tokens) {
            assert_eq!(other.call(&format!("LOCK {name}")), Value::Nil);
            let left = mine.call(&format!("LOCKCHECK {name} TOKEN {token}"));
            assert!(left.int().unwrap() >= 0, "{name}: {left:?}");
        }
        assert_eq!(mine.call(&format!("MUNLOCK {NAMES}")), Value::Int(6));
        assert_eq!(mine.call(&format!("MUNLOCK {NAMES}")), Value::Int(0));
        assert!(scan(&mut other, "HELD").is_empty());
    });
}

#[test]
fn a_name_that_comes_twice_is_held_once_in_the_stronger_mode() {
    everywhere(|connect| {
        let (mut mine, mut other) = (connect(), connect());
        let reply = mine.call("MLOCK 3 x y x MODES SHARED SHARED EXCLUSIVE");
        let tokens = tokens(&reply);
        assert_eq!(tokens[0], tokens[2]);
        assert_eq!(other.call("LOCK x SHARED"), Value::Nil);
        assert!(other.call("LOCK y SHARED").int().is_some());
        assert_eq!(mine.call("MUNLOCK 2 x y"), Value::Int(2));
        other.call("UNLOCK y");
    });
}

#[test]
fn without_all_of_them_none_is_held() {
    everywhere(|connect| {
        let (mut mine, mut other) = (connect(), connect());
        for busy in ["a", "c", "f"] {
            assert!(other.call(&format!("LOCK {busy}")).int().is_some());
            assert_eq!(mine.call(&format!("MLOCK {NAMES} OWNER me")), Value::Nil, "{busy}");
            assert_eq!(scan(&mut mine, "OWNER me"), [""; 0], "{busy}");
            // And not in time, either.
            let begun = Instant::now();
            let reply = mine.call(&format!("MLOCK {NAMES} OWNER me BLOCK 100"));
            assert_eq!(reply, Value::Nil, "{busy}");
            assert!(begun.elapsed() >= Duration::from_millis(99), "{:?}", begun.elapsed());
            assert_eq!(scan(&mut mine, "OWNER me"), [""; 0], "{busy}");
            other.call(&format!("UNLOCK {busy}"));
        }
    });
}

#[test]
fn what_the_owner_held_before_is_not_given_back_with_the_rest() {
    everywhere(|connect| {
        let (mut mine, mut other) = (connect(), connect());
        let token = mine.call("LOCK c OWNER me").int().unwrap();
        assert!(other.call("LOCK e").int().is_some());
        for wait in ["", "BLOCK 50"] {
            assert_eq!(mine.call(&format!("MLOCK {NAMES} OWNER me {wait}")), Value::Nil);
            assert_eq!(scan(&mut mine, "OWNER me"), ["c"]);
        }
        other.call("UNLOCK e");
        let all = tokens(&mine.call(&format!("MLOCK {NAMES} OWNER me")));
        assert_eq!(all[2], token);
        assert_eq!(mine.call(&format!("MUNLOCK {NAMES} OWNER me")), Value::Int(6));
    });
}

#[test]
fn a_request_that_waits_gets_all_when_the_last_one_is_free() {
    everywhere(|connect| {
        let (mut mine, mut other) = (connect(), connect());
        assert!(other.call("MLOCK 3 b d f").items().len() == 3);
        send(&mut mine, &[&format!("MLOCK {NAMES} BLOCK 0")]);
        for name in ["f", "b", "d"] {
            thread::sleep(Duration::from_millis(20));
            assert_eq!(other.call(&format!("UNLOCK {name}")), Value::Int(1));
        }
        assert_eq!(tokens(&mine.reply().unwrap()).len(), 6);
        assert_eq!(other.call("MLOCK 1 b"), Value::Nil);
        assert_eq!(mine.call(&format!("MUNLOCK {NAMES}")), Value::Int(6));
    });
}

#[test]
fn a_client_that_goes_while_it_waits_leaves_nothing() {
    everywhere(|connect| {
        let mut other = connect();
        assert!(other.call("LOCK f").int().is_some());
        for owner in ["", "OWNER me"] {
            let mut gone = connect();
            send(&mut gone, &[&format!("MLOCK {NAMES} {owner} BLOCK 0")]);
            wait_for("it waits", || scan(&mut other, "WAITED") == ["f"]);
            drop(gone);
            wait_for("it waits no longer", || scan(&mut other, "WAITED").is_empty());
            wait_for("nothing is left", || scan(&mut other, "HELD") == ["f"]);
        }
        other.call("UNLOCK f");
        assert!(scan(&mut other, "HELD").is_empty());
    });
}

#[test]
fn an_unblocked_client_holds_nothing() {
    let server = Server::lockstep(&["--shards", "6", "--fsync", "never"]);
    let (mut mine, mut other) = (server.client(), server.client());
    let id = id(&mut mine);
    assert!(other.call("LOCK f").int().is_some());
    for (how, told) in [("TIMEOUT", ""), ("ERROR", "UNBLOCKED")] {
        send(&mut mine, &[&format!("MLOCK {NAMES} OWNER me BLOCK 0")]);
        wait_for_blocked(&mut other, 1);
        wait_for("it waits", || scan(&mut other, "WAITED") == ["f"]);
        assert_eq!(other.call(&format!("CLIENT UNBLOCK {id} {how}")), Value::Int(1));
        let reply = mine.reply().unwrap().text();
        assert!(reply.starts_with(told), "{reply}");
        assert_eq!(scan(&mut mine, "OWNER me"), [""; 0]);
    }
}

#[test]
fn a_cancelled_wait_gives_back_the_rest() {
    let server = Server::lockstep(&["--shards", "6", "--fsync", "never"]);
    let (mut mine, mut other) = (server.client(), server.client());
    assert!(other.call("LOCK f").int().is_some());
    send(&mut mine, &[&format!("MLOCK {NAMES} OWNER me BLOCK 0")]);
    wait_for("it waits", || scan(&mut other, "WAITED") == ["f"]);
    assert_eq!(other.call("LOCKCANCEL f OWNER me"), Value::Int(1));
    assert_eq!(mine.reply().unwrap(), Value::Nil);
    wait_for_nothing_of(&mut other, "me");
}

#[test]
fn what_waits_for_long_keeps_what_it_has_got() {
    // The lease of a part is half a second.
    let server = Server::lockstep(&["--shards", "6", "--mlock-coordinator-lease-ms", "500"]);
    let (mut mine, mut other) = (server.client(), server.client());
    let last = last_of(&mut other);
    assert!(other.call(&format!("LOCK {last}")).int().is_some());
    send(&mut mine, &[&format!("MLOCK {NAMES} OWNER me BLOCK 0")]);
    wait_for("it waits", || scan(&mut other, "WAITED").len() == 1);
    let parts = scan(&mut other, "ACQUIRING");
    assert_eq!(parts.len(), 5);
    let end = Instant::now() + Duration::from_millis(1200);
    while Instant::now() < end {
        assert_eq!(scan(&mut other, "ACQUIRING"), parts);
        thread::sleep(Duration::from_millis(50));
    }
    other.call(&format!("UNLOCK {last}"));
    assert_eq!(tokens(&mine.reply().unwrap()).len(), 6);
    assert!(scan(&mut other, "ACQUIRING").is_empty());
}

/// The last of the names in the order in which they are taken: by slot.
fn last_of(client: &mut Client) -> String {
    let slot = |client: &mut Client, name: &str| {
        let info = client.call(&format!("LOCKINFO KEY {name}"));
        info.field("slot").and_then(Value::int).unwrap()
    };
    client.call(&format!("MLOCK {NAMES}"));
    let names = ["a", "b", "c", "d", "e", "f"];
    let last = names.into_iter().max_by_key(|name| slot(client, name)).unwrap();
    client.call(&format!("MUNLOCK {NAMES}"));
    last.to_owned()
}

#[test]
fn in_a_transaction_several_locks_of_one_shard_are_taken_at_once() {
    let server = Server::lockstep(&["--shards", "6", "--fsync", "never"]);
    let (mut mine, mut other) = (server.client(), server.client());
    for line in ["MULTI", "SET {x} 1", "MLOCK 2 {x}1 {x}2 BLOCK 0", "MUNLOCK 1 {x}1"] {
        mine.call(line);
    }
    let replies = mine.call("EXEC");
    assert_eq!(replies.items()[1].items().len(), 2, "{replies:?}");
    assert_eq!(replies.items()[2], Value::Int(1));
    assert_eq!(scan(&mut other, "HELD"), ["{x}2"]);
    for line in ["MULTI", "MLOCK 2 {x}2 {x}3"] {
        other.call(line);
    }
    // It is not there, and the transaction goes on.
    assert_eq!(other.call("EXEC").items().len(), 1);
    for line in ["MULTI", "MLOCK 6 a b c d e f"] {
        mine.call(line);
    }
    assert!(mine.call("EXEC").text().starts_with("CROSSSLOT"));
    assert_eq!(scan(&mut other, "HELD"), ["{x}2"]);
}

#[test]
fn opposite_orders_never_end_in_a_deadlock() {
    let cluster = cluster(&[]);
    let orders = ["a b c d e f", "f e d c b a", "c a e b f d"];
    let workers: Vec<_> = (0..6)
        .map(|worker| {
            let mut client = cluster.client(worker % 3);
            let order = orders[worker % 3];
            thread::spawn(move || {
                for _ in 0..30 {
                    let reply = client.call(&format!("MLOCK 6 {order} BLOCK 20000"));
                    assert_eq!(reply.items().len(), 6, "{reply:?}");
                    assert_eq!(client.call(&format!("MUNLOCK 6 {order}")), Value::Int(6));
                }
            })
        })
        .collect();
    workers.into_iter().for_each(|worker| worker.join().unwrap());
}

/// Whoever dies with parts of an MLOCK in its hands leaves none behind, and nobody
/// ever has only some of them for good.
#[test]
fn the_death_of_a_node_leaves_no_part_behind() {
    let patience = ["--mlock-coordinator-lease-ms", "1000", "--node-timeout", "1500"];
    let mut cluster = cluster(&patience);
    for round in 0..3 {
        let victim = round % 3;
        let mut other = cluster.client((victim + 1) % 3);
        let workers: Vec<_> = (0..8)
            .map(|worker| {
                let mut client = cluster.client(victim);
                thread::spawn(move || {
                    let ask = format!("MLOCK {NAMES} OWNER w{worker} PX 60000 BLOCK 0");
                    let give = format!("MUNLOCK {NAMES} OWNER w{worker}");
                    while client.try_call(&lockstep_tests::words(&ask)).is_ok()
                        && client.try_call(&lockstep_tests::words(&give)).is_ok()
                    {
                    }
                })
            })
            .collect();
        thread::sleep(Duration::from_millis(300));
        cluster.kill(victim);
        workers.into_iter().for_each(|worker| worker.join().unwrap());
        // All parts end with their lease; what was confirmed is whole.
        wait_for("the parts are gone", || scan(&mut other, "ACQUIRING").is_empty());
        for worker in 0..8 {
            let held = scan(&mut other, &format!("OWNER w{worker}"));
            // Perhaps it died while it confirmed, or gave back: then some are held
            // for good, with the lease that was asked for. None is a part.
            assert!(held.len() <= 6, "{held:?}");
            for name in &held {
                other.call(&format!("LOCKKILL {name} ALL"));
            }
        }
        let free = other.call(&format!("MLOCK {NAMES} BLOCK 5000"));
        assert_eq!(free.items().len(), 6, "{free:?}");
        assert_eq!(other.call(&format!("MUNLOCK {NAMES}")), Value::Int(6));
        restart(&mut cluster, victim);
    }
}

fn restart(cluster: &mut Cluster, node: usize) {
    cluster.restart(node);
    cluster.wait_ready();
}
