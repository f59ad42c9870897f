//! What is asked for.

use super::pattern::Pattern;
use crate::wire_enum;

wire_enum! {
    /// How the elements are sorted, and which of them are wanted.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Terms<'a> {
        /// The only form.
        1 => Are {
            /// BY: the pattern of what they are sorted by, in place of themselves. One
            /// without `*` leaves them as they are.
            by: Option<&'a [u8]>,
            /// ALPHA: as bytes, not as numbers.
            alpha: bool,
            /// DESC: the greatest first.
            reverse: bool,
            /// LIMIT: those behind so many; negative: 0.
            offset: i64,
            /// LIMIT: at most so many; negative: all.
            limit: i64,
        },
    }
}

impl Terms<'_> {
    /// Whether elements are sorted by what other keys hold.
    pub fn looks_elsewhere(&self) -> bool {
        let Terms::Are { by, .. } = self;
        by.is_some_and(|by| !matches!(Pattern::of(by), Pattern::Constant | Pattern::Element))
    }
}
