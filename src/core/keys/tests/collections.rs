//! Random histories over all types: the same on every replica, whatever the bytes are.

use super::{restored, thawed};
use crate::chance::{Chance, with_seeds};
use crate::keys::sets::Merge;
use crate::keys::streams::{After, Given, Id, NewId, Trim};
use crate::keys::zsets::{Fold, LexBound, ScoreBound, Span};
use crate::keys::{
    About, ExpireWhen, Expiry, Keyspace, Op, When, hashes, lists, sets, streams, zsets,
};
use crate::wire::Wire;
use crate::{Db, Stamp};

const KEYS: [&[u8]; 4] = [b"a", b"b", b"c", b"a key that is too long to stand in its item"];
const LONG: [u8; 80] = [b'l'; 80];

/// What a random history draws from.
struct Pool {
    words: Vec<Vec<u8>>,
}

impl Pool {
    fn new(size: u64) -> Self {
        let numbers = (0..size).map(|number| number.to_string().into_bytes());
        let words = (0..size).map(|number| format!("word {number}").into_bytes());
        Pool { words: numbers.chain(words).chain([Vec::new(), LONG.to_vec()]).collect() }
    }

    fn word(&self, chance: &mut Chance) -> &[u8] {
        &self.words[chance.below(self.words.len() as u64) as usize]
    }

    fn some(&self, chance: &mut Chance) -> Vec<&[u8]> {
        (0..1 + chance.below(6)).map(|_| self.word(chance)).collect()
    }

