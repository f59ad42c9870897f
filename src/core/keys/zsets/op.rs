//! Operations on sorted sets.

use crate::wire_enum;

wire_enum! {
    /// An end of a range of scores.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub enum ScoreBound {
        /// The score belongs to the range.
        0 => With {
            /// The score.
            score: f64,
        },
        /// It does not.
        1 => Without {
            /// The score.
            score: f64,
        },
    }
}

wire_enum! {
    /// An end of a range of members.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum LexBound<'a> {
        /// Before all.
        0 => First {},
        /// Behind all.
        1 => Last {},
        /// The member belongs to the range.
        2 => With {
            /// The member.
            member: &'a [u8],
        },
        /// It does not.
        3 => Without {
            /// The member.
            member: &'a [u8],
        },
    }
}

wire_enum! {
    /// Some members in a row.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub enum Span<'a> {
        /// By rank, both ends inclusive and counted from the end when negative; of a
        /// range in reverse counted from the greatest.
        0 => Ranks {
            /// The first.
            start: i64,
            /// The last.
            end: i64,
        },
        /// By score.
        1 => Scores {
            /// The least.
            min: ScoreBound,
            /// The greatest.
            max: ScoreBound,
        },
        /// By member, where all scores are equal.
        2 => Members {
            /// The least.
            min: LexBound<'a>,
            /// The greatest.
            max: LexBound<'a>,
        },
    }
}

wire_enum! {
    /// How the scores of a member of several sorted sets become one.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Fold {
        /// Added.
        0 => Sum {},
        /// The least.
        1 => Min {},
        /// The greatest.
        2 => Max {},
    }
}

wire_enum! {
    /// One operation on a sorted set. Where there is none, it is taken for an empty one.
    /// Reads have the tags below 32.
    #[derive(Clone, Debug, PartialEq)]
    #[expect(missing_docs, reason = "the variant's text says what its fields are")]
    pub enum Op<'a> {
        /// ZSCORE. A float or nil.
        1 => Score { member: &'a [u8] },
        /// ZMSCORE. A list of floats or nil.
        2 => MScore { members: Vec<&'a [u8]> },
        /// ZCARD. A number.
        3 => Len {},
        /// ZRANK, ZREVRANK. A number or nil.
        4 => Rank { member: &'a [u8], reverse: bool },
        /// ZCOUNT, ZLEXCOUNT. A number.
        5 => Count { span: Span<'a> },
        /// ZRANGE and its relatives: of the span, the greatest first with `reverse`, what
        /// is behind the first `offset` (negative: nothing), at most `limit` (negative:
        /// all). A list of bytes, or with `scores` of List[Bytes member, Float score].
        6 => Range { span: Span<'a>, reverse: bool, offset: i64, limit: i64, scores: bool },
        /// ZRANDMEMBER without a count. A member or nil; `seed` chooses.
        7 => Random { seed: u64 },
        /// ZRANDMEMBER with a count, as SRANDMEMBER. A list as that of `Range`.
        8 => RandomSome { count: i64, scores: bool, seed: u64 },
        /// ZSCAN. List[Bytes cursor, List[List[Bytes member, Float score]...]].
        9 => Scan { cursor: u64, pattern: Option<&'a [u8]>, count: u64 },

        /// ZADD: `absent` NX, `present` XX, `greater` GT, `less` LT. How many members are
        /// new, with `changed` also those with another score. With `incr` the scores are
        /// added to what is there: the new score of the only pair, or nil when the rules
        /// forbid it.
        32 => Add {
            pairs: Vec<(f64, &'a [u8])>, absent: bool, present: bool, greater: bool, less: bool,
            changed: bool, incr: bool,
        },
        /// ZREM. How many were there.
        33 => Remove { members: Vec<&'a [u8]> },
        /// ZREMRANGEBYRANK, ...SCORE, ...LEX. How many.
        34 => RemoveSpan { span: Span<'a> },
        /// ZPOPMIN, ZPOPMAX. List[Bytes member, Float score], or an empty list; with
        /// `count` a list of such.
        35 => Pop { max: bool, count: Option<u64> },
    }
}

impl Op<'_> {
    /// Whether this changes anything that replicas must agree on.
    pub fn is_write(&self) -> bool {
        matches!(self, Op::Add { .. } | Op::Remove { .. } | Op::RemoveSpan { .. } | Op::Pop { .. })
    }
}
