//! Handshake and session.

pub mod ping;
