//! Messages.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use lockstep_tests::{Client, Value};

use super::{Load, kill_in_a_loop};

const PRODUCERS: usize = 4;
const CONSUMERS: usize = 4;

/// What the clients know.
#[derive(Default)]
struct Ledger {
    next: u64,
    /// Acknowledged to the producer.
    pushed: BTreeSet<u64>,
    delivered: BTreeSet<u64>,
    /// The QACK was answered with 1.
    settled: BTreeSet<u64>,
}

impl Ledger {
    /// Whether no message that its producer may count on is missing.
    fn all_arrived(&self) -> bool {
        self.pushed.iter().all(|number| self.delivered.contains(number))
    }
}

fn produce(ledger: &Mutex<Ledger>, client: &mut Client) {
    loop {
        let number = {
            let mut ledger = ledger.lock().unwrap();
            ledger.next += 1;
            ledger.next
        };
        match client.try_call(&["QPUSH", "work", &number.to_string()]) {
            Ok(reply) => assert!(!reply.is_error(), "{reply:?}"),
            Err(_) => return,
        }
        ledger.lock().unwrap().pushed.insert(number);
    }
}

/// Takes and settles messages until the connection ends, or the queue is empty when
/// that is asked for.
fn consume(ledger: &Mutex<Ledger>, client: &mut Client, until_empty: bool) {
    loop {
        let wait = if until_empty { "1" } else { "100" };
        let pop = ["QPOP", "work", "VT", "1000", "BLOCK", wait];
        let Ok(popped) = client.try_call(&pop) else { return };
        let [receipt, body] = popped.items() else {
            assert_eq!(popped, Value::Nil);
            if until_empty {
                return;
            }
            continue;
        };
        let number = body.int().unwrap() as u64;
        {
            let mut ledger = ledger.lock().unwrap();
            ledger.delivered.insert(number);
            assert!(!ledger.settled.contains(&number), "{number} came back after its QACK");
        }
        match client.try_call(&["QACK", "work", &receipt.text()]) {
            Ok(Value::Int(1)) => {
                ledger.lock().unwrap().settled.insert(number);
            }
            // Its time was over and somebody else has it now.
            Ok(Value::Int(0)) => {}
            Ok(other) => panic!("QACK: {other:?}"),
            Err(_) => return,
        }
    }
}

#[test]
fn acknowledged_messages_arrive_and_settled_ones_do_not_come_back() {
    let ledger = Arc::new(Mutex::new(Ledger::default()));
    let load = |port| {
        let thread = |consumer: bool| {
            let ledger = Arc::clone(&ledger);
            std::thread::spawn(move || {
                let Ok(mut client) = Client::connect(port) else { return };
                if consumer {
                    consume(&ledger, &mut client, false);
                } else {
                    produce(&ledger, &mut client);
                }
            })
        };
        let producers = (0..PRODUCERS).map(|_| thread(false));
        Load(producers.chain((0..CONSUMERS).map(|_| thread(true))).collect())
    };
    kill_in_a_loop(load, |server| {
        lockstep_tests::wait_for("every acknowledged message has arrived", || {
            consume(&ledger, &mut server.client(), true);
            ledger.lock().unwrap().all_arrived()
        });
        ledger.lock().unwrap().pushed.clear();
    });
    assert!(ledger.lock().unwrap().next > 100, "hardly anything was pushed");
}
