//! Connections over real sockets, with a handler made for the purpose.

#![allow(clippy::unwrap_used)]

mod bad_input;
mod blocking;
mod heavy_clients;
mod listening;
mod pipelines;
mod server;
mod slow_readers;
mod stopping;
mod time;
mod turns;
