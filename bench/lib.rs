//! The load generator: many connections, few threads, honest latencies.
//!
//! A [`Script`](workload::Script) says what a connection asks for. A
//! [`mod@line`] drives one connection: closed (a fixed number of operations in
//! flight) or open (operations start when the [`pacer`] says so, whether or not
//! the server has answered the ones before). What was seen is gathered in a
//! [`record::Recorder`] per thread, and becomes a [`report::Report`].

pub mod environment;
pub mod flags;
pub mod line;
pub mod pacer;
pub mod preload;
pub mod progress;
pub mod record;
pub mod report;
pub mod run;
pub mod statistics;
pub mod wire;
pub mod workload;

pub use flags::Flags;
pub use report::Report;
pub use run::run;
