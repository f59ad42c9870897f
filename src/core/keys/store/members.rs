//! Sets: integers in order as long as they are few, else a table without values.

use std::cmp::Ordering;

use super::table::SET_LIMITS;
use super::{Collection, Entry, Form, Hasher, Value};
use crate::keys::number::parse_integer;

/// Up to how many integers a set keeps as such.
const INTEGERS_MAX: usize = 512;

impl Value {
    /// A set that is empty.
    pub(in crate::keys) fn no_members() -> Self {
        Value::Integers(Collection::default())
    }

    /// Adds a member to a set; whether it is new.
    pub(in crate::keys) fn add_member(&mut self, hasher: Hasher, member: &[u8]) -> bool {
        let entry = Entry { key: member, value: b"" };
        if let Value::Integers(integers) = self {
            if parse_integer(member).is_some() {
                if integers.get(hasher, member).is_some() {
                    return false;
                }
                if integers.len() < INTEGERS_MAX {
                    integers.insert_integer(entry);
                    return true;
                }
            }
            let mut set = Collection::default();
            for entry in integers.rows() {
                set.put(hasher, SET_LIMITS, entry);
            }
            *self = Value::Set(set);
        }
        match self {
            Value::Set(set) => set.put(hasher, SET_LIMITS, entry),
            _ => false,
        }
    }

    /// Removes a member from a set; whether it was there.
    pub(in crate::keys) fn remove_member(&mut self, hasher: Hasher, member: &[u8]) -> bool {
        match self {
            Value::Integers(set) | Value::Set(set) => set.remove(hasher, member),
            _ => false,
        }
    }
}

impl Collection {
    /// Adds an integer that is not there behind all that are smaller.
    fn insert_integer(&mut self, entry: Entry<'_>) {
        self.edit_pack(|pack| {
            let (at, _, _) = pack.view().seek(|other| in_order(other.key, entry.key).is_lt());
            pack.insert(at, entry);
        });
    }

    /// Adds an integer if it is one, the largest, and there is room for it.
    pub(in crate::keys) fn push_integer(&mut self, text: &[u8]) -> bool {
        let last = self.len().checked_sub(1).and_then(|last| self.nth(last));
        let fits = parse_integer(text).is_some()
            && self.len() < INTEGERS_MAX
            && matches!(self.form(), Form::Packed(_))
            && last.is_none_or(|last| in_order(last.key, text).is_lt());
        if fits {
            self.edit_pack(|pack| pack.push(Entry { key: text, value: b"" }));
        }
        fits
    }
}

/// How two canonical decimals compare as numbers.
fn in_order(a: &[u8], b: &[u8]) -> Ordering {
    match (a.starts_with(b"-"), b.starts_with(b"-")) {
        (false, true) => Ordering::Greater,
        (true, false) => Ordering::Less,
        (false, false) => (a.len(), a).cmp(&(b.len(), b)),
        (true, true) => (b.len(), b).cmp(&(a.len(), a)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::with_seeds;

    #[test]
    fn decimals_compare_as_their_numbers() {
        with_seeds(500, |chance| {
            let mut number = || chance.next() as i64 >> chance.below(64);
            let (a, b) = (number(), number());
            let order = in_order(a.to_string().as_bytes(), b.to_string().as_bytes());
            assert_eq!(order, a.cmp(&b), "{a} {b}");
        });
    }
}
