//! Keys that are written where they were written last (`cache-write-mode back`).

use lockstep_tests::{Client, Cluster, Value, wait_for};

use super::{cluster, ids, letters, number, start, state};

/// What is in the log sooner was called for, mostly.
const LATE: [&str; 4] = ["--cache-writeback-delay", "250", "--cache-lease-ms", "1000"];

fn back(arguments: &[&str]) -> Cluster {
    cluster(&[&["--cache-write-mode", "back"], arguments].concat())
}

fn stat(client: &mut Client, name: &str) -> i64 {
    number(&client.call("CACHE STATS"), name)
}

/// A node that does not lead and writes by itself, as one of its clients sees it.
struct Writer {
    at: usize,
    ids: Vec<String>,
    client: Client,
    /// What was written last; grows.
    last: u64,
    /// How many keys had lost their last write when it was looked.
    lost: i64,
}

impl Writer {
    /// And the other two nodes, the leader first.
    fn of(cluster: &Cluster) -> (Self, [usize; 2]) {
        let home = cluster.wait_leader(0);
        let at = (home + 1) % 3;
        let (ids, client) = (ids(cluster), cluster.client(at));
        let writer = Writer { at, ids, client, last: 0, lost: 0 };
        (writer, [home, (home + 2) % 3])
    }

    fn call(&mut self, line: &str) -> Value {
        self.client.call(line)
    }

    fn stat(&mut self, name: &str) -> i64 {
        stat(&mut self.client, name)
    }

    /// Writes a key until the node does so by itself.
    fn write(&mut self, cluster: &Cluster, key: &str) {
        wait_for("a key that is lent", || {
            // The leader may move when a cluster has just been founded.
            if cluster.leader(0) == Some(self.at) {
                let other = self.ids[(self.at + 1) % 3].clone();
                self.call(&format!("NODE PROMOTE {other}"));
            }
            let before = self.stat("local_writes");
            self.set(key);
            self.stat("local_writes") > before
        });
    }

    fn set(&mut self, key: &str) {
        self.last += 1;
        let last = self.last;
        assert_eq!(self.call(&format!("SET {key} {last}")).text(), "OK");
    }

    /// Writes a key by itself and looks at it otherwise, until that finds what was written
    /// last. It finds something older only where the node was not heard of for a while, or
    /// another one leads, and it has noticed the loss.
    fn is_found(
        &mut self,
        cluster: &Cluster,
        key: &str,
        what: &str,
        mut look: impl FnMut(&mut Writer) -> String,
    ) {
        wait_for(what, || {
            self.write(cluster, key);
            let found = look(self);
            self.agrees(&found, what)
        });
    }

    /// Whether that is what was written last; else it is lost.
    fn agrees(&mut self, found: &str, what: &str) -> bool {
        let (last, lost) = (self.last, self.lost);
        if found == last.to_string() {
            return true;
        }
        wait_for(&format!("{last} instead of {found}, or a loss ({what})"), || {
            self.stat("writes_lost") > lost
        });
        self.lost = self.stat("writes_lost");
        false
    }

    /// Writes a key until that is in the log, as WAIT says.
    fn is_kept(&mut self, cluster: &Cluster, key: &str) {
        wait_for("a write that is in the log", || {
            self.write(cluster, key);
            self.call("WAIT 1 0").int() == Some(1)
        });
    }
}

#[test]
fn what_a_node_wrote_by_itself_all_others_read_at_once() {
    let cluster = back(&[]);
    let (mut writer, others) = Writer::of(&cluster);
    let mut readers = others.map(|node| cluster.client(node));
    for round in 0..20 {
        writer.is_found(&cluster, "a", "its own node", |writer| writer.call("GET a").text());
        let reader = &mut readers[round % 2];
        writer.is_found(&cluster, "a", "another node", |_| reader.call("GET a").text());
    }
    let sum = |name: &str| (0..3).map(|node| stat(&mut cluster.client(node), name)).sum::<i64>();
    assert!(sum("callbacks") > 0 && sum("flushes") > 0);
}

