//! The command line.

use std::ffi::OsString;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lexopt::prelude::*;
use serde::Serialize;

use crate::workload::Workload;

/// What `--help` prints.
pub const HELP: &str = "\
Loads a Lockstep or Redis server and measures it.

Usage: lockstep-bench WORKLOAD [options]

Workloads
  ping      PING
  get       GET of random keys
  set       SET of random keys
  mix       GET and SET of random keys (--reads)
  lock      LOCK, then UNLOCK, of random locks
  queue     QPUSH by producers; QPOP, then QACK, by consumers
  stream    the same with Redis' streams: XADD; XREADGROUP, XACK, XDEL
  load      SET of every key once, in order

Where
  --host NAME           server [127.0.0.1]
  --port N              port [6379]
  --ports N,N,...       ports of several nodes; the connections take turns

How much
  --clients N           connections [50]
  --pipeline N          operations in flight per connection, closed loop [1]
  --rate R              open loop: operations per second over all connections, of
                        queue and stream over those that push
  --arrival KIND        open loop: constant or poisson [poisson]
  --duration SECONDS    measured time [10]
  --requests N          end after so many operations instead
  --warmup SECONDS      not measured, before [1]
  --threads N           threads of the generator [half of the processors]

What
  --keys N              different keys or locks [100000]
  --zipf S              keys by Zipf's law with this exponent, 0 to 10; 0: evenly [0]
  --value-bytes N       size of values and messages [64]
  --reads SHARE         share of GETs in mix, 0 to 1 [0.8]
  --no-preload          do not set the keys before get and mix
  --producers N         connections that push, of --clients [half]
  --queues N            different queues [10]
  --block-ms N          LOCK, QPOP and XREADGROUP wait so long; QACK then pops, too
  --count N             messages that a consumer takes at once, with --block-ms [1]
  --work N              PINGs sent while a lock is held [0]
  --shared SHARE        share of locks taken SHARED, 0 to 1 [0]
  --nested SHARE        share of lock operations that take a second lock while
                        they hold the first, 0 to 1; a deadlock ends them [0]
  --seed N              seed of all random choices [1]

Output
  --json FILE           the whole report as JSON
  --quiet               no progress bar

Exit code: 0 when all went well, 1 when the run failed, 2 when an error, a broken
promise or a generator that could not keep its schedule makes the figures void.
";

/// When operations of an open loop are due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Arrival {
    /// At equal distances.
    Constant,
    /// At random, as from many independent users.
    Poisson,
}

/// What to run.
#[derive(Clone, Debug, Serialize)]
pub struct Flags {
    /// The mix of operations.
    pub workload: Workload,
    /// The server.
    pub address: SocketAddr,
    /// Connections.
    pub clients: usize,
    /// Operations in flight per connection in a closed loop.
    pub pipeline: usize,
    /// Operations per second of an open loop.
    pub rate: Option<f64>,
    /// When they are due.
    pub arrival: Arrival,
    /// The measured time.
    pub duration: Duration,
    /// The number of operations after which a run ends.
    pub requests: Option<u64>,
    /// The time before the measured time.
    pub warmup: Duration,
    /// Threads of the generator.
    pub threads: usize,
    /// Different keys or locks.
    pub keys: u64,
    /// The exponent of Zipf's law by which keys are drawn; 0: evenly.
    pub zipf: f64,
    /// Size of values and messages.
    pub value_bytes: usize,
    /// Share of GETs in `mix`.
    pub reads: f64,
    /// Whether keys that will be read are set before.
    pub preload: bool,
    /// Connections that push, if given.
    pub producers: Option<usize>,
    /// Different queues.
    pub queues: u64,
    /// How long LOCK, QPOP and XREADGROUP wait.
    pub block_ms: Option<u64>,
    /// Messages that a consumer takes at once.
    pub count: u32,
    /// PINGs sent while a lock is held.
    pub work: u32,
    /// Share of locks that are taken SHARED.
    pub shared: f64,
    /// Share of lock operations that take a second lock.
    pub nested: f64,
    /// Ports of the nodes that the connections spread over; none: that of `address`.
    pub ports: Vec<u16>,
    /// Seed of all random choices.
    pub seed: u64,
    /// Tells the owners and messages of this run from those of others.
    pub run_id: u64,
    /// Where the report goes.
    pub json: Option<PathBuf>,
    /// No progress bar.
    pub quiet: bool,
}

