//! A value that many watch.
//!
//! It does what tokio's does, with one difference: those who wait are woken in
//! the order in which they began to watch. tokio draws an order, with a
//! generator that cannot be seeded, and a simulation could not be repeated.

mod receiver;
mod sender;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::Waker;

use openraft::{OptionalSend, OptionalSync};
use parking_lot::{Mutex, RwLock, RwLockReadGuard};

pub use receiver::{Closed, Receiver};
pub use sender::Sender;

/// The value as it is now. Nobody changes it while this is held.
pub type Ref<'a, T> = RwLockReadGuard<'a, T>;

/// A value, who changes it and who watches it.
pub fn channel<T>(value: T) -> (Sender<T>, Receiver<T>) {
    let sender = Sender::new(value);
    let receiver = sender.subscribe();
    (sender, receiver)
}

#[derive(Debug)]
struct Shared<T> {
    value: RwLock<T>,
    /// Grows with every change that is told.
    version: AtomicU64,
    senders: AtomicUsize,
    receivers: AtomicUsize,
    /// The number of the next receiver.
    next: AtomicU64,
    /// Who waits, by the receiver's number.
    waiting: Mutex<BTreeMap<u64, Waker>>,
    /// How many of these there are, for a look without the lock. Whoever waits
    /// counts first and then looks at the version, whoever changes the value does
    /// it the other way round: one of them sees the other.
    sleepers: AtomicUsize,
}

impl<T> Shared<T> {
    fn wake(&self) {
        if self.sleepers.load(Ordering::SeqCst) == 0 {
            return;
        }
        let waiting = {
            let mut waiting = self.waiting.lock();
            self.sleepers.store(0, Ordering::SeqCst);
            std::mem::take(&mut *waiting)
        };
        waiting.into_values().for_each(Waker::wake);
    }

    /// The receiver of this number is woken by the next change.
    fn sleep(&self, number: u64, waker: &Waker) {
        let mut waiting = self.waiting.lock();
        match waiting.get_mut(&number) {
            Some(known) => known.clone_from(waker),
            None => {
                waiting.insert(number, waker.clone());
            }
        }
        self.sleepers.store(waiting.len(), Ordering::SeqCst);
    }

    fn forget(&self, number: u64) {
        let mut waiting = self.waiting.lock();
        waiting.remove(&number);
        self.sleepers.store(waiting.len(), Ordering::SeqCst);
    }

    fn version(&self) -> u64 {
        self.version.load(Ordering::SeqCst)
    }
}

/// [`Sender`] and [`Receiver`] as openraft wants to see them.
#[derive(Clone, Copy, Debug)]
pub struct Watch;

impl openraft::async_runtime::watch::Watch for Watch {
    type Sender<T: OptionalSend + OptionalSync> = Sender<T>;
    type Receiver<T: OptionalSend + OptionalSync> = Receiver<T>;
    type Ref<'a, T: OptionalSend + 'a> = Ref<'a, T>;

    fn channel<T: OptionalSend + OptionalSync>(value: T) -> (Sender<T>, Receiver<T>) {
        channel(value)
    }
}

fn shared<T>(value: T) -> Arc<Shared<T>> {
    Arc::new(Shared {
        value: RwLock::new(value),
        version: AtomicU64::new(0),
        senders: AtomicUsize::new(1),
        receivers: AtomicUsize::new(0),
        next: AtomicU64::new(0),
        waiting: Mutex::default(),
        sleepers: AtomicUsize::new(0),
    })
}
