//! Pushes messages into the queues of RabbitMQ or the streams of NATS and takes them
//! out again, and prints what was measured as one line of JSON.
//!
//! Each producer keeps a fixed number of messages in flight (one, unless said
//! otherwise) and waits for the confirmation of the oldest before the next one. Each
//! consumer stays with one queue and acknowledges every message.

mod nats;
mod rabbit;
mod seen;

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use seen::Seen;

const HELP: &str = "\
queue-peers rabbit|nats --ports PORT[,PORT...] [options]

  --ports        where the nodes are; connections spread over them in turn
  --producers    how many push [50]
  --consumers    how many take [100]
  --queues       how many queues there are [10]
  --connections  how many connections they share [one each]
  --replicas     copies of every queue; 1 is a classic queue of RabbitMQ, more are a
                 quorum queue [1]
  --window       messages in flight per producer [1]
  --prefetch     messages that a consumer may be given before it acknowledges [16]
  --bytes        the size of a message [1024]
  --seconds      how long is measured, after one second that is not [5]
";

/// What is not measured.
const WARM_UP: Duration = Duration::from_secs(1);
/// How long the last messages may take to arrive.
const DRAIN: Duration = Duration::from_secs(10);

type Problem = Box<dyn Error + Send + Sync>;

#[derive(Clone)]
struct Flags {
    ports: Vec<u16>,
    producers: usize,
    consumers: usize,
    queues: usize,
    connections: usize,
    replicas: usize,
    window: usize,
    prefetch: u16,
    bytes: usize,
    seconds: u64,
}

enum Peer {
    Rabbit,
    Nats,
}

fn main() -> ExitCode {
    let (peer, flags) = match flags() {
        Ok(asked) => asked,
        Err(why) => return fail(&format!("{why}\n{HELP}")),
    };
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(1).enable_all().build();
    let measured = match runtime {
        Ok(runtime) => runtime.block_on(run(&peer, flags)),
        Err(why) => return fail(&why.to_string()),
    };
    match measured {
        Ok(line) => println!("{line}"),
        Err(why) => return fail(&why.to_string()),
    }
    // Connections have threads that nobody needs to wait for.
    std::process::exit(0);
}

fn fail(why: &str) -> ExitCode {
    eprintln!("queue-peers: {why}");
    ExitCode::FAILURE
}

fn flags() -> Result<(Peer, Flags), lexopt::Error> {
    use lexopt::prelude::*;
    let mut flags = Flags {
        ports: Vec::new(),
        producers: 50,
        consumers: 100,
        queues: 10,
        connections: 0,
        replicas: 1,
        window: 1,
        prefetch: 16,
        bytes: 1024,
        seconds: 5,
    };
    let mut peer = None;
    let mut words = lexopt::Parser::from_env();
    while let Some(word) = words.next()? {
        match word {
            Value(name) if name == "rabbit" => peer = Some(Peer::Rabbit),
            Value(name) if name == "nats" => peer = Some(Peer::Nats),
            Long("ports") => {
                let list = words.value()?.string()?;
                flags.ports = list
                    .split(',')
                    .map(|port| port.parse().map_err(|_| format!("--ports: {port:?}")))
                    .collect::<Result<_, _>>()?;
            }
            Long("producers") => flags.producers = words.value()?.parse()?,
            Long("consumers") => flags.consumers = words.value()?.parse()?,
            Long("queues") => flags.queues = words.value()?.parse()?,
            Long("connections") => flags.connections = words.value()?.parse()?,
            Long("replicas") => flags.replicas = words.value()?.parse()?,
            Long("window") => flags.window = words.value()?.parse()?,
            Long("prefetch") => flags.prefetch = words.value()?.parse()?,
            Long("bytes") => flags.bytes = words.value()?.parse()?,
            Long("seconds") => flags.seconds = words.value()?.parse()?,
            other => return Err(other.unexpected()),
        }
    }
    let clients = flags.producers + flags.consumers;
    if flags.connections == 0 || flags.connections > clients {
        flags.connections = clients;
    }
    let peer = peer.ok_or("rabbit or nats?")?;
    let all = [flags.producers, flags.consumers, flags.queues, flags.replicas, flags.window];
    if flags.ports.is_empty() || all.contains(&0) {
        return Err("--ports, and numbers above 0, are needed".into());
    }
    Ok((peer, flags))
}

async fn run(peer: &Peer, flags: Flags) -> Result<String, Problem> {
    let clients = match peer {
        Peer::Rabbit => Clients::Rabbit(rabbit::connect(&flags).await?),
        Peer::Nats => Clients::Nats(nats::connect(&flags).await?),
    };
    let begin = Instant::now() + WARM_UP;
    let end = begin + Duration::from_secs(flags.seconds);
    let seen = Arc::new(Seen::new(begin, end));
    let mut consumers = Vec::new();
    for index in 0..flags.consumers {
        let seen = Arc::clone(&seen);
        consumers.push(match &clients {
            Clients::Rabbit(clients) => tokio::spawn(clients.consume(&flags, index, seen)),
            Clients::Nats(clients) => tokio::spawn(clients.consume(&flags, index, seen)),
        });
    }
    let mut producers = Vec::new();
    for index in 0..flags.producers {
        let seen = Arc::clone(&seen);
        producers.push(match &clients {
            Clients::Rabbit(clients) => tokio::spawn(clients.produce(&flags, index, seen)),
            Clients::Nats(clients) => tokio::spawn(clients.produce(&flags, index, seen)),
        });
    }
    for producer in producers {
        producer.await??;
    }
    let late = Instant::now() + DRAIN;
    while !seen.is_drained() && Instant::now() < late {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for consumer in consumers {
        if consumer.is_finished() {
            // They go on for ever, unless something is wrong.
            consumer.await??;
        }
    }
    Ok(seen.line())
}

enum Clients {
    Rabbit(rabbit::Clients),
    Nats(nats::Clients),
}
