//! T-LOCK-3: owners that wait for each other over all shards.

use std::collections::BTreeSet;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use lockstep_sim::check::NEVER;
use rand::rngs::SmallRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};

use super::super::stage::NODES;
use super::check::leases::MS;
use super::check::turns;
use super::check::waits::{End, Visit, check};
use super::seat::{Seat, Told};
use super::stand::{Stand, lock_in, run};

const CLIENTS: usize = 100;
const LOCKS: usize = 50;
/// A cycle may stand so long, and a lock be free that somebody wants.
const LIMIT: u64 = 1_000 * MS;
/// Whoever waits so long gives up: who holds what it wants may wait in other lines.
const BLOCK_MS: &str = "10000";
const GRID: u64 = 50 * MS;
/// How long it is tried to give back what may be held.
const GIVE_BACK: Duration = Duration::from_secs(5);
/// The largest ring.
const RING_MAX: usize = 16;
/// How long a ring may stand, at most and mostly.
const RING_LIMITS: (u64, u64) = (30 * MS, 150 * MS);
/// The same when the node that looks for deadlocks dies.
const ORPHAN_LIMIT: u64 = 3_000 * MS;

#[test]
fn lock_3_every_deadlock_ends_soon_no_other_is_seen_and_one_gives_way() {
    run("lock_3", 8, |stand| {
        let end = stand.end();
        let names: Vec<String> = (0..LOCKS)
            .map(|lock| lock_in(lock as u16 % stand.shards, stand.shards, lock))
            .collect();
        let clients: Vec<JoinHandle<Vec<Visit>>> = (0..CLIENTS)
            .map(|id| {
                let seat = stand.seat(id);
                let random = SmallRng::seed_from_u64(stand.random.random());
                let names = names.clone();
                let client = Client { seat, random, owner: format!("c{id}"), visits: Vec::new() };
                std::thread::spawn(move || client.work(&names, end))
            })
            .collect();
        let mut visits = Vec::new();
        for client in clients {
            visits.extend(client.join().expect("a client ends in peace"));
        }
        let victims = visits.iter().filter_map(|visit| match &visit.end {
            End::Victim(cycle) => Some(cycle.len() - 1),
            _ => None,
        });
        let sizes: Vec<usize> = victims.collect();
        let (count, largest) = (sizes.len(), sizes.iter().max().copied().unwrap_or(0));
        stand.tell(format!("{} visits, {count} victims, cycles of up to {largest}", visits.len()));
        if count == 0 {
            stand.flaw("no deadlock came about: the row proves nothing".to_owned());
        }
        check(&visits, LIMIT, GRID).into_iter().for_each(|flaw| stand.flaw(format!("{flaw:?}")));
        turns::check(&visits, LIMIT).into_iter().for_each(|flaw| stand.flaw(format!("{flaw:?}")));
        stand.expect_no_leak();
    });
}

#[test]
fn lock_3_rings_over_all_shards_are_broken_within_milliseconds() {
    run("lock_3", 5, |stand| {
        let mut times = Vec::new();
        let mut round = 0;
        while stand.goes_on() {
            let size = 2 + round % (RING_MAX - 1);
            round += 1;
            match ring(stand, size, round, |_| {}) {
                Ok(time) => times.push(time),
                Err(flaw) => stand.flaw(format!("a ring of {size}: {flaw}")),
            }
        }
        stand.times("from the last wait of a ring to its end", &mut times);
        let at = |part: usize| times.get((times.len() - 1) * part / 100).copied().unwrap_or(0);
        // A build without optimization on a machine that does other things as well
        // is not what the numbers are about.
        let slower = if cfg!(debug_assertions) { 4 } else { 1 };
        let (most, all) = RING_LIMITS;
        if at(50) > most * slower || at(99) > all * slower {
            stand.flaw(format!("p50 {} ms, p99 {} ms", at(50) / MS, at(99) / MS));
        }
        stand.expect_no_leak();
    });
}

