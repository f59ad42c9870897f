//! The life of a connection.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Poll, ready};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::yield_now;
use tokio::time::{Instant, timeout, timeout_at};

use super::chunk::Chunk;
use super::input::{Input, Pause};
use super::socket::{Socket, Standing};
use super::turn::Turn;
use super::{Closed, Handler, Next};
use crate::{Connections, Link, Output};

/// How long a client may take to fetch its last replies.
const FAREWELL: Duration = Duration::from_secs(10);

/// How long, and how much, is read from a client whose connection is over, so that
/// its last reply is not lost.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES_MAX: usize = 1 << 20;

/// A client that finds its connection closed finds what it held free, if that can be
/// had so soon. Otherwise it must learn of the end all the same: what it held may be
/// given to others.
const TOLD_MAX: Duration = Duration::from_millis(50);

/// How long a server that stops waits for what a client is just sending.
const LAST_CALL: Duration = Duration::from_millis(100);

/// After so many reads in a row, messages out of band get their turn.
const READS_IN_A_ROW_MAX: u8 = 16;

/// Runs a connection to its end.
pub async fn serve<H: Handler>(
    stream: TcpStream,
    link: Arc<Link>,
    connections: Arc<Connections>,
    handler: H,
) {
    let entry = Entry { connections: Arc::clone(&connections), id: link.id };
    let turn = Turn::new(Arc::clone(&connections));
    let mut connection = Connection {
        turn,
        socket: Socket::new(stream, link, connections),
        input: Input::default(),
        out: Output::default(),
        handler,
        reads_in_a_row: 0,
    };
    let Err(why) = connection.run().await;
    let why = connection.say_farewell(why).await;
    entry.connections.counters.count(why);
    let Connection { socket, handler, .. } = &mut connection;
    // In a box: every connection would have room for it all the time.
    let mut told = Box::pin(handler.closed(why));
    let in_time = timeout(TOLD_MAX, &mut told).await.is_ok();
    if in_time {
        drop(entry);
        end(&mut socket.stream, why).await;
    } else {
        tokio::join!(end(&mut socket.stream, why), told);
        drop(entry);
    }
}

/// Closes a connection that is over.
async fn end(stream: &mut TcpStream, why: Closed) {
    if is_orderly(why) {
        linger(stream).await;
    } else {
        // It may be closed already.
        let _ = stream.shutdown().await;
    }
}

/// A connection's place in the register, given back also when a handler panics.
struct Entry {
    connections: Arc<Connections>,
    id: u64,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.connections.forget(self.id);
    }
}

/// What ended a wait.
enum Event {
    /// Bytes came.
    Received,
    /// The socket took enough replies to go on with commands.
    Room,
    /// Something out of band was appended.
    Interrupted(Next),
}

struct Connection<H> {
    turn: Turn,
    socket: Socket,
    input: Input,
    out: Output,
    handler: H,
    reads_in_a_row: u8,
}

impl<H: Handler> Connection<H> {
    async fn run(&mut self) -> Result<Infallible, Closed> {
        loop {
            match self.wait().await {
                Ok(Event::Received) => {
                    // A command may be too much that will never wait for anything.
                    self.weigh(self.input.unread_bytes())?;
                    self.serve_batch().await?;
                }
                Ok(Event::Room) => self.serve_batch().await?,
                Ok(Event::Interrupted(Next::Close)) => return Err(Closed::ByHandler),
                Ok(Event::Interrupted(_)) => self.send().await?,
                Err(Closed::Stopping) => return self.serve_last().await,
                Err(why) => return Err(why),
            }
        }
    }

    /// Serves what a client sends within a moment, and ends. A client that finds
    /// the end right behind a reply knows that nothing of its was broken off.
    async fn serve_last(&mut self) -> Result<Infallible, Closed> {
        let end = Instant::now() + LAST_CALL;
        loop {
            let Connection { socket, input, .. } = self;
            let received = poll_fn(|context| socket.poll_receive(context, input));
            let Ok(received) = timeout_at(end, received).await else {
                return Err(Closed::Stopping);
            };
            received?;
            self.serve_batch().await?;
            if self.input.len() == 0 {
                return Err(Closed::Stopping);
            }
        }
    }

    /// Executes every command that is there; ends when more bytes are needed, or
    /// when the client has to read first.
    async fn serve_batch(&mut self) -> Result<(), Closed> {
        loop {
            let limits = &self.socket.connections.limits;
            match self.input.execute(&mut self.handler, &mut self.out, limits)? {
                Pause::Hungry => {
                    if self.handler.has_unfinished() {
                        self.settle(false).await?;
                    }
                    self.send().await?;
                    return Ok(());
                }
                Pause::Full | Pause::Handler(Next::More) => {}
                Pause::Handler(Next::Settle) => self.settle(false).await?,
                Pause::Handler(Next::Block) => {
                    self.send().await?;
                    self.settle(true).await?;
                }
                Pause::Handler(Next::Close) => {
                    self.settle_rest().await?;
                    return Err(Closed::ByHandler);
                }
                Pause::Malformed(bad) => {
                    self.settle_rest().await?;
                    self.handler.protocol_error(&bad, &mut self.out);
                    return Err(Closed::ProtocolError);
                }
            }
            self.send().await?;
            if self.socket.is_stopping() {
                return Err(Closed::Stopping);
            }
            if !self.socket.has_room(self.standing()) {
                return Ok(());
            }
            // A long pipeline leaves the thread to others now and then.
            yield_now().await;
        }
    }

