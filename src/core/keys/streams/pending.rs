//! What a group was given and has not acknowledged (XPENDING).

use super::Id;
use crate::Outcome;
use crate::keys::store::{ConsumerGroup, Pending};

pub(super) fn summary(group: &ConsumerGroup) -> Outcome {
    let count = Outcome::Int(group.pending_count() as i64);
    let (Some(first), Some(last)) = (group.pending(Id::MIN).next(), group.last_pending()) else {
        return Outcome::List(vec![count, Outcome::Nil, Outcome::Nil, Outcome::Nil]);
    };
    let owners = group.consumers().filter(|consumer| consumer.pending > 0).map(|consumer| {
        let pending = consumer.pending.to_string().into_bytes();
        Outcome::List(vec![Outcome::Bytes(consumer.name.to_vec()), Outcome::Bytes(pending)])
    });
    let [first, last] = [first, last].map(|one| Outcome::Bytes(one.id.text()));
    Outcome::List(vec![count, first, last, Outcome::List(owners.collect())])
}

pub(super) fn range(
    group: &ConsumerGroup,
    now_ms: u64,
    [start, end]: [Id; 2],
    count: u64,
    idle_ms: i64,
    consumer: Option<&[u8]>,
) -> Outcome {
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let fits = |one: &Pending| idle_ms == 0 || idle(one, now_ms) >= idle_ms;
    let show = |one: Pending| shown(group, now_ms, one);
    let found = match consumer.map(|name| group.consumer(name)) {
        Some(None) => Vec::new(),
        Some(Some(one)) => {
            let owned = group.owned(one.number, start).take_while(|one| one.id <= end);
            owned.filter(fits).take(count).map(show).collect()
        }
        None => {
            let all = group.pending(start).take_while(|one| one.id <= end);
            all.filter(fits).take(count).map(show).collect()
        }
    };
    Outcome::List(found)
}

/// How long ago it was given.
pub(super) fn idle(one: &Pending, now_ms: u64) -> i64 {
    (now_ms as i64).wrapping_sub(one.given_ms as i64)
}

/// The name of the consumer that has it.
pub(super) fn owner(group: &ConsumerGroup, one: Pending) -> Outcome {
    let name = group.numbered(one.consumer).map(|consumer| consumer.name.to_vec());
    Outcome::Bytes(name.unwrap_or_default())
}

fn shown(group: &ConsumerGroup, now_ms: u64, one: Pending) -> Outcome {
    let idle = Outcome::Int(idle(&one, now_ms).max(0));
    let id = Outcome::Bytes(one.id.text());
    Outcome::List(vec![id, owner(group, one), idle, Outcome::Int(one.count)])
}
