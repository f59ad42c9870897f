//! One run of a row about locks or queues: nodes, and what is found in the end.

use std::fs;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use lockstep_core::slot::{SLOTS, Slot};
use lockstep_tests::Place;
use lockstep_tests::{Client, Cluster, Value};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use super::history::Clock;
use super::seat::{Seat, Told};
use super::stage::{self, NODES};

/// How many shards the nodes of a row have.
pub const SHARDS: &str = "6";

/// How long it may take until nothing is left of clients that have gone.
const LEAK_PATIENCE: Duration = Duration::from_secs(30);

/// What a row works with.
pub struct Stand {
    /// The nodes.
    pub cluster: Cluster,
    /// Random choices.
    pub random: SmallRng,
    /// The clock of all clients.
    pub clock: Clock,
    /// How many shards there are.
    pub shards: u16,
    /// What random choices began with.
    pub seed: u64,
    row: &'static str,
    began: Instant,
    end: Instant,
    lines: Vec<String>,
    flaws: Vec<String>,
}

/// Runs a row, if it is asked for: so many seconds, unless the environment says
/// otherwise.
pub fn run(row: &'static str, seconds: u64, act: impl FnOnce(&mut Stand)) {
    run_at(row, seconds, &vec![Place::here(); NODES], act);
}

/// The same with the nodes in these places.
pub fn run_at(row: &'static str, seconds: u64, places: &[Place], act: impl FnOnce(&mut Stand)) {
    let make = || Some((Cluster::prepare_at(places, &["--shards", SHARDS]), ()));
    run_on(row, seconds, make, |stand, ()| act(stand));
}

/// The same with nodes that do not run yet, and what they stand on; none: that is not
/// to be had here.
pub fn run_on<T>(
    row: &'static str,
    seconds: u64,
    make: impl FnOnce() -> Option<(Cluster, T)>,
    act: impl FnOnce(&mut Stand, &T),
) {
    if !stage::asked_for(row) {
        return;
    }
    let _one = stage::one_at_a_time();
    let Some((cluster, ground)) = make() else { return };
    let mut stand = Stand::start(row, cluster);
    let seconds = Duration::from_secs(stage::number("TEST_CHAOS_SECONDS").unwrap_or(seconds));
    stand.end = stand.began + seconds;
    act(&mut stand, &ground);
    stand.finish();
}

impl Stand {
    fn start(row: &'static str, mut cluster: Cluster) -> Stand {
        let seed = stage::seed();
        println!("chaos {row}: TEST_CHAOS_SEED={seed}");
        (0..NODES).for_each(|node| cluster.spawn(node));
        cluster.wait_ready();
        Stand {
            cluster,
            random: SmallRng::seed_from_u64(seed),
            clock: Clock::start(),
            shards: SHARDS.parse().expect("a number"),
            row,
            seed,
            began: Instant::now(),
            end: Instant::now(),
            lines: Vec::new(),
            flaws: Vec::new(),
        }
    }

    /// Whether there is time left.
    pub fn goes_on(&self) -> bool {
        Instant::now() < self.end
    }

    /// Whether it lasts so long that faults may last long, too.
    pub fn is_long(&self) -> bool {
        self.end - self.began >= Duration::from_secs(120)
    }

    /// Lasts so long, whatever was said before: something else ends it.
    pub fn lasts(&mut self, time: Duration) {
        self.end = self.began + time;
    }

    /// When it is over.
    pub fn end(&self) -> Instant {
        self.end
    }

    /// Where the nodes are.
    pub fn nodes(&self) -> Vec<SocketAddr> {
        (0..NODES).map(|node| self.cluster.address(node)).collect()
    }

    /// A client that begins at this node.
    pub fn seat(&self, node: usize) -> Seat {
        Seat::new(self.nodes(), node % NODES, self.clock)
    }

    /// Waits between two numbers of milliseconds, but not beyond the end.
    pub fn pause(&mut self, least_ms: u64, most_ms: u64) {
        let time = Duration::from_millis(self.random.random_range(least_ms..=most_ms));
        std::thread::sleep(time.min(self.end.saturating_duration_since(Instant::now())));
    }

