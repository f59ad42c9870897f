//! The threads that move the bytes of one connection.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::Ordering::SeqCst;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use rand::Rng;
use rand::RngExt;

use super::rules::Faults;
use super::{Inner, Line};

/// How much is read at once.
const PIECE_BYTES: usize = 16 << 10;

/// How many pieces are on their way in one direction. More wait where they came from.
const PIECES_MAX: usize = 256;

/// How the first message of a node begins, and where its id stands.
const HELLO: &[u8] = b"LKSP\x01";
const HELLO_NODE: std::ops::Range<usize> = 13..21;

/// Bytes, and when they came.
type Piece = (Instant, Vec<u8>);

/// Moves bytes in both directions until both have ended.
pub(super) fn both(inner: &Inner, line: &Line) {
    std::thread::scope(|threads| {
        for at in [0, 1] {
            let (sender, receiver) = sync_channel(PIECES_MAX);
            let (from, to) =
                if at == 0 { (&line.near, &line.far) } else { (&line.far, &line.near) };
            threads.spawn(move || take(inner, line, at, from, &sender));
            threads.spawn(move || give(inner, line, at, to, &receiver));
        }
    });
}

/// Reads what comes.
fn take(inner: &Inner, line: &Line, at: usize, mut from: &TcpStream, to: &SyncSender<Piece>) {
    let mut buf = vec![0; PIECE_BYTES];
    let mut first = at == 0;
    while let Ok(read @ 1..) = from.read(&mut buf) {
        if std::mem::take(&mut first) {
            recognise(inner, line, &buf[..read]);
        }
        if to.send((Instant::now(), buf[..read].to_vec())).is_err() {
            return;
        }
    }
}

/// A node says who it is with its first words.
fn recognise(inner: &Inner, line: &Line, words: &[u8]) {
    let node = words.starts_with(HELLO).then(|| words.get(HELLO_NODE)).flatten();
    if let Some(node) = node.and_then(|node| node.try_into().ok()).map(u64::from_le_bytes) {
        // It is set nowhere else.
        let _ = line.from.set(node);
    }
    if inner.rules(line.from.get().copied()).cut {
        line.close();
    }
}

/// Writes what was read, as late, as slowly and as wrong as the rules say.
fn give(inner: &Inner, line: &Line, at: usize, mut to: &TcpStream, from: &Receiver<Piece>) {
    let mut random = rand::rng();
    let mut free = Instant::now();
    while let Ok((came, mut bytes)) = from.recv() {
        let luck = random.random_range(-1.0..1.0);
        let Some(faults) = wait(inner, line, at, came, luck, free) else { return };
        let corrupted = corrupt(&mut bytes, faults, &mut random);
        if to.write_all(&bytes).is_err() {
            line.close();
            return;
        }
        if let Some(speed) = faults.bytes_per_second {
            let time = Duration::from_secs_f64(bytes.len() as f64 / speed.max(1) as f64);
            free = Instant::now().max(free) + time;
        }
        inner.counts[at].bytes.fetch_add(bytes.len() as u64, SeqCst);
        inner.counts[at].corrupted.fetch_add(corrupted, SeqCst);
    }
    // The other end hears of it, unless the connection is gone anyway; but not through
    // a line that lets nothing through.
    if wait(inner, line, at, Instant::now(), 0.0, free).is_some() {
        let _ = to.shutdown(Shutdown::Write);
    }
}

/// Waits until a piece may arrive; says what else happens to it. `None`: the connection
/// is closed.
fn wait(
    inner: &Inner,
    line: &Line,
    at: usize,
    came: Instant,
    luck: f64,
    free: Instant,
) -> Option<Faults> {
    loop {
        if line.is_closed() {
            return None;
        }
        let faults = inner.rules(line.from.get().copied()).faults(at);
        let jitter = faults.jitter.mul_f64(luck.abs());
        let delay =
            if luck < 0.0 { faults.delay.saturating_sub(jitter) } else { faults.delay + jitter };
        let due = (came + delay).max(if faults.bytes_per_second.is_some() { free } else { came });
        let left = due.saturating_duration_since(Instant::now());
        if !faults.held && left.is_zero() {
            return Some(faults);
        }
        inner.nap(if faults.held { Duration::MAX } else { left });
    }
}

/// Changes some bits; says how many.
fn corrupt(bytes: &mut [u8], faults: Faults, random: &mut impl Rng) -> u64 {
    let Some(one_in) = faults.corrupt_one_in else { return 0 };
    let mut corrupted = 0;
    for byte in bytes {
        if random.random_range(0..one_in.max(1)) == 0 {
            *byte ^= 1 << random.random_range(0..8);
            corrupted += 1;
        }
    }
    corrupted
}
