//! Messages that nobody takes any more are given back at once.

use std::sync::Arc;

use lockstep_core::queues::{Blame, Op, Receipt, Want};
use lockstep_core::{Op as AnyOp, Outcome};

use super::shard_of;
use crate::Node;

/// Messages that were delivered, until their client has them. Dropped before, they are
/// given back without blame, each to the place it had.
#[derive(Debug)]
pub(crate) struct Back {
    node: Arc<Node>,
    /// By queue and partition.
    list: Vec<(Vec<u8>, Vec<Receipt>)>,
}

impl Back {
    /// The deliveries in the outcome of an operation; none if there are none, or they
    /// are settled already.
    pub(crate) fn of(node: &Arc<Node>, op: &Op<'_>, outcome: &Outcome) -> Option<Back> {
        let (Op::Pop { want: Want::Of { settle: false, .. }, .. }
        | Op::Ack { pop: Some(Want::Of { settle: false, .. }), .. }) = op
        else {
            return None;
        };
        let mut list = Vec::new();
        gather(op.name(), outcome, &mut list);
        (!list.is_empty()).then(|| Back { node: node.clone(), list })
    }

    /// The client has them.
    pub(crate) fn taken(mut self) {
        self.list.clear();
    }

    /// Gives them back and waits for that. What cannot be told comes back when its
    /// lease ends.
    pub(crate) async fn give(mut self) {
        give(&self.node.clone(), std::mem::take(&mut self.list)).await;
    }
}

impl Drop for Back {
    fn drop(&mut self) {
        if self.list.is_empty() {
            return;
        }
        let (node, list) = (self.node.clone(), std::mem::take(&mut self.list));
        // Without a runtime the process ends.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { give(&node, list).await });
        }
    }
}

async fn give(node: &Node, list: Vec<(Vec<u8>, Vec<Receipt>)>) {
    for (queue, receipts) in list {
        let part = receipts.first().map_or(0, |Receipt::Of { part, .. }| *part);
        let (blame, delay_ms, error, priority) = (Blame::Silent {}, Some(0), None, None);
        let shard = shard_of(node, &queue, part);
        let op = Op::Nack { queue: &queue, part, receipts, blame, delay_ms, error, priority };
        let _ = node.shards.insist(shard, &AnyOp::Queue { op }).await;
    }
}

/// Finds the deliveries in an outcome: one of them, a list of them, that behind the name
/// of its queue, or any of these behind what was settled.
fn gather(queue: &[u8], outcome: &Outcome, list: &mut Vec<(Vec<u8>, Vec<Receipt>)>) {
    let Outcome::List(items) = outcome else { return };
    match &items[..] {
        [Outcome::Bytes(receipt), Outcome::Bytes(_) | Outcome::Body(_), ..] => {
            if let Some(receipt) = Receipt::parse(receipt) {
                add(queue, receipt, list);
            }
        }
        [Outcome::Bytes(queue), deliveries @ Outcome::List(_)] => gather(queue, deliveries, list),
        items => items.iter().for_each(|item| gather(queue, item, list)),
    }
}

fn add(queue: &[u8], receipt: Receipt, list: &mut Vec<(Vec<u8>, Vec<Receipt>)>) {
    let Receipt::Of { part, .. } = receipt;
    let of_part = |receipts: &[Receipt]| matches!(receipts.first(), Some(Receipt::Of { part: there, .. }) if *there == part);
    match list.iter_mut().find(|(name, receipts)| name == queue && of_part(receipts)) {
        Some((_, receipts)) => receipts.push(receipt),
        None => list.push((queue.to_vec(), vec![receipt])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receipt(part: u32, seq: u64) -> Receipt {
        Receipt::Of { part, seq, attempt: 1 }
    }

    fn delivery(part: u32, seq: u64) -> Outcome {
        let bytes = |text: &[u8]| Outcome::Bytes(text.to_vec());
        let meta = Outcome::List(vec![bytes(b"0-9"), bytes(b"0-9-9"), Outcome::List(Vec::new())]);
        Outcome::List(vec![bytes(&receipt(part, seq).text()), bytes(b"0-9-9"), meta])
    }

    fn found(outcome: &Outcome) -> Vec<(Vec<u8>, Vec<Receipt>)> {
        let mut list = Vec::new();
        gather(b"q", outcome, &mut list);
        list
    }

    #[test]
    fn deliveries_are_found_in_every_form() {
        let one = vec![(b"q".to_vec(), vec![receipt(0, 7)])];
        assert_eq!(found(&delivery(0, 7)), one);
        assert_eq!(found(&Outcome::List(vec![delivery(0, 7)])), one);
        let acked = |acked| Outcome::List(vec![acked, Outcome::List(vec![delivery(0, 7)])]);
        assert_eq!(found(&acked(Outcome::Int(1))), one);
        let verbose = Outcome::List(vec![Outcome::Int(1), Outcome::Int(0)]);
        assert_eq!(found(&acked(verbose)), one);
    }

    #[test]
    fn the_name_of_the_queue_may_look_like_a_receipt() {
        let deliveries = Outcome::List(vec![delivery(0, 7), delivery(0, 8)]);
        let named = Outcome::List(vec![Outcome::Bytes(b"0-1-1".to_vec()), deliveries]);
        let both = vec![receipt(0, 7), receipt(0, 8)];
        assert_eq!(found(&named), [(b"0-1-1".to_vec(), both)]);
    }

    #[test]
    fn deliveries_are_put_together_by_partition() {
        let all = Outcome::List(vec![delivery(0, 7), delivery(3, 1), delivery(0, 8)]);
        let by_part = [vec![receipt(0, 7), receipt(0, 8)], vec![receipt(3, 1)]];
        assert_eq!(found(&all), by_part.map(|receipts| (b"q".to_vec(), receipts)));
    }

    #[test]
    fn where_nothing_was_delivered_nothing_is_found() {
        let ids = Outcome::List(vec![Outcome::Int(1), Outcome::Int(-1)]);
        for outcome in [Outcome::Nil, Outcome::Int(7), Outcome::List(Vec::new()), ids] {
            assert_eq!(found(&outcome), []);
        }
    }
}
