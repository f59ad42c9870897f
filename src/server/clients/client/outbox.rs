//! What waits to be appended to a client's output, and when that is.

use std::sync::atomic::Ordering;
use std::time::Duration;

use lockstep_net::{Next, Output};

use super::{Client, Flag};

/// How long the news of what has changed waits for the answer to a client that waits, which
/// mostly comes right behind it.
const ANSWER_MOMENT: Duration = Duration::from_millis(2);

/// What waits to be appended to a client's output.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    /// May stand before any reply.
    messages: Vec<u8>,
    /// Which keys have changed: behind the replies to what the client has begun, which
    /// may hold what they were before.
    invalidations: Vec<u8>,
}

impl Outbox {
    fn len(&self) -> usize {
        self.messages.len() + self.invalidations.len()
    }
}

impl Client {
    /// Appends bytes that no command of this client caused. A client that lets
    /// more pile up than its output limit allows is closed; one that will be closed
    /// gets nothing more.
    pub fn push(&self, bytes: &[u8]) {
        self.put(bytes.len(), |outbox| outbox.messages.extend_from_slice(bytes));
    }

    /// The same for what says which keys have changed: it goes behind the replies to
    /// what the client has begun.
    pub fn push_invalidation(&self, parts: [&[u8]; 2]) {
        let bytes = parts[0].len() + parts[1].len();
        self.put(bytes, |outbox| {
            parts.into_iter().for_each(|part| outbox.invalidations.extend_from_slice(part));
        });
    }

    fn put(&self, bytes: usize, append: impl FnOnce(&mut Outbox)) {
        if self.has(Flag::Closing) {
            return;
        }
        let limit = self.connections.limits.output(self.class());
        let hard_bytes = limit.hard_bytes.load(Ordering::Relaxed);
        let mut outbox = self.outbox.lock();
        if hard_bytes > 0 && outbox.len() + bytes > hard_bytes {
            *outbox = Outbox::default();
            drop(outbox);
            if !self.has(Flag::Closing) {
                self.connections.counters.output_buffer_limit.fetch_add(1, Ordering::Relaxed);
            }
            self.kill();
            return;
        }
        append(&mut outbox);
        drop(outbox);
        self.outbox_filled.notify_one();
    }

    /// Bytes that wait to be taken by [`Client::interrupted`].
    pub fn outbox_bytes(&self) -> usize {
        self.outbox.lock().len()
    }

    /// Appends the bytes that wait now. To be called when nothing of what the client
    /// has begun is without its reply.
    pub fn hand_over(&self, out: &mut Output) {
        let outbox = std::mem::take(&mut *self.outbox.lock());
        out.raw(&outbox.messages);
        out.raw(&outbox.invalidations);
    }

    /// The same at any time: leaves what has to stand behind replies.
    pub fn hand_over_messages(&self, out: &mut Output) {
        let messages = std::mem::take(&mut self.outbox.lock().messages);
        out.raw(&messages);
    }

    /// Waits for bytes that no command of this client caused, and appends them, when
    /// nothing of what the client has begun is without its reply. May be dropped at any
    /// time.
    pub async fn interrupted(&self, out: &mut Output) -> Next {
        self.filled(|| grown(out, |out| self.hand_over(out))).await
    }

    /// The same while a command waits for others. What it waits for may be on its way beside
    /// the news of what that has changed, which comes behind it.
    pub async fn interrupted_in_wait(&self, out: &mut Output) -> Next {
        let mut messages = false;
        let waits = || {
            messages = grown(out, |out| self.hand_over_messages(out));
            messages || self.outbox_bytes() > 0
        };
        let next = self.filled(waits).await;
        if !messages {
            tokio::time::sleep(ANSWER_MOMENT).await;
            self.hand_over(out);
        }
        next
    }

    /// The same at any time: leaves what has to stand behind replies.
    pub async fn interrupted_by_message(&self, out: &mut Output) -> Next {
        self.filled(|| grown(out, |out| self.hand_over_messages(out))).await
    }

    /// Waits until the outbox has what is looked for, which may be there.
    async fn filled(&self, mut found: impl FnMut() -> bool) -> Next {
        while !found() {
            self.outbox_filled.notified().await;
        }
        Next::More
    }
}

/// Whether something was appended.
fn grown(out: &mut Output, append: impl FnOnce(&mut Output)) -> bool {
    let before = out.len();
    append(out);
    out.len() > before
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::FutureExt;
    use lockstep_net::Connections;

    use super::super::tests::client;
    use super::*;

    #[tokio::test]
    async fn pushed_bytes_come_out_in_order() {
        let connections = Arc::new(Connections::default());
        let client = client(&connections);
        client.push(b"+a\r\n");
        client.push(b"+b\r\n");
        let mut out = Output::default();
        assert_eq!(client.interrupted(&mut out).await, Next::More);
        assert_eq!(out.bytes(), b"+a\r\n+b\r\n");
    }

    #[tokio::test]
    async fn what_says_that_keys_changed_waits_a_moment_for_an_answer_and_messages_do_not() {
        let connections = Arc::new(Connections::default());
        let client = client(&connections);
        client.push_invalidation([b">", b"x"]);
        client.push(b"+a\r\n");
        let mut out = Output::default();
        assert_eq!(client.interrupted_in_wait(&mut out).now_or_never(), Some(Next::More));
        assert_eq!(out.bytes(), b"+a\r\n");
        // Here the answer may come.
        assert_eq!(client.interrupted_in_wait(&mut out).now_or_never(), None);
        assert_eq!(client.outbox_bytes(), 2, "nothing is lost");
        assert_eq!(client.interrupted_in_wait(&mut out).await, Next::More);
        assert_eq!(out.bytes(), b"+a\r\n>x");
    }

    #[test]
    fn what_says_that_keys_changed_stays_behind_replies() {
        let connections = Arc::new(Connections::default());
        let client = client(&connections);
        client.push_invalidation([b">", b"x"]);
        client.push(b"+a\r\n");
        let mut out = Output::default();
        client.hand_over_messages(&mut out);
        assert_eq!((out.bytes(), client.outbox_bytes()), (&b"+a\r\n"[..], 2));
        client.hand_over(&mut out);
        assert_eq!(out.bytes(), b"+a\r\n>x");
    }

    #[test]
    fn a_client_that_does_not_read_is_closed() {
        let connections = Arc::new(Connections::default());
        connections.limits.output_normal.set(10, 0, 0);
        let client = client(&connections);
        client.push(b"12345");
        assert!(!client.has(Flag::Closing));
        client.push(b"678901");
        assert!(client.has(Flag::Closing));
        assert_eq!(client.outbox_bytes(), 0);
        assert_eq!(connections.counters.output_buffer_limit.load(Ordering::Relaxed), 1);
    }
}
