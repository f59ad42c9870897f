//! Operations on hashes.

use crate::keys::{ExpireWhen, Expiry, TtlForm};
use crate::wire_enum;

wire_enum! {
    /// Which parts of the entries are asked for.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Part {
        /// The fields.
        0 => Fields {},
        /// The values.
        1 => Values {},
        /// Both, one behind the other.
        2 => Both {},
    }
}

/// The latest deadline that a field can be given, in milliseconds since the Unix epoch, as in
/// Redis 7.4.
pub const END_MAX_MS: u64 = (1 << 46) - 1;

/// The latest deadline that a field can have in a payload of DUMP.
pub const KEPT_END_MAX_MS: u64 = (1 << 48) - 1;

wire_enum! {
    /// One operation on a hash. Where there is none, reads take it for an empty one. Reads
    /// have the tags below 32.
    #[derive(Clone, Debug, PartialEq)]
    #[expect(missing_docs, reason = "the variant's text says what its fields are")]
    pub enum Op<'a> {
        /// HGET. Bytes or nil.
        1 => Get { field: &'a [u8] },
        /// HMGET. A list of bytes or nil.
        2 => MGet { fields: Vec<&'a [u8]> },
        /// HLEN. A number.
        3 => Len {},
        /// HEXISTS. 1 or 0.
        4 => Exists { field: &'a [u8] },
        /// HSTRLEN. The length of the value, 0 without the field.
        5 => StrLen { field: &'a [u8] },
        /// HGETALL, HKEYS, HVALS. A list of bytes.
        6 => All { part: Part },
        /// HRANDFIELD without a count. A field or nil; `seed` chooses.
        7 => Random { seed: u64 },
        /// HRANDFIELD with a count: so many different fields, or, when it is negative, so
        /// many of which some may be the same. A list of bytes, or with `values` of
        /// List[Bytes field, Bytes value].
        8 => RandomSome { count: i64, values: bool, seed: u64 },
        /// HSCAN. List[Bytes cursor, List[Bytes field, Bytes value, ...]]; fields there
        /// during the whole scan are given at least once.
        9 => Scan { cursor: u64, pattern: Option<&'a [u8]>, count: u64 },

        /// HTTL and its relatives. For each field a number as of TTL: -2 without the field,
        /// -1 without a deadline.
        10 => Ttl { fields: Vec<&'a [u8]>, form: TtlForm },

        /// HSET and HMSET, which take deadlines away. How many fields are new.
        32 => Set { pairs: Vec<(&'a [u8], &'a [u8])> },
        /// HSETNX. 1, or 0 when the field is there.
        33 => SetNew { field: &'a [u8], value: &'a [u8] },
        /// HDEL. How many were there.
        34 => Del { fields: Vec<&'a [u8]> },
        /// HINCRBY. The new number.
        35 => IncrBy { field: &'a [u8], by: i64 },
        /// HINCRBYFLOAT. The new number as bytes; `by` is the decimal text given.
        36 => IncrByFloat { field: &'a [u8], by: &'a [u8] },
        /// HEXPIRE and its relatives. For each field -2 without it, 0 when it is not as
        /// `when` wants it, 1 with the new deadline, 2 when that is past and it went.
        /// [`InvalidExpire`](crate::Fault::InvalidExpire) beyond [`END_MAX_MS`].
        37 => Expire { fields: Vec<&'a [u8]>, expiry: Expiry, when: ExpireWhen },
        /// HPERSIST. For each field -2 without it, -1 without a deadline, 1 without it from
        /// now on.
        38 => Persist { fields: Vec<&'a [u8]> },
    }
}

impl Op<'_> {
    /// The fields that it names.
    pub(super) fn fields(&self) -> Vec<&[u8]> {
        match self {
            Op::Set { pairs } => pairs.iter().map(|(field, _)| *field).collect(),
            Op::Del { fields } | Op::Expire { fields, .. } | Op::Persist { fields } => {
                fields.clone()
            }
            Op::SetNew { field, .. } | Op::IncrBy { field, .. } | Op::IncrByFloat { field, .. } => {
                vec![field]
            }
            _ => Vec::new(),
        }
    }

    /// Whether this changes anything that replicas must agree on.
    pub fn is_write(&self) -> bool {
        matches!(
            self,
            Op::Set { .. }
                | Op::SetNew { .. }
                | Op::Del { .. }
                | Op::IncrBy { .. }
                | Op::IncrByFloat { .. }
                | Op::Expire { .. }
                | Op::Persist { .. }
        )
    }
}
