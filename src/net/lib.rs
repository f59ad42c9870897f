//! Sockets and RESP: from bytes to words, from replies to bytes.
//!
//! A [`Listener`] accepts connections, [`connection::serve`] runs each on a task
//! of its own: the [`Decoder`] finds the commands in what the client sent, a
//! [`Handler`] executes them, an [`Output`] collects the replies.
//!
//! [`peers::PeerLinks`] are the connections to the other nodes of the cluster.

pub mod connection;
pub mod limits;
pub mod link;
pub mod listener;
pub mod output;
pub mod weight;

pub mod encode;
pub mod request;

pub mod peers;

pub mod client;
pub mod fuzz;

pub use connection::{Closed, Handler, Next};
pub use limits::{ConnectionLimits, Limits, OutputClass, OutputLimit};
pub use link::{Connections, Counters, Link, Traffic};
pub use listener::{BindError, Listener};
pub use output::Output;
pub use request::{Decoded, Decoder};
