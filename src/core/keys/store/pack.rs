//! A pack: a few entries behind each other in one buffer.
//!
//! The number of entries (16 bits, little-endian), then each entry: the length of
//! its key, the key, the length of its value, the value. Lengths are varints.

/// What a pack without entries takes.
const HEAD_BYTES: usize = 2;

/// What grows in place keeps this part of its length as room.
const ROOM_PART: usize = 8;

/// A key with a value; what is in no need of one of them leaves it empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::keys) struct Entry<'a> {
    pub key: &'a [u8],
    pub value: &'a [u8],
}

impl Entry<'_> {
    /// What it takes in a pack.
    pub(in crate::keys) fn size(&self) -> usize {
        size_of_part(self.key) + size_of_part(self.value)
    }
}

/// Entries in an order that is the owner's affair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::keys) struct Pack(Vec<u8>);

impl Default for Pack {
    fn default() -> Self {
        Pack(vec![0; HEAD_BYTES])
    }
}

impl Pack {
    /// The pack that stood in a box.
    pub(in crate::keys) fn from_box(bytes: Box<[u8]>) -> Self {
        Pack(bytes.into_vec())
    }

    pub(in crate::keys) fn into_box(self) -> Box<[u8]> {
        self.0.into_boxed_slice()
    }

    pub(in crate::keys) fn view(&self) -> View<'_> {
        View(&self.0)
    }

    /// How many entries.
    pub(in crate::keys) fn len(&self) -> usize {
        self.view().len()
    }

    /// What the entries take.
    pub(in crate::keys) fn size(&self) -> usize {
        self.view().size()
    }

    /// Puts an entry where another one begins, or at the end.
    pub(in crate::keys) fn insert(&mut self, at: usize, entry: Entry<'_>) {
        self.gap(at, entry.size());
        let at = put(&mut self.0, at, entry.key);
        put(&mut self.0, at, entry.value);
        self.set_len(self.len() + 1);
    }

    pub(in crate::keys) fn push(&mut self, entry: Entry<'_>) {
        self.insert(self.0.len(), entry);
    }

    /// Removes the entry that begins here.
    pub(in crate::keys) fn remove(&mut self, at: usize) {
        let end = self.end_of(at);
        self.0.drain(at..end);
        self.set_len(self.len() - 1);
    }

    /// Removes `count` entries from the one with the number `index` on.
    pub(in crate::keys) fn remove_range(&mut self, index: usize, count: usize) {
        let from = self.view().place(index);
        let to = self.view().place(index + count);
        self.0.drain(from..to);
        self.set_len(self.len() - count);
    }

    /// Gives the entry that begins here another value.
    pub(in crate::keys) fn set_value(&mut self, at: usize, value: &[u8]) {
        let mut from = at;
        take(&self.0, &mut from);
        let end = self.end_of(at);
        let (old, new) = (end - from, size_of_part(value));
        if new > old {
            self.gap(end, new - old);
        } else {
            self.0.drain(from + new..end);
        }
        put(&mut self.0, from, value);
    }

    /// Makes the value of the entry that begins here longer, and lets `change` write it
    /// anew: what was added stands at its end. Room is kept for values that grow often.
    pub(in crate::keys) fn grow_value(
        &mut self,
        at: usize,
        more: usize,
        change: impl FnOnce(&mut [u8]),
    ) {
        let mut from = at;
        take(&self.0, &mut from);
        let mut end = from;
        let len = take(&self.0, &mut end).len();
        let wider = size_of_length(len + more) - size_of_length(len);
        if self.0.capacity() - self.0.len() < wider + more {
            self.0.reserve_exact((wider + more).max(self.0.len() / ROOM_PART));
        }
        if wider > 0 {
            self.gap(from, wider);
        }
        self.gap(end + wider, more);
        let from = put_length(&mut self.0, from, len + more);
        change(&mut self.0[from..from + len + more]);
    }

    /// Takes away the entries from the one that begins at `at` on, which has the
    /// number `index`.
    pub(in crate::keys) fn split_off(&mut self, at: usize, index: usize) -> Pack {
        let mut high = Vec::with_capacity(HEAD_BYTES + self.0.len() - at);
        high.extend_from_slice(&[0; HEAD_BYTES]);
        high.extend_from_slice(&self.0[at..]);
        let mut high = Pack(high);
        high.set_len(self.len() - index);
        self.0.truncate(at);
        self.0.shrink_to_fit();
        self.set_len(index);
        high
    }

    /// Adds all entries of another pack.
    pub(in crate::keys) fn append(&mut self, other: &Pack) {
        self.0.reserve_exact(other.size());
        self.0.extend_from_slice(&other.0[HEAD_BYTES..]);
        self.set_len(self.len() + other.len());
    }

    fn end_of(&self, at: usize) -> usize {
        let mut end = at;
        take(&self.0, &mut end);
        take(&self.0, &mut end);
        end
    }

    /// Makes room for `size` bytes.
    fn gap(&mut self, at: usize, size: usize) {
        let end = self.0.len();
        self.0.reserve_exact(size);
        self.0.resize(end + size, 0);
        self.0.copy_within(at..end, at + size);
    }

    fn set_len(&mut self, len: usize) {
        let len = u16::try_from(len).expect("a pack is small");
        self.0[..HEAD_BYTES].copy_from_slice(&len.to_le_bytes());
    }
}

