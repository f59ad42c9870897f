//! Links between nodes of one process, over real sockets.

#![allow(clippy::unwrap_used)]

mod breaks;
mod circuit;
mod damage;
mod echo;
mod frames;
mod handshakes;
mod knocks;
mod lanes;
mod limits;
mod node;
mod promises;
mod relay;
mod strangers;
