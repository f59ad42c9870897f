//! The end-to-end tests: the server as its users see it.

#![allow(clippy::unwrap_used)]

mod differential;
