//! A relay between two nodes that can cut, fall silent and change bytes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What happens to the bytes.
#[derive(Default)]
pub(super) struct Faults {
    /// Passes nothing on, and closes nothing.
    pub(super) silent: AtomicBool,
    /// The byte with this number, counted over all connections in the direction to the
    /// target, is changed; from 1.
    pub(super) flip_forth: AtomicU64,
    /// The same for the direction from the target.
    pub(super) flip_back: AtomicU64,
    pub(super) forth: AtomicU64,
    pub(super) back: AtomicU64,
    pub(super) flipped: AtomicU64,
}

pub(super) struct Relay {
    pub(super) address: SocketAddr,
    pub(super) faults: Arc<Faults>,
    cut: watch::Sender<u64>,
}

impl Relay {
    pub(super) async fn to(target: SocketAddr) -> Relay {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let faults = Arc::new(Faults::default());
        let cut = watch::Sender::new(0);
        let (shared, cuts) = (Arc::clone(&faults), cut.subscribe());
        tokio::spawn(async move {
            loop {
                let Ok((from, _)) = socket.accept().await else { return };
                let (faults, mut cut) = (Arc::clone(&shared), cuts.clone());
                tokio::spawn(async move {
                    let Ok(to) = TcpStream::connect(target).await else { return };
                    let (from_read, from_write) = from.into_split();
                    let (to_read, to_write) = to.into_split();
                    cut.mark_unchanged();
                    tokio::select! {
                        () = pass(from_read, to_write, &faults, true) => {}
                        () = pass(to_read, from_write, &faults, false) => {}
                        _ = cut.changed() => {}
                    }
                });
            }
        });
        Relay { address, faults, cut }
    }

    /// Closes all connections.
    pub(super) fn cut(&self) {
        self.cut.send_modify(|times| *times += 1);
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, faults: &Faults, forth: bool) {
    let mut buf = vec![0; 64 << 10];
    let (count, flip) =
        if forth { (&faults.forth, &faults.flip_forth) } else { (&faults.back, &faults.flip_back) };
    while let Ok(read @ 1..) = from.read(&mut buf).await {
        let before = count.fetch_add(read as u64, SeqCst);
        let at = flip.load(SeqCst);
        if at > before && at <= before + read as u64 {
            buf[(at - before - 1) as usize] ^= 1 << (at % 8);
            faults.flipped.fetch_add(1, SeqCst);
        }
        while faults.silent.load(SeqCst) {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        if to.write_all(&buf[..read]).await.is_err() {
            return;
        }
    }
}