/// The entries of a pack, to be read.
#[derive(Clone, Copy, Debug)]
pub(in crate::keys) struct View<'a>(&'a [u8]);

impl<'a> View<'a> {
    /// The pack that stands in these bytes.
    pub(in crate::keys) fn new(bytes: &'a [u8]) -> Self {
        View(bytes)
    }

    pub(in crate::keys) fn len(self) -> usize {
        u16::from_le_bytes([self.0[0], self.0[1]]).into()
    }

    /// What the entries take.
    pub(in crate::keys) fn size(self) -> usize {
        self.0.len() - HEAD_BYTES
    }

    pub(in crate::keys) fn iter(self) -> Entries<'a> {
        Entries { bytes: self.0, at: HEAD_BYTES }
    }

    pub(in crate::keys) fn nth(self, index: usize) -> Option<Entry<'a>> {
        self.iter().nth(index)
    }

    /// Where the entry with this number begins, or the end.
    pub(in crate::keys) fn place(self, index: usize) -> usize {
        let mut entries = self.iter();
        for _ in 0..index {
            entries.next();
        }
        entries.at
    }

    /// The entry with this key and where it begins, whatever the order is.
    pub(in crate::keys) fn find(self, key: &[u8]) -> Option<(usize, Entry<'a>)> {
        let mut entries = self.iter();
        loop {
            let at = entries.at;
            let entry = entries.next()?;
            if entry.key == key {
                return Some((at, entry));
            }
        }
    }

    /// Where the first entry that is not `below` begins, its number, and itself.
    pub(in crate::keys) fn seek(
        self,
        mut below: impl FnMut(&Entry<'a>) -> bool,
    ) -> (usize, usize, Option<Entry<'a>>) {
        let (mut entries, mut index) = (self.iter(), 0);
        loop {
            let at = entries.at;
            match entries.next() {
                Some(entry) if below(&entry) => index += 1,
                found => return (at, index, found),
            }
        }
    }
}

/// Walks over a pack.
#[derive(Clone, Debug)]
pub(in crate::keys) struct Entries<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Entries<'_> {
    /// Of no pack.
    pub(in crate::keys) fn none() -> Self {
        Entries { bytes: &[], at: 0 }
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        if self.at >= self.bytes.len() {
            return None;
        }
        let key = take(self.bytes, &mut self.at);
        let value = take(self.bytes, &mut self.at);
        Some(Entry { key, value })
    }
}

/// What a part takes with its length.
fn size_of_part(part: &[u8]) -> usize {
    part.len() + size_of_length(part.len())
}

