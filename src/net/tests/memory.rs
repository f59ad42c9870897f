//! What connections cost in memory. A process of its own, so that nothing else
//! allocates beside what is measured.

#![allow(clippy::unwrap_used)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use lockstep_commands::{Reply, error};
use lockstep_net::{Closed, ConnectionLimits, Connections, Handler, Listener, Next, Output};

const PIPELINE: usize = 1_000_000;

/// One test, because the memory is everybody's.
#[test]
fn connections_cost_what_they_hold() {
    let (address, connections) = serve();
    // The first of everything allocates what stays.
    idle(address, 50);
    until(|| connections.is_empty());
    idle_connections_hold_almost_nothing(address);
    until(|| connections.is_empty());
    half_commands_hold_what_has_come(address);
    until(|| connections.is_empty());
    an_announced_word_holds_nothing(address);
    until(|| connections.is_empty());
    a_million_commands_in_one_write_hold_little(address);
}

fn idle_connections_hold_almost_nothing(address: SocketAddr) {
    let before = rss();
    let clients = idle(address, 2000);
    let each = (rss().saturating_sub(before)) / clients.len();
    println!("an idle connection holds {each} bytes");
    assert!(each < 8 * 1024, "{each} bytes each");
}

/// Connections that asked a little, then a pipeline of more than is read and
/// written at once, and now wait.
fn idle(address: SocketAddr, count: usize) -> Vec<TcpStream> {
    let word = "x".repeat(1000);
    let pipeline = format!("*2\r\n$4\r\nECHO\r\n$1000\r\n{word}\r\n").repeat(100);
    let mut replies = vec![0; 1009 * 100];
    (0..count)
        .map(|_| {
            let mut client = TcpStream::connect(address).unwrap();
            client.write_all(b"PING\r\n").unwrap();
            client.read_exact(&mut replies[..7]).unwrap();
            client.write_all(pipeline.as_bytes()).unwrap();
            client.read_exact(&mut replies).unwrap();
            client
        })
        .collect()
}

fn half_commands_hold_what_has_come(address: SocketAddr) {
    let before = rss();
    let clients: Vec<_> = (0..500)
        .map(|_| {
            let mut client = TcpStream::connect(address).unwrap();
            client.write_all(b"PING\r\n*1000000\r\n$4\r\nECHO\r\n$1000000\r\nabc").unwrap();
            client.read_exact(&mut [0; 7]).unwrap();
            client
        })
        .collect();
    let each = (rss().saturating_sub(before)) / clients.len();
    println!("a connection with half a command holds {each} bytes");
    assert!(each < 8 * 1024, "{each} bytes each");
}

fn an_announced_word_holds_nothing(address: SocketAddr) {
    let before = rss();
    let mut client = TcpStream::connect(address).unwrap();
    client.write_all(b"PING\r\n*2\r\n$4\r\nECHO\r\n$536870912\r\n").unwrap();
    client.read_exact(&mut [0; 7]).unwrap();
    client.write_all(&[b'x'; 100_000]).unwrap();
    sleep(Duration::from_millis(50));
    let grown = rss().saturating_sub(before);
    println!("512 MiB announced and 100 kB sent hold {grown} bytes");
    assert!(grown < 1 << 20, "{grown} bytes");
}

fn a_million_commands_in_one_write_hold_little(address: SocketAddr) {
    let pipeline = b"*2\r\n$4\r\nECHO\r\n$3\r\nabc\r\n".repeat(PIPELINE);
    let mut replies = vec![1; 9 * PIPELINE];
    let before = rss();
    let mut client = TcpStream::connect(address).unwrap();
    let mut writer = client.try_clone().unwrap();
    let writing = std::thread::spawn(move || writer.write_all(&pipeline).unwrap());
    // Nothing is read before everything is written.
    writing.join().unwrap();
    let grown = rss().saturating_sub(before);
    client.read_exact(&mut replies).unwrap();
    println!("a pipeline of a million commands holds {grown} bytes");
    assert!(grown < 32 << 20, "{grown} bytes");
    assert!(replies.chunks(9).all(|reply| reply == b"$3\r\nabc\r\n"));
}

fn serve() -> (SocketAddr, Arc<Connections>) {
    let connections = Connections::new(ConnectionLimits::default());
    let shared = Arc::clone(&connections);
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let listener = Listener::bind(&["127.0.0.1".to_owned()], 0).unwrap();
            send.send(listener.addresses()[0]).unwrap();
            let (_stop, stopped) = tokio::sync::watch::channel(false);
            listener.run(shared, stopped, |_| Echo).await;
        });
    });
    (receive.recv().unwrap(), connections)
}

fn until(holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(20), "it does not happen");
        sleep(Duration::from_millis(5));
    }
}

/// The memory this process has in use, in bytes.
fn rss() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

struct Echo;

impl Handler for Echo {
    fn command(&mut self, words: &[&[u8]], out: &mut Output) -> Next {
        match words {
            [b"PING"] => out.reply(&Reply::Simple("PONG")),
            [b"ECHO", word] => out.bulk(word),
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
