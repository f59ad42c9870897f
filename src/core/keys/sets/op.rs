//! Operations on sets.

use crate::wire_enum;

wire_enum! {
    /// How several sets become one.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Merge {
        /// What is in any of them.
        0 => Union {},
        /// What is in all of them.
        1 => Intersection {},
        /// What is in the first one and in no other.
        2 => Difference {},
    }
}

wire_enum! {
    /// One operation on a set. Where there is none, it is taken for an empty one. Reads
    /// have the tags below 32.
    #[derive(Clone, Debug, PartialEq)]
    #[expect(missing_docs, reason = "the variant's text says what its fields are")]
    pub enum Op<'a> {
        /// SMEMBERS. A list of bytes.
        1 => All {},
        /// SCARD. A number.
        2 => Len {},
        /// SISMEMBER. 1 or 0.
        3 => Has { member: &'a [u8] },
        /// SMISMEMBER. A list of 1 or 0.
        4 => HasEach { members: Vec<&'a [u8]> },
        /// SRANDMEMBER without a count. A member or nil; `seed` chooses.
        5 => Random { seed: u64 },
        /// SRANDMEMBER with a count: so many different members, or, when it is negative,
        /// so many of which some may be the same. A list of bytes.
        6 => RandomSome { count: i64, seed: u64 },
        /// SSCAN. List[Bytes cursor, List[Bytes member...]]; members there during the
        /// whole scan are given at least once.
        7 => Scan { cursor: u64, pattern: Option<&'a [u8]>, count: u64 },

        /// SADD. How many are new.
        32 => Add { members: Vec<&'a [u8]> },
        /// SREM. How many were there.
        33 => Remove { members: Vec<&'a [u8]> },
        /// SPOP without a count. A member or nil; `seed` chooses.
        34 => Pop { seed: u64 },
        /// SPOP with a count. A list of bytes.
        35 => PopSome { count: u64, seed: u64 },
    }
}

impl Op<'_> {
    /// Whether this changes anything that replicas must agree on.
    pub fn is_write(&self) -> bool {
        matches!(self, Op::Add { .. } | Op::Remove { .. } | Op::Pop { .. } | Op::PopSome { .. })
    }
}
