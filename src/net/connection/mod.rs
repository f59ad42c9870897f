//! One client connection: read, decode, execute, reply.

mod backlog;
mod chunk;
mod input;
mod run;
mod socket;
mod turn;

use lockstep_commands::{BadArgs, Reply};

use crate::{Output, OutputClass};
pub(crate) use run::linger;
pub use run::serve;
pub(crate) use turn::Turns;

/// What the connection does after a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Takes the next command.
    More,
    /// Takes no command before everything unfinished is settled: the next one
    /// needs to see the results, or the batch is full.
    Settle,
    /// Like `Settle`, but it may take long: meanwhile the socket is watched, so
    /// that a client that goes away is noticed.
    Block,
    /// Settles what is unfinished, writes the replies and closes.
    Close,
}

/// Why a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// The client closed it, or the network did.
    ByClient,
    /// The handler asked for it (QUIT).
    ByHandler,
    /// Another client or the operator asked for it ([`Link::close`](crate::Link::close)).
    Killed,
    /// The server stops.
    Stopping,
    /// Malformed input.
    ProtocolError,
    /// A browser was on the other side (`POST`, `Host:`).
    CrossProtocol,
    /// The query buffer limit was passed.
    QueryLimit,
    /// The output buffer limit was passed.
    OutputLimit,
    /// Nothing came for too long.
    Idle,
}

/// Executes the commands of one connection. Lives on the connection's task.
pub trait Handler: Send {
    /// Executes or begins one complete command; the name comes first, there is at
    /// least one word. Appends the replies that are ready to `out`, in order: while
    /// something earlier is unfinished, replies wait for `settle`.
    fn command(&mut self, words: &[&[u8]], out: &mut Output) -> Next;

    /// Waits for what is unfinished and appends the replies, in order. Called when
    /// no further complete command is there, and after [`Next::Settle`] and
    /// [`Next::Block`]. It may return `Settle` or `Block` to be called once more,
    /// for example because what looked short turned out to wait. Dropped without
    /// having ended when the connection ends meanwhile.
    /// `interrupted` does not run beside it: messages out of band wait, or `settle`
    /// appends them itself.
    fn settle(&mut self, out: &mut Output) -> impl Future<Output = Next> + Send;

    /// Whether there is something to settle.
    fn has_unfinished(&self) -> bool;

    /// Waits until something happens that no command of this client caused (a
    /// message of a channel, a line of MONITOR) and appends it. Must be cancel
    /// safe: it is dropped and called again with every command. Resolves to `More`,
    /// or to `Close`.
    fn interrupted(&mut self, out: &mut Output) -> impl Future<Output = Next> + Send;

    /// Malformed input: the connection closes after what this appends. Earlier
    /// commands are settled.
    fn protocol_error(&mut self, error: &BadArgs, out: &mut Output) {
        out.reply(&Reply::Error(error.clone()));
    }

    /// Whether the client is authenticated or does not need to be. Asked before
    /// each command; before, narrow limits hold.
    fn authenticated(&self) -> bool;

    /// Whether the idle timeout spares it (pub/sub, MONITOR).
    fn idle_exempt(&self) -> bool {
        false
    }

    /// Which bound for waiting replies holds.
    fn class(&self) -> OutputClass {
        OutputClass::Normal
    }

    /// The bytes it keeps for the client beside what waits to be executed or sent. Asked
    /// where what clients hold has a limit.
    fn held_bytes(&self) -> usize {
        0
    }

    /// The connection is over: called last, once. Not after a panic of the handler:
    /// what others depend on has to be given back by its `Drop`.
    fn closed(&mut self, why: Closed) -> impl Future<Output = ()> + Send;
}
