//! Keys, transactions and locks.

use std::sync::{Arc, Mutex};

use lockstep_tests::{Client, Server, Value, request};

use super::{Load, kill_in_a_loop};

const WRITERS: usize = 8;
const PIPELINE: u64 = 16;

/// What one writer knows: `acknowledged` numbers were written for sure, those up to
/// `sent` perhaps.
#[derive(Clone, Copy, Debug, Default)]
struct Writer {
    acknowledged: u64,
    sent: u64,
}

type Writers = Arc<Vec<Mutex<Writer>>>;

fn writers() -> Writers {
    Arc::new((0..WRITERS).map(|_| Mutex::default()).collect())
}

fn spawn(writers: &Writers, port: u16, write: fn(usize, &Mutex<Writer>, &mut Client)) -> Load {
    let threads = (0..WRITERS).map(|index| {
        let writers = Arc::clone(writers);
        std::thread::spawn(move || {
            if let Ok(mut client) = Client::connect(port) {
                write(index, &writers[index], &mut client);
            }
        })
    });
    Load(threads.collect())
}

/// Writes key after key in pipelines until the connection ends.
fn set_keys(index: usize, writer: &Mutex<Writer>, client: &mut Client) {
    loop {
        let first = writer.lock().unwrap().sent + 1;
        let numbers = first..first + PIPELINE;
        let bytes: Vec<u8> = numbers
            .clone()
            .flat_map(|number| {
                request(&["SET", &format!("k:{index}:{number}"), &value(index, number)])
            })
            .collect();
        writer.lock().unwrap().sent = first + PIPELINE - 1;
        if client.send(&bytes).is_err() {
            return;
        }
        for number in numbers {
            match client.reply() {
                Ok(reply) => assert_eq!(reply.text(), "OK"),
                Err(_) => return,
            }
            writer.lock().unwrap().acknowledged = number;
        }
    }
}

fn value(index: usize, number: u64) -> String {
    format!("value {number} of writer {index}")
}

#[test]
fn acknowledged_keys_survive_being_killed_under_load() {
    let writers = writers();
    let mut checked = [0; WRITERS];
    kill_in_a_loop(
        |port| {
            // What was sent and lost leaves a gap; the next life goes on behind it.
            spawn(&writers, port, set_keys)
        },
        |server| {
            let mut client = server.client();
            for (index, writer) in writers.iter().enumerate() {
                let mut writer = writer.lock().unwrap();
                for number in checked[index] + 1..=writer.acknowledged {
                    let read = client.call_words(&["GET", &format!("k:{index}:{number}")]);
                    assert_eq!(read.text(), value(index, number), "k:{index}:{number} is lost");
                }
                // The rest may be there or not, but then whole.
                for number in writer.acknowledged + 1..=writer.sent {
                    let read = client.call_words(&["GET", &format!("k:{index}:{number}")]);
                    assert!(read == Value::Nil || read.text() == value(index, number));
                }
                (checked[index], writer.acknowledged) = (writer.sent, writer.sent);
            }
        },
    );
    assert!(checked.iter().sum::<u64>() > 0, "nothing was written");
}

/// Counts two keys up in one transaction until the connection ends.
fn count_in_pairs(index: usize, writer: &Mutex<Writer>, client: &mut Client) {
    let (left, right) = (format!("left:{index}"), format!("right:{index}"));
    let bytes: Vec<u8> = [
        request(&["MULTI"]),
        request(&["INCR", &left]),
        request(&["INCR", &right]),
        request(&["EXEC"]),
    ]
    .concat();
    loop {
        writer.lock().unwrap().sent += 1;
        if client.send(&bytes).is_err() {
            return;
        }
        for _ in 0..4 {
            let Ok(reply) = client.reply() else { return };
            assert!(!reply.is_error(), "{reply:?}");
        }
        writer.lock().unwrap().acknowledged += 1;
    }
}

#[test]
fn transactions_survive_whole_or_not_at_all() {
    let writers = writers();
    kill_in_a_loop(
        |port| spawn(&writers, port, count_in_pairs),
        |server| {
            let mut client = server.client();
            for (index, writer) in writers.iter().enumerate() {
                let mut writer = writer.lock().unwrap();
                let [left, right] = ["left", "right"].map(|side| {
                    client.call_words(&["GET", &format!("{side}:{index}")]).int().unwrap_or(0)
                        as u64
                });
                assert_eq!(left, right, "half a transaction of writer {index}");
                assert!(
                    (writer.acknowledged..=writer.sent).contains(&left),
                    "writer {index} counted {writer:?}, and there is {left}"
                );
                *writer = Writer { acknowledged: left, sent: left };
            }
        },
    );
}

#[test]
fn a_lock_that_was_granted_is_still_held_after_a_kill() {
    let mut server = Server::lockstep(&["--fsync", "always"]);
    let mut token = 0;
    for round in 0..3 {
        let owner = format!("owner{round}");
        let granted = server.client().call(&format!("LOCK door OWNER {owner} PX 600000"));
        let Value::Int(granted) = granted else { panic!("no grant: {granted:?}") };
        assert!(granted > token, "token {granted} after {token}");
        token = granted;
        server.kill();
        server.restart();
        let mut client = server.client();
        assert_eq!(client.call("LOCK door OWNER somebody PX 1000"), Value::Nil);
        assert_eq!(client.call(&format!("LOCK door OWNER {owner} PX 600000")), Value::Int(token));
        assert_eq!(client.call(&format!("UNLOCK door OWNER {owner}")), Value::Int(1));
    }
}

#[test]
fn a_lock_of_a_connection_ends_with_the_server_that_served_it() {
    let mut server = Server::lockstep(&["--fsync", "always"]);
    let mut holder = server.client();
    assert!(matches!(holder.call("LOCK door"), Value::Int(_)));
    server.kill();
    server.restart();
    assert!(matches!(server.client().call("LOCK door"), Value::Int(_)));
}
