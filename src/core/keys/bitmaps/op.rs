//! Operations on the bits of a string.

use crate::wire_enum;

wire_enum! {
    /// One operation on the bits of a string. Where there is none, it is taken for an empty
    /// one, and what is behind the end of one for zeros. Reads have the tags below 32.
    #[derive(Clone, Debug, PartialEq)]
    #[expect(missing_docs, reason = "the variant's text says what its fields are")]
    pub enum Op {
        /// GETBIT. A number.
        1 => Get { offset: u64 },
        /// BITCOUNT. A number; none: of the whole string.
        2 => Count { range: Option<Range> },
        /// BITPOS: where the first bit like this is, from `start` to `end`, in bits or bytes.
        /// -1: nowhere. Without an end zeros follow the string.
        3 => Position { bit: bool, start: i64, end: Option<i64>, bits: bool },
        /// BITFIELD_RO, and a BITFIELD that only reads. A list of numbers.
        4 => Fields { fields: Vec<Field> },

        /// SETBIT: `max` bounds the string. What the bit was.
        32 => Set { offset: u64, bit: bool, max: u64 },
        /// BITFIELD: `max` bounds the string. A list of numbers, or nil where a step was not
        /// carried out.
        33 => Change { steps: Vec<Step>, max: u64 },
    }
}

wire_enum! {
    /// A part of a string, both ends in it, counted from its end when negative.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Range {
        /// The only form.
        1 => Of {
            /// Where it begins.
            start: i64,
            /// Where it ends.
            end: i64,
            /// Whether they count bits, not bytes.
            bits: bool,
        },
    }
}

wire_enum! {
    /// An integer among the bits.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Field {
        /// The only form.
        1 => At {
            /// Its first bit.
            offset: u64,
            /// How many it has, 1 to 64.
            bits: u8,
            /// Whether the first is its sign.
            signed: bool,
        },
    }
}

wire_enum! {
    /// What becomes of a number that does not fit.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Overflow {
        /// Its highest bits are left out.
        0 => Wrap {},
        /// It becomes the nearest that fits.
        1 => Saturate {},
        /// Nothing is changed.
        2 => Refuse {},
    }
}

wire_enum! {
    /// One step of a BITFIELD.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    #[expect(missing_docs, reason = "the variant's text says what its fields are")]
    pub enum Step {
        /// GET: the number.
        1 => Get { field: Field },
        /// SET: the number that was there.
        2 => Set { field: Field, value: i64, overflow: Overflow },
        /// INCRBY: the new number.
        3 => Add { field: Field, by: i64, overflow: Overflow },
    }
}

wire_enum! {
    /// How BITOP makes one string of several.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Merge {
        /// What is set in all.
        0 => And {},
        /// What is set in any.
        1 => Or {},
        /// What is set in an odd number of them.
        2 => Xor {},
        /// What is not set in the only one.
        3 => Not {},
    }
}

impl Op {
    /// Whether this changes anything that replicas must agree on.
    pub fn is_write(&self) -> bool {
        matches!(self, Op::Set { .. } | Op::Change { .. })
    }
}

impl Step {
    /// The integer it is about.
    pub fn field(&self) -> Field {
        match self {
            Step::Get { field } | Step::Set { field, .. } | Step::Add { field, .. } => *field,
        }
    }
}

impl Field {
    /// How many bits it has, 1 to 64 whatever was written.
    pub fn bits(self) -> u32 {
        let Field::At { bits, .. } = self;
        u32::from(bits.clamp(1, 64))
    }

    /// How many bytes a string has that holds it.
    pub fn bytes_end(self) -> u64 {
        let Field::At { offset, .. } = self;
        offset.saturating_add(u64::from(self.bits() - 1)) / 8 + 1
    }
}
