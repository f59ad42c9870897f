//! Taking over what other consumers were given (XCLAIM, XAUTOCLAIM).

use super::pending::idle;
use super::read::shown;
use super::{Given, Id};
use crate::Outcome;
use crate::keys::store::{ConsumerGroup, Pending, Stream, StreamEntry};
use crate::keys::write::Change;

/// How many pending entries XAUTOCLAIM looks at for each that it may give.
const LOOKED_AT_PER_CLAIM: u64 = 10;

/// Who takes over, and what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claims<'a> {
    pub consumer: &'a [u8],
    pub now_ms: u64,
    /// Only what was given at least so long ago.
    pub idle_ms: i64,
    /// The ids are asked for only; then the entries do not count as given once more.
    pub just_id: bool,
}

/// XCLAIM; none where there is no such group.
pub(super) fn claim(
    stream: &mut Stream,
    name: &[u8],
    claims: &Claims<'_>,
    ids: &[Id],
    (given, retries, force): (Given, Option<i64>, bool),
    last_id: Id,
) -> Option<(Outcome, Change)> {
    let given_ms = claims.given_ms(given);
    stream.with_group(name, |stream, group| {
        let mut changed = group.last_id < last_id;
        group.last_id = group.last_id.max(last_id);
        let mut claimed = Vec::new();
        for id in ids {
            let Some(entry) = stream.entry(*id) else {
                changed |= group.settle(*id);
                continue;
            };
            let known = group.pending_at(*id);
            if known.map_or(force, |one| claims.fits(&one)) {
                let again = claims.count(known.map_or(1, |one| one.count));
                claims.take(group, *id, given_ms, retries.unwrap_or(again));
                claimed.push(claims.shown(&entry));
            }
        }
        changed |= !claimed.is_empty();
        (Outcome::List(claimed), if changed { Change::Quiet } else { Change::None })
    })
}

/// XAUTOCLAIM; none where there is no such group.
pub(super) fn auto_claim(
    stream: &mut Stream,
    name: &[u8],
    claims: &Claims<'_>,
    start: Id,
    count: u64,
) -> Option<(Outcome, Change)> {
    let mut looks = count.saturating_mul(LOOKED_AT_PER_CLAIM);
    stream.with_group(name, |stream, group| {
        let (mut claimed, mut gone) = (Vec::new(), Vec::new());
        let mut next = group.pending(start).next();
        while let Some(one) = next {
            if looks == 0 || (claimed.len() + gone.len()) as u64 >= count {
                break;
            }
            looks -= 1;
            match stream.entry(one.id) {
                None => {
                    group.settle(one.id);
                    gone.push(Outcome::Bytes(one.id.text()));
                }
                Some(entry) if claims.fits(&one) => {
                    claims.take(group, one.id, claims.now_ms, claims.count(one.count));
                    claimed.push(claims.shown(&entry));
                }
                Some(_) => {}
            }
            next = one.id.next().and_then(|from| group.pending(from).next());
        }
        let changed = !claimed.is_empty() || !gone.is_empty();
        let cursor = Outcome::Bytes(next.map_or(Id::MIN, |one| one.id).text());
        let parts = vec![cursor, Outcome::List(claimed), Outcome::List(gone)];
        (Outcome::List(parts), if changed { Change::Quiet } else { Change::None })
    })
}

impl Claims<'_> {
    fn fits(&self, one: &Pending) -> bool {
        self.idle_ms == 0 || idle(one, self.now_ms) >= self.idle_ms
    }

    /// How often it was given by then.
    fn count(&self, before: i64) -> i64 {
        before.wrapping_add(i64::from(!self.just_id))
    }

    fn shown(&self, entry: &StreamEntry<'_>) -> Outcome {
        if self.just_id { Outcome::Bytes(entry.id.text()) } else { shown(entry) }
    }

    fn take(&self, group: &mut ConsumerGroup, id: Id, given_ms: u64, count: i64) {
        let consumer = group.hear_of(self.consumer, self.now_ms);
        group.give(Pending { id, consumer, given_ms, count });
    }

    /// A time that cannot be is now.
    fn given_ms(&self, given: Given) -> u64 {
        let now_ms = self.now_ms as i64;
        let at = match given {
            Given::Now {} => now_ms,
            Given::Ago { ms } => now_ms.wrapping_sub(ms),
            Given::At { ms } => ms,
        };
        if (0..=now_ms).contains(&at) { at as u64 } else { self.now_ms }
    }
}
