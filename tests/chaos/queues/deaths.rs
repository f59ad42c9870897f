//! T-QUE-2: consumers that die between a delivery and its ack.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::super::seat::{Seat, Told};
use super::super::stage;
use super::super::stand::run;
use super::body::Message;

const WORKERS: u32 = 60;
const VISIBLE_MS: u64 = 1_000;
const MS: u64 = 1_000_000;
/// How late a message may come back.
const LATE_MAX: u64 = 1_000 * MS;
/// By so much a lease may seem shorter: whoever dies counts from when it heard of it.
const SLACK: u64 = 100 * MS;

/// How a consumer dies.
#[derive(Clone, Copy, Debug)]
enum Death {
    /// Its process ends, and with it its connection.
    Closed,
    /// It says nothing any more.
    Silent,
    /// It has the message in the name of a session that nobody keeps alive.
    Session,
}

/// What one worker found.
#[derive(Default)]
struct Found {
    back: Vec<u64>,
    flaws: Vec<String>,
}

#[test]
fn que_2_what_a_dead_consumer_had_comes_back_in_time_and_its_receipt_is_void() {
    run("que_2", 8, |stand| {
        let deaths = Arc::new(AtomicU64::new(0));
        let most = stage::number("TEST_CHAOS_MESSAGES").unwrap_or(u64::MAX);
        if most < u64::MAX {
            stand.lasts(Duration::from_secs(3_600));
        }
        let end = stand.end();
        let workers = (0..WORKERS).map(|id| {
            let seats = [0, 1, 2].map(|at| stand.seat(id as usize + at));
            let deaths = Arc::clone(&deaths);
            std::thread::spawn(move || {
                let (mut found, mut round) = (Found::default(), 0);
                let mut seats = seats;
                while Instant::now() < end && deaths.fetch_add(1, Ordering::Relaxed) < most {
                    let death = [Death::Closed, Death::Silent, Death::Session][round as usize % 3];
                    let message = Message { producer: id, number: round };
                    if let Err(flaw) = play(&mut seats, message, death, &mut found.back) {
                        found.flaws.push(format!("{death:?}: {flaw}"));
                    }
                    round += 1;
                }
                found
            })
        });
        let workers: Vec<_> = workers.collect();
        let mut back = Vec::new();
        for worker in workers {
            let found = worker.join().expect("a worker ends in peace");
            back.extend(found.back);
            found.flaws.into_iter().for_each(|flaw| stand.flaw(flaw));
        }
        stand.tell(format!("{} consumers died with a message in their hands", back.len()));
        stand.times("until it came to the next", &mut back);
    });
}

/// Someone dies with a message, the next gets it, and the receipt of the dead is void.
fn play(
    [producer, dying, next]: &mut [Seat; 3],
    message: Message,
    death: Death,
    back: &mut Vec<u64>,
) -> Result<(), String> {
    let clock = producer.clock;
    let name = format!("deaths-{}", message.producer);
    let push = [&b"QPUSH"[..], name.as_bytes(), &message.body()].map(<[u8]>::to_vec);
    producer.send_bytes(&lockstep_tests::request(&push)).map_err(|why| why.to_string())?;
    expect("the push", &producer.receive(), |_| true)?;
    let visible = VISIBLE_MS.to_string();
    let mut words = vec!["QPOP", &name];
    let session;
    match death {
        Death::Session => {
            let (_, told) = dying.call(&["QSESSION", "OPEN", &visible]);
            let Told::Done(id) = told else { return Err(format!("no session: {told:?}")) };
            session = id.text();
            words.extend(["SESSION", &session, "VT", "600000"]);
        }
        Death::Closed | Death::Silent => words.extend(["VT", &visible]),
    }
    let (had, told) = dying.call(&words);
    let receipt = receipt(&told, message)?;
    if !matches!(death, Death::Silent) {
        dying.hang_up();
    }
    let (_, told) = next.call(&["QPOP", &name, "BLOCK", "10000", "VT", "60000"]);
    let now = clock.now();
    let again = self::receipt(&told, message)?;
    back.push(now - had.ended);
    if now - had.ended > VISIBLE_MS * MS + LATE_MAX {
        return Err(format!("it came back after {} ms", (now - had.ended) / MS));
    }
    if now - had.began + SLACK < VISIBLE_MS * MS {
        return Err(format!("it came back after {} ms already", (now - had.began) / MS));
    }
    dead_receipt(dying, &name, &receipt, -1)?;
    let (_, told) = next.call(&["QACK", &name, &again]);
    expect("the ack of the next", &told, |told| told.int() == Some(1))?;
    dead_receipt(dying, &name, &receipt, 0)
}

/// A receipt that counts for nothing, whatever is done with it.
fn dead_receipt(seat: &mut Seat, name: &str, receipt: &str, verbose: i64) -> Result<(), String> {
    let (_, told) = seat.call(&["QACK", name, receipt]);
    expect("an ack of the dead", &told, |told| told.int() == Some(0))?;
    let (_, told) = seat.call(&["QACK", name, receipt, "VERBOSE"]);
    let says = |told: &Told| matches!(told, Told::Done(list) if list.items().first().and_then(|one| one.int()) == Some(verbose));
    expect("what VERBOSE says of it", &told, says)?;
    for words in [&["QNACK", name, receipt][..], &["QEXTEND", name, receipt, "60000"]] {
        let (_, told) = seat.call(words);
        expect(words[0], &told, |told| told.error("QSTALE").is_some())?;
    }
    Ok(())
}

fn receipt(told: &Told, message: Message) -> Result<String, String> {
    let Told::Done(reply) = told else { return Err(format!("no message: {told:?}")) };
    let [receipt, body] = reply.items() else { return Err(format!("no message: {reply:?}")) };
    match body.bytes().and_then(Message::of) {
        Some(found) if found == message => Ok(receipt.text()),
        found => Err(format!("{found:?} instead of {message:?}")),
    }
}

fn expect(what: &str, told: &Told, right: impl Fn(&Told) -> bool) -> Result<(), String> {
    if matches!(told, Told::Done(_) | Told::Error(_)) && right(told) {
        return Ok(());
    }
    Err(format!("{what}: {told:?}"))
}
