//! The runtime openraft runs on: tokio, with random numbers that can be repeated.
//!
//! openraft draws its election time-outs from the runtime. Ours are drawn by the
//! pulse, so nothing that matters hangs on these numbers, and a simulation that
//! runs on one thread gets the same ones every time.

use std::cell::Cell;
use std::convert::Infallible;
use std::future::Future;
use std::sync::mpsc;
use std::time::Duration;

use openraft::AsyncRuntime;
use openraft::OptionalSend;
use openraft::impls::TokioRuntime;
use parking_lot::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::luck;

thread_local! {
    static STATE: Cell<u64> = const { Cell::new(0) };
    static SIMULATES: Cell<bool> = const { Cell::new(false) };
    static GAVE_UP: Cell<bool> = const { Cell::new(false) };
    static STEPS_ASIDE: Cell<bool> = const { Cell::new(false) };
}

/// How long it is waited until another thread has taken over; if it cannot, work goes on.
const TAKEN_OVER_MAX: Duration = Duration::from_millis(10);

/// How long a state is waited for before whoever waits steps aside: most wait for less.
const WAIT: Duration = Duration::from_millis(1);

/// To be called on each thread, when it starts, of a runtime of several threads that carries
/// heartbeats and votes: what takes long there steps aside from now on.
pub fn may_step_aside() {
    STEPS_ASIDE.set(true);
}

/// Lets another thread take over the other tasks of this one, in the middle of work that
/// takes long: heartbeats go on meanwhile. Does nothing on threads that carry none.
pub fn step_aside() {
    if !STEPS_ASIDE.get() {
        return;
    }
    tokio::task::block_in_place(|| {
        let (taken, waits) = mpsc::channel();
        // Nobody waits for it any more when it comes late.
        tokio::spawn(async move { _ = taken.send(()) });
        // Without the wait this thread would take its tasks back at once.
        let _ = waits.recv_timeout(TAKEN_OVER_MAX);
    });
}

/// Waits for a lock, and steps aside while whoever has it takes long.
pub(crate) fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    if !STEPS_ASIDE.get() {
        return lock.read();
    }
    let soon = lock.try_read_for(WAIT);
    soon.unwrap_or_else(|| tokio::task::block_in_place(|| lock.read()))
}

/// The same of a lock that is to be changed.
pub(crate) fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    if !STEPS_ASIDE.get() {
        return lock.write();
    }
    let soon = lock.try_write_for(WAIT);
    soon.unwrap_or_else(|| tokio::task::block_in_place(|| lock.write()))
}

/// The same of what is waited for under other locks: whoever has it may wait for a state.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    if !STEPS_ASIDE.get() {
        return mutex.lock();
    }
    let soon = mutex.try_lock_for(WAIT);
    soon.unwrap_or_else(|| tokio::task::block_in_place(|| mutex.lock()))
}

/// Sets from where random numbers are drawn on this thread. From now on it
/// simulates: nothing leaves it, and what would end the process is only noted.
#[doc(hidden)]
pub fn seed(seed: u64) {
    STATE.set(seed);
    SIMULATES.set(true);
    GAVE_UP.set(false);
}

/// Whether this thread simulates.
pub(crate) fn is_simulated() -> bool {
    SIMULATES.get()
}

/// Whether a node that this thread simulates should have ended.
#[doc(hidden)]
pub fn gave_up() -> bool {
    GAVE_UP.get()
}

/// Ends the process: what is left may be wrong, and nobody may see it.
pub(crate) fn give_up() {
    if !is_simulated() {
        std::process::abort();
    }
    GAVE_UP.set(true);
}

/// Random numbers of the thread, the same with every run.
#[derive(Clone, Copy, Debug)]
pub struct Numbers;

