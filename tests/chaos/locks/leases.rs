//! T-LEASE-1 to 3: leases while leaders stand still, clocks jump and leaders die.

use std::collections::BTreeMap;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use lockstep_sim::check::Span;
use lockstep_tests::Place;
use rand::RngExt;
use rand::SeedableRng;
use rand::rngs::SmallRng;

use super::super::stage::NODES;
use super::check::leases::{Lease, MS, Renewal, check};
use super::seat::{Seat, Told};
use super::stand::{Stand, lock_in, run, run_at};
use super::wall::Walls;

const KEEPERS: usize = 6;
const TTL_MS: u64 = 2_000;
const RENEW: Duration = Duration::from_millis(500);
/// How far the clocks of two nodes may be apart that were started one by one.
const SLACK: u64 = 100 * MS;
/// How long a lock may stay with who does not renew it, beyond its lease.
const HONOURED_MAX_MS: u64 = 1_000;
/// The same where a leader has to be found first.
const FAILOVER_MAX_MS: u64 = 2_000;

#[test]
fn lease_1_a_leader_that_stands_still_ends_no_lease_that_is_renewed() {
    run("lease_1", 12, |stand| {
        let keepers = start(stand);
        let mut pauses = 0;
        while stand.goes_on() {
            let shard = stand.random.random_range(0..stand.shards);
            let Some(leader) = stand.leader(shard) else { continue };
            stand.cluster.signal(leader, "STOP");
            let longest = if stand.random.random_ratio(1, 4) { 10_000 } else { 2_500 };
            stand.pause(500, longest);
            stand.cluster.signal(leader, "CONT");
            pauses += 1;
            stand.pause(800, 2_000);
        }
        stand.tell(format!("{pauses} leaders stood still"));
        finish(stand, keepers);
    });
}

/// An hour and ten years, in seconds.
const JUMPS: [i64; 5] = [-315_360_000, -3_600, 0, 3_600, 315_360_000];

#[test]
fn lease_2_a_wall_clock_that_jumps_moves_no_lease() {
    let Some(walls) = Walls::new() else {
        eprintln!("SKIPPED: row lease_2 needs a C compiler");
        return;
    };
    let places: Vec<Place> = (0..NODES).map(|node| walls.place(node)).collect();
    run_at("lease_2", 8, &places, |stand| {
        let keepers = start(stand);
        let mut jumps = 0;
        while stand.goes_on() {
            let node = stand.random.random_range(0..NODES);
            walls.set(node, JUMPS[stand.random.random_range(0..JUMPS.len())]);
            jumps += 1;
            stand.pause(200, 1_000);
        }
        (0..NODES).for_each(|node| walls.set(node, 0));
        stand.tell(format!("{jumps} jumps of a wall clock"));
        finish(stand, keepers);
    });
}

#[test]
fn lease_3_leases_of_the_dead_end_while_leaders_die_one_by_one() {
    run("lease_3", 16, |stand| {
        let lease_ms = 10_000_u64.min(TTL_MS * 5);
        let (mut storms, mut kills, mut longest_ms) = (0, 0, 0);
        loop {
            let Some((died, took_ms)) = storm(stand, storms, lease_ms) else { return };
            (storms, kills, longest_ms) = (storms + 1, kills + died, longest_ms.max(took_ms));
            if took_ms + SLACK / MS < lease_ms {
                stand.flaw(format!("the lease of {lease_ms} ms was over after {took_ms} ms"));
            }
            if took_ms > lease_ms + 5_000 {
                stand.flaw(format!("the lease of {lease_ms} ms lasted {took_ms} ms"));
            }
            stand.heal();
            if Instant::now() + Duration::from_millis(lease_ms) > stand.end() {
                break;
            }
        }
        stand.tell(format!(
            "{kills} leaders died; {storms} times free after {longest_ms} ms of {lease_ms} at most"
        ));
    });
}

/// A lease of somebody who is gone, and leaders that die until another has the lock:
/// how many died, and how long it took, in milliseconds.
fn storm(stand: &mut Stand, number: usize, lease_ms: u64) -> Option<(usize, u64)> {
    let lock = lock_in(0, stand.shards, number);
    let (asked, told) =
        stand.seat(1).call(&["LOCK", &lock, "OWNER", "dead", "PX", &lease_ms.to_string()]);
    if told.token().is_none() {
        stand.flaw(format!("a free lock was not granted: {told:?}"));
        return None;
    }
    let mut next = stand.seat(2);
    let waiter = std::thread::spawn(move || wait_for(&mut next, &lock));
    let mut kills = 0;
    while !waiter.is_finished() && kills < 20 {
        if let Some(leader) = stand.leader(0) {
            stand.cluster.kill(leader);
            kills += 1;
            std::thread::sleep(Duration::from_millis(300));
            stand.cluster.spawn(leader);
        }
        std::thread::sleep(Duration::from_millis(1_700));
    }
    let granted = waiter.join().expect("it ends in peace");
    Some((kills, granted.saturating_sub(asked.began) / MS))
}

