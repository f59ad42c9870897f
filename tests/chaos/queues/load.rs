//! All clients of a row: producers and consumers, and what is there at the end.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use lockstep_tests::Value;
use rand::SeedableRng;
use rand::rngs::SmallRng;

use super::super::stand::Stand;
use super::check::{Counts, Seen, check, twice_told};
use super::consumer::Consumer;
use super::producer::{Board, Manner, Producer};

/// How long clients wait for an answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long it may take, beyond the leases, until nothing is left.
const DRAIN_PATIENCE: Duration = Duration::from_secs(120);

/// Who works.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Who pushes, and how: taken in turn.
    pub manners: &'static [Manner],
    /// How many push.
    pub producers: u32,
    /// How many pop.
    pub consumers: u32,
    /// On so many queues.
    pub queues: u32,
    /// Messages that a producer sends at once.
    pub batch: u32,
    /// For how long a message is hidden.
    pub visible_ms: u64,
    /// Every one of so many consumers does not ask again for what it was given; 0: none.
    pub careless_in: u32,
    /// Messages in all.
    pub messages: u64,
    /// Messages that may be there at once.
    pub backlog_max: u64,
}

impl Plan {
    /// Fifty producers, a hundred consumers, ten queues.
    pub const FULL: Plan = Plan {
        manners: &[Manner::Once],
        producers: 50,
        consumers: 100,
        queues: 10,
        batch: 8,
        visible_ms: 5_000,
        careless_in: 2,
        messages: u64::MAX / 2,
        backlog_max: 4_000,
    };

    /// A few clients, for rows about something else.
    pub const SMALL: Plan = Plan { producers: 9, consumers: 12, queues: 6, ..Plan::FULL };
}

/// The name of a queue.
pub fn queue(number: u32) -> String {
    format!("work-{number}")
}

/// Clients at work.
pub struct Load {
    /// What they share.
    pub board: Arc<Board>,
    plan: Plan,
    began: Instant,
    producers: Vec<JoinHandle<Seen>>,
    consumers: Vec<JoinHandle<Seen>>,
}

impl Load {
    /// Starts everybody.
    pub fn start(stand: &Stand, plan: Plan) -> Load {
        let board = Arc::new(Board::default());
        board.left.store(plan.messages, Ordering::Relaxed);
        let seat = |id: u32| {
            let mut seat = stand.seat(id as usize);
            seat.patience(PATIENCE);
            seat
        };
        let spawn = |work: Box<dyn FnOnce() -> Seen + Send>| std::thread::spawn(work);
        let producers = (0..plan.producers).map(|id| {
            let random = SmallRng::seed_from_u64(stand.seed ^ u64::from(id + 1));
            let manner = plan.manners[id as usize % plan.manners.len()];
            let board = Arc::clone(&board);
            let (queues, batch, backlog_max) = (plan.queues, plan.batch, plan.backlog_max);
            let producer =
                Producer::new(id, seat(id), random, queues, manner, batch, backlog_max, board);
            spawn(Box::new(move || producer.run()))
        });
        let producers = producers.collect();
        let consumers = (0..plan.consumers).map(|id| {
            let careful = plan.careless_in == 0 || id % plan.careless_in != 0;
            let (queue, visible_ms) = (id % plan.queues, plan.visible_ms);
            let (board, seen) = (Arc::clone(&board), Seen::default());
            let seat = seat(id / plan.queues + id);
            let consumer = Consumer { id, seat, queue, visible_ms, careful, board, seen };
            spawn(Box::new(move || consumer.run()))
        });
        let consumers = consumers.collect();
        Load { board, plan, began: Instant::now(), producers, consumers }
    }

    /// Messages that were acknowledged so far.
    pub fn pushed(&self) -> u64 {
        self.board.pushed.load(Ordering::Relaxed)
    }

    /// Whether everything that was to be pushed is.
    pub fn is_pushed(&self) -> bool {
        self.producers.iter().all(JoinHandle::is_finished)
    }

