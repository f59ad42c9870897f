//! Connections go on in the order in which something came for them.
//!
//! A thread of tokio runs the task that was woken last before all that were woken with it.
//! So of clients whose commands come in the same moment the last one would be served first,
//! though it came behind the others for a lock or an element. A connection that is ahead of
//! its turn therefore lets those run that are waiting, once.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{AcqRel, Acquire};
use std::task::{Context, Poll, Wake, Waker};

use parking_lot::Mutex;

use crate::Connections;

/// The order of a server's connections.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    /// How many times one was woken by its socket.
    woken: AtomicU64,
    /// How many times one has gone on after that.
    gone_on: AtomicU64,
}

/// When one connection goes on.
pub(super) struct Turn {
    bell: Arc<Bell>,
    /// Rings it.
    waker: Waker,
    /// It has let others run.
    waited: bool,
}

/// Notes in which order it was rung among others, and wakes the connection.
struct Bell {
    connections: Arc<Connections>,
    /// Its number in the order; 0: it was not rung.
    number: AtomicU64,
    task: Mutex<Option<Waker>>,
}

impl Turn {
    pub(super) fn new(connections: Arc<Connections>) -> Self {
        let bell =
            Arc::new(Bell { connections, number: AtomicU64::new(0), task: Mutex::default() });
        Turn { waker: Waker::from(Arc::clone(&bell)), bell, waited: false }
    }

    /// Ready when it is this connection's turn, or it has waited for it.
    pub(super) fn poll(&mut self, context: &Context<'_>) -> Poll<()> {
        if !self.waited && self.bell.is_early() {
            self.waited = true;
            // To the end of the line: a task that wakes itself goes there.
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.go_on();
        Poll::Ready(())
    }

    /// What has come is taken.
    pub(super) fn go_on(&mut self) {
        self.waited = false;
        self.bell.answer();
    }

    /// What the socket is to wake.
    pub(super) fn context(&self, context: &Context<'_>) -> Context<'_> {
        let mut task = self.bell.task.lock();
        if !task.as_ref().is_some_and(|known| known.will_wake(context.waker())) {
            *task = Some(context.waker().clone());
        }
        Context::from_waker(&self.waker)
    }
}

impl Bell {
    /// Whether somebody who was rung before has not gone on.
    fn is_early(&self) -> bool {
        self.number.load(Acquire) > self.turns().gone_on.load(Acquire) + 1
    }

    fn answer(&self) {
        if self.number.swap(0, AcqRel) != 0 {
            self.turns().gone_on.fetch_add(1, AcqRel);
        }
    }

    fn turns(&self) -> &Turns {
        &self.connections.turns
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.number.load(Acquire) == 0 {
            let next = self.turns().woken.fetch_add(1, AcqRel) + 1;
            if self.number.compare_exchange(0, next, AcqRel, Acquire).is_err() {
                // Somebody else rang as well.
                self.turns().gone_on.fetch_add(1, AcqRel);
            }
        }
        if let Some(task) = &*self.task.lock() {
            task.wake_by_ref();
        }
    }
}

impl Drop for Bell {
    /// A connection that is gone keeps nobody waiting.
    fn drop(&mut self) {
        self.answer();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;
    use crate::ConnectionLimits;

    /// Counts how often it is woken.
    #[derive(Default)]
    struct Task(AtomicUsize);

    impl Wake for Task {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, AcqRel);
        }
    }

    /// The turns of three connections, which wait.
    fn three(task: &Arc<Task>) -> [Turn; 3] {
        let connections = Connections::new(ConnectionLimits::default());
        let waker = Waker::from(Arc::clone(task));
        [(); 3].map(|()| {
            let turn = Turn::new(Arc::clone(&connections));
            turn.context(&Context::from_waker(&waker));
            turn
        })
    }

    #[test]
    fn who_was_woken_first_goes_first_and_nobody_waits_twice() {
        let task = Arc::new(Task::default());
        let context = Context::from_waker(Waker::noop());
        let [mut a, mut b, mut c] = three(&task);
        for turn in [&a, &b, &c, &a] {
            turn.waker.wake_by_ref();
        }
        assert_eq!(task.0.load(Acquire), 4);
        assert!(c.poll(&context).is_pending() && b.poll(&context).is_pending());
        assert!(a.poll(&context).is_ready() && b.poll(&context).is_ready());
        assert!(c.poll(&context).is_ready());
        b.waker.wake_by_ref();
        c.waker.wake_by_ref();
        assert!(c.poll(&context).is_pending() && c.poll(&context).is_ready());
    }

    #[test]
    fn who_is_gone_keeps_nobody_waiting() {
        let context = Context::from_waker(Waker::noop());
        let [a, mut b, mut c] = three(&Arc::default());
        for turn in [&a, &b, &c] {
            turn.waker.wake_by_ref();
        }
        drop(a);
        assert!(b.poll(&context).is_ready() && c.poll(&context).is_ready());
        assert!(b.poll(&context).is_ready(), "it was not woken");
    }
}