    fn op(&self, chance: &mut Chance) -> Op<'_> {
        let (db, key) = (Db(0), chance.pick(&KEYS));
        match chance.below(14) {
            0 | 1 => Op::Hash { db, key, op: self.hash(chance) },
            2 | 3 => Op::List { db, key, op: self.list(chance) },
            4 | 5 => Op::Members { db, key, op: self.set(chance) },
            6 | 7 => Op::Scored { db, key, op: self.sorted(chance) },
            8 => self.several(chance),
            9 => self.any(chance),
            10 | 11 => Op::Stream { db, key, op: self.stream(chance) },
            12 => self.streams(chance),
            _ => Op::Del { db, keys: vec![key] },
        }
    }

    fn hash(&self, chance: &mut Chance) -> hashes::Op<'_> {
        use hashes::Op;
        let (field, value, seed) = (self.word(chance), self.word(chance), chance.next());
        match chance.below(12) {
            9 | 10 => {
                let expiry = Expiry::In { ms: chance.below(2_000) as i64 };
                Op::Expire { fields: self.some(chance), expiry, when: ExpireWhen::Always {} }
            }
            11 => Op::Persist { fields: self.some(chance) },
            0..=3 => {
                Op::Set { pairs: self.some(chance).into_iter().map(|one| (one, value)).collect() }
            }
            4 => Op::Del { fields: self.some(chance) },
            5 => Op::IncrBy { field, by: chance.next() as i64 >> chance.below(64) },
            6 => Op::IncrByFloat { field, by: b"0.1" },
            7 => Op::RandomSome { count: chance.below(9) as i64 - 4, values: true, seed },
            _ => Op::All { part: hashes::Part::Both {} },
        }
    }

    fn list(&self, chance: &mut Chance) -> lists::Op<'_> {
        use lists::Op;
        let (value, front) = (self.word(chance), chance.once_in(2));
        let (start, end) = (chance.below(9) as i64 - 4, chance.below(9) as i64 - 4);
        match chance.below(9) {
            0..=3 => Op::Push { values: self.some(chance), front, only_there: false },
            4 => Op::Pop { front, count: Some(chance.below(4)) },
            5 => Op::Insert { pivot: self.word(chance), value, before: front },
            6 => Op::Remove { count: start, value },
            7 => Op::Set { index: start, value },
            _ => Op::Range { start, end },
        }
    }

    fn set(&self, chance: &mut Chance) -> sets::Op<'_> {
        use sets::Op;
        let seed = chance.next();
        match chance.below(8) {
            0..=3 => Op::Add { members: self.some(chance) },
            4 => Op::Remove { members: self.some(chance) },
            5 => Op::Pop { seed },
            6 => Op::PopSome { count: chance.below(4), seed },
            _ => Op::All {},
        }
    }

    fn sorted(&self, chance: &mut Chance) -> zsets::Op<'_> {
        use zsets::Op;
        let score = chance.below(7) as f64 / 2.0 - 1.0;
        match chance.below(9) {
            0..=3 => Op::Add {
                pairs: self.some(chance).into_iter().map(|member| (score, member)).collect(),
                absent: chance.once_in(4),
                present: chance.once_in(8),
                greater: false,
                less: false,
                changed: true,
                incr: chance.once_in(3),
            },
            4 => Op::Remove { members: self.some(chance) },
            5 => Op::RemoveSpan { span: self.span(chance) },
            6 => Op::Pop { max: chance.once_in(2), count: Some(chance.below(3)) },
            _ => {
                let (span, reverse) = (self.span(chance), chance.once_in(2));
                let (offset, limit) = (chance.below(3) as i64, chance.below(6) as i64 - 1);
                Op::Range { span, reverse, offset, limit, scores: true }
            }
        }
    }

    fn stream(&self, chance: &mut Chance) -> streams::Op<'_> {
        use streams::Op;
        let (group, consumer) = (chance.pick(&KEYS), chance.pick(&KEYS));
        let id = stream_id(chance);
        let ids = vec![id, stream_id(chance)];
        let (blocks, limit, just_id) = (chance.once_in(2), 0, chance.once_in(2));
        let trims = [
            Trim::Never {},
            Trim::MaxLen { count: chance.below(9), blocks, limit },
            Trim::MinId { id, blocks, limit },
        ];
        let idle_ms = chance.below(3) as i64;
        match chance.below(20) {
            0..=8 => Op::Add {
                id: chance.pick(&[NewId::Auto {}, NewId::Of { ms: id.ms }, NewId::Is { id }]),
                fields: self.some(chance).into_iter().map(|one| (one, one)).collect(),
                create: true,
                trim: chance.pick(&trims),
                block_entries_max: chance.below(5),
                block_bytes_max: chance.below(3) * 200,
            },
            9 => Op::Delete { ids },
            10 => Op::Trim { trim: chance.pick(&trims) },
            11 => Op::SetId { id, added: None, max_deleted: id },
            12 => Op::CreateGroup { group, id: None, read: Some(1), create: true },
            13 => Op::SetGroup { group, id: Some(id), read: None },
            14 => Op::DestroyGroup { group },
            15 => Op::DeleteConsumer { group, consumer },
            16 => Op::Ack { group, ids },
            17 => Op::Claim {
                group,
                consumer,
                idle_ms,
                ids,
                given: Given::Ago { ms: 1 },
                retries: None,
                force: true,
                just_id,
                last_id: id,
            },
            18 => Op::AutoClaim { group, consumer, idle_ms, start: id, count: 2, just_id },
            _ => Op::InfoFull { count: 3 },
        }
    }

    fn streams(&self, chance: &mut Chance) -> Op<'_> {
        let (db, count, no_ack) = (Db(0), chance.below(3), chance.once_in(3));
        let keys = vec![chance.pick(&KEYS), chance.pick(&KEYS)];
        let after = vec![After::Newest {}, After::Id { id: stream_id(chance) }];
        let (group, consumer) = (chance.pick(&KEYS), chance.pick(&KEYS));
        if chance.once_in(4) {
            return Op::StreamRead { db, keys, after, count };
        }
        Op::StreamReadGroup { db, group, consumer, keys, after, count, no_ack }
    }

    fn span(&self, chance: &mut Chance) -> Span<'_> {
        let score = chance.below(5) as f64 - 1.0;
        let member = self.word(chance);
        match chance.below(3) {
            0 => Span::Ranks { start: chance.below(5) as i64 - 2, end: chance.below(5) as i64 - 2 },
            1 => Span::Scores {
                min: ScoreBound::Without { score },
                max: ScoreBound::With { score: score + 1.0 },
            },
            _ => Span::Members { min: LexBound::With { member }, max: LexBound::Last {} },
        }
    }

    fn several(&self, chance: &mut Chance) -> Op<'_> {
        let db = Db(0);
        let (from, to) = (chance.pick(&KEYS), chance.pick(&KEYS));
        let keys = vec![chance.pick(&KEYS), from];
        let how = chance.pick(&[Merge::Union {}, Merge::Intersection {}, Merge::Difference {}]);
        let (fold, weights) = (Fold::Sum {}, vec![0.5, -2.0]);
        let front = chance.once_in(2);
        match chance.below(9) {
            0 => Op::ListMove { db, from, to, from_front: front, to_front: front },
            1 => Op::ListPopFirst { db, keys, front, count: 2 },
            2 => Op::MemberMove { db, from, to, member: self.word(chance) },
            3 => Op::SetMerge { db, how, keys },
            4 => Op::SetMergeStore { db, how, to, keys },
            5 => Op::ScoredMerge { db, how, keys, weights, fold, scores: true },
            6 => Op::ScoredMergeStore { db, how, to, keys, weights, fold },
            7 => Op::ScoredPopFirst { db, keys, max: front, count: 2 },
            _ => {
                let (span, reverse) = (self.span(chance), front);
                Op::ScoredRangeStore { db, to, from, span, reverse, offset: 0, limit: -1 }
            }
        }
    }

    fn any(&self, chance: &mut Chance) -> Op<'_> {
        let (db, from, to) = (Db(0), chance.pick(&KEYS), chance.pick(&KEYS));
        match chance.below(6) {
            0 => Op::Rename { db, from, to, only_new: false },
            1 => Op::Copy { db, from, to_db: db, to, replace: true },
            2 => Op::Dump { db, key: from },
            3 => Op::Object { db, key: from, about: About::Encoding {} },
            4 => Op::Type { db, key: from },
            _ => {
                let (value, when, expiry) = (self.word(chance), When::Always {}, Expiry::Never {});
                Op::Set { db, key: from, value, when, expiry, get: false }
            }
        }
    }
}