#[test]
fn whatever_looks_at_a_key_elsewhere_sees_what_a_node_wrote_by_itself() {
    let cluster = back(&LATE);
    let (mut writer, others) = Writer::of(&cluster);
    let mut readers = others.map(|node| cluster.client(node));
    let looks: &[fn(&mut Client) -> Value] = &[
        |client| client.call("GET a"),
        |client| client.call("MGET none a").items()[1].clone(),
        |client| client.call("GETRANGE a 0 -1"),
        |client| client.call("EVAL return(redis.call('GET',KEYS[1])) 1 a"),
        |client| client.call("EVAL return(redis.call('GET','a')) 0"),
        |client| client.call("EVAL_RO return(redis.call('GET','a')) 0"),
        |client| client.call("SORT list BY nosort GET *").items()[0].clone(),
        |client| {
            client.call("MULTI");
            client.call("GET a");
            client.call("EXEC").items()[0].clone()
        },
        |client| {
            client.call("MULTI");
            client.call("SET b 1");
            client.call("EVAL return(redis.call('GET','a')) 0");
            client.call("EXEC").items()[1].clone()
        },
        |client| client.call("GETSET a 0"),
        |client| client.call("GETEX a PERSIST"),
        |client| {
            client.call("COPY a copy REPLACE");
            client.call("GET copy")
        },
        |client| {
            let one_more = client.call("INCR a").int().unwrap();
            Value::Bulk((one_more - 1).to_string().into_bytes())
        },
        |client| client.call("GETDEL a"),
    ];
    readers[0].call("RPUSH list a");
    for (number, look) in looks.iter().enumerate() {
        for reader in &mut readers {
            writer.is_found(&cluster, "a", &format!("look {number}"), |_| look(reader).text());
        }
    }
    writer.write(&cluster, "a");
    assert_eq!(readers[1].call("FLUSHALL").text(), "OK");
    assert_eq!(writer.call("GET a"), Value::Nil);
    assert_eq!(writer.stat("dirty"), 0);
}

#[test]
fn other_commands_of_the_node_stand_behind_what_it_wrote() {
    let cluster = back(&LATE);
    let (mut writer, _) = Writer::of(&cluster);
    for _ in 0..5 {
        writer.is_found(&cluster, "a", "one more", |writer| {
            (writer.call("INCR a").int().unwrap() - 1).to_string()
        });
        writer.is_found(&cluster, "a", "a command that no copy answers", |writer| {
            writer.call("MGET a").items()[0].text()
        });
        writer.write(&cluster, "a");
        assert_eq!(writer.call("DEL a").int(), Some(1));
        assert_eq!(writer.call("GET a"), Value::Nil);
    }
}

#[test]
fn what_is_waited_for_is_not_lost_with_its_node() {
    let mut cluster = back(&LATE);
    let (mut writer, others) = Writer::of(&cluster);
    writer.is_kept(&cluster, "a");
    let kept = writer.last;
    (0..5).for_each(|_| writer.set("a"));
    cluster.kill(writer.at);
    // Nobody reads anything before its lease is over, and then all the same.
    let mut readers = others.map(|node| cluster.client(node));
    let found: u64 = readers[1].call("GET a").text().parse().unwrap();
    assert!((kept..=writer.last).contains(&found), "{kept} {found} {}", writer.last);
    assert_eq!(readers[0].call("GET a").text(), found.to_string());
    assert_eq!(readers[0].call("INCR a").int(), Some(found as i64 + 1));
    cluster.spawn(writer.at);
    cluster.wait_ready();
    assert_eq!(cluster.client(writer.at).call("GET a").text(), (found + 1).to_string());
}

#[test]
fn a_node_that_stood_still_neither_reads_nor_writes_what_it_wrote_before() {
    let cluster = back(&LATE);
    let (mut writer, others) = Writer::of(&cluster);
    let mut readers = others.map(|node| cluster.client(node));
    let mut lost = 0;
    for round in 0..3 {
        let key = format!("k{round}");
        writer.write(&cluster, &key);
        cluster.signal(writer.at, "STOP");
        let old = readers[round % 2].call(&format!("GET {key}")).text();
        lost += i64::from(old != writer.last.to_string());
        assert_eq!(readers[0].call(&format!("SET {key} new")).text(), "OK");
        cluster.signal(writer.at, "CONT");
        assert_eq!(writer.call(&format!("GET {key}")).text(), "new", "{old} was read before");
        // What it wrote is given up, or came before it stood still.
        wait_for("nothing that is not in the log", || writer.stat("dirty") == 0);
        for reader in &mut readers {
            assert_eq!(reader.call(&format!("GET {key}")).text(), "new");
        }
    }
    wait_for("losses that are counted", || writer.stat("writes_lost") >= lost);
}

#[test]
fn a_copy_that_has_to_make_room_is_written_back() {
    let cluster = back(&[&LATE[..], &["--cache-max-entries", "4"]].concat());
    let (mut writer, others) = Writer::of(&cluster);
    let mut reader = cluster.client(others[1]);
    wait_for("all that was written", || {
        let mut written = Vec::new();
        for key in 0..12 {
            writer.write(&cluster, &format!("k{key}"));
            written.push(writer.last);
        }
        wait_for("what has no room to be in the log", || writer.stat("dirty") <= 4);
        written.into_iter().enumerate().all(|(key, last)| {
            writer.last = last;
            let found = reader.call(&format!("GET k{key}")).text();
            assert_eq!(writer.call(&format!("GET k{key}")).text(), found);
            writer.agrees(&found, "elsewhere")
        })
    });
}

