//! S1: the holders of a lock get along with each other, two by two.

use super::lock_view::{EVERY_MS, get_along, held};
use super::{Invariant, Sight};

/// Looks now and then.
#[derive(Default)]
pub struct HoldersGetAlong {
    next_ms: u64,
}

impl Invariant for HoldersGetAlong {
    fn look(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        if sight.now_ms < self.next_ms {
            return Ok(());
        }
        self.next_ms = sight.now_ms + EVERY_MS;
        for replica in sight.replicas.iter().filter(|replica| !replica.shard.is_meta()) {
            for lock in held(&replica.group.state()) {
                let pairs = lock.modes.iter().enumerate();
                let apart = pairs
                    .flat_map(|(at, one)| {
                        lock.modes[at + 1..].iter().map(move |other| (one, other))
                    })
                    .find(|(one, other)| !get_along(one, other));
                if let Some((one, other)) = apart {
                    let node = replica.node;
                    return Err(format!("n{node}: {} is held {one} and {other}", lock.name));
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::get_along;

    #[test]
    fn only_readers_and_one_who_may_become_a_writer_get_along() {
        let modes = ["shared", "update", "exclusive"];
        let pairs = modes.iter().flat_map(|one| modes.iter().map(move |other| (*one, *other)));
        let along: Vec<(&str, &str)> = pairs.filter(|(one, other)| get_along(one, other)).collect();
        assert_eq!(along, [("shared", "shared"), ("shared", "update"), ("update", "shared")]);
    }
}
