//! What is carried out with several operations, one after the other.

use lockstep_core::queues::{Op, Receipt};
use lockstep_core::{Fault, Outcome};

use super::{Answered, Asker, Given};

/// Carries out operations of which each gives a number: their sum, or the first fault
/// if there was nothing else.
pub(super) async fn sum(asker: &mut Asker, ops: &[Op<'_>]) -> Answered {
    let (mut sum, mut fault) = (None, None);
    for op in ops {
        match asker.carry_out(op).await?.outcome {
            Outcome::Int(number) => sum = Some(sum.unwrap_or(0) + number),
            other => fault = fault.or(Some(other)),
        }
    }
    let sum = sum.map(Outcome::Int).or(fault);
    Ok(sum.unwrap_or(Outcome::Int(0)).into())
}

/// Carries out QACK, QNACK or QEXTEND with receipts of several partitions.
pub(super) async fn parted(asker: &mut Asker, op: &Op<'_>) -> Answered {
    let receipts = receipts_of(op);
    let mut all = All::new(receipts.len());
    for (part, places) in by_part(receipts) {
        let some = places.iter().map(|place| receipts[*place]).collect();
        let outcome = asker.ask(&of_part(op, part, some)).await?;
        if let Some(refused) = all.add(&places, outcome) {
            return Ok(refused.into());
        }
    }
    let settled = all.outcome(matches!(op, Op::Extend { .. } | Op::Ack { verbose: true, .. }));
    match op {
        Op::Ack { queue, pop: Some(want), wait, .. } => {
            let pop = Op::Pop {
                queues: vec![queue],
                part: lockstep_core::queues::WHOLE,
                want: *want,
                named: false,
                fair: false,
                wait: *wait,
            };
            let Given { outcome, back } = asker.carry_out(&pop).await?;
            Ok(Given { outcome: Outcome::List(vec![settled, outcome]), back })
        }
        _ => Ok(settled.into()),
    }
}

/// The homes of what is asked: partitions of the queue.
pub(super) fn parts_of(op: &Op<'_>) -> Vec<u32> {
    by_part(receipts_of(op)).into_iter().map(|(part, _)| part).collect()
}

fn receipts_of<'a>(op: &'a Op<'_>) -> &'a [Receipt] {
    match op {
        Op::Ack { receipts, .. } | Op::Nack { receipts, .. } | Op::Extend { receipts, .. } => {
            receipts
        }
        _ => &[],
    }
}

/// The places of the receipts of each partition.
fn by_part(receipts: &[Receipt]) -> Vec<(u32, Vec<usize>)> {
    let mut parts: Vec<(u32, Vec<usize>)> = Vec::new();
    for (place, Receipt::Of { part, .. }) in receipts.iter().enumerate() {
        match parts.iter_mut().find(|(there, _)| there == part) {
            Some((_, places)) => places.push(place),
            None => parts.push((*part, vec![place])),
        }
    }
    parts
}

/// The same for receipts of one partition, and without a pop.
fn of_part<'a>(op: &Op<'a>, new: u32, some: Vec<Receipt>) -> Op<'a> {
    let mut op = op.clone();
    match &mut op {
        Op::Ack { part, receipts, pop, wait, .. } => {
            (*part, *receipts, *pop, *wait) = (new, some, None, None);
        }
        Op::Nack { part, receipts, .. } | Op::Extend { part, receipts, .. } => {
            (*part, *receipts) = (new, some);
        }
        _ => {}
    }
    op
}

/// What the partitions have said.
struct All {
    sum: i64,
    list: Vec<Outcome>,
}

impl All {
    fn new(count: usize) -> Self {
        All { sum: 0, list: vec![Outcome::Int(0); count] }
    }

    /// Adds what one partition said of the receipts at these places. What it refuses
    /// but for a single receipt is refused altogether.
    fn add(&mut self, places: &[usize], outcome: Outcome) -> Option<Outcome> {
        match outcome {
            Outcome::Int(number) => self.sum += number,
            Outcome::List(items) => {
                for (place, item) in places.iter().zip(items) {
                    self.list[*place] = item;
                }
            }
            // Of several receipts one that is stale counts as nothing.
            Outcome::Fault(Fault::StaleReceipt | Fault::NoSuchQueue) => {}
            other => return Some(other),
        }
        None
    }

    fn outcome(self, listed: bool) -> Outcome {
        if listed { Outcome::List(self.list) } else { Outcome::Int(self.sum) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receipt(part: u32, seq: u64) -> Receipt {
        Receipt::Of { part, seq, attempt: 1 }
    }

    #[test]
    fn receipts_go_to_their_partitions_and_answers_to_their_places() {
        let receipts = [receipt(3, 1), receipt(0, 1), receipt(3, 2)];
        assert_eq!(by_part(&receipts), [(3, vec![0, 2]), (0, vec![1])]);
        let mut all = All::new(3);
        let numbers = |numbers: &[i64]| {
            Outcome::List(numbers.iter().map(|number| Outcome::Int(*number)).collect())
        };
        assert_eq!(all.add(&[0, 2], numbers(&[1, -1])), None);
        assert_eq!(all.add(&[1], numbers(&[5])), None);
        assert_eq!(all.outcome(true), numbers(&[1, 5, -1]));
    }

    #[test]
    fn a_stale_receipt_among_others_counts_as_nothing() {
        let mut all = All::new(2);
        assert_eq!(all.add(&[0], Outcome::Int(1)), None);
        assert_eq!(all.add(&[1], Fault::StaleReceipt.into()), None);
        assert_eq!(all.outcome(false), Outcome::Int(1));
        assert!(All::new(1).add(&[0], Fault::Limit.into()).is_some());
    }
}
