//! Operations on lists.

use crate::wire_enum;

wire_enum! {
    /// One operation on a list. Where there is none, it is taken for an empty one.
    /// Indexes count from the end when negative. Reads have the tags below 32.
    #[derive(Clone, Debug, PartialEq)]
    #[expect(missing_docs, reason = "the variant's text says what its fields are")]
    pub enum Op<'a> {
        /// LLEN. A number.
        1 => Len {},
        /// LINDEX. Bytes or nil.
        2 => Index { index: i64 },
        /// LRANGE, both ends inclusive. A list of bytes.
        3 => Range { start: i64, end: i64 },
        /// LPOS. The position of the match with the number `rank`, from the end when it
        /// is negative, or nil; with `count` (0: all) a list of the positions from that
        /// match on. `max_len`: how many elements are looked at, 0 for all.
        4 => Pos { element: &'a [u8], rank: i64, count: Option<u64>, max_len: u64 },

        /// LPUSH, RPUSH and, with `only_there`, LPUSHX, RPUSHX. The length behind it.
        32 => Push { values: Vec<&'a [u8]>, front: bool, only_there: bool },
        /// LPOP, RPOP. Bytes or nil; with `count` a list of bytes, or Ok when there is
        /// no list.
        33 => Pop { front: bool, count: Option<u64> },
        /// LSET. Ok.
        34 => Set { index: i64, value: &'a [u8] },
        /// LINSERT. The length behind it, 0 when there is no list, -1 when there is no
        /// such `pivot`.
        35 => Insert { pivot: &'a [u8], value: &'a [u8], before: bool },
        /// LREM: at most `count` (0: all) that equal `value`, from the end when it is
        /// negative. How many.
        36 => Remove { count: i64, value: &'a [u8] },
        /// LTRIM: leaves what LRANGE would give. Ok.
        37 => Trim { start: i64, end: i64 },
    }
}

impl Op<'_> {
    /// Whether this changes anything that replicas must agree on.
    pub fn is_write(&self) -> bool {
        !matches!(self, Op::Len {} | Op::Index { .. } | Op::Range { .. } | Op::Pos { .. })
    }
}
