//! Random histories.

use super::model::{Group, Model};
use super::{After, BLOCK, DB, Given, Id, NewId, Op, Story, Trim, adding, id, max_len};
use crate::Outcome;
use crate::chance::{Chance, with_seeds};
use crate::keys::Op as KeyOp;
use crate::keys::tests::restored;

const GROUPS: [&[u8]; 2] = [b"g", b"group"];
const CONSUMERS: [&[u8]; 3] = [b"c", b"d", b"a consumer with a long name"];

/// A story and what it should be.
struct Pair {
    story: Story,
    model: Model,
    block: (u64, u64),
}

impl Pair {
    fn now(&self) -> u64 {
        self.story.now_ms
    }

    /// An id that may be there.
    fn some(&self, chance: &mut Chance) -> Id {
        let all: Vec<Id> = self.model.entries.keys().copied().collect();
        if all.is_empty() || chance.once_in(6) {
            return id(chance.below(2_000_000), chance.below(3));
        }
        all[chance.below(all.len() as u64) as usize]
    }

    fn add(&mut self, chance: &mut Chance) {
        let model = &mut self.model;
        let now = self.story.now_ms;
        let (new, wanted) = match chance.below(4) {
            0 => {
                let is = Id { ms: model.last_id.ms + chance.below(3), seq: chance.below(5) };
                (NewId::Is { id: is }, Some(is).filter(|is| *is > model.last_id))
            }
            1 => {
                let ms = model.last_id.ms;
                (NewId::Of { ms }, model.last_id.next())
            }
            _ if now > model.last_id.ms => (NewId::Auto {}, Some(id(now, 0))),
            _ => (NewId::Auto {}, model.last_id.next()),
        };
        let sizes = [1, 5, 60, 70, 5_000];
        let large = if chance.once_in(20) { 5 } else { 3 };
        let value = vec![b'v'; chance.pick(&sizes[..large])];
        let number = chance.next() as i64 >> chance.below(64);
        let number = number.to_string().into_bytes();
        let mut fields: Vec<(&[u8], &[u8])> = vec![(b"field", &value), (b"number", &number)];
        if chance.once_in(4) {
            fields.push((b"17", b""));
        }
        let outcome = self.story.stream(adding(new, &fields, Trim::Never {}, self.block));
        let Some(wanted) = wanted else {
            assert!(matches!(outcome, Outcome::Fault(_)), "{outcome:?}");
            return;
        };
        assert_eq!(outcome, Outcome::Bytes(wanted.text()));
        let owned = fields.iter().map(|(name, value)| (name.to_vec(), value.to_vec()));
        model.entries.insert(wanted, owned.collect());
        model.last_id = wanted;
        model.added += 1;
    }

    fn shrink(&mut self, chance: &mut Chance) {
        let number = |count: usize| Outcome::Int(count as i64);
        match chance.below(4) {
            0 => {
                let count = chance.below(self.model.entries.len() as u64 + 3);
                let gone = self.model.keep(count as usize);
                let trim = max_len(count, false, 0);
                assert_eq!(self.story.stream(Op::Trim { trim }), number(gone));
            }
            1 => {
                let from = self.some(chance);
                let before = self.model.entries.len();
                self.model.entries = self.model.entries.split_off(&from);
                let trim = Trim::MinId { id: from, blocks: false, limit: 0 };
                let gone = before - self.model.entries.len();
                assert_eq!(self.story.stream(Op::Trim { trim }), number(gone));
            }
            _ => {
                let ids = vec![self.some(chance), self.some(chance)];
                let gone = ids.iter().filter(|id| self.model.delete(**id)).count();
                assert_eq!(self.story.stream(Op::Delete { ids }), number(gone));
            }
        }
    }