    /// The node that leads a shard, if one says so soon.
    pub fn leader(&self, shard: u16) -> Option<usize> {
        let line = format!("\r\nshard{shard}:role=leader,");
        (0..NODES).filter(|node| self.cluster.runs(*node)).find(|node| {
            let look = || {
                let mut client = Client::over(std::net::TcpStream::connect_timeout(
                    &self.cluster.address(*node),
                    Duration::from_millis(300),
                )?)?;
                client.patience(Duration::from_millis(500));
                client.try_call(&["INFO", "lockstep"])
            };
            look().is_ok_and(|info| info.text().contains(&line))
        })
    }

    /// Notes what was seen.
    pub fn tell(&mut self, line: String) {
        println!("chaos {}: {line}", self.row);
        self.lines.push(line);
    }

    /// Notes what is wrong.
    pub fn flaw(&mut self, what: String) {
        self.flaws.push(what);
    }

    /// Notes a number of times, in nanoseconds, in milliseconds.
    pub fn times(&mut self, what: &str, times: &mut [u64]) {
        times.sort_unstable();
        let at = |part: f64| {
            let last = times.len().saturating_sub(1);
            times.get((last as f64 * part) as usize).copied().unwrap_or(0) as f64 / 1e6
        };
        let line = format!(
            "{what}: {} times, p50 {:.1} ms, p99 {:.1} ms, longest {:.1} ms",
            times.len(),
            at(0.5),
            at(0.99),
            at(1.0)
        );
        self.tell(line);
    }

    /// Starts all nodes that do not run, and waits until every one is ready.
    pub fn heal(&mut self) {
        for node in 0..NODES {
            if self.cluster.has_ended(node) {
                self.cluster.spawn(node);
            } else {
                self.cluster.signal(node, "CONT");
            }
        }
        self.cluster.wait_ready();
    }

    /// Waits until nothing is held and nobody waits, anywhere.
    pub fn expect_no_leak(&mut self) {
        self.cluster.wait_ready();
        let began = Instant::now();
        let mut left = None;
        while left != Some((0, 0)) && began.elapsed() < LEAK_PATIENCE {
            let (_, told) = self.seat(0).call(&["LOCKINFO", "STATS"]);
            if let Told::Done(stats) = told {
                let number = |name| stats.field(name).and_then(Value::int).unwrap_or(-1);
                left = Some((number("held"), number("waiting")));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        self.tell(format!("nothing was left after {} ms", began.elapsed().as_millis()));
        if left != Some((0, 0)) {
            self.flaw(format!("held and waiting after all have left: {left:?}"));
        }
    }

    fn finish(self) {
        let path = stage::folder().join(format!("chaos-{}-{}.md", self.row, self.seed));
        let text = format!("# {}\n\n- {}\n", self.row, self.lines.join("\n- "));
        fs::write(&path, text).expect("the report can be written");
        if self.flaws.is_empty() {
            return;
        }
        for node in 0..NODES {
            let name = format!("chaos-{}-{}.node{node}.log", self.row, self.seed);
            fs::write(stage::folder().join(name), self.cluster.log(node)).unwrap();
        }
        let shown = &self.flaws[..self.flaws.len().min(20)];
        panic!("row {}: {} flaws, {shown:#?}", self.row, self.flaws.len());
    }
}

/// A name of a lock that belongs to this shard.
pub fn lock_in(shard: u16, shards: u16, number: usize) -> String {
    let mut names = (0..).map(|at| format!("lock-{number}-{at}"));
    names.find(|name| shard_of(name, shards) == shard).expect("every shard has names")
}

/// The shard of a lock or a queue.
pub fn shard_of(name: &str, shards: u16) -> u16 {
    let slot = u32::from(Slot::of(name.as_bytes()).0);
    (slot * u32::from(shards) / u32::from(SLOTS)) as u16
}
