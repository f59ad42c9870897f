//! What one connection hands in for one shard at once.

use lockstep_core::wire::{Malformed, Wire};
use lockstep_core::{Fault, Op, Origin, RequestId};

/// Room for the operation that names a request.
const NAME_BYTES_MAX: usize = 64;
/// Room for the first operation, unless it carries more: byte by byte it would be made
/// several times.
const FIRST_BYTES: usize = 128;

/// The operations of one connection for one shard, gathered until they are
/// handed in: writes as they will stand in the log, and reads between them.
#[derive(Clone, Debug, Default)]
pub struct Ops {
    /// The byte forms of the writes, one behind the other.
    pub(crate) bytes: Vec<u8>,
    /// How many writes.
    pub(crate) count: u32,
    /// Reads: behind how many writes, and the byte form.
    pub(crate) reads: Vec<(u32, Vec<u8>)>,
    /// What they are called, so that they are applied once however often they
    /// are handed in.
    name: Option<Name>,
    /// The connection that hands them in, also where they need no name.
    pub(crate) by: Option<Origin>,
    /// The first operation stands there for the reads behind it, and nobody waits for its
    /// outcome.
    pub(crate) has_ahead: bool,
    /// Which of the writes add something and nobody has looked for room for.
    need_room: Vec<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Name {
    id: RequestId,
    floor: u64,
    retry: bool,
}

impl Ops {
    /// Adds an operation that goes through the log.
    pub fn write(&mut self, op: &Op<'_>) {
        if self.bytes.capacity() == 0 {
            self.bytes.reserve(FIRST_BYTES);
        }
        op.put(&mut self.bytes);
        self.count += 1;
    }

    /// The same for what adds something, where another node leads: that one looks
    /// whether there is room.
    pub fn write_if_room(&mut self, op: &Op<'_>) {
        self.need_room.push(self.count);
        self.write(op);
    }

    /// Whether any of the writes waits for somebody to look for room.
    pub(crate) fn needs_room(&self) -> bool {
        !self.need_room.is_empty()
    }

    /// There is no room: a refusal stands in the place of each write that needs
    /// some, and is of no use without.
    pub(crate) fn refuse_for_room(&mut self, fault: Fault) {
        let refused = std::mem::take(&mut self.need_room);
        let bytes = std::mem::take(&mut self.bytes);
        let mut rest = &bytes[..];
        for number in 0..self.count {
            let before = rest;
            let op = Op::take(&mut rest).expect("encoded by this process, or checked");
            if refused.binary_search(&number).is_ok() {
                let poor = op.without_room().filter(|_| fault == Fault::OutOfMemory);
                poor.unwrap_or(Op::Refused { fault }).put(&mut self.bytes);
            } else {
                self.bytes.extend_from_slice(&before[..before.len() - rest.len()]);
            }
        }
    }

    /// Adds a read that sees all writes before it and none behind it. It is
    /// carried out where the batch is applied and stands in no log.
    pub fn read(&mut self, op: &Op<'_>) {
        let mut bytes = Vec::with_capacity(32);
        op.put(&mut bytes);
        self.reads.push((self.count, bytes));
    }

    /// Names them: no other request of this connection to this shard has this
    /// number, and none that comes later a smaller one.
    pub fn identify(&mut self, origin: Origin, number: u64) {
        self.name = Some(Name { id: RequestId { origin, number }, floor: 0, retry: false });
        self.by = Some(origin);
    }

    /// What they are called.
    pub fn id(&self) -> Option<RequestId> {
        self.name.map(|name| name.id)
    }

    /// Takes the name away.
    pub fn forget_id(&mut self) {
        self.name = None;
    }

    /// A number of an operation of the shard ([`lockstep_core::Stamp::seq`]) that
    /// was applied before they were first handed in. Behind the first time it
    /// stays what it was.
    pub fn set_floor(&mut self, floor: u64) {
        if let Some(name) = self.name.as_mut().filter(|name| !name.retry) {
            name.floor = floor;
        }
    }

    /// From now on they count as handed in before: nobody knows whether they
    /// were applied.
    pub fn set_retry(&mut self) {
        if let Some(name) = &mut self.name {
            name.retry = true;
        }
    }

    /// An operation that stands ahead of reads, which see what it did.
    pub(crate) fn ahead(op: &Op<'_>) -> Ops {
        let mut ops = Ops { has_ahead: true, ..Ops::default() };
        ops.write(op);
        ops
    }

    /// The same with the reads of a share that only reads behind it.
    pub(crate) fn of_reads(mut self, share: Ops) -> Ops {
        self.reads = share.reads.into_iter().map(|(_, read)| (self.count, read)).collect();
        self
    }