    /// What goes by whole blocks goes from the front, and never too far.
    fn shrink_by_blocks(&mut self, chance: &mut Chance) {
        let count = chance.below(self.model.entries.len() as u64 + 3);
        let limit = chance.below(3) * 40;
        let gone = self.story.stream(Op::Trim { trim: max_len(count, true, limit) });
        let Outcome::Int(gone) = gone else { panic!("{gone:?}") };
        let left = self.model.entries.len() - gone as usize;
        assert!(gone == 0 || left >= count as usize);
        assert!(limit == 0 || gone <= limit as i64);
        self.model.keep(left);
    }

    fn group(&mut self, chance: &mut Chance) {
        let (group, consumer) = (chance.pick(&GROUPS), chance.pick(&CONSUMERS));
        if !self.model.groups.contains_key(group) {
            let last_id = self.some(chance);
            let op = Op::CreateGroup { group, id: Some(last_id), read: None, create: false };
            if self.story.stream(op) == Outcome::Ok {
                self.model.groups.insert(group.to_vec(), Group { last_id, ..Group::default() });
            }
            return;
        }
        let now = self.now();
        match chance.below(10) {
            0..=3 => {
                let count = chance.below(6);
                let limit = if count == 0 { usize::MAX } else { count as usize };
                let wanted = self.model.give(group, consumer, limit, now);
                assert_eq!(self.read(group, consumer, After::Newest {}, count), wanted);
            }
            4 => {
                let after = self.some(chance);
                let wanted = self.model.again(group, consumer, after, now);
                assert_eq!(self.read(group, consumer, After::Id { id: after }, 0), wanted);
            }
            5 | 6 => {
                let ids = vec![self.some(chance), self.some(chance), self.some(chance)];
                let pending = &mut self.model.groups.get_mut(group).unwrap().pending;
                let settled = ids.iter().filter(|id| pending.remove(id).is_some()).count();
                let op = Op::Ack { group, ids };
                assert_eq!(self.story.stream(op), Outcome::Int(settled as i64));
            }
            7 | 8 => self.claim(chance, group, consumer),
            _ => {
                let known = self.model.groups.get_mut(group).unwrap();
                let before = known.pending.len();
                known.pending.retain(|_, (owner, ..)| owner != consumer);
                known.consumers.remove(consumer);
                let had = (before - known.pending.len()) as i64;
                let op = Op::DeleteConsumer { group, consumer };
                assert_eq!(self.story.stream(op), Outcome::Int(had));
            }
        }
    }

    fn claim(&mut self, chance: &mut Chance, group: &[u8], consumer: &[u8]) {
        let ids = vec![self.some(chance), self.some(chance)];
        let (idle_ms, force) = (chance.below(3) as i64 * 20, chance.once_in(3));
        let wanted = self.model.claim(group, consumer, &ids, (idle_ms, force), self.now());
        let op = Op::Claim {
            group,
            consumer,
            idle_ms,
            ids,
            given: Given::Now {},
            retries: None,
            force,
            just_id: true,
            last_id: Id::MIN,
        };
        assert_eq!(self.story.stream(op), wanted);
    }

    fn read(&mut self, group: &[u8], consumer: &[u8], after: After, count: u64) -> Outcome {
        let (db, keys, after) = (DB, vec![&b"s"[..]], vec![after]);
        let no_ack = false;
        let op = KeyOp::StreamReadGroup { db, group, consumer, keys, after, count, no_ack };
        self.story.run(&op)
    }

