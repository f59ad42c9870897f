//! At no time two nodes may answer reads of a shard.

use std::collections::BTreeMap;

use super::{Invariant, Sight};

/// Needs to remember nothing.
pub struct OneLease;

impl Invariant for OneLease {
    fn look(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        let mut serve = BTreeMap::new();
        for replica in sight.replicas.iter().filter(|replica| replica.leads) {
            if let Some(other) = serve.insert(replica.shard, replica.id) {
                let (shard, id) = (replica.shard, replica.id);
                return Err(format!("{other:?} and {id:?} both serve {shard:?}"));
            }
        }
        Ok(())
    }
}
