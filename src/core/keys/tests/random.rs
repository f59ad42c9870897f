//! Random operations.

use crate::Db;
use crate::chance::Chance;
use crate::keys::{About, ExpireWhen, Expiry, Op, TtlForm, When};
use crate::slot::Slot;
use crate::wire::Wire;

/// What a random history draws from.
pub(super) struct Words {
    pub keys: Vec<Vec<u8>>,
    pub values: Vec<Vec<u8>>,
    pub databases: u64,
}

impl Words {
    /// A few keys, so that operations meet.
    pub(super) fn few() -> Self {
        let keys = ["a", "b", "{a}c", "a key that is too long to stand in its item"];
        Words::of(keys.iter().map(|key| key.as_bytes().to_vec()).collect())
    }

    /// Enough keys of one slot to split its pages.
    pub(super) fn one_slot(count: u64) -> Self {
        Words::of((0..count).map(|at| format!("{{x}}{at}").into_bytes()).collect())
    }

    fn of(keys: Vec<Vec<u8>>) -> Self {
        let mut values: Vec<Vec<u8>> =
            ["", "0", "5", "-17", "9223372036854775807", "007", "text", "1.5"]
                .iter()
                .map(|value| value.as_bytes().to_vec())
                .collect();
        values.push(vec![b'h'; 60]);
        values.push(vec![b's'; 1100]);
        Words { keys, values, databases: 2 }
    }

    fn key(&self, chance: &mut Chance) -> &[u8] {
        &self.keys[chance.below(self.keys.len() as u64) as usize]
    }

    fn value(&self, chance: &mut Chance) -> &[u8] {
        &self.values[chance.below(self.values.len() as u64) as usize]
    }

    fn db(&self, chance: &mut Chance) -> Db {
        Db(chance.below(self.databases) as u8)
    }

    /// The byte form of an operation.
    pub(super) fn op(&self, chance: &mut Chance, now_ms: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        let op = if chance.once_in(3) { self.read(chance) } else { self.write(chance, now_ms) };
        op.put(&mut bytes);
        bytes
    }

    fn read(&self, chance: &mut Chance) -> Op<'_> {
        let (db, key) = (self.db(chance), self.key(chance));
        let keys = vec![key, self.key(chance), key];
        let (start, end) = (chance.below(12) as i64 - 6, chance.below(12) as i64 - 6);
        let forms =
            [TtlForm::Seconds {}, TtlForm::Millis {}, TtlForm::AtSeconds {}, TtlForm::AtMillis {}];
        match chance.below(12) {
            0 => Op::Get { db, key },
            1 => Op::MGet { db, keys },
            2 => Op::GetRange { db, key, start, end },
            3 => Op::StrLen { db, key },
            4 => Op::Exists { db, keys },
            5 => Op::Type { db, key },
            6 => Op::Ttl { db, key, form: chance.pick(&forms) },
            7 => Op::DbSize { db },
            8 => Op::Object { db, key, about: About::Encoding {} },
            9 => Op::Versions { db, keys },
            10 => Op::CountInSlot { db, slot: Slot::of(key) },
            _ => Op::Touch { db, keys },
        }
    }

    fn write(&self, chance: &mut Chance, now_ms: u64) -> Op<'_> {
        let (db, key, value) = (self.db(chance), self.key(chance), self.value(chance));
        let (to_db, to) = (self.db(chance), self.key(chance));
        let expiry = expiry(chance, now_ms);
        let yes = chance.once_in(2);
        match chance.below(40) {
            0..=9 => Op::Set { db, key, value, when: self.when(chance), expiry, get: yes },
            10 => Op::GetDel { db, key },
            11 | 12 => Op::GetEx { db, key, expiry },
            13 => Op::MSet { db, pairs: vec![(key, value), (to, b"m")], only_new: yes },
            14..=16 => Op::Append { db, key, value, max: 2000 },
            17 | 18 => Op::SetRange { db, key, offset: chance.below(70), value, max: 1120 },
            19..=21 => Op::IncrBy { db, key, by: chance.next() as i64 >> chance.below(64) },
            22..=24 => Op::Del { db, keys: vec![key, to] },
            25 => Op::DelIfEqual { db, key, value },
            26 | 27 => Op::Copy { db, from: key, to_db, to, replace: yes },
            28 | 29 => Op::Rename { db, from: key, to, only_new: yes },
            30 | 31 => Op::Move { db, key, to_db },
            32..=35 => Op::Expire { db, key, expiry, when: expire_when(chance) },
            36 | 37 => Op::Persist { db, key },
            38 => match chance.below(8) {
                0 => Op::FlushDb { db },
                1 => Op::FlushAll {},
                _ => Op::SwapDb { a: db, b: to_db },
            },
            _ => Op::Evict { keys: vec![(db, key), (to_db, to)] },
        }
    }

    fn when(&self, chance: &mut Chance) -> When<'_> {
        let value = self.value(chance);
        let (always, absent, present) = (When::Always {}, When::Absent {}, When::Present {});
        chance.pick(&[always, always, absent, present, When::Equals { value }])
    }
}

/// Deadlines are few and near, so that keys share them and meet them.
fn expiry(chance: &mut Chance, now_ms: u64) -> Expiry {
    let ms = chance.below(8) as i64 * 10;
    let at = (now_ms / 100 * 100) as i64 + ms;
    let odd = chance.pick(&[0, -1, i64::MIN, i64::MAX]);
    match chance.below(12) {
        0 => Expiry::Keep {},
        1..=4 => Expiry::In { ms },
        5..=7 => Expiry::At { ms: at },
        8 if chance.once_in(4) => Expiry::In { ms: odd },
        9 if chance.once_in(4) => Expiry::At { ms: odd },
        _ => Expiry::Never {},
    }
}

fn expire_when(chance: &mut Chance) -> ExpireWhen {
    match chance.below(4) {
        0 => ExpireWhen::Always {},
        1 => ExpireWhen::NoDeadline {},
        _ => ExpireWhen::If {
            has: chance.once_in(2),
            later: chance.once_in(2),
            earlier: chance.once_in(2),
        },
    }
}