#[test]
fn lock_3_a_ring_is_broken_though_the_node_that_looks_for_it_dies() {
    run("lock_3", 4, |stand| {
        let mut times = Vec::new();
        let mut round = 1_000;
        while stand.goes_on() && times.len() < 20 {
            round += 1;
            // So that somebody is known to look.
            if let Err(flaw) = ring(stand, 3, round, |_| {}) {
                stand.flaw(flaw);
                return;
            }
            let Some(detector) = detector(stand) else {
                stand.flaw("nobody says that it looks for deadlocks".to_owned());
                return;
            };
            round += 1;
            let killed = ring_without(stand, detector, 4, round);
            stand.heal();
            match killed {
                Ok(time) => times.push(time),
                Err(flaw) => stand.flaw(format!("the detector died: {flaw}")),
            }
        }
        stand.times("from the death of the detector to the end of a ring", &mut times);
        if let Some(longest) = times.last().filter(|longest| **longest > ORPHAN_LIMIT) {
            stand.flaw(format!("a ring stood for {} ms", longest / MS));
        }
    });
}

/// A client that takes some locks in any order.
struct Client {
    seat: Seat,
    random: SmallRng,
    owner: String,
    visits: Vec<Visit>,
}

impl Client {
    fn work(mut self, names: &[String], end: Instant) -> Vec<Visit> {
        let mut locks: Vec<usize> = (0..names.len()).collect();
        while Instant::now() < end {
            locks.shuffle(&mut self.random);
            let many = self.random.random_range(2..=4);
            let mut held = Vec::new();
            for lock in &locks[..many] {
                if !self.take(&names[*lock], *lock) {
                    break;
                }
                held.push(self.visits.len() - 1);
            }
            std::thread::sleep(Duration::from_micros(self.random.random_range(0..5_000)));
            held.shuffle(&mut self.random);
            for place in held {
                self.give_back(&names[self.visits[place].lock], place);
            }
            std::thread::sleep(Duration::from_micros(self.random.random_range(0..40_000)));
        }
        self.visits
    }

    fn take(&mut self, name: &str, lock: usize) -> bool {
        let shared = self.random.random_ratio(3, 10);
        let mode = if shared { "SHARED" } else { "EXCLUSIVE" };
        let words = ["LOCK", name, mode, "OWNER", &self.owner, "PX", "60000", "BLOCK", BLOCK_MS];
        let (mut asked, told) = self.seat.call(&words);
        let end = match &told {
            _ if told.token().is_some() => End::Granted,
            Told::Error(text) if text.starts_with("DEADLOCK") => End::Victim(cycle(text)),
            Told::Done(_) => End::Vain,
            Told::Error(_) | Told::Lost => {
                asked.ended = NEVER;
                End::Unknown
            }
        };
        let (owner, known) = (self.owner.clone(), end != End::Unknown);
        let granted = end == End::Granted;
        self.visits.push(Visit { owner, lock, shared, asked, end, release: None });
        if !known {
            // It may hold the lock, or wait for it: others would wait for it in vain.
            self.give_back(name, self.visits.len() - 1);
        }
        granted
    }

    fn give_back(&mut self, name: &str, place: usize) {
        let end = Instant::now() + GIVE_BACK;
        let mut began = None;
        loop {
            let owner = self.owner.clone();
            let (first, cancelled) = self.seat.call(&["LOCKCANCEL", name, "OWNER", &owner]);
            let (mut span, released) = self.seat.call(&["UNLOCK", name, "OWNER", &owner]);
            span.began = *began.get_or_insert(first.began);
            let done = [cancelled, released].iter().all(|told| matches!(told, Told::Done(_)));
            if !done && Instant::now() < end {
                continue;
            }
            if !done {
                // It may still be held, until its lease ends.
                span.ended = NEVER;
            }
            self.visits[place].release = Some(span);
            return;
        }
    }
}

/// The owners of a cycle, as the victim is told of it.
fn cycle(text: &str) -> Vec<String> {
    let told = text.rsplit(' ').next().unwrap_or_default();
    told.split("->").map(ToString::to_string).collect()
}

/// So many hold one lock each and want that of the next. Gives how long the ring
/// stood.
fn ring(
    stand: &mut Stand,
    size: usize,
    round: usize,
    before: impl FnOnce(&mut Stand),
) -> Result<u64, String> {
    let seats = (0..size).map(|at| stand.seat(at)).collect();
    play_ring(stand, seats, round, before)
}