impl rand::TryRng for Numbers {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.try_next_u64().map(|number| (number >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut state = STATE.get();
        let number = luck::next(&mut state);
        STATE.set(state);
        Ok(number)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for piece in bytes.chunks_mut(8) {
            let number = self.try_next_u64()?.to_le_bytes();
            piece.copy_from_slice(&number[..piece.len()]);
        }
        Ok(())
    }
}

/// tokio, with [`Numbers`].
#[derive(Debug)]
pub struct Runtime(TokioRuntime);

impl AsyncRuntime for Runtime {
    type JoinError = <TokioRuntime as AsyncRuntime>::JoinError;
    type JoinHandle<T: OptionalSend + 'static> = <TokioRuntime as AsyncRuntime>::JoinHandle<T>;
    type Sleep = <TokioRuntime as AsyncRuntime>::Sleep;
    type Instant = <TokioRuntime as AsyncRuntime>::Instant;
    type TimeoutError = <TokioRuntime as AsyncRuntime>::TimeoutError;
    type Timeout<R, T: Future<Output = R> + OptionalSend> =
        <TokioRuntime as AsyncRuntime>::Timeout<R, T>;
    type ThreadLocalRng = Numbers;
    type Mpsc = <TokioRuntime as AsyncRuntime>::Mpsc;
    type Watch = crate::watch::Watch;
    type Oneshot = <TokioRuntime as AsyncRuntime>::Oneshot;
    type Mutex<T: OptionalSend + 'static> = <TokioRuntime as AsyncRuntime>::Mutex<T>;

    fn spawn<T>(future: T) -> Self::JoinHandle<T::Output>
    where
        T: Future + OptionalSend + 'static,
        T::Output: OptionalSend + 'static,
    {
        TokioRuntime::spawn(future)
    }

    fn sleep(duration: Duration) -> Self::Sleep {
        TokioRuntime::sleep(duration)
    }

    fn sleep_until(deadline: Self::Instant) -> Self::Sleep {
        TokioRuntime::sleep_until(deadline)
    }

    fn timeout<R, F: Future<Output = R> + OptionalSend>(
        duration: Duration,
        future: F,
    ) -> Self::Timeout<R, F> {
        TokioRuntime::timeout(duration, future)
    }

    fn timeout_at<R, F: Future<Output = R> + OptionalSend>(
        deadline: Self::Instant,
        future: F,
    ) -> Self::Timeout<R, F> {
        TokioRuntime::timeout_at(deadline, future)
    }

    fn is_panic(error: &Self::JoinError) -> bool {
        TokioRuntime::is_panic(error)
    }

    fn thread_rng() -> Numbers {
        Numbers
    }

    fn new(threads: usize) -> Self {
        Runtime(TokioRuntime::new(threads))
    }

    fn block_on<F, T>(&mut self, future: F) -> T
    where
        F: Future<Output = T>,
    {
        self.0.block_on(future)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

    use super::*;

    /// One thread that steps aside.
    fn runtime() -> tokio::runtime::Runtime {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(1).on_thread_start(may_step_aside).enable_all().build().unwrap()
    }

    /// Stands still until it is so, as work does that never lets others have a turn.
    fn stand_until(is_so: impl Fn() -> bool) {
        while !is_so() {
            std::thread::yield_now();
        }
    }

    #[test]
    fn other_tasks_go_on_while_one_takes_long() {
        let (begun, beat) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (sees_begun, beats, sees_beat) = (begun.clone(), beat.clone(), beat.clone());
        let runtime = runtime();
        let long = runtime.spawn(async move {
            begun.store(true, SeqCst);
            // Again while it is not taken over, as on a machine that is busy.
            stand_until(|| {
                step_aside();
                sees_beat.load(SeqCst)
            });
        });
        runtime.spawn(async move {
            while !sees_begun.load(SeqCst) {
                tokio::task::yield_now().await;
            }
            beats.store(true, SeqCst);
        });
        runtime.block_on(long).unwrap();
        assert!(beat.load(SeqCst));
    }

    #[test]
    fn other_tasks_go_on_while_one_waits_for_a_lock() {
        let (lock, waits) = (Arc::new(RwLock::new(1)), Arc::new(AtomicBool::new(false)));
        let held = lock.write();
        let runtime = runtime();
        let (waited_for, begun) = (lock.clone(), waits.clone());
        let reader = runtime.spawn(async move {
            begun.store(true, SeqCst);
            *read(&waited_for)
        });
        stand_until(|| waits.load(SeqCst));
        // Of a runtime of one thread.
        let beat = runtime.spawn(async { 2 });
        assert_eq!(runtime.block_on(beat).unwrap(), 2);
        drop(held);
        assert_eq!(runtime.block_on(reader).unwrap(), 1);
    }

    #[test]
    fn who_carries_no_heartbeats_steps_nowhere() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async { step_aside() });
        step_aside();
        assert_eq!(*read(&RwLock::new(1)), 1);
    }
}