    async fn settle_rest(&mut self) -> Result<(), Closed> {
        if self.handler.has_unfinished() { self.settle(false).await } else { Ok(()) }
    }

    /// Waits for what is unfinished. With `block` it watches the socket meanwhile.
    async fn settle(&mut self, mut block: bool) -> Result<(), Closed> {
        loop {
            match self.settle_once(block).await? {
                Next::More => return Ok(()),
                Next::Settle => block = false,
                Next::Block => block = true,
                Next::Close => return Err(Closed::ByHandler),
            }
            self.send().await?;
        }
    }

    async fn settle_once(&mut self, block: bool) -> Result<Next, Closed> {
        let standing = self.standing();
        let Connection { socket, input, out, handler, .. } = self;
        let mut settled = pin!(handler.settle(out));
        poll_fn(|context| {
            socket.poll_bell(context, standing, false)?;
            if block {
                // First, so that a client that has gone away is not given what
                // it cannot take any more. Behind the bell, which it may set.
                socket.poll_read_ahead(context, input)?;
            }
            if let Poll::Ready(next) = settled.as_mut().poll(context) {
                return Poll::Ready(Ok(next));
            }
            socket.poll_flush(context)?;
            if block && socket.is_stopping() {
                return Poll::Ready(Err(Closed::Stopping));
            }
            Poll::Pending
        })
        .await
    }

    /// Waits until there is something to do.
    async fn wait(&mut self) -> Result<Event, Closed> {
        let standing = self.standing();
        let had_room = self.socket.has_room(standing);
        let Connection { turn, socket, input, out, handler, reads_in_a_row } = self;
        let others_first = *reads_in_a_row >= READS_IN_A_ROW_MAX;
        let mut interrupted = pin!(handler.interrupted(out));
        let event = poll_fn(|context| {
            ready!(turn.poll(context));
            socket.poll_flush(context)?;
            socket.poll_bell(context, standing, true)?;
            if !had_room && socket.has_room(standing) {
                return Poll::Ready(Ok(Event::Room));
            }
            if others_first && let Poll::Ready(next) = interrupted.as_mut().poll(context) {
                return Poll::Ready(Ok(Event::Interrupted(next)));
            }
            if had_room
                && !socket.is_stopping()
                && let Poll::Ready(received) =
                    socket.poll_receive(&mut turn.context(context), input)
            {
                turn.go_on();
                return Poll::Ready(received.map(|()| Event::Received));
            }
            if others_first {
                return Poll::Pending;
            }
            interrupted.as_mut().poll(context).map(|next| Ok(Event::Interrupted(next)))
        });
        let event = event.await?;
        let received = matches!(event, Event::Received) && !others_first;
        self.reads_in_a_row = if received { self.reads_in_a_row + 1 } else { 0 };
        Ok(event)
    }

    /// Writes the replies that are ready, as far as the socket takes them.
    async fn send(&mut self) -> Result<(), Closed> {
        let standing = self.standing();
        let query_bytes = self.input.len();
        self.socket.link.query_bytes.store(query_bytes, Relaxed);
        self.socket.send(&mut self.out, standing).await?;
        self.weigh(query_bytes)
    }

    /// Counts what the client holds, where there is a limit for all: with it, it or others may
    /// hold too much.
    fn weigh(&self, query_bytes: usize) -> Result<(), Closed> {
        let Socket { connections, link, .. } = &self.socket;
        if !connections.has_limit() {
            return Ok(());
        }
        link.query_bytes.store(query_bytes, Relaxed);
        link.hold(self.handler.held_bytes());
        connections.weigh(link);
        link.query_bytes.store(self.input.len(), Relaxed);
        if link.is_closed() { Err(Closed::Killed) } else { Ok(()) }
    }

    /// Lets the client have its last replies, where that makes sense.
    async fn say_farewell(&mut self, why: Closed) -> Closed {
        if !(is_orderly(why) || why == Closed::ByClient) {
            return why;
        }
        // A client that has only shut down its side may still read.
        let written = timeout(FAREWELL, async {
            self.send().await?;
            poll_fn(|context| match self.socket.poll_flush(context) {
                Ok(()) if !self.socket.is_flushed() => Poll::Pending,
                flushed => Poll::Ready(flushed),
            })
            .await
        });
        match written.await {
            Ok(Err(Closed::OutputLimit)) => Closed::OutputLimit,
            _ => why,
        }
    }

    fn standing(&self) -> Standing {
        Standing {
            class: self.handler.class(),
            authenticated: self.handler.authenticated(),
            idle_exempt: self.handler.idle_exempt(),
        }
    }
}

/// Whether the client is told, and should be able to read it.
fn is_orderly(why: Closed) -> bool {
    matches!(why, Closed::ByHandler | Closed::ProtocolError | Closed::Stopping)
}

/// Ends a connection so that the client can read what was written last: closing
/// with bytes unread would reset it, and a reset destroys what is on the way.
pub(crate) async fn linger(stream: &mut TcpStream) {
    let drained = timeout(LINGER, async {
        let mut drained = 0;
        stream.shutdown().await?;
        while drained < LINGER_BYTES_MAX {
            let chunk = poll_fn(|context| Chunk::poll_read(stream, context)).await?;
            match chunk.bytes().len() {
                0 => break,
                count => drained += count,
            }
        }
        std::io::Result::Ok(())
    });
    // Whatever went wrong, the stream is closed now.
    let _ = drained.await;
}