    /// How many outcomes there will be.
    pub fn len(&self) -> usize {
        self.count as usize + self.reads.len()
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there is nothing for the log.
    pub fn only_reads(&self) -> bool {
        self.count == 0
    }

    /// How many bytes they take, roughly.
    pub fn bytes(&self) -> usize {
        self.bytes.len() + self.reads.iter().map(|(_, bytes)| bytes.len()).sum::<usize>()
    }

    /// How many operations they are in an entry.
    pub(crate) fn entry_count(&self) -> u32 {
        self.count + u32::from(self.is_named())
    }

    pub(crate) fn entry_bytes_max(&self) -> usize {
        self.bytes.len() + if self.is_named() { NAME_BYTES_MAX } else { 0 }
    }

    /// Puts the operation that names them; gives how many that are.
    pub(crate) fn put_name(&self, out: &mut Vec<u8>) -> u32 {
        let Some(Name { id, floor, retry }) = self.name.filter(|_| self.count > 0) else {
            return 0;
        };
        Op::Request { id, count: self.count, floor, retry }.put(out);
        1
    }

    /// What changes nothing needs no name.
    fn is_named(&self) -> bool {
        self.name.is_some() && self.count > 0
    }

    /// Whether all of it is what a node of this version would hand in: nothing
    /// else may come near a log.
    fn is_sound(&self) -> bool {
        let mut rest = &self.bytes[..];
        let writes = (0..self.count).all(|_| {
            let stray = |op: &Op<'_>| matches!(op, Op::Request { .. } | Op::Refused { .. });
            Op::take(&mut rest).is_ok_and(|op| op.is_write() && !stray(&op))
        });
        let rooms = self.need_room.iter().all(|at| *at < self.count)
            && self.need_room.is_sorted_by(|one, next| one < next);
        let reads = self.reads.iter().all(|(at, bytes)| {
            let mut bytes = &bytes[..];
            *at <= self.count
                && Op::take(&mut bytes).is_ok_and(|op| !op.is_write())
                && bytes.is_empty()
        });
        writes && rest.is_empty() && rooms && reads && self.reads.is_sorted_by_key(|(at, _)| *at)
    }
}

impl<'a> Wire<'a> for Ops {
    fn put(&self, out: &mut Vec<u8>) {
        (&self.bytes[..]).put(out);
        self.count.put(out);
        self.reads.len().put(out);
        for (at, read) in &self.reads {
            at.put(out);
            (&read[..]).put(out);
        }
        self.name.is_some().put(out);
        if let Some(Name { id, floor, retry }) = &self.name {
            id.put(out);
            floor.put(out);
            retry.put(out);
        }
        self.need_room.put(out);
    }

    fn take(input: &mut &'a [u8]) -> Result<Self, Malformed> {
        let bytes = <&[u8]>::take(input)?.to_vec();
        let count = u32::take(input)?;
        let reads = Vec::<(u32, &[u8])>::take(input)?;
        let reads = reads.into_iter().map(|(at, read)| (at, read.to_vec())).collect();
        let name = if bool::take(input)? {
            let id = RequestId::take(input)?;
            Some(Name { id, floor: u64::take(input)?, retry: bool::take(input)? })
        } else {
            None
        };
        let need_room = Vec::take(input)?;
        let ops = Ops {
            bytes,
            count,
            reads,
            name,
            by: name.map(|name| name.id.origin),
            has_ahead: false,
            need_room,
        };
        if ops.is_sound() { Ok(ops) } else { Err(Malformed) }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use lockstep_core::scripts::{self, LFU, NO_ROOM, Script, Terms};
    use lockstep_core::{Db, keys};

    use super::*;

    fn del(key: &[u8]) -> Op<'_> {
        Op::Key { op: keys::Op::Del { db: Db(0), keys: vec![key] } }
    }

    fn incr(key: &[u8]) -> Op<'_> {
        Op::Key { op: keys::Op::IncrBy { db: Db(0), key, by: 1 } }
    }

    fn refused(fault: Fault) -> Op<'static> {
        Op::Refused { fault }
    }

    fn again(ops: &Ops) -> Result<Ops, Malformed> {
        let mut bytes = Vec::new();
        ops.put(&mut bytes);
        Ops::take(&mut &bytes[..])
    }

    #[test]
    fn what_needs_room_is_refused_in_its_place_and_the_rest_goes_on() {
        let mut ops = Ops::default();
        ops.write(&del(b"a"));
        ops.write_if_room(&incr(b"b"));
        ops.read(&Op::Key { op: keys::Op::Get { db: Db(0), key: b"b" } });
        ops.write(&del(b"c"));
        ops.write_if_room(&incr(b"d"));
        let mut came = again(&ops).unwrap();
        assert!(came.needs_room());
        came.refuse_for_room(Fault::OutOfMemory);
        assert!(!came.needs_room());
        assert_eq!((came.len(), &came.reads), (ops.len(), &ops.reads));
        let mut rest = &came.bytes[..];
        let found: Vec<Op<'_>> = (0..came.count).map(|_| Op::take(&mut rest).unwrap()).collect();
        let refused = || refused(Fault::OutOfMemory);
        assert_eq!(found, [del(b"a"), refused(), del(b"c"), refused()]);
        assert!(rest.is_empty());
    }

    #[test]
    fn a_script_runs_without_room_as_one_that_may_add_nothing() {
        let terms = |notes| Terms::Of {
            db: Db(0),
            read_only: false,
            spread: false,
            steps_max: 1,
            memory_max: 1,
            cache_max: 1,
            string_bytes_max: 1,
            block_entries_max: 1,
            block_bytes_max: 1,
            notes,
        };
        let run = |notes| {
            let (script, keys, args) = (Script::Text { body: b"x" }, vec![], vec![]);
            Op::Script { op: scripts::Op::Run { script, keys, args, terms: terms(notes) } }
        };
        let poor = run(LFU | NO_ROOM);
        let cases = [(Fault::OutOfMemory, poor), (Fault::DiskFull, refused(Fault::DiskFull))];
        for (fault, expected) in cases {
            let mut ops = Ops::default();
            ops.write_if_room(&run(LFU));
            ops.refuse_for_room(fault);
            assert_eq!(Op::take(&mut &ops.bytes[..]), Ok(expected));
        }
    }

    #[test]
    fn a_share_that_says_what_cannot_be_is_malformed() {
        let mut ops = Ops::default();
        ops.write_if_room(&incr(b"a"));
        assert!(again(&ops).is_ok());
        for wrong in [vec![1], vec![0, 0]] {
            ops.need_room = wrong;
            assert!(again(&ops).is_err());
        }
        let mut ops = Ops::default();
        ops.write(&Op::Refused { fault: Fault::DiskFull });
        assert!(again(&ops).is_err());
    }
}