/// Few, so that operations meet; some beyond the clock.
fn stream_id(chance: &mut Chance) -> Id {
    let near = [0, 1, 1_000_050, 1_000_200, 1_000_390, u64::MAX];
    Id { ms: chance.pick(&near), seq: chance.pick(&[0, 1, 2, u64::MAX]) }
}

fn bytes(op: &Op<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    op.put(&mut bytes);
    bytes
}

fn at(seq: u64) -> Stamp {
    Stamp { now_ms: 1_000_000 + seq, seq, version: 1 }
}

#[test]
fn the_same_history_gives_the_same_state_also_through_a_snapshot() {
    with_seeds(60, |chance| {
        let pool = Pool::new(chance.pick(&[3, 60, 400]));
        let (mut one, mut two) = (Keyspace::new(5), Keyspace::new(5));
        let moment = chance.below(400);
        for seq in 1..400 {
            let op = pool.op(chance);
            let bytes = bytes(&op);
            assert_eq!(Op::take(&mut &bytes[..]), Ok(op.clone()));
            assert_eq!(one.apply(&at(seq), &op), two.apply(&at(seq), &op), "{op:?}");
            if seq == moment {
                two = restored(&two);
            }
        }
        assert_eq!(one.state_digest(), two.state_digest());
        assert_eq!(one.digest(0), two.digest(0));
        assert_eq!(one.memory(), two.memory());
        assert_eq!(restored(&one).memory(), one.memory());
    });
}

#[test]
fn an_image_does_not_change_while_the_original_is_written() {
    with_seeds(30, |chance| {
        let pool = Pool::new(300);
        let mut space = Keyspace::new(9);
        (1..300).for_each(|seq| _ = space.apply(&at(seq), &pool.op(chance)));
        let (frozen, digest) = (space.freeze(), space.state_digest());
        (300..600).for_each(|seq| _ = space.apply(&at(seq), &pool.op(chance)));
        assert_eq!(thawed(frozen).state_digest(), digest);
    });
}

#[test]
fn what_decodes_can_be_applied() {
    with_seeds(150, |chance| {
        let pool = Pool::new(20);
        let mut space = Keyspace::new(chance.next());
        for seq in 1..200 {
            let mut bytes = bytes(&pool.op(chance));
            for _ in 0..chance.below(3) {
                let at = chance.below(bytes.len() as u64) as usize;
                bytes[at] = chance.next() as u8;
            }
            let Ok(op) = Op::take(&mut &bytes[..]) else { continue };
            // Half a gigabyte of zeros is allowed, but slow to fill.
            if !matches!(op, Op::SetRange { .. }) {
                space.apply(&at(seq), &op);
            }
        }
        assert_eq!(restored(&space).state_digest(), space.state_digest());
    });
}

#[test]
fn chunks_that_nobody_wrote_are_refused_or_read_but_never_panic() {
    with_seeds(200, |chance| {
        let pool = Pool::new(chance.pick(&[5, 200]));
        let mut space = Keyspace::new(1);
        (1..100).for_each(|seq| _ = space.apply(&at(seq), &pool.op(chance)));
        let mut damaged = Keyspace::new(0);
        for mut chunk in space.freeze().chunks() {
            for _ in 0..chance.below(4) {
                let at = chance.below(chunk.len() as u64) as usize;
                chunk[at] = chance.next() as u8;
            }
            if damaged.restore(&chunk).is_err() {
                return;
            }
        }
        damaged.state_digest();
        (100..150).for_each(|seq| _ = damaged.apply(&at(seq), &pool.op(chance)));
    });
}