/// Asks until it has the lock.
fn wait_for(seat: &mut Seat, lock: &str) -> u64 {
    let began = Instant::now();
    loop {
        let words = ["LOCK", lock, "OWNER", "next", "PX", "5000", "BLOCK", "2000"];
        let (span, told) = seat.call(&words);
        if told.token().is_some() || began.elapsed() > Duration::from_secs(60) {
            return span.ended;
        }
        if !matches!(told, Told::Done(_)) {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

type Kept = (Vec<Lease>, Vec<u64>);

/// Clients that hold leases and renew them; some die and are followed by another.
fn start(stand: &mut Stand) -> Vec<JoinHandle<Kept>> {
    let end = stand.end();
    (0..KEEPERS)
        .map(|id| {
            let mut seat = stand.seat(id);
            seat.patience(Duration::from_millis(1_000));
            let mut random = SmallRng::seed_from_u64(stand.random.random());
            let lock = lock_in(id as u16 % stand.shards, stand.shards, id);
            std::thread::spawn(move || keep(&mut seat, &mut random, (id, &lock), end))
        })
        .collect()
}

fn keep(seat: &mut Seat, random: &mut SmallRng, (id, lock): (usize, &str), end: Instant) -> Kept {
    let ttl = TTL_MS.to_string();
    let (mut leases, mut honoured): (Vec<Lease>, Vec<u64>) = (Vec::new(), Vec::new());
    let mut turn = 0;
    while Instant::now() < end {
        turn += 1;
        let owner = format!("keeper{id}-{turn}");
        let words = ["LOCK", lock, "OWNER", &owner, "PX", &ttl, "BLOCK", "700"];
        let Some((asked, token)) = grant(seat, &words, end) else { break };
        if let Some(last) = leases.last().filter(|last| last.released.is_none()) {
            honoured.push(asked.ended.saturating_sub(surely_over(last)));
        }
        let mut lease = Lease {
            lock: id,
            token,
            ttl: TTL_MS * MS,
            granted: asked,
            renewals: Vec::new(),
            released: None,
        };
        for _ in 0..random.random_range(2..12) {
            std::thread::sleep(RENEW);
            let (span, told) = seat.call(&["LOCKRENEW", lock, "OWNER", &owner, "PX", &ttl]);
            let held = told.int().map(|held| held == 1);
            lease.renewals.push(Renewal { span, held });
            if held == Some(false) {
                break;
            }
        }
        if random.random_ratio(1, 2) {
            lease.released = Some(seat.clock.now());
            seat.call(&["UNLOCK", lock, "OWNER", &owner]);
        }
        leases.push(lease);
    }
    (leases, honoured)
}

/// Asks until the lock is granted: an owner that asks again gets what it has.
fn grant(seat: &mut Seat, words: &[&str], end: Instant) -> Option<(Span, u64)> {
    let mut began = None;
    while Instant::now() < end + Duration::from_secs(5) {
        let (span, told) = seat.call(words);
        let began = *began.get_or_insert(span.began);
        if let Some(token) = told.token() {
            // Which of the requests was granted is not known, so the lease may count
            // from the first.
            return Some((Span { began, ended: span.ended }, token));
        }
    }
    None
}

/// When a lease that nobody gives back is over at the latest, by all that was asked.
fn surely_over(lease: &Lease) -> u64 {
    let renewed = lease.renewals.iter().filter(|renewal| renewal.held != Some(false));
    let last = renewed.map(|renewal| renewal.span.ended).max();
    last.unwrap_or(0).max(lease.granted.ended) + lease.ttl
}

fn finish(stand: &mut Stand, keepers: Vec<JoinHandle<Kept>>) {
    let (mut leases, mut honoured) = (Vec::new(), Vec::new());
    for keeper in keepers {
        let (own, times) = keeper.join().expect("a keeper ends in peace");
        leases.extend(own);
        honoured.extend(times);
    }
    stand.heal();
    let renewals: usize = leases.iter().map(|lease| lease.renewals.len()).sum();
    let by_lock: BTreeMap<usize, usize> = leases.iter().fold(BTreeMap::new(), |mut all, lease| {
        *all.entry(lease.lock).or_default() += 1;
        all
    });
    stand.tell(format!("{} leases of {} locks, {renewals} renewals", leases.len(), by_lock.len()));
    stand.times("honoured beyond the lease of a dead owner", &mut honoured);
    let most_ms = HONOURED_MAX_MS + FAILOVER_MAX_MS;
    if let Some(longest) = honoured.last().filter(|longest| **longest > most_ms * MS) {
        stand.flaw(format!("a lease was honoured {} ms longer than it lasts", longest / MS));
    }
    for flaw in check(&leases, SLACK) {
        stand.flaw(format!("{flaw:?}"));
    }
}