    /// How long it takes from now until something more is acknowledged.
    pub fn next_push(&self, patience: Duration) -> Option<Duration> {
        let (before, began) = (self.pushed(), Instant::now());
        while self.pushed() == before {
            if began.elapsed() > patience {
                return None;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Some(began.elapsed())
    }

    /// Ends everybody as they stand: what is left stays in the queues.
    pub fn stop(self) -> Seen {
        self.board.stop_pushing.store(true, Ordering::Relaxed);
        self.board.stop_popping.store(true, Ordering::Relaxed);
        let mut seen = Seen::default();
        for client in self.producers.into_iter().chain(self.consumers) {
            seen.merge(client.join().expect("a client ends in peace"));
        }
        seen
    }

    /// Ends the producers, waits until every queue is empty, ends the consumers. Every node
    /// is there again.
    pub fn end(self, stand: &mut Stand) -> Seen {
        self.board.stop_pushing.store(true, Ordering::Relaxed);
        let mut seen = Seen::default();
        for producer in self.producers {
            seen.merge(producer.join().expect("a producer ends in peace"));
        }
        let took = self.began.elapsed();
        seen.history.drained = drain(stand, self.plan.queues, self.plan.visible_ms);
        self.board.stop_popping.store(true, Ordering::Relaxed);
        for consumer in self.consumers {
            seen.merge(consumer.join().expect("a consumer ends in peace"));
        }
        conserved(stand, self.plan.queues);
        let rate = self.board.pushed.load(Ordering::Relaxed) as f64 / took.as_secs_f64();
        if self.plan.producers > 0 {
            stand.tell(format!("{rate:.0} pushes acknowledged per second"));
        }
        seen
    }
}

/// Waits until nothing is left in any state; says so when something stays.
fn drain(stand: &mut Stand, queues: u32, visible_ms: u64) -> bool {
    let (began, mut client) = (Instant::now(), stand.cluster.client(0));
    let most = DRAIN_PATIENCE + Duration::from_millis(visible_ms);
    let mut left = vec![-1; queues as usize];
    while began.elapsed() < most {
        for (number, left) in (0..).zip(&mut left) {
            let reply = client.call(&format!("QLEN {} ALL", queue(number)));
            *left = reply.int().unwrap_or(-1);
        }
        if left.iter().all(|left| *left == 0) {
            stand.tell(format!("all queues empty after {} ms", began.elapsed().as_millis()));
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    stand.flaw(format!("left in the queues after {most:?}: {left:?}"));
    false
}

/// What was pushed was acked, by the queues' own numbers, which no failure loses.
fn conserved(stand: &mut Stand, queues: u32) {
    let mut client = stand.cluster.client(1);
    for number in 0..queues {
        let info = client.call(&format!("QINFO {}", queue(number)));
        let fact = |name| info.field(name).and_then(Value::int).unwrap_or(-1);
        let (pushed, acked) = (fact("pushed"), fact("acked"));
        if pushed != acked {
            stand.flaw(format!("{}: {pushed} pushed, {acked} acked: {info:?}", queue(number)));
        }
    }
}

/// Looks at what was seen; `duplicates_max` is a part of the messages.
pub fn judge(stand: &mut Stand, seen: &Seen, duplicates_max: f64) -> Counts {
    let (flaws, counts) = check(seen);
    for flaw in &flaws[..flaws.len().min(10)] {
        stand.flaw(format!("{flaw:?}"));
    }
    for odd in &seen.odd[..seen.odd.len().min(3)] {
        stand.flaw(format!("a reply of no known form: {odd}"));
    }
    let Counts { pushed, unsure, recovered, delivered, later, duplicates } = counts;
    stand.tell(format!(
        "{pushed} messages acknowledged, {unsure} more without a known outcome, of which \
         {recovered} were there; {delivered} delivered; {} flaws",
        flaws.len()
    ));
    stand.tell(format!(
        "{duplicates} duplicates ({:.4} %); {later} deliveries at a later attempt, {} acks that \
         did not count",
        duplicates as f64 * 100.0 / (delivered.max(1)) as f64,
        seen.stale
    ));
    twice_told(seen, 5).into_iter().for_each(|line| stand.tell(line));
    for (text, count) in &seen.texts {
        stand.tell(format!("`{text}`: {count}"));
    }
    if duplicates as f64 > delivered as f64 * duplicates_max {
        stand.flaw(format!("{duplicates} duplicates of {delivered}"));
    }
    counts
}
