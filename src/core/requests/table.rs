//! The table of the newest request of each connection.

use super::{Recall, RequestId};
use crate::Outcome;

/// The newest request of each connection and what it gave.
#[derive(Debug, Default)]
pub struct Table {}

impl Table {
    /// What is remembered of a request.
    pub fn recall(&self, _id: &RequestId, _floor: u64, _retry: bool) -> Recall {
        Recall::Fresh
    }

    /// A request was applied as operation `seq` of the shard and gave this.
    pub fn remember(&mut self, _seq: u64, _id: &RequestId, _outcomes: &[Outcome]) {}
}