#[test]
fn what_is_written_back_is_in_the_log_when_that_is_turned_off() {
    let mut cluster = back(&LATE);
    let (mut writer, others) = Writer::of(&cluster);
    writer.write(&cluster, "a");
    assert_eq!(writer.call("CONFIG SET cache-write-mode through").text(), "OK");
    wait_for("all in the log", || writer.stat("dirty") == 0);
    let before = writer.stat("local_writes");
    writer.set("a");
    assert_eq!(writer.stat("local_writes"), before);
    // And leaders lend nothing more.
    for node in others {
        let mut other = cluster.client(node);
        assert_eq!(other.call("CONFIG SET cache-write-mode through").text(), "OK");
        wait_for("nothing lent", || stat(&mut other, "lent") == 0);
    }
    cluster.kill(writer.at);
    assert_eq!(cluster.client(others[1]).call("GET a").text(), writer.last.to_string());
}

#[test]
fn nothing_is_lost_when_a_node_is_stopped_or_another_one_is_to_lead() {
    let mut cluster = back(&LATE);
    let (mut writer, others) = Writer::of(&cluster);
    writer.write(&cluster, "a");
    let heir = others.into_iter().find(|node| cluster.leader(0) != Some(*node)).unwrap();
    cluster.client(others[0]).call(&format!("NODE PROMOTE {}", writer.ids[heir]));
    wait_for("another leader", || cluster.leader(0) == Some(heir));
    let mut reader = cluster.client(others[0]);
    let found = reader.call("GET a").text();
    writer.agrees(&found, "behind a new leader");
    writer.is_found(&cluster, "a", "of the new leader", |_| reader.call("GET a").text());
    writer.write(&cluster, "a");
    let excused = writer.stat("writes_lost") > writer.lost;
    cluster.stop(writer.at);
    let found = cluster.client(others[0]).call("GET a").text();
    assert!(found == writer.last.to_string() || excused, "{found}, not {}", writer.last);
}

#[test]
fn all_read_the_same_when_the_leader_dies_that_lent_a_key() {
    let mut cluster = back(&[]);
    let (mut writer, others) = Writer::of(&cluster);
    writer.is_kept(&cluster, "a");
    let kept = writer.last;
    writer.set("a");
    cluster.kill(others[0]);
    let mut reader = cluster.client(others[1]);
    let read = |client: &mut Client| {
        let mut found = None;
        wait_for("a value", || {
            let told = client.call("GET a");
            found = (!told.is_error()).then(|| told.text());
            found.is_some()
        });
        found.unwrap()
    };
    let found = read(&mut reader);
    let may_be = (kept..=writer.last).any(|value| found == value.to_string());
    assert!(may_be, "{kept} {}: {found}", writer.last);
    assert_eq!(read(&mut writer.client), found);
}

#[test]
fn replicas_are_not_read_where_keys_are_written_back() {
    let cluster = start(&["--cache-replica-reads", "yes", "--cache-write-mode", "back"]);
    let (mut writer, others) = Writer::of(&cluster);
    let mut reader = cluster.client(others[1]);
    for _ in 0..5 {
        writer.is_found(&cluster, "a", "elsewhere", |_| reader.call("GET a").text());
    }
    assert_eq!(stat(&mut reader, "hit_replica"), 0);
}

#[test]
fn who_reads_replicas_does_so_no_more_when_keys_are_written_back() {
    let cluster = start(&["--cache-replica-reads", "yes"]);
    let (mut writer, others) = Writer::of(&cluster);
    let mut reader = cluster.client(others[1]);
    let mut key = 0;
    wait_for("a replica that is read", || {
        key += 1;
        reader.call(&format!("GET warm:{key}"));
        let leads = cluster.leader(0) == Some(others[1]);
        leads || stat(&mut reader, "hit_replica") > 0
    });
    for node in 0..3 {
        cluster.client(node).call("CONFIG SET cache-write-mode back");
    }
    for _ in 0..5 {
        writer.is_found(&cluster, "a", "elsewhere", |_| reader.call("GET a").text());
    }
}

#[test]
fn only_keys_with_the_prefix_are_written_back() {
    let cluster = back(&["--cache-writeback-prefix", "hot:"]);
    let (mut writer, _) = Writer::of(&cluster);
    writer.write(&cluster, "hot:a");
    let before = writer.stat("local_writes");
    (0..20).for_each(|_| writer.set("cold:a"));
    assert_eq!(writer.stat("local_writes"), before);
}

