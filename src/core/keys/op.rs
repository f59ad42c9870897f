//! Operations on the key space.

use super::{bitmaps, geo, hashes, lists, sets, sorting, streams, waits, zsets};
use crate::slot::Slot;
use crate::{Db, Origin, Wait, wire_enum};

wire_enum! {
    /// When a key's life ends.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Expiry {
        /// Never; an older deadline is taken away.
        0 => Never {},
        /// An older deadline stays as it is.
        1 => Keep {},
        /// Milliseconds after the entry's clock.
        2 => In {
            /// How many; may be negative (the past).
            ms: i64,
        },
        /// At a time, in milliseconds since the Unix epoch.
        3 => At {
            /// The time; may be in the past.
            ms: i64,
        },
    }
}

wire_enum! {
    /// The condition of a SET.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum When<'a> {
        /// None.
        0 => Always {},
        /// NX: the key is not there.
        1 => Absent {},
        /// XX: the key is there.
        2 => Present {},
        /// IFEQ: the key holds this string.
        3 => Equals {
            /// The string.
            value: &'a [u8],
        },
    }
}

wire_enum! {
    /// The condition of an EXPIRE.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum ExpireWhen {
        /// None.
        0 => Always {},
        /// NX: the key has no deadline. Excludes all others.
        1 => NoDeadline {},
        /// Any of the others together.
        2 => If {
            /// XX: the key has a deadline.
            has: bool,
            /// GT: the new deadline is later; no deadline counts as infinitely late.
            later: bool,
            /// LT: the new deadline is earlier; no deadline counts as infinitely late.
            earlier: bool,
        },
    }
}

wire_enum! {
    /// Which numbers TTL and its relatives give.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum TtlForm {
        /// Seconds left, rounded to the nearest (TTL).
        0 => Seconds {},
        /// Milliseconds left (PTTL).
        1 => Millis {},
        /// The deadline in seconds since the Unix epoch (EXPIRETIME).
        2 => AtSeconds {},
        /// The deadline in milliseconds since the Unix epoch (PEXPIRETIME).
        3 => AtMillis {},
    }
}

wire_enum! {
    /// What OBJECT asks for.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum About {
        /// How the value is stored (OBJECT ENCODING): int, embstr, raw, listpack, hashtable,
        /// quicklist, intset, skiplist, stream.
        0 => Encoding {},
        /// Seconds since the last access (OBJECT IDLETIME).
        1 => Idle {},
        /// The logarithmic access counter (OBJECT FREQ).
        2 => Frequency {},
        /// Always 1 (OBJECT REFCOUNT).
        3 => References {},
        /// Bytes of memory (MEMORY USAGE).
        4 => Memory {},
    }
}

wire_enum! {
    /// What PFDEBUG asks of what counts different elements.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Inside {
        /// All counters, of what becomes dense by it (PFDEBUG GETREG).
        0 => Counters {},
        /// The runs of equal counters, in words (PFDEBUG DECODE).
        1 => Runs {},
        /// Whether it is dense or sparse (PFDEBUG ENCODING).
        2 => Form {},
        /// That it becomes dense; whether it was not (PFDEBUG TODENSE).
        3 => MakeDense {},
    }
}