/// What the command line asks for.
#[derive(Debug)]
pub enum Asked {
    /// A run.
    Run(Box<Flags>),
    /// The help text.
    Help,
}

impl Flags {
    /// The defaults for this workload.
    pub fn new(workload: Workload) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            workload,
            address: SocketAddr::from(([127, 0, 0, 1], 6379)),
            clients: 50,
            pipeline: 1,
            rate: None,
            arrival: Arrival::Poisson,
            duration: Duration::from_secs(10),
            requests: None,
            warmup: Duration::from_secs(1),
            threads: (processors / 2).max(1),
            keys: 100_000,
            zipf: 0.0,
            value_bytes: 64,
            reads: 0.8,
            preload: true,
            producers: None,
            queues: 10,
            block_ms: None,
            count: 1,
            work: 0,
            shared: 0.0,
            nested: 0.0,
            ports: Vec::new(),
            seed: 1,
            run_id: now.as_nanos() as u64,
            json: None,
            quiet: false,
        }
    }

    /// Connections that push.
    pub fn producers(&self) -> usize {
        self.producers.unwrap_or(self.clients / 2)
    }

    /// The measured time, unless the run ends with its work.
    pub fn timed(&self) -> Option<Duration> {
        let counted = self.requests.is_some() || self.workload == Workload::Load;
        (!counted).then_some(self.duration)
    }

    /// From the words behind the program's name.
    ///
    /// # Errors
    /// A word that is no flag, or a value outside its range.
    pub fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Asked, lexopt::Error> {
        let mut words = lexopt::Parser::from_args(words);
        let mut flags = Flags::new(Workload::Load);
        let (mut workload, mut host, mut port) = (None, "127.0.0.1".to_owned(), 6379_u16);
        while let Some(word) = words.next()? {
            match word {
                Short('h') | Long("help") => return Ok(Asked::Help),
                Value(name) if workload.is_none() => workload = Some(named(&name.string()?)?),
                Long("host") => host = words.value()?.string()?,
                Long("port") => port = words.value()?.parse()?,
                Long("clients") => flags.clients = words.value()?.parse()?,
                Long("pipeline") => flags.pipeline = words.value()?.parse()?,
                Long("rate") => flags.rate = Some(words.value()?.parse()?),
                Long("arrival") => flags.arrival = arrival(&words.value()?.string()?)?,
                Long("duration") => flags.duration = seconds(&words.value()?.string()?)?,
                Long("requests") => flags.requests = Some(words.value()?.parse()?),
                Long("warmup") => flags.warmup = seconds(&words.value()?.string()?)?,
                Long("threads") => flags.threads = words.value()?.parse()?,
                Long("keys") => flags.keys = words.value()?.parse()?,
                Long("zipf") => flags.zipf = words.value()?.parse()?,
                Long("value-bytes") => flags.value_bytes = words.value()?.parse()?,
                Long("reads") => flags.reads = words.value()?.parse()?,
                Long("no-preload") => flags.preload = false,
                Long("producers") => flags.producers = Some(words.value()?.parse()?),
                Long("queues") => flags.queues = words.value()?.parse()?,
                Long("block-ms") => flags.block_ms = Some(words.value()?.parse()?),
                Long("count") => flags.count = words.value()?.parse()?,
                Long("work") => flags.work = words.value()?.parse()?,
                Long("shared") => flags.shared = words.value()?.parse()?,
                Long("nested") => flags.nested = words.value()?.parse()?,
                Long("ports") => flags.ports = ports(&words.value()?.string()?)?,
                Long("seed") => flags.seed = words.value()?.parse()?,
                Long("json") => flags.json = Some(words.value()?.into()),
                Long("quiet") => flags.quiet = true,
                other => return Err(other.unexpected()),
            }
        }
        flags.workload = workload.ok_or("which workload? See lockstep-bench --help")?;
        flags.address = resolve(&host, flags.ports.first().copied().unwrap_or(port))?;
        flags.check()?;
        Ok(Asked::Run(Box::new(flags)))
    }

    fn check(&self) -> Result<(), lexopt::Error> {
        let must = |holds: bool, text: &str| if holds { Ok(()) } else { Err(text.to_owned()) };
        must((1..=1_000_000).contains(&self.clients), "--clients: 1 to 1000000")?;
        must((1..=1_000_000).contains(&self.pipeline), "--pipeline: 1 to 1000000")?;
        must((1..=1024).contains(&self.threads), "--threads: 1 to 1024")?;
        must((1..1_000_000_000_000).contains(&self.keys), "--keys: at least 1, at most 12 digits")?;
        must((0.0..=10.0).contains(&self.zipf), "--zipf: 0 to 10")?;
        must(self.value_bytes <= 512 << 20, "--value-bytes: at most 512 MiB")?;
        must((0.0..=1.0).contains(&self.reads), "--reads: 0 to 1")?;
        must((1..=1_000_000).contains(&self.queues), "--queues: 1 to 1000000")?;
        must((1..=10_000).contains(&self.count), "--count: 1 to 10000")?;
        must((0.0..=1.0).contains(&self.shared), "--shared: 0 to 1")?;
        must((0.0..=1.0).contains(&self.nested), "--nested: 0 to 1")?;
        must(self.rate.is_none_or(|rate| rate > 0.0 && rate <= 1e8), "--rate: 0 to 100000000")?;
        must(
            !self.workload.has_producers() || (1..=self.clients).contains(&self.producers()),
            "--producers: at least one, and no more than --clients",
        )?;
        must(
            self.rate.is_none() || self.workload != Workload::Load,
            "--rate does not go with load, which ends with its work",
        )?;
        Ok(())
    }
}