#[test]
fn cache_state_shows_what_is_not_in_the_log() {
    let cluster = back(&LATE);
    let (mut writer, others) = Writer::of(&cluster);
    let dirty = |told: &Value| -> i64 {
        let nodes = told.field("nodes").unwrap().items();
        nodes.iter().map(|node| number(node, "dirty")).sum()
    };
    wait_for("a key that is dirty", || {
        writer.write(&cluster, "a");
        let told = state(&mut writer.client, "a");
        dirty(&told) == 1 && letters(&told, &[writer.ids[writer.at].clone()]) == "M"
    });
    let mut reader = cluster.client(others[1]);
    writer.is_found(&cluster, "a", "elsewhere", |_| reader.call("GET a").text());
    assert_eq!(dirty(&state(&mut writer.client, "a")), 0);
}

#[test]
fn clients_that_cache_hear_of_what_is_written_back() {
    let cluster = back(&[]);
    let (mut writer, others) = Writer::of(&cluster);
    let mut listener = cluster.client(others[1]);
    listener.call("HELLO 3");
    assert_eq!(listener.call("CLIENT TRACKING ON").text(), "OK");
    // Who is to be told of keys that it reads has the leader read them.
    writer.is_found(&cluster, "a", "a client that caches", |_| listener.call("GET a").text());
    writer.write(&cluster, "a");
    wait_for("a push", || matches!(listener.call("PING"), Value::Push(_)));
}

#[test]
fn wait_tells_once_of_what_was_lost() {
    let cluster = back(&LATE);
    let (mut writer, _) = Writer::of(&cluster);
    wait_for("a loss", || {
        writer.write(&cluster, "a");
        let (home, lost) = (cluster.leader(0).unwrap(), writer.stat("writes_lost"));
        writer.set("a");
        cluster.signal(home, "STOP");
        wait_for("a lease that is over, or all in the log", || writer.stat("dirty") == 0);
        cluster.signal(home, "CONT");
        cluster.wait_leader(0);
        writer.stat("writes_lost") > lost
    });
    assert_eq!(writer.call("WAIT 1 0").int(), Some(0));
    wait_for("what is written now to be kept", || writer.call("WAIT 1 1").int() >= Some(1));
    // Who wrote nothing has lost nothing.
    assert!(cluster.client(writer.at).call("WAIT 1 0").int() >= Some(1));
}

#[test]
fn only_plain_sets_have_a_key_lent() {
    let cluster = back(&[]);
    let (mut writer, others) = Writer::of(&cluster);
    for line in ["APPEND a 1", "SET b 1 PX 100000", "SET c 1 NX", "GETSET d 1", "INCR e"] {
        writer.call(line);
    }
    writer.call("MULTI");
    writer.call("SET f 1");
    writer.call("EXEC");
    assert_eq!(stat(&mut cluster.client(others[0]), "lent"), 0);
    let before = writer.stat("local_writes");
    ["a", "b", "c", "d", "e", "f"].into_iter().for_each(|key| writer.set(key));
    assert_eq!(writer.stat("local_writes"), before);
    writer.write(&cluster, "a");
}

#[test]
fn where_memory_is_full_nothing_is_written_here() {
    let cluster = back(&[]);
    let (mut writer, others) = Writer::of(&cluster);
    writer.write(&cluster, "a");
    for node in 0..3 {
        let told = cluster.client(node).call("CONFIG SET maxmemory 1");
        assert_eq!(told.text(), "OK");
    }
    let refused = writer.call("SET a 1");
    assert!(refused.text().starts_with("OOM"), "{refused:?}");
    let mut home = cluster.client(others[0]);
    wait_for("nothing lent", || stat(&mut home, "lent") == 0);
    for node in 0..3 {
        cluster.client(node).call("CONFIG SET maxmemory 0");
    }
    writer.is_found(&cluster, "a", "elsewhere", |_| home.call("GET a").text());
}

#[test]
fn waitaof_waits_until_what_rests_is_in_the_log_and_no_longer() {
    let cluster = back(&[&LATE[..], &["--fsync", "always"]].concat());
    let (mut writer, _) = Writer::of(&cluster);
    wait_for("a write that is on disk", || {
        writer.write(&cluster, "a");
        writer.call("WAITAOF 1 1 0").items()[1].int() >= Some(1)
    });
    // Others that wrote nothing here need not wait for it.
    writer.write(&cluster, "a");
    assert!(cluster.client(writer.at).call("WAIT 1 0").int() >= Some(1));
}

#[test]
fn where_every_write_is_told_of_none_is_carried_out_here() {
    let cluster = back(&[]);
    let (mut writer, _) = Writer::of(&cluster);
    writer.write(&cluster, "a");
    assert_eq!(writer.call("CONFIG SET notify-keyspace-events KEA").text(), "OK");
    let before = writer.stat("local_writes");
    (0..5).for_each(|_| writer.set("a"));
    assert_eq!(writer.stat("local_writes"), before);
}