wire_enum! {
    /// One operation on the key space. Reads stand here too: they are run on
    /// their own, inside transactions and between writes of a batch, with the
    /// same code. Fields are named as in the Redis documentation of the command.
    #[derive(Clone, Debug, PartialEq)]
    #[expect(missing_docs, reason = "the variant's text says what its fields are")]
    pub enum Op<'a> {
        /// GET. Bytes or nil.
        1 => Get { db: Db, key: &'a [u8] },
        /// MGET. A list of bytes or nil; nil also for other types.
        2 => MGet { db: Db, keys: Vec<&'a [u8]> },
        /// GETRANGE and SUBSTR: from `start` to `end`, both counted from the end
        /// when negative, both inclusive. Bytes, empty when nothing is there.
        3 => GetRange { db: Db, key: &'a [u8], start: i64, end: i64 },
        /// STRLEN. A number.
        4 => StrLen { db: Db, key: &'a [u8] },
        /// LCS of two strings: `0` gives the bytes, `1` the length (LEN), `2` the
        /// matches (IDX) as List[List[List[List[Int a_from, Int a_to], List[Int b_from,
        /// Int b_to]]...], Int total_len], matches shorter than `min_len` left out, `3`
        /// the same with each match's Int len as its third item (WITHMATCHLEN).
        5 => Lcs { db: Db, a: &'a [u8], b: &'a [u8], form: u8, min_len: u64 },
        /// EXISTS. How many of the keys are there, repeated ones counted again.
        6 => Exists { db: Db, keys: Vec<&'a [u8]> },
        /// TYPE. A word: none, string, hash, list, set, zset, stream.
        7 => Type { db: Db, key: &'a [u8] },
        /// TTL, PTTL, EXPIRETIME, PEXPIRETIME. -2: no key, -1: no deadline.
        8 => Ttl { db: Db, key: &'a [u8], form: TtlForm },
        /// RANDOMKEY. Bytes or nil; `seed` chooses.
        9 => RandomKey { db: Db, seed: u64 },
        /// KEYS. A list of bytes.
        10 => Keys { db: Db, pattern: &'a [u8] },
        /// SCAN. List[Bytes cursor, List[Bytes key...]]; keys there during the
        /// whole scan are given at least once. `kind`: only keys of that TYPE.
        11 => Scan { db: Db, cursor: u64, pattern: Option<&'a [u8]>, count: u64, kind: Option<&'a [u8]> },
        /// DBSIZE. A number.
        12 => DbSize { db: Db },
        /// DUMP. Bytes in Redis' payload format (RDB version 10, CRC64), or nil.
        13 => Dump { db: Db, key: &'a [u8] },
        /// OBJECT and MEMORY USAGE. A word, a number, or nil.
        14 => Object { db: Db, key: &'a [u8], about: About },
        /// TOUCH. How many of the keys are there; their access time becomes now.
        15 => Touch { db: Db, keys: Vec<&'a [u8]> },
        /// The versions of keys for WATCH. A list of numbers, 0 for a missing key.
        16 => Versions { db: Db, keys: Vec<&'a [u8]> },
        /// DEBUG DIGEST. 40 hexadecimal digits over all databases, as bytes.
        17 => Digest {},
        /// DEBUG DIGEST-VALUE. A list of 40 hexadecimal digits per key.
        18 => DigestValue { db: Db, keys: Vec<&'a [u8]> },
        /// CLUSTER COUNTKEYSINSLOT. A number.
        19 => CountInSlot { db: Db, slot: Slot },
        /// CLUSTER GETKEYSINSLOT. A list of bytes, at most `count` of them.
        20 => KeysInSlot { db: Db, slot: Slot, count: u64 },

        /// SET and its relatives. Ok, or nil when the condition does not hold;
        /// with `get` the old bytes or nil instead.
        32 => Set { db: Db, key: &'a [u8], value: &'a [u8], when: When<'a>, expiry: Expiry, get: bool },
        /// GETDEL. Bytes or nil.
        33 => GetDel { db: Db, key: &'a [u8] },
        /// GETEX. Bytes or nil; `Keep` changes nothing, `Never` is PERSIST.
        34 => GetEx { db: Db, key: &'a [u8], expiry: Expiry },
        /// MSET (Ok) and MSETNX (1, or 0 when any key is there and none was set).
        35 => MSet { db: Db, pairs: Vec<(&'a [u8], &'a [u8])>, only_new: bool },
        /// APPEND. The new length.
        36 => Append { db: Db, key: &'a [u8], value: &'a [u8], max: u64 },
        /// SETRANGE. The new length; `max` bounds it.
        37 => SetRange { db: Db, key: &'a [u8], offset: u64, value: &'a [u8], max: u64 },
        /// INCR, DECR, INCRBY, DECRBY. The new number.
        38 => IncrBy { db: Db, key: &'a [u8], by: i64 },
        /// INCRBYFLOAT. The new number as bytes; `by` is the decimal text given.
        39 => IncrByFloat { db: Db, key: &'a [u8], by: &'a [u8] },
        /// DEL and UNLINK. How many were there.
        40 => Del { db: Db, keys: Vec<&'a [u8]> },
        /// DELIFEQ and DELEX ... IFEQ: 1 when the key held the value and is gone,
        /// else 0 (wrong type is a fault).
        41 => DelIfEqual { db: Db, key: &'a [u8], value: &'a [u8] },
        /// COPY. 1, or 0 when the source is missing or the target is there.
        42 => Copy { db: Db, from: &'a [u8], to_db: Db, to: &'a [u8], replace: bool },
        /// RENAME (Ok) and RENAMENX (1 or 0).
        43 => Rename { db: Db, from: &'a [u8], to: &'a [u8], only_new: bool },
        /// MOVE. 1 or 0.
        44 => Move { db: Db, key: &'a [u8], to_db: Db },
        /// RESTORE. Ok. `expiry` is Never, In or At; `idle_s` and `freq` set the
        /// access data.
        45 => Restore {
            db: Db, key: &'a [u8], payload: &'a [u8], expiry: Expiry, replace: bool,
            idle_s: Option<u64>, freq: Option<u8>,
        },
        /// EXPIRE, PEXPIRE, EXPIREAT, PEXPIREAT. 1 or 0.
        46 => Expire { db: Db, key: &'a [u8], expiry: Expiry, when: ExpireWhen },
        /// PERSIST. 1 or 0.
        47 => Persist { db: Db, key: &'a [u8] },
        /// FLUSHDB. Ok.
        48 => FlushDb { db: Db },
        /// FLUSHALL. Ok.
        49 => FlushAll {},
        /// SWAPDB. Ok.
        50 => SwapDb { a: Db, b: Db },
        /// Keys that the leader chose to evict. How many were there.
        51 => Evict { keys: Vec<(Db, &'a [u8])> },

        /// On the hash at a key.
        64 => Hash { db: Db, key: &'a [u8], op: hashes::Op<'a> },
        /// On the list at a key.
        65 => List { db: Db, key: &'a [u8], op: lists::Op<'a> },
        /// LMOVE and RPOPLPUSH: an element from one end of a list to one of another.
        /// Bytes or nil.
        66 => ListMove { db: Db, from: &'a [u8], to: &'a [u8], from_front: bool, to_front: bool },
        /// LMPOP: from the first list that is there. List[Bytes key, List[Bytes...]] or
        /// nil.
        67 => ListPopFirst { db: Db, keys: Vec<&'a [u8]>, front: bool, count: u64 },
        /// On the set at a key.
        68 => Members { db: Db, key: &'a [u8], op: sets::Op<'a> },
        /// SMOVE. 1 or 0.
        69 => MemberMove { db: Db, from: &'a [u8], to: &'a [u8], member: &'a [u8] },
        /// SUNION, SINTER, SDIFF. A list of bytes.
        70 => SetMerge { db: Db, how: sets::Merge, keys: Vec<&'a [u8]> },
        /// SINTERCARD: how many members all have, counted up to `limit` (0: all).
        71 => SetCommon { db: Db, keys: Vec<&'a [u8]>, limit: u64 },
        /// SUNIONSTORE, SINTERSTORE, SDIFFSTORE. How many members there are.
        72 => SetMergeStore { db: Db, how: sets::Merge, to: &'a [u8], keys: Vec<&'a [u8]> },
        /// On the sorted set at a key.
        73 => Scored { db: Db, key: &'a [u8], op: zsets::Op<'a> },
        /// ZUNION, ZINTER, ZDIFF, of sorted sets and of sets, whose members count 1. A list
        /// of bytes, or with `scores` of List[Bytes member, Float score].
        74 => ScoredMerge {
            db: Db, how: sets::Merge, keys: Vec<&'a [u8]>, weights: Vec<f64>, fold: zsets::Fold,
            scores: bool,
        },
        /// ZINTERCARD: how many members all have, counted up to `limit` (0: all).
        75 => ScoredCommon { db: Db, keys: Vec<&'a [u8]>, limit: u64 },
        /// ZUNIONSTORE, ZINTERSTORE, ZDIFFSTORE. How many members there are.
        76 => ScoredMergeStore {
            db: Db, how: sets::Merge, to: &'a [u8], keys: Vec<&'a [u8]>, weights: Vec<f64>,
            fold: zsets::Fold,
        },
        /// ZMPOP: from the first sorted set that is there. List[Bytes key,
        /// List[List[Bytes member, Float score]...]] or nil.
        77 => ScoredPopFirst { db: Db, keys: Vec<&'a [u8]>, max: bool, count: u64 },
        /// ZRANGESTORE: what ZRANGE gives, at a key. How many members there are.
        78 => ScoredRangeStore {
            db: Db, to: &'a [u8], from: &'a [u8], span: zsets::Span<'a>, reverse: bool, offset: i64,
            limit: i64,
        },
        /// BLPOP and its relatives, and reads of streams that may wait: from the first key
        /// that is there, as the form of `want` says, or nil. One that is ready to wait takes a place in line instead;
        /// with `keep` what it is answered is kept until it is confirmed.
        79 => PopOrWait {
            db: Db, keys: Vec<&'a [u8]>, want: waits::Want<'a>, wait: Option<Wait>, keep: bool,
        },
        /// Ends a wait for keys: with an error (CLIENT UNBLOCK ... ERROR) or as if its
        /// time were up. 1, or 0 when it does not wait.
        80 => CancelWait { origin: Origin, request: u64, error: bool },
        /// The node of a client that waited has the answer. 1, or 0 when it was given
        /// back.
        81 => ConfirmWait { origin: Origin, request: u64 },
        /// What became of a request that waited: `Waits`, a list of the answer as long as it is
        /// not confirmed, or nil. A read.
        82 => LookAtWait { origin: Origin, request: u64 },

        /// CACHE FILLSET: gives a key that is filled its value, if the token is good still.
        /// Ok, or nil.
        140 => FillSet { db: Db, key: &'a [u8], token: u64, value: &'a [u8], expiry: Expiry },
        /// CACHE FILLABORT: the token for a key is given back. 1, or 0 if it is good no more.
        141 => FillAbort { db: Db, key: &'a [u8], token: u64 },

        /// On the bits of the string at a key.
        111 => Bits { db: Db, key: &'a [u8], op: bitmaps::Op },
        /// BITOP. How many bytes the result has.
        112 => BitMerge { db: Db, how: bitmaps::Merge, to: &'a [u8], keys: Vec<&'a [u8]> },

        /// SORT, SORT_RO. A list of bytes or nil: the elements, or for each what the patterns
        /// of `get` stand for.
        120 => Sort { db: Db, key: &'a [u8], terms: sorting::Terms<'a>, get: Vec<&'a [u8]> },
        /// SORT STORE: the same as a list at a key. How long it is.
        121 => SortStore {
            db: Db, to: &'a [u8], key: &'a [u8], terms: sorting::Terms<'a>, get: Vec<&'a [u8]>,
        },
        /// PFADD: 1 when that changed anything. A string becomes no longer than `sparse_max`
        /// before it is dense.
        124 => CountDistinct { db: Db, key: &'a [u8], elements: Vec<&'a [u8]>, sparse_max: u64 },
        /// PFCOUNT. A number.
        125 => DistinctCount { db: Db, keys: Vec<&'a [u8]> },
        /// What PFCOUNT of a key gives is kept in its value, if an old count stands there. Ok.
        132 => KeepCount { db: Db, key: &'a [u8] },
        /// PFMERGE: what was counted at any of the keys, at one more. Ok.
        126 => DistinctMerge { db: Db, to: &'a [u8], keys: Vec<&'a [u8]>, sparse_max: u64 },
        /// PFDEBUG: about what counts different elements at a key. Nil if there is none; a list
        /// of numbers, bytes (Ok if it has no runs), a word, or 1 or 0.
        127 => DistinctInside { db: Db, key: &'a [u8], ask: Inside },
        /// GEOSEARCH, GEORADIUS. A list of bytes, or of List[Bytes member, Float distance, Int
        /// score, List[Float longitude, Float latitude]] with what is asked for.
        128 => Near {
            db: Db, key: &'a [u8], search: geo::Search<'a>, distance: bool, score: bool,
            place: bool,
        },
        /// GEOSEARCHSTORE: the same as a sorted set at a key, with `distances` in place of
        /// the scores. How many there are.
        129 => NearStore {
            db: Db, to: &'a [u8], key: &'a [u8], search: geo::Search<'a>, distances: bool,
        },
        /// GEORADIUS STORE: as `NearStore`; who listens to events is told another one.
        131 => RadiusStore {
            db: Db, to: &'a [u8], key: &'a [u8], search: geo::Search<'a>, distances: bool,
        },
        /// GEODIST: how far two members are from each other, in units of so many meters. A
        /// float or nil.
        130 => Distance { db: Db, key: &'a [u8], from: &'a [u8], to: &'a [u8], unit: f64 },

        /// On the stream at a key.
        90 => Stream { db: Db, key: &'a [u8], op: streams::Op<'a> },
        /// XREAD: of each stream what comes behind an entry, at most `count` (0: all).
        /// List[Bytes key, List[entry...], ...] or nil. One that may wait is a `PopOrWait`.
        91 => StreamRead { db: Db, keys: Vec<&'a [u8]>, after: Vec<streams::After>, count: u64 },
        /// XREADGROUP: the same of what was not given to the group, or of what the consumer
        /// has already.
        92 => StreamReadGroup {
            db: Db, group: &'a [u8], consumer: &'a [u8], keys: Vec<&'a [u8]>,
            after: Vec<streams::After>, count: u64, no_ack: bool,
        },
    }
}

impl Op<'_> {
    /// Whether this changes anything that replicas must agree on.
    pub fn is_write(&self) -> bool {
        match self {
            Op::Hash { op, .. } => op.is_write(),
            Op::List { op, .. } => op.is_write(),
            Op::Members { op, .. } => op.is_write(),
            Op::Scored { op, .. } => op.is_write(),
            Op::Bits { op, .. } => op.is_write(),
            Op::Stream { op, .. } => op.is_write(),
            Op::StreamRead { .. }
            | Op::SetMerge { .. }
            | Op::SetCommon { .. }
            | Op::ScoredMerge { .. }
            | Op::ScoredCommon { .. }
            | Op::LookAtWait { .. }
            | Op::Sort { .. }
            | Op::DistinctCount { .. }
            | Op::Near { .. }
            | Op::Distance { .. } => false,
            op => !op.only_reads(),
        }
    }

    /// How it is ready to wait, if it is.
    pub fn wait(&self) -> Option<Wait> {
        match self {
            Op::PopOrWait { wait, .. } => *wait,
            _ => None,
        }
    }

    /// The same operation, not ready to wait.
    #[must_use]
    pub fn without_wait(mut self) -> Self {
        if let Op::PopOrWait { wait, keep, .. } = &mut self {
            (*wait, *keep) = (None, false);
        }
        self
    }

    fn only_reads(&self) -> bool {
        // They have the tags below 32.
        matches!(
            self,
            Op::Get { .. }
                | Op::MGet { .. }
                | Op::GetRange { .. }
                | Op::StrLen { .. }
                | Op::Lcs { .. }
                | Op::Exists { .. }
                | Op::Type { .. }
                | Op::Ttl { .. }
                | Op::RandomKey { .. }
                | Op::Keys { .. }
                | Op::Scan { .. }
                | Op::DbSize { .. }
                | Op::Dump { .. }
                | Op::Object { .. }
                | Op::Touch { .. }
                | Op::Versions { .. }
                | Op::Digest {}
                | Op::DigestValue { .. }
                | Op::CountInSlot { .. }
                | Op::KeysInSlot { .. }
        )
    }
}
