//! What became of requests, so that one that is sent twice is applied once.

mod id;
mod table;

pub use id::{Recall, RequestId};
pub use table::Table;
