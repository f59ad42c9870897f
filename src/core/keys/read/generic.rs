//! Reading what is known of keys of any type.

use super::View;
use crate::keys::store::Item;
use crate::keys::{About, TtlForm, digest, payload};
use crate::{Db, Outcome};

impl<'a> View<'a> {
    pub(super) fn exists(&self, db: Db, keys: &[&[u8]]) -> Outcome {
        count(keys.iter().filter(|key| self.seen(db, key).is_some()))
    }

    pub(super) fn touch(&self, db: Db, keys: &[&[u8]]) -> Outcome {
        count(keys.iter().filter(|key| self.used(db, key).is_some()))
    }

    pub(super) fn kind(&self, db: Db, key: &[u8]) -> Outcome {
        Outcome::Word(self.seen(db, key).map_or("none", |item| item.value.kind()))
    }

    pub(super) fn ttl(&self, db: Db, key: &[u8], form: TtlForm) -> Outcome {
        let Some(item) = self.seen(db, key) else { return Outcome::Int(-2) };
        let Some(deadline) = item.deadline() else { return Outcome::Int(-1) };
        let left = deadline.saturating_sub(self.now_ms);
        Outcome::Int(match form {
            TtlForm::Seconds {} => seconds(left),
            TtlForm::Millis {} => left as i64,
            TtlForm::AtSeconds {} => seconds(deadline),
            TtlForm::AtMillis {} => deadline as i64,
        })
    }

    pub(super) fn dump(&self, db: Db, key: &[u8]) -> Outcome {
        let Some(item) = self.seen(db, key) else { return Outcome::Nil };
        Outcome::Bytes(payload::dump(&self.at_its_time(&item.value)))
    }

    pub(super) fn object(&self, db: Db, key: &[u8], about: About) -> Outcome {
        let Some(item) = self.seen(db, key) else { return Outcome::Nil };
        match about {
            About::Encoding {} => Outcome::Word(item.value.encoding()),
            About::Idle {} => Outcome::Int(item.access.idle_s(self.now_ms).into()),
            About::Frequency {} => Outcome::Int(item.access.count(self.now_ms).into()),
            About::References {} => Outcome::Int(1),
            About::Memory {} => Outcome::Int(item.memory() as i64),
        }
    }

    pub(super) fn versions(&self, db: Db, keys: &[&[u8]]) -> Outcome {
        let version = |key: &&[u8]| {
            let item = self.find(db, &self.space.hasher.name(key));
            Outcome::Int(item.map_or(0, |item| item.version as i64))
        };
        Outcome::List(keys.iter().map(version).collect())
    }

    pub(super) fn digest(&self) -> Outcome {
        for (_, database) in self.space.in_use() {
            self.notice_due(database);
        }
        Outcome::Bytes(hex(&self.space.digest(self.now_ms)))
    }

    pub(super) fn digest_value(&self, db: Db, keys: &[&[u8]]) -> Outcome {
        let one = |key: &&[u8]| {
            let item = self.find(db, &self.space.hasher.name(key));
            let of = |item: &'a Item| {
                digest::of_value(&self.at_its_time(&item.value), item.deadline().is_some())
            };
            Outcome::Bytes(hex(&item.map_or([0; 20], of)))
        };
        Outcome::List(keys.iter().map(one).collect())
    }
}

fn count<T>(found: impl Iterator<Item = T>) -> Outcome {
    Outcome::Int(found.count() as i64)
}

/// To the nearest second.
fn seconds(ms: u64) -> i64 {
    (ms.saturating_add(500) / 1000) as i64
}

fn hex(bytes: &[u8]) -> Vec<u8> {
    let digit = |nibble: u8| b"0123456789abcdef"[usize::from(nibble)];
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
