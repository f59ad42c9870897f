//! Deadlocks over the shards of a cluster: each is broken, by one victim, and told.

use std::time::{Duration, Instant};

use lockstep_tests::{Client, Cluster, Value, wait_for};

use super::measured::{report, rounds};
use super::{cluster, send};

/// Names of locks in different shards of six; without a tag they are spread by slot.
const SPREAD: [&str; 6] = ["n0", "n1", "n2", "n3", "n4", "n5"];

fn shard_of(client: &mut Client, name: &str) -> String {
    client.call(&format!("LOCK {name} OWNER probe"));
    let info = client.call(&format!("LOCKINFO KEY {name}"));
    let facts: Vec<String> = info.items().iter().map(Value::text).collect();
    client.call(&format!("UNLOCK {name} OWNER probe"));
    let at = facts.iter().position(|fact| fact == "shard").expect("it has a shard");
    facts[at + 1].clone()
}

/// Each of these holds one lock and wants the next one's, around; gives how long it
/// took until somebody was told so, and who.
fn ring(cluster: &Cluster, owners: usize, round: usize) -> (Duration, String) {
    let mut clients: Vec<Client> = (0..owners).map(|owner| cluster.client(owner % 3)).collect();
    let name = |owner: usize| format!("r{round}-{}", owner % owners);
    for (owner, client) in clients.iter_mut().enumerate() {
        let line = format!("LOCK {} OWNER o{owner} PX 60000", name(owner));
        assert!(client.call(&line).int().is_some());
    }
    for (owner, client) in clients.iter_mut().enumerate() {
        let prio = u8::from(owner + 1 < owners);
        let line = format!("LOCK {} OWNER o{owner} PX 60000 BLOCK 0", name(owner + 1));
        send(client, &[&format!("{line} PRIO {prio}")]);
    }
    let begun = Instant::now();
    // The only one without priority gives way.
    let told = clients[owners - 1].reply().unwrap().text();
    let took = begun.elapsed();
    let last = owners - 1;
    clients[last].call(&format!("UNLOCK {} OWNER o{last}", name(last)));
    for owner in (0..last).rev() {
        let granted = clients[owner].reply().unwrap();
        assert!(granted.int().is_some(), "one victim is enough: {granted:?}");
        for name in [name(owner), name(owner + 1)] {
            clients[owner].call(&format!("UNLOCK {name} OWNER o{owner}"));
        }
    }
    (took, told)
}

/// Every cycle is broken, by one victim (L13, S21).
#[test]
fn cycles_of_two_to_sixteen_owners_over_all_shards_are_broken() {
    let cluster = cluster(&[]);
    let mut times = Vec::new();
    for (round, owners) in [2, 3, 5, 8, 16].into_iter().enumerate() {
        let (took, told) = ring(&cluster, owners, round);
        assert!(told.starts_with("DEADLOCK victim of cycle "), "{told}");
        times.push(took);
    }
    // Idle it is some twenty milliseconds; tests run beside each other.
    assert!(times.iter().all(|took| *took < Duration::from_secs(3)), "{times:?}");
}

/// The bounds of L13 for a machine that does nothing else.
#[test]
fn cycles_are_broken_within_a_hundred_milliseconds() {
    let cluster = cluster(&[]);
    let sizes = [2, 3, 4, 8, 16].into_iter().cycle().take(rounds()).enumerate();
    let times = sizes.map(|(round, owners)| ring(&cluster, owners, round).0).collect();
    report("a cycle", times, (Duration::from_millis(20), Duration::from_millis(100)));
}

