//! What ends tokens besides their time.

use crate::Db;
use crate::ids::DATABASES;
use crate::keys::{Op, waits};

/// What may be another one behind an operation.
pub(in crate::keys) enum Voided<'a> {
    /// These keys.
    Keys(Vec<(Db, &'a [u8])>),
    /// All keys of these databases.
    Databases(Vec<Db>),
}

impl<'a> Voided<'a> {
    /// What an operation that was carried out may have written or deleted, while it was not
    /// there. Those that fill keys look after their tokens themselves.
    pub(in crate::keys) fn by(op: &Op<'a>) -> Self {
        Voided::Keys(match op {
            Op::FlushDb { db } => return Voided::Databases(vec![*db]),
            Op::FlushAll {} => return Voided::Databases((0..DATABASES).map(Db).collect()),
            Op::SwapDb { a, b } => return Voided::Databases(vec![*a, *b]),
            // They change what is there, and nothing is.
            Op::GetEx { .. } | Op::Expire { .. } | Op::Persist { .. } | Op::KeepCount { .. } => {
                Vec::new()
            }
            Op::FillSet { .. } | Op::FillAbort { .. } => Vec::new(),
            Op::PopOrWait { want: waits::Want::Fill { .. }, .. } => Vec::new(),
            Op::Copy { to_db, to, .. } => vec![(*to_db, *to)],
            Op::Move { db, key, to_db } => vec![(*db, *key), (*to_db, *key)],
            Op::Evict { keys } => keys.clone(),
            op => op.key_names().map(|key| (op.db(), key)).collect(),
        })
    }
}
