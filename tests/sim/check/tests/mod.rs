#![allow(clippy::unwrap_used)]

mod appends;
mod guards;
mod locks;
mod queues;
mod registers;
mod whole;

use super::{NEVER, Span};

/// From `began` to `ended`; 0 stands for never.
fn span(began: u64, ended: u64) -> Span {
    Span { began, ended: if ended == 0 { NEVER } else { ended } }
}
