//! What a key holds, for those who keep copies.

use super::Keyspace;
use super::read::string;
use crate::Db;

/// What a key holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peek {
    /// Nothing: it is not there.
    Nothing,
    /// A string.
    Str {
        /// The string.
        value: Vec<u8>,
        /// The number of the operation that changed it last.
        version: u64,
        /// When its life ends.
        deadline_ms: Option<u64>,
    },
    /// Something that is not copied: of another type, or too long.
    Other,
}

impl Keyspace {
    /// What a key holds, at `now_ms` by the reader's clock and `clock_ms` by the
    /// shard's. None: its life is over by the reader's clock only. Strings longer than
    /// `bytes_max` are not copied. Counts as no use of the key.
    pub fn peek(
        &self,
        db: Db,
        key: &[u8],
        (now_ms, clock_ms): (u64, u64),
        bytes_max: usize,
    ) -> Option<Peek> {
        let found = self.database(db).and_then(|found| found.get(&self.hasher.name(key)));
        let Some(item) = found.filter(|item| !item.is_due(clock_ms)) else {
            return Some(Peek::Nothing);
        };
        if item.is_due(now_ms) {
            return None;
        }
        Some(match string(item) {
            Ok(string) if string.len() <= bytes_max => Peek::Str {
                value: string.to_vec(),
                version: item.version,
                deadline_ms: item.deadline(),
            },
            _ => Peek::Other,
        })
    }
}
