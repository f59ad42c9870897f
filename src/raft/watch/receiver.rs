//! The end of a watched value that watches it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use openraft::async_runtime::watch::{RecvError, WatchReceiver};
use openraft::{OptionalSend, OptionalSync};

use super::{Ref, Shared, Watch};

/// Watches a value.
#[derive(Debug)]
pub struct Receiver<T> {
    shared: Arc<Shared<T>>,
    number: u64,
    /// The version that was seen last.
    seen: u64,
    /// Whether it has ever waited.
    has_waited: bool,
}

/// Nobody is left who could change the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nobody is left who could change the value")
    }
}

impl std::error::Error for Closed {}

impl<T> Receiver<T> {
    pub(super) fn new(shared: Arc<Shared<T>>) -> Self {
        shared.receivers.fetch_add(1, Ordering::Relaxed);
        let number = shared.next.fetch_add(1, Ordering::Relaxed);
        let seen = shared.version();
        Receiver { shared, number, seen, has_waited: false }
    }

    /// The value as it is now.
    pub fn borrow(&self) -> Ref<'_, T> {
        self.shared.value.read()
    }

    /// The value as it is now, which counts as seen.
    pub fn borrow_and_update(&mut self) -> Ref<'_, T> {
        let value = self.shared.value.read();
        self.seen = self.shared.version();
        value
    }

    /// Whether there is a change that was not seen.
    ///
    /// # Errors
    /// There is none, and there will be none.
    pub fn has_changed(&self) -> Result<bool, Closed> {
        if self.shared.version() != self.seen {
            Ok(true)
        } else if self.is_closed() {
            Err(Closed)
        } else {
            Ok(false)
        }
    }

    /// Waits for a change that was not seen.
    ///
    /// # Errors
    /// There will be none.
    pub async fn changed(&mut self) -> Result<(), Closed> {
        std::future::poll_fn(|cx| self.poll_changed(cx)).await
    }

    /// Waits until the value is as it should be.
    ///
    /// # Errors
    /// It will never be.
    pub async fn wait_for(&mut self, mut is: impl FnMut(&T) -> bool) -> Result<Ref<'_, T>, Closed> {
        loop {
            let fits = is(&self.borrow_and_update());
            if fits {
                break;
            }
            self.changed().await?;
        }
        Ok(self.borrow())
    }

    fn poll_changed(&mut self, cx: &Context<'_>) -> Poll<Result<(), Closed>> {
        if let Poll::Ready(ready) = self.look() {
            return Poll::Ready(ready);
        }
        self.has_waited = true;
        self.shared.sleep(self.number, cx.waker());
        // It may have changed just before.
        self.look()
    }

    fn look(&mut self) -> Poll<Result<(), Closed>> {
        let version = self.shared.version();
        if version != self.seen {
            self.seen = version;
            Poll::Ready(Ok(()))
        } else if self.is_closed() {
            Poll::Ready(Err(Closed))
        } else {
            Poll::Pending
        }
    }

    fn is_closed(&self) -> bool {
        self.shared.senders.load(Ordering::SeqCst) == 0
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        let seen = self.seen;
        let mut clone = Receiver::new(self.shared.clone());
        clone.seen = seen;
        clone
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.shared.receivers.fetch_sub(1, Ordering::AcqRel);
        if self.has_waited {
            self.shared.forget(self.number);
        }
    }
}

impl<T: OptionalSend + OptionalSync> WatchReceiver<Watch, T> for Receiver<T> {
    async fn changed(&mut self) -> Result<(), RecvError> {
        Receiver::changed(self).await.map_err(|Closed| RecvError(()))
    }

    fn borrow_watched(&self) -> Ref<'_, T> {
        self.borrow()
    }

    fn borrow_and_update(&mut self) -> Ref<'_, T> {
        Receiver::borrow_and_update(self)
    }
}
