//! Whole clusters in one process, on virtual time.
#![allow(clippy::unwrap_used)]

mod alive;
mod founding;
mod members;
mod net;
mod routing;
mod world;
