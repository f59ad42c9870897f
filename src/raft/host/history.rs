//! What stands in the log of the map before it is applied.

use std::io;

use lockstep_core::wire::Wire;
use lockstep_core::{Op, ShardId, cluster, users};
use lockstep_storage::Log;

use crate::batch::Batch;

/// How many bytes of the log are read at a time.
const READ_BYTES_MAX: usize = 1 << 20;

/// The seed of the data shards, as the entry says that founded the cluster; none
/// if that entry is not in the log. There is only one such entry, committed or
/// not: who founds a cluster writes the same whenever it tries.
pub(super) fn seed(log: &Log) -> io::Result<Option<u64>> {
    let mut found = None;
    each_batch(log, |batch| {
        found = seed_in(batch);
        found.is_some()
    })?;
    Ok(found)
}

fn seed_in(batch: &Batch) -> Option<u64> {
    let (header, mut rest) = batch.open().ok()?;
    (0..header.count).find_map(|_| match Op::take(&mut rest).ok()? {
        Op::Cluster { op: cluster::Op::Found { seed, .. } } => Some(seed),
        _ => None,
    })
}

/// Whether an operation that changes users stands in the log of the map, committed or not.
pub(super) fn names_users(log: &Log) -> io::Result<bool> {
    let mut found = false;
    each_batch(log, |batch| {
        found = batch_names_users(batch);
        found
    })?;
    Ok(found)
}

fn batch_names_users(batch: &Batch) -> bool {
    let Ok((header, mut rest)) = batch.open() else { return false };
    (0..header.count).any(|_| match Op::take(&mut rest) {
        // Nodes that look who the users are write one that takes nobody away.
        Ok(Op::User { op: users::Op::Delete { names } }) => !names.is_empty(),
        Ok(Op::User { op: users::Op::Put { .. } }) => true,
        _ => false,
    })
}

/// Shows every batch in the log of the map, until one is enough.
fn each_batch(log: &Log, mut is_enough: impl FnMut(&Batch) -> bool) -> io::Result<()> {
    let (first, last) = log.first_last(ShardId::META);
    let Some(last) = last else { return Ok(()) };
    let mut from = first.map_or(0, |purged| purged.index + 1);
    while from <= last.index {
        let records = log.read_up_to(ShardId::META, from, last.index + 1, READ_BYTES_MAX)?;
        let Some(newest) = records.last() else { break };
        from = newest.id.index + 1;
        for record in records {
            if Batch::from_payload(record.payload).is_ok_and(|batch| is_enough(&batch)) {
                return Ok(());
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Ops;

    fn names_users(op: users::Op<'_>) -> bool {
        let mut ops = Ops::default();
        ops.write(&Op::User { op });
        batch_names_users(&Batch::join(1, 1, &mut [ops]))
    }

    #[test]
    fn who_only_looks_at_users_names_none() {
        let put = users::Op::Put { name: b"a", bytes: b"b", expected: 0, users_max: 1 };
        assert!(names_users(put));
        assert!(names_users(users::Op::Delete { names: vec![b"a"] }));
        assert!(!names_users(users::Op::Delete { names: Vec::new() }));
    }
}
