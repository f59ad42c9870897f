//! T-LOCK-1: a client stands still for longer than its lease and goes on as if
//! nothing had been.

use std::collections::BTreeMap;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use lockstep_sim::check::fences::{Flaw, Writes, check};
use lockstep_tests::Value;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use super::seat::{Seat, Told};
use super::stand::{Stand, run};

const CLIENTS: u64 = 6;
const LEASE_MS: u64 = 150;
/// How many registers there are; each has a lock in its slot.
const REGISTERS: usize = 2;

/// How a client writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Care {
    /// The write is refused when the lock is lost.
    Asserts,
    /// It does not ask.
    None,
}

#[test]
fn lock_1_a_client_that_stood_still_writes_nothing_with_an_old_token() {
    run("lock_1", 8, |stand| {
        let (flaws, pauses) = play(stand, Care::Asserts);
        stand.tell(format!("{pauses} pauses longer than the lease"));
        flaws.into_iter().for_each(|(register, flaw)| stand.flaw(format!("{register}: {flaw:?}")));
    });
}

#[test]
fn lock_1_without_the_token_old_writes_come_through() {
    run("lock_1", 4, |stand| {
        let (flaws, _) = play(stand, Care::None);
        let stale = flaws.iter().any(|(_, flaw)| matches!(flaw, Flaw::Stale { .. }));
        if !stale {
            stand.flaw("nothing went wrong without care: the row proves nothing".to_owned());
        }
    });
}

/// Lets clients write, some of them too late; gives what is wrong with the
/// registers, and how often a client stood still.
fn play(stand: &mut Stand, care: Care) -> (Vec<(String, Flaw)>, u64) {
    let end = stand.end();
    let clients: Vec<JoinHandle<(BTreeMap<usize, Writes>, u64)>> = (0..CLIENTS)
        .map(|id| {
            let mut seat = stand.seat(id as usize);
            let mut random = SmallRng::seed_from_u64(stand.random.random());
            std::thread::spawn(move || client(&mut seat, &mut random, id, care, end))
        })
        .collect();
    let mut writes: BTreeMap<usize, Writes> = BTreeMap::new();
    let mut pauses = 0;
    for client in clients {
        let (own, paused) = client.join().expect("a client ends in peace");
        pauses += paused;
        for (register, more) in own {
            let all = writes.entry(register).or_default();
            all.done.extend(more.done);
            all.refused.extend(more.refused);
        }
    }
    let mut client = stand.cluster.client(0);
    let mut flaws = Vec::new();
    for register in 0..REGISTERS {
        let value = client.call(&format!("GET {{r{register}}}value"));
        let seen = entries(&value);
        let none = Writes::default();
        if let Err(flaw) = check(&seen, writes.get(&register).unwrap_or(&none)) {
            flaws.push((format!("register {register} of {} writes", seen.len()), flaw));
        }
    }
    (flaws, pauses)
}

fn entries(value: &Value) -> Vec<(u64, u64)> {
    let text = value.text();
    let numbers = |entry: &str| {
        let (token, number) = entry.split_once(':')?;
        Some((token.parse().ok()?, number.parse().ok()?))
    };
    text.split_terminator(',').filter_map(numbers).collect()
}

fn client(
    seat: &mut Seat,
    random: &mut SmallRng,
    id: u64,
    care: Care,
    end: Instant,
) -> (BTreeMap<usize, Writes>, u64) {
    let mut writes: BTreeMap<usize, Writes> = BTreeMap::new();
    let (mut count, mut pauses) = (0, 0);
    let owner = format!("client{id}");
    while Instant::now() < end {
        let register = random.random_range(0..REGISTERS);
        let (lock, value) = (format!("{{r{register}}}lock"), format!("{{r{register}}}value"));
        let lease = LEASE_MS.to_string();
        let words = ["LOCK", &lock, "OWNER", &owner, "PX", &lease, "BLOCK", "1000"];
        let (_, told) = seat.call(&words);
        let Some(token) = told.token() else { continue };
        if random.random_ratio(1, 4) {
            pauses += 1;
            std::thread::sleep(Duration::from_millis(random.random_range(100..600)));
        }
        count += 1;
        let number = id * 1_000_000 + count;
        let token = token.to_string();
        let entry = format!("{token}:{number},");
        let done = match care {
            Care::None => seat.call(&["APPEND", &value, &entry]).1,
            Care::Asserts => asserted(seat, &lock, &token, &value, &entry),
        };
        let own = writes.entry(register).or_default();
        match done {
            Told::Done(Value::Nil) => own.refused.push(number),
            Told::Done(_) => own.done.push(number),
            Told::Error(text) if text.starts_with("FENCED") => own.refused.push(number),
            Told::Error(_) | Told::Lost => {}
        }
        seat.call(&["UNLOCK", &lock, "OWNER", &owner, "TOKEN", &token]);
    }
    (writes, pauses)
}

fn asserted(seat: &mut Seat, lock: &str, token: &str, value: &str, entry: &str) -> Told {
    let asked: [&[&str]; 3] =
        [&["MULTI"], &["LOCKASSERT", lock, "TOKEN", token], &["APPEND", value, entry]];
    for words in asked {
        let (_, told) = seat.call(words);
        if !matches!(told, Told::Done(_)) {
            seat.hang_up();
            return Told::Lost;
        }
    }
    seat.call(&["EXEC"]).1
}
