//! Puts values into etcd, or locks and unlocks, with a fixed number of clients,
//! each waiting for its answer before it asks again, and prints what was measured
//! as one line of JSON.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use etcd_client::{Client, LockOptions};
use hdrhistogram::Histogram;

const HELP: &str = "\
etcd-put --endpoints URL[,URL...] [--work put|lock] [--clients N] [--connections N]
         [--seconds N] [--bytes N] [--keys N]

  --endpoints    where the members are; the connections spread over them in turn
  --work         what is asked for: put, or lock followed by unlock, counted as one [put]
  --clients      how many ask at the same time [50]
  --connections  how many connections they share [one for each]
  --seconds      how long is measured, after one second that is not [5]
  --bytes        the size of a value [100]
  --keys         how many keys or locks there are [10000]
";

/// Longer than any put of a cluster that works, in microseconds.
const MICROS_MAX: u64 = 60_000_000;
/// Longer than a run.
const LEASE_SECONDS: i64 = 600;
/// What is not measured.
const WARM_UP: Duration = Duration::from_secs(1);

struct Flags {
    endpoints: Vec<String>,
    locks: bool,
    clients: usize,
    connections: Option<usize>,
    seconds: u64,
    bytes: usize,
    keys: u64,
}

/// What one client did.
struct Done {
    micros: Histogram<u64>,
    errors: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    let flags = match flags() {
        Ok(flags) => flags,
        Err(why) => {
            eprintln!("etcd-put: {why}\n{HELP}");
            return ExitCode::FAILURE;
        }
    };
    match run(&flags).await {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("etcd-put: {why}");
            ExitCode::FAILURE
        }
    }
}

fn flags() -> Result<Flags, lexopt::Error> {
    use lexopt::prelude::*;
    let mut flags = Flags {
        endpoints: Vec::new(),
        locks: false,
        clients: 50,
        connections: None,
        seconds: 5,
        bytes: 100,
        keys: 10_000,
    };
    let mut words = lexopt::Parser::from_env();
    while let Some(word) = words.next()? {
        match word {
            Long("endpoints") => {
                flags.endpoints = words.value()?.string()?.split(',').map(str::to_owned).collect();
            }
            Long("work") => {
                flags.locks = match &*words.value()?.string()? {
                    "put" => false,
                    "lock" => true,
                    other => return Err(format!("--work {other:?}: put or lock").into()),
                }
            }
            Long("clients") => flags.clients = words.value()?.parse()?,
            Long("connections") => flags.connections = Some(words.value()?.parse()?),
            Long("seconds") => flags.seconds = words.value()?.parse()?,
            Long("bytes") => flags.bytes = words.value()?.parse()?,
            Long("keys") => flags.keys = words.value()?.parse()?,
            other => return Err(other.unexpected()),
        }
    }
    let none = [Some(flags.clients), flags.connections].contains(&Some(0)) || flags.keys == 0;
    if flags.endpoints.is_empty() || none {
        return Err("--endpoints, and clients, connections and keys above 0, are needed".into());
    }
    Ok(flags)
}

async fn run(flags: &Flags) -> Result<String, etcd_client::Error> {
    let mut connections = Vec::new();
    for at in 0..flags.connections.unwrap_or(flags.clients) {
        let endpoint = &flags.endpoints[at % flags.endpoints.len()];
        connections.push(Client::connect([endpoint], None).await?);
    }
    let clients = connections.iter().cycle().take(flags.clients).cloned();
    let begin = Instant::now() + WARM_UP;
    let end = begin + Duration::from_secs(flags.seconds);
    let mut tasks = Vec::new();
    for (mut client, seed) in clients.zip(0..) {
        let work = if flags.locks {
            // One lease per client, as its session would have: only the lock itself
            // is measured.
            Work::Lock { lease: client.lease_grant(LEASE_SECONDS, None).await?.id() }
        } else {
            Work::Put { value: vec![b'x'; flags.bytes] }
        };
        tasks.push(tokio::spawn(ask(client, work, seed, begin, end, flags.keys)));
    }
    let mut all = new_histogram();
    let mut errors = 0;
    for task in tasks {
        let done = task.await.expect("a client does not panic");
        all.add(&done.micros).expect("equal bounds");
        errors += done.errors;
    }
    let per_second = all.len() as f64 / flags.seconds as f64;
    let at = |quantile| all.value_at_quantile(quantile);
    Ok(format!(
        "{{\"per_second\": {per_second:.0}, \"p50_us\": {}, \"p99_us\": {}, \"errors\": {errors}}}",
        at(0.5),
        at(0.99)
    ))
}

/// What a client asks for.
enum Work {
    Put { value: Vec<u8> },
    Lock { lease: i64 },
}

async fn ask(
    mut client: Client,
    work: Work,
    seed: u64,
    begin: Instant,
    end: Instant,
    keys: u64,
) -> Done {
    let mut done = Done { micros: new_histogram(), errors: 0 };
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    loop {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let key = format!("key:{:012}", state % keys);
        let asked = Instant::now();
        if asked >= end {
            return done;
        }
        let answer = match &work {
            Work::Put { value } => client.put(key, value.clone(), None).await.map(drop),
            Work::Lock { lease } => lock(&mut client, key, *lease).await,
        };
        if asked < begin {
            continue;
        }
        match answer {
            Ok(()) => {
                let micros = u64::try_from(asked.elapsed().as_micros()).unwrap_or(MICROS_MAX);
                done.micros.saturating_record(micros);
            }
            Err(_) => done.errors += 1,
        }
    }
}

async fn lock(client: &mut Client, name: String, lease: i64) -> Result<(), etcd_client::Error> {
    let options = LockOptions::new().with_lease(lease);
    let held = client.lock(name, Some(options)).await?;
    client.unlock(held.key()).await.map(drop)
}

fn new_histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, MICROS_MAX, 3).expect("bounds that hdrhistogram allows")
}
