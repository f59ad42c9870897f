//! QMOVE from a queue of one shard to one of another.
//!
//! A message is pushed to its new queue first and taken out of the old one behind that,
//! so that it is never lost. What breaks off in between is made good by asking again:
//! the new queue knows the messages it got by their old ids. A message that a consumer
//! takes at the very moment may be delivered from both queues.

use lockstep_commands::BadArgs;
use lockstep_core::queues::{
    Dedup, Form, META_NAMES, MOVE_MAX, Manner, Op, Receipt, Visible, WHOLE, Which,
};
use lockstep_core::{Op as AnyOp, Outcome, ShardId};
use lockstep_raft::Ops;

use super::{Answered, Asker, partitions_in};
use crate::running::Stop;

/// For so long a queue knows again what was moved to it.
const WINDOW_MS: u64 = 600_000;

/// So many messages are looked at in one step.
const STEP: u64 = 64;

/// ... and no further one once their bodies have so many bytes.
const STEP_BYTES: u64 = 256 << 10;

/// A message that is to be moved.
struct Message {
    part: u32,
    seq: u64,
    bytes: u64,
    id: Vec<u8>,
}

/// What QGET tells of a message.
struct Facts<'a> {
    body: &'a [u8],
    meta: &'a [Outcome],
    /// What it alone has: when it becomes visible and when it is too old, how long it
    /// may live, its lease and how often it may fail.
    own: [Option<u64>; 5],
}

/// What belongs to a move.
struct Move<'a> {
    from: &'a [u8],
    to: &'a [u8],
    which: Which,
}

/// Why it does not go on.
enum Halt {
    /// What the new queue says instead of taking a message.
    Refused(Outcome),
    /// What to tell the client.
    Failed(BadArgs),
}

impl From<BadArgs> for Halt {
    fn from(bad: BadArgs) -> Self {
        Halt::Failed(bad)
    }
}

/// Moves up to `count` messages; how many.
pub(super) async fn carry_out(
    asker: &mut Asker,
    from: &[u8],
    to: &[u8],
    count: Option<u64>,
    which: Which,
) -> Answered {
    let within = Op::Move { from, to, part: WHOLE, count, which };
    let here = asker.shard_of(from, WHOLE) == asker.shard_of(to, WHOLE);
    if here {
        let outcome = asker.ask(&within).await?;
        if partitions_in(&outcome).is_none() {
            return Ok(outcome.into());
        }
    }
    let plan = Move { from, to, which };
    let mut moved = 0;
    match plan.all(asker, count.unwrap_or(MOVE_MAX), &mut moved).await {
        Ok(()) => {}
        Err(Halt::Refused(outcome)) if moved == 0 => return Ok(outcome.into()),
        Err(Halt::Failed(bad)) if moved == 0 => return Err(bad),
        // The client asks again for the rest, and is told then.
        Err(_) => {}
    }
    Ok(Outcome::Int(i64::try_from(moved).unwrap_or(i64::MAX)).into())
}

