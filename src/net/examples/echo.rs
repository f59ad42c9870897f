//! A server of PING, ECHO, GET (always the same value) and SET (forgets it): what
//! connections cost without anything behind them.
//!
//! `cargo run --release -p lockstep-net --example echo -- 7000`, then
//! `redis-benchmark -p 7000 -t ping,get,set -c 50`

use lockstep_commands::{Reply, error};
use lockstep_net::{Closed, ConnectionLimits, Connections, Handler, Listener, Next, Output};

#[tokio::main]
async fn main() {
    let port = std::env::args().nth(1).and_then(|port| port.parse().ok()).unwrap_or(7000);
    let listener =
        Listener::bind(&["127.0.0.1".to_owned()], port).unwrap_or_else(|error| panic!("{error}"));
    let connections = Connections::new(ConnectionLimits::default());
    let (_stop, stopped) = tokio::sync::watch::channel(false);
    listener.run(connections, stopped, |_| Echo).await;
}

struct Echo;

impl Handler for Echo {
    fn command(&mut self, words: &[&[u8]], out: &mut Output) -> Next {
        match words {
            [name] if name.eq_ignore_ascii_case(b"ping") => out.reply(&Reply::Simple("PONG")),
            [name, word] if name.eq_ignore_ascii_case(b"echo") => out.bulk(word),
            [name, _] if name.eq_ignore_ascii_case(b"get") => out.bulk(b"VXK"),
            [name, _, _] if name.eq_ignore_ascii_case(b"set") => out.ok(),
            [name, ..] if name.eq_ignore_ascii_case(b"config") => out.reply(&Reply::Array(vec![])),
            [name] if name.eq_ignore_ascii_case(b"quit") => {
                out.ok();
                return Next::Close;
            }
            words => out.reply(&Reply::Error(error::unknown_command(words))),
        }
        Next::More
    }

    async fn settle(&mut self, _: &mut Output) -> Next {
        Next::More
    }

    fn has_unfinished(&self) -> bool {
        false
    }

    async fn interrupted(&mut self, _: &mut Output) -> Next {
        std::future::pending().await
    }

    fn authenticated(&self) -> bool {
        true
    }

    async fn closed(&mut self, _: Closed) {}
}
