//! The end-to-end tests: the server as its users see it.

#![allow(clippy::unwrap_used)]

mod command_info;
mod differential;
mod floors;
mod limits;
