//! A block: some entries in a row, as a listpack.
//!
//! In front: how many entries live, how many were deleted, how many fields the first one
//! had, their names, a zero. Each entry: its flags; how far its id is from that of the
//! block, first the time, then the number; unless its fields are those in front, their
//! number; names and values, or values alone; how many elements that was. It is the form
//! in which Redis keeps streams, so that what shares its field names costs little.

use super::Id;
use super::listpack::{self, Element, HEAD_BYTES, Listpack};

/// The entry is no longer there.
const DELETED: i64 = 1;

/// The entry has the fields that stand in front.
const SAME_FIELDS: i64 = 2;

/// Up to where a block is filled.
#[derive(Clone, Copy, Debug)]
pub(in crate::keys) struct Layout {
    /// How many entries, deleted ones too; 0: any.
    pub entries_max: u64,
    /// How many bytes; 0: any.
    pub bytes_max: u64,
}

/// From where on a block takes nothing more, whatever its layout says: one is written to a
/// snapshot in one piece.
const BLOCK_BYTES_MAX: u64 = 64 << 20;

/// The longest entry, names and values together.
pub(in crate::keys) const ENTRY_BYTES_MAX: usize = 128 << 20;

/// The longest block that is read: a full one, or one with a single entry.
const READ_BYTES_MAX: usize = ENTRY_BYTES_MAX + (64 << 20);

/// A field and its value.
pub(in crate::keys) type Pair<'a> = (&'a [u8], &'a [u8]);

/// The entries of a block, to be read.
#[derive(Clone, Copy, Debug)]
pub(in crate::keys) struct Block<'a> {
    /// The id that the entries are counted from: that of the first one.
    pub id: Id,
    pub bytes: &'a [u8],
}

/// What stands in front of a block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub live: u64,
    pub deleted: u64,
    deleted_at: usize,
    fields: usize,
    fields_at: usize,
}

/// An entry to be written behind those of a block.
#[derive(Debug)]
pub(super) struct More {
    elements: Listpack,
    live: i64,
}

impl More {
    /// How much longer the block becomes.
    pub(super) fn size(&self) -> usize {
        self.elements.size()
    }

    /// Writes it into the bytes of the block, which have just that much room more.
    pub(super) fn write(&self, bytes: &mut [u8]) {
        self.elements.write_behind(bytes);
        listpack::overwrite_integer(bytes, HEAD_BYTES, self.live);
    }
}

