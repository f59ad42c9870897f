//! One run of a row: nodes, clients, faults, and what is left at the end.

use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use lockstep_tests::{Client, Cluster, lockstep_binary, wait_for, workspace};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use super::clients::{self, Clients, Start};
use super::history::{Clock, History};
use super::network::{Network, Way};
use super::report::Report;
use super::verdict;

/// How many nodes there are.
pub const NODES: usize = 3;

/// What is run when nothing is asked for.
const ROWS: &str = "kill_1,kill_2,net_1,net_2,upg,lock_1,lock_2,lock_3,lock_4,lease_1,lease_2,\
    lease_3,read_1,mesi_1,que_0,que_1,que_2,que_3,dur_1,dur_2,cor_2,disk_1,disk_1_bodies,disk_2,disk_3";

/// Something that was done to the nodes.
#[derive(Clone, Debug)]
pub struct Fault {
    /// When.
    pub at: u64,
    /// When it was over; 0 as long as it lasts.
    pub over: u64,
    /// What.
    pub what: &'static str,
    /// The nodes that it struck: it is not counted on that they answer.
    pub struck: Vec<usize>,
    /// Whether they could reach no majority while it lasted, though they ran.
    pub cut_off: bool,
    /// Whether it struck the leader of the keys.
    pub leader: bool,
}

/// What a row works with.
pub struct Stage {
    /// The nodes.
    pub cluster: Cluster,
    /// Random choices.
    pub random: SmallRng,
    /// What was done so far.
    pub faults: Vec<Fault>,
    row: &'static str,
    seed: u64,
    clock: Clock,
    network: Option<Network>,
    end: Instant,
}

/// How a row is run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terms {
    /// Whether it cuts networks.
    pub network: bool,
    /// Whether all clients go on to another node.
    pub roam: bool,
}

/// Runs a row, if it is asked for: `act` does its worst until the time is over.
/// Gives what was seen.
pub fn run(row: &'static str, terms: Terms, act: impl FnOnce(&mut Stage)) -> Option<Report> {
    if !asked_for(row) || (terms.network && !Network::possible()) {
        return None;
    }
    let _one = one_at_a_time();
    let mut stage = Stage::start(row, terms);
    let nodes = (0..NODES).map(|node| stage.cluster.address(node)).collect();
    let pace = Duration::from_millis(number("TEST_CHAOS_PACE_MS").unwrap_or(10));
    let start = Start { nodes, clock: stage.clock, seed: stage.seed, pace, roam: terms.roam };
    clients::found(&mut stage.cluster.client(0));
    let clients = Clients::start(&start);
    std::thread::sleep(Duration::from_secs(1));
    let began = stage.clock.now();
    stage.end = Instant::now() + Duration::from_secs(number("TEST_CHAOS_SECONDS").unwrap_or(12));
    act(&mut stage);
    let ended = stage.clock.now();
    stage.heal();
    std::thread::sleep(Duration::from_secs(1));
    let mut history = clients.end();
    let found = verdict::look(&mut stage.cluster, stage.clock, &mut history);
    Some(stage.finish(history, found, (began, ended)))
}

/// The rows are about faults, not about too little of everything.
pub fn one_at_a_time() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a row is to be run.
pub fn asked_for(row: &str) -> bool {
    let asked = std::env::var("TEST_CHAOS_ROWS");
    let asked = asked.as_deref().unwrap_or(ROWS);
    let there = asked.split(',').any(|name| name == row || name == "all");
    if !there {
        eprintln!("SKIPPED: row {row} is not in TEST_CHAOS_ROWS");
    }
    there
}

/// A number of the environment.
pub fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

/// What random choices begin with.
pub fn seed() -> u64 {
    number("TEST_CHAOS_SEED").unwrap_or_else(|| {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        since.map_or(1, |time| time.as_micros() as u64)
    })
}

/// Where reports are written.
pub fn folder() -> PathBuf {
    let folder = workspace().join("target/tmp");
    fs::create_dir_all(&folder).expect("target/tmp can be made");
    folder
}