impl Move<'_> {
    async fn all(&self, asker: &mut Asker, count: u64, moved: &mut u64) -> Result<(), Halt> {
        for part in self.parts(asker).await? {
            self.of_part(asker, part, count, moved).await?;
        }
        Ok(())
    }

    /// The partitions of the queue that messages are moved from.
    async fn parts(&self, asker: &mut Asker) -> Result<Vec<u32>, Halt> {
        let partitions = &asker.node.queues.partitions;
        if let Some(count) = partitions.count(self.from) {
            return Ok((0..count).collect());
        }
        let (queue, part, which) = (self.from, WHOLE, Some(self.which));
        let outcome = asker.ask(&Op::Len { queue, part, which }).await?;
        Ok(match partitions_in(&outcome) {
            Some(count) => {
                asker.node.queues.partitions.learn(self.from, count);
                (0..count).collect()
            }
            None => vec![0],
        })
    }

    async fn of_part(
        &self,
        asker: &mut Asker,
        part: u32,
        count: u64,
        moved: &mut u64,
    ) -> Result<(), Halt> {
        let mut cursor = 0;
        while *moved < count && !is_stopped(&asker.stop) {
            let (next, found) = self.look(asker, part, cursor, (count - *moved).min(STEP)).await?;
            for step in steps(found) {
                self.step(asker, &step, moved).await?;
            }
            cursor = next;
            if next == 0 {
                return Ok(());
            }
        }
        Ok(())
    }

    /// The next messages, and where to go on behind them.
    async fn look(
        &self,
        asker: &mut Asker,
        part: u32,
        cursor: u64,
        count: u64,
    ) -> Result<(u64, Vec<Message>), Halt> {
        let (queue, which) = (self.from, vec![self.which]);
        let (group, reason) = (None, None);
        let op = Op::Messages { queue, part, cursor, count, which, group, reason };
        let Outcome::List(parts) = asker.ask(&op).await? else { return Ok((0, Vec::new())) };
        match <[Outcome; 2]>::try_from(parts) {
            Ok([Outcome::Int(next), Outcome::List(items)]) => {
                let next = u64::try_from(next).unwrap_or(0);
                Ok((next, items.iter().filter_map(Message::read).collect()))
            }
            _ => Ok((0, Vec::new())),
        }
    }

    /// Moves some messages, and counts those that left their old queue.
    async fn step(
        &self,
        asker: &mut Asker,
        messages: &[Message],
        moved: &mut u64,
    ) -> Result<(), Halt> {
        let queue = self.from;
        let gets = messages.iter().map(|Message { part, seq, .. }| {
            let (part, seq) = (*part, *seq);
            Op::Get { queue, part, seq }
        });
        let gets: Vec<Op<'_>> = gets.collect();
        let found = asker.ask_all(&gets).await?;
        let (mut pushed, mut halted) = (Vec::new(), Ok(()));
        for (message, facts) in messages.iter().zip(&found) {
            // It may have been settled meanwhile.
            let Some(facts) = facts_of(facts) else { continue };
            halted = self.push(asker, message, &facts).await;
            if halted.is_err() {
                break;
            }
            pushed.push(message);
        }
        let deletes = pushed.iter().map(|Message { part, seq, .. }| {
            let (part, seqs, force) = (*part, vec![*seq], false);
            Op::Delete { queue, part, seqs, force }
        });
        let deletes: Vec<Op<'_>> = deletes.collect();
        let deleted = asker.ask_all(&deletes).await?;
        *moved += deleted.iter().filter(|outcome| **outcome == Outcome::Int(1)).count() as u64;
        halted
    }

    async fn push(
        &self,
        asker: &mut Asker,
        message: &Message,
        facts: &Facts<'_>,
    ) -> Result<(), Halt> {
        let Facts { body, meta, own: [visible_ms, ends_ms, ttl_ms, lease_ms, fails_max] } = *facts;
        let id = [b"move:", self.from, b":", &message.id].concat();
        let id = short(&id);
        let (window_ms, replace) = (Some(WINDOW_MS), false);
        let group = bytes(fact(meta, "group"));
        let visible = visible_ms.map_or(Visible::Now {}, |ms| Visible::At { ms });
        let now_ms = asker.node.shards.now_ms();
        // The dead live anew. What is too old by now ends where it comes to.
        let ttl_ms = match (self.which, ends_ms) {
            (Which::Dead {}, _) | (_, None) => ttl_ms,
            (_, Some(ends_ms)) => Some(ends_ms.saturating_sub(now_ms).max(1)),
        };
        let priority = match fact(meta, "pri") {
            Some(Outcome::Int(priority @ 1..=31)) if group.is_none() => Some(*priority as u8),
            _ => None,
        };
        let manner = Manner::Of {
            visible: Some(visible).filter(|_| group.is_none()),
            // What has no end of its own gets none where it comes to, nor a delay.
            ttl_ms: Some(ttl_ms.unwrap_or(0)),
            priority,
            group,
            lease_ms,
            fails_max: fails_max.and_then(|max| u32::try_from(max).ok()),
            headers: headers(fact(meta, "hdr")),
            dedup: Some(Dedup::Of { id: &id, window_ms, replace }),
        };
        let push = Op::Push {
            queue: self.to,
            part: WHOLE,
            bodies: vec![body],
            manner,
            length_max: None,
            create: true,
            atomic: false,
            form: Form::Id {},
        };
        let push = asker.node.queues.partitions.place(push);
        match asker.carry_out(&push).await?.outcome {
            Outcome::Bytes(_) => Ok(()),
            refused => Err(Halt::Refused(refused)),
        }
    }
}

impl Asker {
    /// Hands in several operations on one partition of a queue at once.
    async fn ask_all(&mut self, ops: &[Op<'_>]) -> Result<Vec<Outcome>, BadArgs> {
        let Some(first) = ops.first() else { return Ok(Vec::new()) };
        let shard: ShardId = self.shard_of(first.name(), first.part());
        let mut share = Ops::default();
        for op in ops {
            let op = AnyOp::Queue { op: op.clone() };
            if op.is_write() { share.write(&op) } else { share.read(&op) }
        }
        // None of them does harm when it happens twice.
        match self.node.shards.insist_on(shard, share).await {
            lockstep_raft::Delivery::Done(outcomes) => Ok(outcomes),
            other => Err(self.node.shards.failure(shard, &other)),
        }
    }
}

impl Message {
    /// A message as QMSGS shows it.
    fn read(item: &Outcome) -> Option<Message> {
        let Outcome::List(facts) = item else { return None };
        let [Outcome::Bytes(id), _, _, _, _, Outcome::Int(bytes), ..] = &facts[..] else {
            return None;
        };
        let Receipt::Of { part, seq, .. } = Receipt::parse(&[id, &b"-1"[..]].concat())?;
        let bytes = u64::try_from(*bytes).unwrap_or(0);
        Some(Message { part, seq, bytes, id: id.clone() })
    }
}

/// Messages in steps of a bounded size.
fn steps(messages: Vec<Message>) -> Vec<Vec<Message>> {
    let mut steps: Vec<Vec<Message>> = Vec::new();
    let mut bytes = 0;
    for message in messages {
        bytes += message.bytes;
        match steps.last_mut() {
            Some(step) if bytes <= STEP_BYTES => step.push(message),
            _ => {
                bytes = message.bytes;
                steps.push(vec![message]);
            }
        }
    }
    steps
}

/// What QGET tells.
fn facts_of(outcome: &Outcome) -> Option<Facts<'_>> {
    let Outcome::List(parts) = outcome else { return None };
    let [Outcome::Bytes(body), Outcome::List(meta), _, _, Outcome::List(own)] = &parts[..] else {
        return None;
    };
    let number = |place: usize| match own.get(place) {
        Some(Outcome::Int(number)) => u64::try_from(*number).ok(),
        _ => None,
    };
    Some(Facts { body, meta, own: std::array::from_fn(number) })
}

