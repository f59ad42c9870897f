//! Nothing stays when all are gone.

use std::time::Duration;

use lockstep_tests::{Client, Server, wait_for};

fn stat(client: &mut Client, name: &str) -> i64 {
    let stats = client.call("LOCKINFO STATS");
    stats.field(name).and_then(lockstep_tests::Value::int).unwrap_or_else(|| panic!("{stats:?}"))
}

/// Resident memory of a server in bytes.
fn memory(server: &Server) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{}/statm", server.process())).unwrap();
    text.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

/// So many names at a time, four times.
const PER_ROUND: usize = 25_000;

fn lock_many(client: &mut Client, round: usize, words: &str) {
    const PER_PIPELINE: usize = 1000;
    for part in 0..PER_ROUND / PER_PIPELINE {
        let mut bytes = Vec::new();
        for n in 0..PER_PIPELINE {
            let line = format!("LOCK name-{round}-{part}-{n} {words}");
            bytes.extend(lockstep_tests::request(&lockstep_tests::words(&line)));
        }
        client.send(&bytes).unwrap();
        for _ in 0..PER_PIPELINE {
            assert!(client.reply().unwrap().int().is_some());
        }
    }
}

/// L17, with names enough for a test: nothing is held or waited for, and memory
/// does not grow with the number of names there ever were.
#[test]
fn a_hundred_thousand_names_that_are_over_leave_no_memory_behind() {
    let server = Server::lockstep(&["--shards", "2", "--fsync", "never"]);
    let mut observer = server.client();
    let mut after = Vec::new();
    for round in 0..4 {
        let mut holder = server.client();
        lock_many(&mut holder, round, if round % 2 == 0 { "" } else { "PX 60000 OWNER me" });
        assert_eq!(stat(&mut observer, "held"), PER_ROUND as i64);
        if round % 2 == 1 {
            let names = super::scan(&mut observer, "COUNT 1000");
            for part in names.chunks(1000) {
                let line = format!("MUNLOCK {} {} OWNER me", part.len(), part.join(" "));
                assert_eq!(holder.call(&line).int(), Some(part.len() as i64));
            }
        }
        drop(holder);
        wait_for("all are free", || stat(&mut observer, "held") == 0);
        assert_eq!(stat(&mut observer, "waiting"), 0);
        std::thread::sleep(Duration::from_millis(200));
        after.push(memory(&server));
    }
    // The first rounds fill what the allocator keeps.
    assert!(after[3] <= after[1] + after[1] / 10 + (4 << 20), "{after:?}");
}