    fn compare(&mut self, chance: &mut Chance) {
        let len = Outcome::Int(self.model.entries.len() as i64);
        assert_eq!(self.story.stream(Op::Len {}), len);
        for reverse in [false, true] {
            let all = Op::Range { start: Id::MIN, end: Id::MAX, reverse, count: None };
            let wanted = self.model.range(Id::MIN, Id::MAX, reverse, usize::MAX);
            assert_eq!(self.story.stream(all), wanted);
            let (start, end) = (self.some(chance), self.some(chance));
            let part = Op::Range { start, end, reverse, count: Some(3) };
            assert_eq!(self.story.stream(part), self.model.range(start, end, reverse, 3));
        }
        let Outcome::List(info) = self.story.stream(Op::Info {}) else { panic!() };
        let text = |id: Id| Outcome::Bytes(id.text());
        let first = self.model.entries.keys().next().copied().unwrap_or_default();
        assert_eq!(
            info[3..7],
            [
                text(self.model.last_id),
                text(self.model.max_deleted),
                Outcome::Int(self.model.added),
                text(first),
            ]
        );
        for group in GROUPS.iter().filter(|name| self.model.groups.contains_key(**name)) {
            let now = self.now();
            let all = Op::PendingRange {
                group,
                start: Id::MIN,
                end: Id::MAX,
                count: u64::MAX,
                idle_ms: 0,
                consumer: None,
            };
            assert_eq!(self.story.stream(all), self.model.pending(group, now));
            let wanted = self.model.consumers(group, now);
            assert_eq!(self.story.stream(Op::Consumers { group }), wanted);
        }
        let copy = restored(&self.story.space);
        assert_eq!(copy.state_digest(), self.story.space.state_digest());
        assert_eq!(copy.digest(0), self.story.space.digest(0));
        assert_eq!(copy.memory(), self.story.space.memory());
    }
}

#[test]
fn a_stream_does_what_plain_maps_do() {
    with_seeds(40, |chance| {
        let block = chance.pick(&[BLOCK, (3, 0), (0, 300), (1, 4096), (0, 0)]);
        let mut pair = Pair { story: Story::new(), model: Model::default(), block };
        pair.add(chance);
        for step in 0..800 {
            pair.story.now_ms += chance.below(3) * 10;
            match chance.below(20) {
                0..=9 => pair.add(chance),
                10 => pair.shrink(chance),
                11 if chance.once_in(4) => pair.shrink_by_blocks(chance),
                _ => pair.group(chance),
            }
            if step % 80 == 0 {
                pair.compare(chance);
            }
        }
        pair.compare(chance);
        pair.story.run(&KeyOp::Del { db: DB, keys: vec![b"s"] });
        assert_eq!(pair.story.space.memory(), 0);
    });
}

#[test]
fn a_long_stream_goes_through_a_snapshot_in_pieces() {
    let mut story = Story::new();
    let fields: [(&[u8], &[u8]); 1] = [(b"field", &[b'v'; 100])];
    for ms in 1..4_000 {
        let is = NewId::Is { id: id(ms, 0) };
        story.stream(adding(is, &fields, Trim::Never {}, BLOCK));
    }
    for name in 0..40 {
        let group = format!("group {name}");
        let op = Op::CreateGroup {
            group: group.as_bytes(),
            id: Some(Id::MIN),
            read: None,
            create: false,
        };
        assert_eq!(story.stream(op), Outcome::Ok);
        for consumer in CONSUMERS {
            let (db, keys, after) = (DB, vec![&b"s"[..]], vec![After::Newest {}]);
            let (group, count, no_ack) = (group.as_bytes(), 150, false);
            let op = KeyOp::StreamReadGroup { db, group, consumer, keys, after, count, no_ack };
            assert_ne!(story.run(&op), Outcome::Nil);
        }
    }
    let chunks = story.space.freeze().chunks().count();
    assert!(chunks > 6, "{chunks}");
    let mut copy = restored(&story.space);
    assert_eq!(copy.state_digest(), story.space.state_digest());
    assert_eq!(copy.memory(), story.space.memory());
    // The copy goes on as the first one does.
    let op = KeyOp::Stream { db: DB, key: b"s", op: Op::Delete { ids: vec![id(1, 0)] } };
    let at = crate::Stamp { now_ms: 2_000_000, seq: 100_000, version: 1 };
    assert_eq!(copy.apply(&at, &op), story.space.apply(&at, &op));
    assert_eq!(copy.state_digest(), story.space.state_digest());
}
