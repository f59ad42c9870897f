//! Those who read streams and wait for what is new.

use std::collections::BTreeMap;

use super::{Kind, Table, Waiter, Want};
use crate::image::Name;
use crate::keys::Keyspace;
use crate::keys::store::Stream;
use crate::keys::streams::{self, After, Id, Reader};
use crate::keys::write::Writer;
use crate::{Db, Fault, Outcome, Stamp};

/// How many entries somebody gets at most who has waited for them and did not say how
/// many. Source: Redis.
pub const WOKEN_COUNT_MAX: u64 = 1_000;

/// How many bytes of entries somebody gets who has waited for them, or a single entry: the
/// answer is kept until it is confirmed. What is left comes with the next request.
pub const WOKEN_BYTES_MAX: usize = 1024 * 1024;

impl Table {
    /// The places of those who read a stream, each for itself.
    pub(crate) fn readers(&self, db: Db, key: &[u8]) -> Vec<u64> {
        self.index.line(db, key, Kind::Stream).into_iter().flatten().copied().collect()
    }

    /// The groups in which somebody waits for entries of a stream.
    pub(crate) fn groups(&self, db: Db, key: &[u8]) -> Vec<Name> {
        self.index.groups(db, key).map(|(group, _)| group.clone()).collect()
    }

    /// Who is first in a group.
    pub(crate) fn first_of_group(&self, db: Db, key: &[u8], group: &Name) -> Option<u64> {
        self.index.first_of_group(db, key, group)
    }

    /// Who waits at a place.
    pub(crate) fn at(&self, place: u64) -> Option<&Waiter> {
        self.waiters.get(place)
    }
}

impl Keyspace {
    /// What is wanted, to be waited for: `$` is the last id that there is now. What is read
    /// behind stands in the order in which a line has the keys.
    pub(crate) fn fixed<'a>(&self, db: Db, keys: &[&[u8]], want: &Want<'a>) -> Want<'a> {
        let mut want = want.clone();
        match &mut want {
            Want::Entries { after, .. } => {
                let mut ids = BTreeMap::new();
                for (key, after) in keys.iter().zip(after.iter()) {
                    ids.entry(*key).or_insert_with(|| self.fixed_id(db, key, *after));
                }
                *after = ids.into_values().map(|id| After::Id { id }).collect();
            }
            // Nobody waits in a group but for what is new.
            Want::GroupEntries { after, .. } => after.clear(),
            _ => {}
        }
        want
    }

    fn fixed_id(&self, db: Db, key: &[u8], after: After) -> Id {
        match after {
            After::Id { id } => id,
            After::Newest {} => self.stream_at(db, key, 0).map_or(Id::MIN, |found| found.last_id),
        }
    }

    /// What somebody who reads a stream and waits is told now; none: it waits on.
    pub(crate) fn news(&mut self, at: &Stamp, waiter: &Waiter, key: &[u8]) -> Option<Outcome> {
        let (db, want) = (waiter.db, waiter.want());
        match &want {
            Want::Entries { after, count } => {
                let place = waiter.keys.iter().position(|name| name[..] == *key)?;
                let (after, count) = (*after.get(place)?, woken_count(*count));
                let stream = self.stream_at(db, key, at.now_ms)?;
                let streams = [Some(stream)];
                match streams::read_several(&streams, &[key], &[after], count, WOKEN_BYTES_MAX) {
                    Outcome::Nil => None,
                    found => Some(found),
                }
            }
            _ => self.group_news(at, db, key, want.reader()?),
        }
    }

    fn group_news(
        &mut self,
        at: &Stamp,
        db: Db,
        key: &[u8],
        reader: Reader<'_>,
    ) -> Option<Outcome> {
        let Some(stream) = self.stream_at(db, key, at.now_ms) else {
            return Some(Fault::StreamGone.into());
        };
        let Some(group) = stream.group(reader.group) else {
            return Some(Fault::GroupGone.into());
        };
        if stream.len() == 0 || stream.last() <= group.last_id {
            return None;
        }
        let (count, bytes_max) = (woken_count(reader.count), WOKEN_BYTES_MAX);
        let reader = Reader { count, bytes_max, ..reader };
        let mut writer = Writer { space: self, at };
        let given = streams::read_group(&mut writer, db, reader, &[key], &[After::Newest {}]);
        Some(given.unwrap_or_else(Outcome::Fault))
    }

    fn stream_at(&self, db: Db, key: &[u8], now_ms: u64) -> Option<&Stream> {
        let item = self.database(db)?.get(&self.hasher.name(key))?;
        if item.is_due(now_ms) { None } else { item.value.stream().ok() }
    }
}

fn woken_count(count: u64) -> u64 {
    if count == 0 { WOKEN_COUNT_MAX } else { count }
}