fn fact<'a>(meta: &'a [Outcome], name: &str) -> Option<&'a Outcome> {
    meta.get(META_NAMES.iter().position(|known| *known == name)?)
}

fn bytes(outcome: Option<&Outcome>) -> Option<&[u8]> {
    match outcome {
        Some(Outcome::Bytes(bytes)) => Some(bytes),
        _ => None,
    }
}

fn headers(outcome: Option<&Outcome>) -> Vec<(&[u8], &[u8])> {
    let Some(Outcome::List(flat)) = outcome else { return Vec::new() };
    let pair = |pair: &'_ [Outcome]| match pair {
        [Outcome::Bytes(_), Outcome::Bytes(_)] => Some(()),
        _ => None,
    };
    let pairs = flat.chunks(2).filter(|chunk| pair(chunk).is_some());
    pairs.filter_map(|chunk| Some((bytes(chunk.first())?, bytes(chunk.get(1))?))).collect()
}

/// The id by which the new queue knows the message again. That of a queue with a long
/// name is told by a digest of it.
fn short(id: &[u8]) -> Vec<u8> {
    const MAX: usize = 256;
    if id.len() <= MAX {
        return id.to_vec();
    }
    let digest = id.iter().fold([0xCBF2_9CE4_8422_2325_u64, 0x9E37_79B9_7F4A_7C15], |sum, byte| {
        let next = |sum: u64, odd: u64| (sum ^ u64::from(*byte)).wrapping_mul(odd).rotate_left(23);
        [next(sum[0], 0x0000_0100_0000_01B3), next(sum[1], 0xD6E8_FEB8_6659_FD93)]
    });
    let tail = &id[id.len() - 32..];
    [format!("move:{:016x}{:016x}:", digest[0], digest[1]).as_bytes(), tail].concat()
}

fn is_stopped(stop: &Stop) -> bool {
    stop.borrow().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(bytes: u64) -> Message {
        Message { part: 0, seq: 1, bytes, id: b"0-1".to_vec() }
    }

    #[test]
    fn a_step_has_few_bytes_and_one_message_at_least() {
        let sizes = |messages| -> Vec<usize> { steps(messages).iter().map(Vec::len).collect() };
        let kilo = |count: usize| (0..count).map(|_| message(1 << 10)).collect::<Vec<_>>();
        assert_eq!(sizes(kilo(64)), [64]);
        assert_eq!(
            sizes(vec![message(STEP_BYTES * 2), message(1), message(STEP_BYTES)]),
            [1, 1, 1]
        );
        assert_eq!(sizes(Vec::new()), [0; 0]);
    }

    #[test]
    fn ids_of_queues_with_long_names_differ() {
        let long = |queue: u8, id: &str| {
            short(&[b"move:", &[queue; 4096][..], b":", id.as_bytes()].concat())
        };
        assert_eq!(short(b"move:a:0-1"), b"move:a:0-1");
        assert!(long(b'a', "0-1").len() <= 256);
        let all = [long(b'a', "0-1"), long(b'b', "0-1"), long(b'a', "0-2")];
        assert!(all[0] != all[1] && all[1] != all[2] && all[0] != all[2]);
    }

    #[test]
    fn a_message_is_read_as_it_is_listed() {
        let item = Outcome::List(vec![
            Outcome::Bytes(b"3-7".to_vec()),
            Outcome::Word("delayed"),
            Outcome::Int(0),
            Outcome::Int(0),
            Outcome::Int(0),
            Outcome::Int(5),
            Outcome::Int(9),
        ]);
        let read = Message::read(&item).map(|it| (it.part, it.seq, it.bytes));
        assert_eq!(read, Some((3, 7, 5)));
    }

    #[test]
    fn what_a_message_alone_has_is_read() {
        let own = [-1, 7, 9, 0, -1].map(Outcome::Int).to_vec();
        let [bytes, word] = [Outcome::Bytes(b"x".to_vec()), Outcome::Word("ready")];
        let meta = Outcome::List(Vec::new());
        let told = Outcome::List(vec![bytes.clone(), meta, word, bytes, Outcome::List(own)]);
        let facts = facts_of(&told).map(|facts| (facts.body, facts.own));
        assert_eq!(facts, Some((&b"x"[..], [None, Some(7), Some(9), Some(0), None])));
    }
}