/// A ring of clients of the other nodes, whose node dies before it closes.
fn ring_without(stand: &mut Stand, dies: usize, size: usize, round: usize) -> Result<u64, String> {
    let left: Vec<usize> = (0..NODES).filter(|node| *node != dies).collect();
    let seats = (0..size).map(|at| stand.seat(left[at % left.len()])).collect();
    play_ring(stand, seats, round, |stand| stand.cluster.kill(dies))
}

fn play_ring(
    stand: &mut Stand,
    mut seats: Vec<Seat>,
    round: usize,
    before: impl FnOnce(&mut Stand),
) -> Result<u64, String> {
    let (size, shards, clock) = (seats.len(), stand.shards, stand.clock);
    let name = |at: usize| lock_in(at as u16 % shards, shards, 1_000_000 + round * 100 + at % size);
    let names: Vec<String> = (0..size).map(name).collect();
    let owners: Vec<String> = (0..size).map(|at| format!("ring{round}-{at}")).collect();
    for at in 0..size {
        let words = ["LOCK", &names[at], "OWNER", &owners[at], "PX", "60000"];
        let (_, told) = seats[at].call(&words);
        told.token().ok_or_else(|| format!("a free lock was not granted: {told:?}"))?;
    }
    before(stand);
    for at in 0..size {
        let next = &names[(at + 1) % size];
        let words = ["LOCK", next, "OWNER", &owners[at], "PX", "60000", "BLOCK", BLOCK_MS];
        seats[at].send(&words).map_err(|why| why.to_string())?;
    }
    let closed = clock.now();
    let ends: Vec<(Option<u64>, Told)> = std::thread::scope(|scope| {
        let mut threads = Vec::new();
        for (at, mut seat) in seats.into_iter().enumerate() {
            let (own, next, owner) = (&names[at], &names[(at + 1) % size], &owners[at]);
            threads.push(scope.spawn(move || {
                let told = answer(&mut seat, next, owner);
                let at = clock.now();
                let victim = told.error("DEADLOCK").is_some();
                for lock in [own, next] {
                    seat.call(&["UNLOCK", lock, "OWNER", owner]);
                }
                (victim.then_some(at), told)
            }));
        }
        threads.into_iter().map(|thread| thread.join().expect("it ends in peace")).collect()
    });
    let victims: Vec<u64> = ends.iter().filter_map(|(at, _)| *at).collect();
    let named: BTreeSet<String> =
        ends.iter().filter_map(|(_, told)| told.error("DEADLOCK")).flat_map(cycle).collect();
    match victims[..] {
        [at] if named.len() == size => Ok(at - closed),
        _ => Err(format!("{} victims, {named:?} named, {ends:?}", victims.len())),
    }
}

/// The answer to a wait; without a leader it is asked for again.
fn answer(seat: &mut Seat, lock: &str, owner: &str) -> Told {
    let mut told = seat.receive();
    let over = Instant::now() + Duration::from_secs(20);
    while Instant::now() < over && is_unsure(&told) {
        std::thread::sleep(Duration::from_millis(5));
        told = seat.call(&["LOCK", lock, "OWNER", owner, "PX", "60000", "BLOCK", BLOCK_MS]).1;
    }
    told
}

/// Whether it may be asked for once more.
fn is_unsure(told: &Told) -> bool {
    match told {
        Told::Lost => true,
        Told::Error(text) => text.starts_with("CLUSTERDOWN") || text.starts_with("UNCERTAIN"),
        Told::Done(_) => false,
    }
}

/// The node that looks for deadlocks: the one that has been told something last.
fn detector(stand: &Stand) -> Option<usize> {
    let reports = |node: usize| {
        let page = stand.cluster.admin(node, "/metrics")?;
        let line =
            page.lines().find(|line| line.starts_with("lockstep_lock_contention_reports"))?;
        line.rsplit(' ').next()?.parse::<f64>().ok()
    };
    let counts = (0..NODES).map(|node| (node, reports(node).unwrap_or(0.0)));
    counts
        .filter(|(_, count)| *count > 0.0)
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .map(|(node, _)| node)
}