fn named(name: &str) -> Result<Workload, String> {
    Workload::named(name).ok_or_else(|| format!("no workload {name:?}; see lockstep-bench --help"))
}

fn arrival(name: &str) -> Result<Arrival, String> {
    match name {
        "constant" => Ok(Arrival::Constant),
        "poisson" => Ok(Arrival::Poisson),
        _ => Err(format!("--arrival: constant or poisson, not {name:?}")),
    }
}

fn ports(list: &str) -> Result<Vec<u16>, String> {
    let port = |word: &str| word.parse().map_err(|_| format!("{word:?} is no port"));
    list.split(',').map(port).collect()
}

fn seconds(text: &str) -> Result<Duration, String> {
    let number: f64 = text.parse().map_err(|_| format!("{text:?} is no number of seconds"))?;
    if (0.0..=1e6).contains(&number) {
        Ok(Duration::from_secs_f64(number))
    } else {
        Err(format!("{text:?} is not between 0 and 1000000 seconds"))
    }
}

fn resolve(host: &str, port: u16) -> Result<SocketAddr, String> {
    let mut found =
        (host, port).to_socket_addrs().map_err(|problem| format!("{host}: {problem}"))?;
    found.next().ok_or_else(|| format!("{host} has no address"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Asked, lexopt::Error> {
        Flags::parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn flags_change_their_field() {
        let Asked::Run(flags) =
            parse("mix --clients 7 --reads 0.5 --rate 1000 --duration 0.5").unwrap()
        else {
            panic!("no run")
        };
        assert_eq!((flags.workload, flags.clients, flags.reads), (Workload::Mix, 7, 0.5));
        assert_eq!((flags.rate, flags.duration.as_millis()), (Some(1000.0), 500));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for line in [
            "",
            "fly",
            "get --clients 0",
            "get --reads 2",
            "get --zipf -1",
            "get --zipf nan",
            "queue --clients 1 --producers 2",
            "get --nope",
            "lock --shared 1.5",
            "lock --ports 1,x",
            "load --rate 5",
        ] {
            assert!(parse(line).is_err(), "{line:?}");
        }
    }

    #[test]
    fn every_flag_is_in_the_help() {
        let source = include_str!("flags.rs");
        for flag in source.lines().filter_map(|line| line.trim().strip_prefix("Long(\"")) {
            let name = flag.split('"').next().unwrap();
            assert!(HELP.contains(&format!("--{name}")), "--{name}");
        }
    }
}
