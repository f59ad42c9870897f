//! A pop that wants several messages and got fewer goes on where more are known to be.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use lockstep_core::Outcome;
use lockstep_core::queues::{Receipt, Want};
use tokio::time::Instant;

use super::ask::give_back;
use super::pop::{Patience, Seat};
use crate::Node;
use crate::queues::Asker;

/// For so long it is waited for more: what is there is under its lease already.
const PATIENCE: Duration = Duration::from_millis(50);

/// Messages that were delivered, until their client gets them. They go back if it goes
/// away before.
struct Gathered<'a> {
    node: Arc<Node>,
    queue: &'a [u8],
    list: Vec<Outcome>,
}

impl Drop for Gathered<'_> {
    fn drop(&mut self) {
        give_back(&self.node, self.queue, std::mem::take(&mut self.list));
    }
}

impl Gathered<'_> {
    /// The partitions that they are of.
    fn parts(&self) -> BTreeSet<u32> {
        let part = |delivery: &Outcome| {
            let Outcome::List(parts) = delivery else { return None };
            let Some(Outcome::Bytes(receipt)) = parts.first() else { return None };
            Receipt::parse(receipt).map(|Receipt::Of { part, .. }| part)
        };
        self.list.iter().filter_map(part).collect()
    }
}

/// Adds to deliveries, as far as more are wanted, what other partitions are known to
/// have. Nothing is looked for, so whoever got all there is waits for nothing. With a
/// limit of bytes one partition has to be enough.
pub(super) async fn filled(
    asker: &mut Asker,
    queue: &[u8],
    want: &Want<'_>,
    deliveries: Vec<Outcome>,
) -> Vec<Outcome> {
    let Want::Of { count: Some(count), bytes_max: None, .. } = want else { return deliveries };
    let mut gathered = Gathered { node: asker.node.clone(), queue, list: deliveries };
    let until = Some(Instant::now() + PATIENCE);
    while !gathered.list.is_empty() && asker.is_stopped().is_none() {
        let more = count.saturating_sub(gathered.list.len() as u64);
        if more == 0 {
            break;
        }
        let seat = Seat::for_more(&asker.node, queue, want, (more, gathered.parts()));
        match seat.wait(asker, Patience { waits: false, until }).await {
            Ok(found) if !found.is_empty() => gathered.list.extend(found),
            _ => break,
        }
    }
    std::mem::take(&mut gathered.list)
}
