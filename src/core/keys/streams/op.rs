//! Operations on streams.

use super::Id;
use crate::wire_enum;

wire_enum! {
    /// The id of an entry that is added.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum NewId {
        /// `*`: the entry's clock, and never less than the last id and one more.
        0 => Auto {},
        /// `ms-*`: the next one of this time.
        1 => Of {
            /// The time.
            ms: u64,
        },
        /// This one.
        2 => Is {
            /// The id.
            id: Id,
        },
    }
}

wire_enum! {
    /// Which entries stay when a stream is trimmed.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Trim {
        /// All.
        0 => Never {},
        /// MAXLEN: the newest so many.
        1 => MaxLen {
            /// How many.
            count: u64,
            /// `~`: only whole blocks go.
            blocks: bool,
            /// LIMIT: at most so many go; 0: any number.
            limit: u64,
        },
        /// MINID: those from an id on.
        2 => MinId {
            /// The id.
            id: Id,
            /// `~`: only whole blocks go.
            blocks: bool,
            /// LIMIT: at most so many go; 0: any number.
            limit: u64,
        },
    }
}

wire_enum! {
    /// Behind which entry XREAD and XREADGROUP go on.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum After {
        /// The one with this id. Of XREADGROUP: what the consumer has already.
        0 => Id {
            /// The id.
            id: Id,
        },
        /// `$`: the last one there is. `>`: the last one that was given to the group.
        1 => Newest {},
    }
}

wire_enum! {
    /// One operation on a stream. Reads have the tags below 32. Entries are shown as
    /// List[Bytes id, List[Bytes field, Bytes value, ...]].
    #[derive(Clone, Debug, PartialEq)]
    #[expect(missing_docs, reason = "the variant's text says what its fields are")]
    pub enum Op<'a> {
        /// XLEN. A number.
        1 => Len {},
        /// XRANGE, XREVRANGE: both ends inclusive. A list of entries, nil when there is a
        /// stream and `count` is 0.
        2 => Range { start: Id, end: Id, reverse: bool, count: Option<u64> },
        /// XINFO STREAM. List[Int length, Int blocks, Int parts, Bytes last_id, Bytes
        /// max_deleted_id, Int added, Bytes first_id, Int groups, first entry or nil, last
        /// entry or nil].
        3 => Info {},
        /// XINFO STREAM FULL: at most `count` of everything (0: all). As `Info`, but from
        /// the groups on List[entry...], List[group...]: each List[Bytes name, Bytes
        /// last_id, Int read or nil, Int lag or nil, Int pending, List[List[Bytes id, Bytes
        /// consumer, Int given_ms, Int count]...], List[List[Bytes name, Int seen_ms, Int
        /// pending, List[List[Bytes id, Int given_ms, Int count]...]]...]].
        4 => InfoFull { count: u64 },
        /// XINFO GROUPS. A list of List[Bytes name, Int consumers, Int pending, Bytes
        /// last_id, Int read or nil, Int lag or nil].
        5 => Groups {},
        /// XINFO CONSUMERS. A list of List[Bytes name, Int pending, Int idle_ms].
        6 => Consumers { group: &'a [u8] },
        /// XPENDING without a range. List[Int count, Bytes first or nil, Bytes last or nil,
        /// List[List[Bytes consumer, Bytes count]...] or nil].
        7 => Pending { group: &'a [u8] },
        /// XPENDING with a range, of a consumer or of all, idle for that long. A list of
        /// List[Bytes id, Bytes consumer, Int idle_ms, Int count].
        8 => PendingRange {
            group: &'a [u8], start: Id, end: Id, count: u64, idle_ms: i64,
            consumer: Option<&'a [u8]>,
        },

        /// XADD: the id as bytes, or nil where there is no stream and `create` does not
        /// hold. A new block is begun at so many entries or bytes (0: any number).
        32 => Add {
            id: NewId, fields: Vec<(&'a [u8], &'a [u8])>, create: bool, trim: Trim,
            block_entries_max: u64, block_bytes_max: u64,
        },
        /// XDEL. How many were there.
        33 => Delete { ids: Vec<Id> },
        /// XTRIM. How many went.
        34 => Trim { trim: Trim },
        /// XSETID. Ok. A greatest deleted id of 0-0 leaves that as it is.
        35 => SetId { id: Id, added: Option<u64>, max_deleted: Id },
        /// XGROUP CREATE. Ok. No `id`: behind the last entry; `create`: with an empty stream
        /// where there is none.
        36 => CreateGroup { group: &'a [u8], id: Option<Id>, read: Option<i64>, create: bool },
        /// XGROUP SETID. Ok.
        37 => SetGroup { group: &'a [u8], id: Option<Id>, read: Option<i64> },
        /// XGROUP DESTROY. 1 or 0.
        38 => DestroyGroup { group: &'a [u8] },
        /// XGROUP CREATECONSUMER. 1, or 0 when it is there.
        39 => CreateConsumer { group: &'a [u8], consumer: &'a [u8] },
        /// XGROUP DELCONSUMER. How many entries it had.
        40 => DeleteConsumer { group: &'a [u8], consumer: &'a [u8] },
        /// XACK. How many were pending.
        41 => Ack { group: &'a [u8], ids: Vec<Id> },
        /// XCLAIM. A list of entries, with `just_id` of ids.
        42 => Claim {
            group: &'a [u8], consumer: &'a [u8], idle_ms: i64, ids: Vec<Id>, given: Given,
            retries: Option<i64>, force: bool, just_id: bool, last_id: Id,
        },
        /// XAUTOCLAIM. List[Bytes next, list as that of `Claim`, List[Bytes id...]]: the
        /// last ones were pending and are no longer in the stream.
        43 => AutoClaim {
            group: &'a [u8], consumer: &'a [u8], idle_ms: i64, start: Id, count: u64,
            just_id: bool,
        },
    }
}

wire_enum! {
    /// When an entry that is claimed counts as given.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Given {
        /// Now.
        0 => Now {},
        /// IDLE: so many milliseconds ago.
        1 => Ago {
            /// How many.
            ms: i64,
        },
        /// TIME: then.
        2 => At {
            /// Milliseconds since the Unix epoch.
            ms: i64,
        },
    }
}

impl Op<'_> {
    /// Whether this changes anything that replicas must agree on.
    pub fn is_write(&self) -> bool {
        !matches!(
            self,
            Op::Len {}
                | Op::Range { .. }
                | Op::Info {}
                | Op::InfoFull { .. }
                | Op::Groups {}
                | Op::Consumers { .. }
                | Op::Pending { .. }
                | Op::PendingRange { .. }
        )
    }
}