/// The bytes of a block with one entry, that of its id.
pub(super) fn begin(fields: &[Pair<'_>]) -> Vec<u8> {
    let mut list = Listpack::new();
    list.push_integer(1);
    list.push_integer(0);
    list.push_integer(fields.len() as i64);
    fields.iter().for_each(|(field, _)| list.push(field));
    list.push_integer(0);
    put_entry(&mut list, [0, 0], fields, true);
    list.close()
}

impl<'a> Block<'a> {
    pub(super) fn head(self) -> Option<Head> {
        let (live, deleted_at) = integer(self.bytes, HEAD_BYTES)?;
        let (deleted, at) = integer(self.bytes, deleted_at)?;
        let (fields, fields_at) = integer(self.bytes, at)?;
        Some(Head {
            live: u64::try_from(live).ok()?,
            deleted: u64::try_from(deleted).ok()?,
            deleted_at,
            fields: usize::try_from(fields).ok()?,
            fields_at,
        })
    }

    /// All entries, deleted ones too.
    pub(in crate::keys) fn entries(self) -> Entries<'a> {
        let start = self.head().and_then(|head| {
            let at = skip(self.bytes, head.fields_at, head.fields)?;
            Some((head, integer(self.bytes, at)?.1))
        });
        Entries { block: self, head: start.map(|(head, _)| head), at: start.map_or(0, |s| s.1) }
    }

    /// Whether an entry with these fields still belongs into this block.
    pub(super) fn has_room(self, fields: &[Pair<'_>], layout: Layout) -> bool {
        let bytes_max = match layout.bytes_max {
            0 => BLOCK_BYTES_MAX,
            max => max.min(BLOCK_BYTES_MAX),
        };
        let more: usize = fields.iter().map(|(field, value)| field.len() + value.len()).sum();
        let count = self.head().map_or(u64::MAX, |head| head.live.saturating_add(head.deleted));
        ((self.bytes.len() + more) as u64) < bytes_max
            && (layout.entries_max == 0 || count < layout.entries_max)
    }

    /// One more entry, if nothing has to be moved for it.
    pub(super) fn more(self, id: Id, fields: &[Pair<'_>]) -> Option<More> {
        let head = self.head()?;
        let live = head.live as i64 + 1;
        // It may stand there in a longer form than it needs.
        let fits = head.deleted_at - HEAD_BYTES == listpack::size_of_integer(live);
        fits.then(|| {
            let mut elements = Listpack::with_room(room(fields));
            self.put_entry(&mut elements, &head, id, fields);
            More { elements, live }
        })
    }

    /// The bytes with one more entry.
    pub(super) fn with(self, id: Id, fields: &[Pair<'_>]) -> Option<Vec<u8>> {
        let head = self.head()?;
        let mut list = Listpack::open(self.bytes, room(fields));
        self.put_entry(&mut list, &head, id, fields);
        list.set_integer(HEAD_BYTES, head.live as i64 + 1);
        Some(list.close())
    }

    fn put_entry(self, list: &mut Listpack, head: &Head, id: Id, fields: &[Pair<'_>]) {
        let same = self.has_fields(head, fields);
        let far = [id.ms.wrapping_sub(self.id.ms) as i64, id.seq.wrapping_sub(self.id.seq) as i64];
        put_entry(list, far, fields, same);
    }

    /// The bytes without the entries for which this holds, of those that are there, and
    /// how many these are. It is asked in order, also about deleted ones, until it says
    /// no more.
    pub(super) fn without(
        self,
        mut gone: impl FnMut(&Entry<'_>) -> Option<bool>,
    ) -> Option<(Vec<u8>, u64)> {
        let head = self.head()?;
        let mut places = Vec::new();
        for entry in self.entries() {
            match gone(&entry) {
                Some(true) if !entry.deleted => places.push((entry.at, entry.flags)),
                Some(_) => {}
                None => break,
            }
        }
        let mut list = Listpack::open(self.bytes, 8);
        // From the last one on, so that those before it stay where they are.
        for (at, flags) in places.iter().rev() {
            list.set_integer(*at, flags | DELETED);
        }
        let count = places.len() as u64;
        list.set_integer(head.deleted_at, (head.deleted + count) as i64);
        list.set_integer(HEAD_BYTES, head.live.saturating_sub(count) as i64);
        Some((list.close(), count))
    }

    /// The ids of the first and the last entry that live, if these bytes are a block:
    /// everything adds up, and the living are in order.
    pub(super) fn checked(self) -> Option<Option<(Id, Id)>> {
        (self.bytes.len() <= READ_BYTES_MAX).then_some(())?;
        let end = listpack::checked(self.bytes)?;
        let head = self.head()?;
        let mut entries = self.entries();
        let (mut live, mut deleted, mut edges) = (0, 0, None::<(Id, Id)>);
        // The fields in front, the counts and the zero stand before the first entry.
        (entries.at > 0).then_some(())?;
        while let Some(entry) = entries.next_whole()? {
            if entry.deleted {
                deleted += 1;
                continue;
            }
            if entry.id < self.id || edges.is_some_and(|(_, last)| last >= entry.id) {
                return None;
            }
            live += 1;
            edges = Some((edges.map_or(entry.id, |(first, _)| first), entry.id));
        }
        (entries.at == end && (live, deleted) == (head.live, head.deleted)).then_some(edges)
    }

    fn has_fields(self, head: &Head, fields: &[Pair<'_>]) -> bool {
        let mut at = head.fields_at;
        head.fields == fields.len()
            && fields.iter().all(|(name, _)| match listpack::element(self.bytes, at) {
                Some((known, next)) => {
                    at = next;
                    known.equals(name)
                }
                None => false,
            })
    }
}

fn put_entry(list: &mut Listpack, [ms, seq]: [i64; 2], fields: &[Pair<'_>], same: bool) {
    list.push_integer(if same { SAME_FIELDS } else { 0 });
    list.push_integer(ms);
    list.push_integer(seq);
    if !same {
        list.push_integer(fields.len() as i64);
    }
    for (name, value) in fields {
        if !same {
            list.push(name);
        }
        list.push(value);
    }
    list.push_integer(elements(fields.len(), same) as i64);
}

/// What an entry takes at most, for those whose values are not long.
fn room(fields: &[Pair<'_>]) -> usize {
    fields.iter().map(|(name, value)| name.len() + value.len() + 20).sum::<usize>() + 32
}

/// How many elements an entry has before the one that says it.
fn elements(fields: usize, same: bool) -> usize {
    if same { fields + 3 } else { 2 * fields + 4 }
}

/// Walks over a block.
#[derive(Clone, Debug)]
pub(in crate::keys) struct Entries<'a> {
    block: Block<'a>,
    head: Option<Head>,
    at: usize,
}

/// An entry.
#[derive(Clone, Copy, Debug)]
pub(in crate::keys) struct Entry<'a> {
    pub id: Id,
    pub deleted: bool,
    /// Where its flags stand.
    at: usize,
    flags: i64,
    bytes: &'a [u8],
    fields: usize,
    /// Where the names stand that it shares.
    names_at: Option<usize>,
    /// Where what it has itself stands.
    own_at: usize,
}

impl<'a> Entries<'a> {
    /// The next entry, or none at the end. None at all: the bytes are not what they must
    /// be.
    fn next_whole(&mut self) -> Option<Option<Entry<'a>>> {
        let (block, head) = (self.block, self.head?);
        if self.at + 1 >= block.bytes.len() {
            return Some(None);
        }
        let (flags, at) = integer(block.bytes, self.at)?;
        let (ms, at) = integer(block.bytes, at)?;
        let (seq, at) = integer(block.bytes, at)?;
        let same = flags & SAME_FIELDS != 0;
        let (fields, own_at) = if same {
            (head.fields, at)
        } else {
            let (fields, at) = integer(block.bytes, at)?;
            (usize::try_from(fields).ok()?, at)
        };
        let own = if same { fields } else { fields.checked_mul(2)? };
        let (count, end) = integer(block.bytes, skip(block.bytes, own_at, own)?)?;
        if usize::try_from(count).ok()? != elements(fields, same) || !(0..4).contains(&flags) {
            return None;
        }
        let id = Id {
            ms: block.id.ms.wrapping_add(ms as u64),
            seq: block.id.seq.wrapping_add(seq as u64),
        };
        let names_at = same.then_some(head.fields_at);
        let (at, bytes, deleted) = (self.at, block.bytes, flags & DELETED != 0);
        self.at = end;
        Some(Some(Entry { id, deleted, at, flags, bytes, fields, names_at, own_at }))
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        self.next_whole().flatten()
    }
}

impl<'a> Entry<'a> {
    /// Its fields and values, one behind the other.
    pub(in crate::keys) fn parts(&self) -> impl Iterator<Item = Element<'a>> {
        let (bytes, mut names_at, mut own_at) = (self.bytes, self.names_at, self.own_at);
        (0..self.fields * 2).filter_map(move |part| {
            let shared = names_at.as_mut().filter(|_| part % 2 == 0);
            let at = shared.unwrap_or(&mut own_at);
            let (element, next) = listpack::element(bytes, *at)?;
            *at = next;
            Some(element)
        })
    }
}

fn integer(bytes: &[u8], at: usize) -> Option<(i64, usize)> {
    match listpack::element(bytes, at)? {
        (Element::Int(number), next) => Some((number, next)),
        (Element::Text(_), _) => None,
    }
}

fn skip(bytes: &[u8], mut at: usize, count: usize) -> Option<usize> {
    for _ in 0..count {
        at = listpack::element(bytes, at)?.1;
    }
    Some(at)
}
