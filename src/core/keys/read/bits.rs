//! Reading bits of strings.

use std::borrow::Cow;

use super::{View, string};
use crate::keys::bitmaps::{Op, bits, field};
use crate::{Db, Fault, Outcome};

impl View<'_> {
    pub(super) fn bits(&self, db: Db, key: &[u8], op: &Op) -> Result<Outcome, Fault> {
        let found = self.used(db, key).map(string).transpose()?;
        let is_there = found.is_some();
        let bytes = found.map_or(Cow::Borrowed(&[][..]), |string| string.bytes());
        Ok(match op {
            Op::Get { offset } => Outcome::Int(bits::get(&bytes, *offset).into()),
            Op::Count { range } => Outcome::Int(bits::count(&bytes, *range) as i64),
            // Zeros without end.
            Op::Position { bit, .. } if !is_there => Outcome::Int(if *bit { -1 } else { 0 }),
            Op::Position { bit, start, end, bits } => {
                let found = bits::position(&bytes, *bit, *start, *end, *bits);
                Outcome::Int(found.map_or(-1, |at| at as i64))
            }
            Op::Fields { fields } => {
                let number = |of: &_| Outcome::Int(field::get(&bytes, *of));
                Outcome::List(fields.iter().map(number).collect())
            }
            _ => unreachable!("the caller tells writes from reads"),
        })
    }
}