#[test]
fn every_wait_of_a_cycle_over_shards_is_told() {
    let cluster = cluster(&[]);
    let mut clients: Vec<Client> = (0..3).map(|node| cluster.client(node)).collect();
    let shards: Vec<String> = SPREAD.iter().map(|name| shard_of(&mut clients[0], name)).collect();
    let other = (1..6).find(|at| shards[*at] != shards[0]).expect("they are spread");
    let (one, two) = (SPREAD[0], SPREAD[other]);
    clients[0].call(&format!("LOCK {one} OWNER x"));
    clients[1].call(&format!("LOCK {two} SHARED OWNER y"));
    send(&mut clients[0], &[&format!("LOCK {two} OWNER x PRIO 1 BLOCK 0")]);
    send(&mut clients[1], &[&format!("LOCK {one} UPDATE OWNER y BLOCK 0")]);
    assert_eq!(clients[1].reply().unwrap().text(), "DEADLOCK victim of cycle y->x->y");
    let told = clients[2].call("LOCKINFO DEADLOCKS COUNT 1");
    let facts = told.items()[0].items().to_vec();
    let fact = |name: &str| {
        let at =
            facts.iter().position(|fact| matches!(fact, Value::Bulk(_)) && fact.text() == name);
        facts[at.unwrap() + 1].clone()
    };
    let mut links: Vec<String> = fact("cycle")
        .items()
        .iter()
        .map(|link| link.items().iter().map(Value::text).collect::<Vec<_>>().join(" "))
        .collect();
    links.sort_unstable();
    assert_eq!(links, [format!("x {two} exclusive y"), format!("y {one} update x")]);
    assert_eq!((fact("victim").text(), fact("rule").text()), ("y".into(), "priority".into()));
    let stood_ms = fact("found-ms").int().unwrap();
    assert!((5..5_000).contains(&stood_ms), "{stood_ms}");
}

/// All who have permits wait in turn, in other shards.
#[test]
fn a_semaphore_is_part_of_a_deadlock_when_all_its_holders_are() {
    let cluster = cluster(&[]);
    let mut clients: Vec<Client> = (0..4).map(|node| cluster.client(node % 3)).collect();
    clients[3].call("LOCK gate OWNER z");
    for (owner, client) in clients.iter_mut().take(3).enumerate() {
        let line = format!("SEMACQUIRE sem LIMIT 3 OWNER o{owner}");
        assert!(client.call(&line).int().is_some());
    }
    send(&mut clients[3], &["SEMACQUIRE sem LIMIT 3 OWNER z PRIO 1 BLOCK 0"]);
    for (owner, client) in clients.iter_mut().take(2).enumerate() {
        send(client, &[&format!("LOCK gate OWNER o{owner} PRIO 1 BLOCK 0")]);
    }
    let mut observer = cluster.client(0);
    wait_for("the waits are told", || {
        observer.call("LOCKINFO GRAPH DOT").text().matches("->").count() >= 3
    });
    let before = observer.call("LOCKINFO DEADLOCKS").items().len();
    assert_eq!(before, 0, "the third may give its permit back");
    let told = clients[2].call("LOCK gate OWNER o2 BLOCK 0").text();
    assert_eq!(told, "DEADLOCK victim of cycle o2->z->o2");
    assert_eq!(clients[2].call("SEMRELEASE sem OWNER o2"), Value::Int(1));
    assert!(clients[3].reply().unwrap().int().is_some());
}

/// Whoever was a victim tries again and gets there in the end (L14): philosophers
/// who each take the left fork first.
#[test]
fn philosophers_who_are_victims_eat_in_the_end() {
    const MEALS: usize = 20;
    let cluster = cluster(&[]);
    let mut victims = 0;
    std::thread::scope(|scope| {
        let eat = |seat: usize| {
            let mut client = cluster.client(seat % 3);
            let mut refused = 0;
            for _ in 0..MEALS {
                let forks = [format!("fork{seat}"), format!("fork{}", (seat + 1) % 5)];
                let mut left = 2_000;
                while left > 0 {
                    assert!(client.call(&format!("LOCK {} BLOCK 0", forks[0])).int().is_some());
                    let second = client.call(&format!("LOCK {} BLOCK 0", forks[1]));
                    if second.int().is_some() {
                        client.call(&format!("UNLOCK {}", forks[1]));
                        left = 0;
                    } else {
                        assert!(second.text().starts_with("DEADLOCK victim"), "{second:?}");
                        (refused, left) = (refused + 1, left - 1);
                        assert!(left > 0, "it never eats");
                    }
                    client.call(&format!("UNLOCK {}", forks[0]));
                }
            }
            refused
        };
        let seats: Vec<_> = (0..5).map(|seat| scope.spawn(move || eat(seat))).collect();
        victims = seats.into_iter().map(|seat| seat.join().unwrap()).sum();
    });
    println!("{victims} victims for {} meals", 5 * MEALS);
}