/// What the length of a part takes.
fn size_of_length(len: usize) -> usize {
    let bits = usize::BITS - len.leading_zeros();
    (bits as usize).div_ceil(7).max(1)
}

/// Writes a part over what is there; gives where it ends.
fn put(bytes: &mut [u8], at: usize, part: &[u8]) -> usize {
    let from = put_length(bytes, at, part.len());
    let end = from + part.len();
    bytes[from..end].copy_from_slice(part);
    end
}

/// Writes the length of a part over what is there; gives where it ends.
fn put_length(bytes: &mut [u8], mut at: usize, mut len: usize) -> usize {
    while len >= 0x80 {
        bytes[at] = len as u8 | 0x80;
        len >>= 7;
        at += 1;
    }
    bytes[at] = len as u8;
    at + 1
}

fn take<'a>(bytes: &'a [u8], at: &mut usize) -> &'a [u8] {
    // Most are short.
    let first = bytes[*at];
    let (len, from) = if first < 0x80 { (first.into(), *at + 1) } else { take_length(bytes, *at) };
    *at = from + len;
    &bytes[from..from + len]
}

/// A length, and what stands behind it.
fn take_length(bytes: &[u8], mut at: usize) -> (usize, usize) {
    let (mut len, mut shift) = (0, 0);
    loop {
        let byte = bytes[at];
        at += 1;
        len |= usize::from(byte & 0x7F) << shift;
        if byte < 0x80 {
            return (len, at);
        }
        shift += 7;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::with_seeds;

    fn entry<'a>(key: &'a [u8], value: &'a [u8]) -> Entry<'a> {
        Entry { key, value }
    }

    #[test]
    fn a_pack_does_what_a_list_of_pairs_does() {
        with_seeds(200, |chance| {
            let mut pack = Pack::default();
            let mut model: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
            for _ in 0..60 {
                let value = vec![b'v'; chance.below(300) as usize];
                let index = chance.below(model.len() as u64 + 1) as usize;
                let at = pack.view().place(index);
                match chance.below(7) {
                    0..=2 => {
                        let key = chance.below(100).to_string().into_bytes();
                        pack.insert(at, entry(&key, &value));
                        model.insert(index, (key, value));
                    }
                    3 if index < model.len() => {
                        pack.set_value(at, &value);
                        model[index].1 = value;
                    }
                    4 if index < model.len() => {
                        pack.remove(at);
                        model.remove(index);
                    }
                    5 => {
                        let high = pack.split_off(at, index);
                        assert_eq!((pack.len(), high.len()), (index, model.len() - index));
                        pack.append(&high);
                    }
                    6 if index < model.len() => {
                        let grown = [&model[index].1[..], &value].concat();
                        let len = model[index].1.len();
                        pack.grow_value(at, value.len(), |bytes| {
                            assert_eq!(bytes[..len], grown[..len]);
                            bytes[len..].copy_from_slice(&value);
                        });
                        model[index].1 = grown;
                    }
                    _ => {
                        let count = chance.below((model.len() - index) as u64 + 1) as usize;
                        pack.remove_range(index, count);
                        model.drain(index..index + count);
                    }
                }
                let there: Vec<_> = pack.view().iter().collect();
                let wanted: Vec<_> = model.iter().map(|(key, value)| entry(key, value)).collect();
                assert_eq!(there, wanted);
                assert_eq!(pack.len(), model.len());
                assert_eq!(pack.size(), there.iter().map(Entry::size).sum::<usize>());
                assert_eq!(Pack::from_box(pack.clone().into_box()), pack);
            }
        });
    }

    #[test]
    fn an_entry_is_found_by_its_key() {
        let mut pack = Pack::default();
        pack.push(entry(b"a", b"1"));
        pack.push(entry(b"b", &[b'x'; 200]));
        pack.push(entry(b"", b"3"));
        assert_eq!(pack.view().find(b"").map(|(_, entry)| entry.value), Some(&b"3"[..]));
        assert_eq!(pack.view().find(b"c"), None);
        assert_eq!(pack.view().seek(|entry| entry.key < b"b").1, 1);
    }
}