impl Stage {
    fn start(row: &'static str, terms: Terms) -> Stage {
        let seed = seed();
        println!("chaos {row}: TEST_CHAOS_SEED={seed} {}", lockstep_binary().display());
        let arguments = ["--shards", "3"];
        let network = terms.network.then(|| Network::new(NODES));
        let mut cluster = match &network {
            None => Cluster::prepare(NODES, &arguments),
            Some(network) => {
                let open = [&arguments[..], &["--bind", "*", "--protected-mode", "no"]].concat();
                Cluster::prepare_at(&network.places(), &open)
            }
        };
        (0..NODES).for_each(|node| cluster.spawn(node));
        cluster.wait_ready();
        let (random, clock) = (SmallRng::seed_from_u64(seed), Clock::start());
        let end = Instant::now();
        Stage { cluster, random, faults: Vec::new(), row, seed, clock, network, end }
    }

    /// Whether there is time left.
    pub fn goes_on(&self) -> bool {
        Instant::now() < self.end
    }

    /// Waits between two numbers of milliseconds, but not beyond the end.
    pub fn pause(&mut self, least_ms: u64, most_ms: u64) {
        let time = Duration::from_millis(self.random.random_range(least_ms..=most_ms));
        std::thread::sleep(time.min(self.end.saturating_duration_since(Instant::now())));
    }

    /// The leader of the keys, mostly; otherwise any node.
    pub fn victim(&mut self) -> usize {
        let any = self.random.random_range(0..NODES);
        if self.random.random_ratio(1, 4) {
            return any;
        }
        self.leader().unwrap_or(any)
    }

    /// The node that says that it leads the keys.
    pub fn leader(&self) -> Option<usize> {
        (0..NODES).filter(|node| self.cluster.runs(*node)).find(|node| {
            let look = || {
                let stream = std::net::TcpStream::connect(self.cluster.address(*node))?;
                let mut client = Client::over(stream)?;
                client.patience(Duration::from_millis(500));
                client.try_call(&["INFO", "lockstep"])
            };
            look().is_ok_and(|info| info.text().contains("\r\nshard0:role=leader,"))
        })
    }

    /// Writes down that something is about to be done.
    pub fn fault(&mut self, what: &'static str, struck: &[usize], cut_off: bool) {
        let leader = self.leader();
        let leader = leader.is_some_and(|leader| struck.contains(&leader));
        let (at, struck) = (self.clock.now(), struck.to_vec());
        self.faults.push(Fault { at, over: 0, what, struck, cut_off, leader });
    }

    /// Writes down that it is over.
    pub fn over(&mut self) {
        let now = self.clock.now();
        if let Some(fault) = self.faults.last_mut() {
            fault.over = now;
        }
    }

    /// Cuts these ways between nodes and mends all others.
    pub fn cut(&self, ways: &[Way]) {
        self.network.as_ref().expect("the row asked for a network").cut(ways);
    }

    /// Ends all faults and waits until every node is ready.
    fn heal(&mut self) {
        if let Some(network) = &self.network {
            network.cut(&[]);
        }
        for node in 0..NODES {
            if self.cluster.runs(node) {
                self.cluster.signal(node, "CONT");
            } else {
                self.cluster.spawn(node);
            }
        }
        let began = Instant::now();
        self.cluster.wait_ready();
        let cluster = &self.cluster;
        wait_for("every node serves", || {
            (0..NODES).all(|node| cluster.client(node).call("SET heal 1").text() == "OK")
        });
        println!("chaos {}: healed within {:.1} s", self.row, began.elapsed().as_secs_f64());
    }

    /// Prints the table; keeps everything if there is something wrong.
    fn finish(self, history: History, found: verdict::Found, span: (u64, u64)) -> Report {
        let report = Report::new(self.row, self.seed, &history, &self.faults, &found, span);
        let text = report.to_string();
        println!("{text}");
        fs::write(self.path("md"), &text).expect("the report can be written");
        if !found.flaws.is_empty() {
            let path = self.path("history");
            fs::write(&path, format!("{:#?}\n{history:?}\n{:?}\n", found, self.faults)).unwrap();
            for node in 0..NODES {
                fs::write(self.path(&format!("node{node}.log")), self.cluster.log(node)).unwrap();
            }
            panic!("row {}: {:#?}\nall of it: {}", self.row, found.flaws, path.display());
        }
        report
    }

    fn path(&self, end: &str) -> PathBuf {
        folder().join(format!("chaos-{}-{}.{end}", self.row, self.seed))
    }
}
