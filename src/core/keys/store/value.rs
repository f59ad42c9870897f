//! What a key holds.

use std::borrow::Cow;
use std::sync::Arc;

use super::{Collection, Form, Garbage, Stream, Timed};
use crate::Fault;
use crate::keys::number::parse_integer;

/// How long a string may be to stand in the item itself.
const INLINE_BYTES_MAX: usize = 22;

/// From this length on a string is shared between copies of its page, so that
/// copying a page stays cheap.
const SHARED_BYTES_MIN: usize = 1024;

/// The longest string Redis embeds in its object header (OBJECT ENCODING).
const EMBSTR_BYTES_MAX: usize = 44;

/// What a key holds.
#[derive(Clone, Debug)]
pub(in crate::keys) enum Value {
    Str(Str),
    Hash(Collection),
    /// A hash with fields that have deadlines.
    Timed(Arc<Timed>),
    List(Collection),
    /// A set of integers, smallest first.
    Integers(Collection),
    Set(Collection),
    Sorted(Collection),
    Stream(Arc<Stream>),
}

/// A string.
///
/// The form says how it came to be: it decides what OBJECT ENCODING shows and
/// is therefore the same on all replicas.
#[derive(Clone, Debug)]
pub(in crate::keys) enum Str {
    /// The canonical decimal of an integer.
    Int(i64),
    /// A few bytes, in place.
    Inline(u8, [u8; INLINE_BYTES_MAX]),
    /// Bytes of their own.
    Heap(Box<[u8]>),
    /// Many bytes, or such that were changed in place (APPEND, SETRANGE) and
    /// have room to grow.
    Shared(Arc<Vec<u8>>),
}

impl Value {
    pub(in crate::keys) fn kind(&self) -> &'static str {
        match self {
            Value::Str(_) => "string",
            Value::Hash(_) | Value::Timed(_) => "hash",
            Value::List(_) => "list",
            Value::Integers(_) | Value::Set(_) => "set",
            Value::Sorted(_) => "zset",
            Value::Stream(_) => "stream",
        }
    }

    /// What OBJECT ENCODING calls the form it is kept in.
    pub(in crate::keys) fn encoding(&self) -> &'static str {
        match self {
            Value::Str(string) => string.encoding(),
            Value::Hash(hash) => match hash.form() {
                Form::Packed(_) => "listpack",
                Form::Tree(_) | Form::Ranked(_) => "hashtable",
            },
            Value::Timed(hash) => match hash.fields.form() {
                Form::Packed(_) => "listpackex",
                Form::Tree(_) | Form::Ranked(_) => "hashtable",
            },
            Value::List(_) => "quicklist",
            Value::Integers(_) => "intset",
            Value::Set(_) => "hashtable",
            Value::Sorted(set) => match set.form() {
                Form::Packed(_) => "listpack",
                Form::Tree(_) | Form::Ranked(_) => "skiplist",
            },
            Value::Stream(_) => "stream",
        }
    }

    /// The string it is.
    pub(in crate::keys) fn string(&self) -> Result<&Str, Fault> {
        match self {
            Value::Str(string) => Ok(string),
            _ => Err(Fault::WrongType),
        }
    }

    /// The hash it is.
    pub(in crate::keys) fn hash(&self) -> Result<&Collection, Fault> {
        match self {
            Value::Hash(hash) => Ok(hash),
            Value::Timed(hash) => Ok(&hash.fields),
            _ => Err(Fault::WrongType),
        }
    }

    /// The list it is.
    pub(in crate::keys) fn list(&self) -> Result<&Collection, Fault> {
        match self {
            Value::List(list) => Ok(list),
            _ => Err(Fault::WrongType),
        }
    }

    /// The set it is.
    pub(in crate::keys) fn set(&self) -> Result<&Collection, Fault> {
        match self {
            Value::Integers(set) | Value::Set(set) => Ok(set),
            _ => Err(Fault::WrongType),
        }
    }

    /// The sorted set it is.
    pub(in crate::keys) fn sorted(&self) -> Result<&Collection, Fault> {
        match self {
            Value::Sorted(set) => Ok(set),
            _ => Err(Fault::WrongType),
        }
    }

    /// The stream it is.
    pub(in crate::keys) fn stream(&self) -> Result<&Stream, Fault> {
        match self {
            Value::Stream(stream) => Ok(stream),
            _ => Err(Fault::WrongType),
        }
    }

    /// The stream it is, to be changed.
    pub(in crate::keys) fn stream_mut(&mut self) -> Result<&mut Stream, Fault> {
        match self {
            Value::Stream(stream) => Ok(Arc::make_mut(stream)),
            _ => Err(Fault::WrongType),
        }
    }

    pub(in crate::keys) fn of_stream(stream: Stream) -> Self {
        Value::Stream(Arc::new(stream))
    }

    /// Itself, if it is a set, with or without scores.
    pub(in crate::keys) fn any_set(&self) -> Result<&Value, Fault> {
        match self {
            Value::Integers(_) | Value::Set(_) | Value::Sorted(_) => Ok(self),
            _ => Err(Fault::WrongType),
        }
    }

    /// Whether it is a collection with nothing in it: such a one is never kept. A stream
    /// is more than its entries.
    pub(in crate::keys) fn is_empty(&self) -> bool {
        match self {
            Value::Str(_) | Value::Stream(_) => false,
            Value::Timed(hash) => hash.fields.len() == 0,
            Value::Hash(of)
            | Value::List(of)
            | Value::Integers(of)
            | Value::Set(of)
            | Value::Sorted(of) => of.len() == 0,
        }
    }

    /// Lets go of it: what would take long to free is put to `garbage` instead.
    pub(in crate::keys) fn discard(self, garbage: &mut Garbage) {
        match self {
            Value::Str(_) => {}
            Value::Stream(stream) => {
                if let Some(stream) = Arc::into_inner(stream) {
                    stream.into_nodes(garbage);
                }
            }
            Value::Timed(hash) => Value::discard_timed(hash, garbage),
            Value::Hash(of)
            | Value::List(of)
            | Value::Integers(of)
            | Value::Set(of)
            | Value::Sorted(of) => of.discard(garbage),
        }
    }

    /// Bytes outside the item.
    pub(in crate::keys) fn heap_bytes(&self) -> usize {
        match self {
            Value::Str(string) => string.heap_bytes(),
            Value::Stream(stream) => stream.memory(),
            Value::Timed(hash) => hash.heap_bytes(),
            Value::Hash(of)
            | Value::List(of)
            | Value::Integers(of)
            | Value::Set(of)
            | Value::Sorted(of) => of.heap_bytes(),
        }
    }
}

impl Str {
    /// A string as a client sets it: an integer if it reads as one.
    pub(in crate::keys) fn new(bytes: &[u8]) -> Self {
        match parse_integer(bytes) {
            Some(number) => Str::Int(number),
            None => Str::text(bytes),
        }
    }

    /// A string that stays a string even if it reads as an integer.
    pub(in crate::keys) fn text(bytes: &[u8]) -> Self {
        if bytes.len() <= INLINE_BYTES_MAX {
            let mut inline = [0; INLINE_BYTES_MAX];
            inline[..bytes.len()].copy_from_slice(bytes);
            Str::Inline(bytes.len() as u8, inline)
        } else if bytes.len() < SHARED_BYTES_MIN {
            Str::Heap(bytes.into())
        } else {
            Str::Shared(Arc::new(bytes.to_vec()))
        }
    }

    /// A string that is kept as one that was changed in place, whatever it holds.
    pub(in crate::keys) fn raw(bytes: Vec<u8>) -> Self {
        Str::Shared(Arc::new(bytes))
    }

    pub(in crate::keys) fn bytes(&self) -> Cow<'_, [u8]> {
        match self {
            Str::Int(number) => Cow::Owned(number.to_string().into_bytes()),
            Str::Inline(len, bytes) => Cow::Borrowed(&bytes[..usize::from(*len)]),
            Str::Heap(bytes) => Cow::Borrowed(bytes),
            Str::Shared(bytes) => Cow::Borrowed(bytes),
        }
    }

    pub(in crate::keys) fn to_vec(&self) -> Vec<u8> {
        self.bytes().into_owned()
    }

    pub(in crate::keys) fn len(&self) -> usize {
        match self {
            Str::Int(number) => decimal_len(*number),
            other => other.bytes().len(),
        }
    }

    /// The integer it reads as, by the strict rules.
    pub(in crate::keys) fn integer(&self) -> Option<i64> {
        match self {
            Str::Int(number) => Some(*number),
            other => parse_integer(&other.bytes()),
        }
    }

    pub(in crate::keys) fn equals(&self, bytes: &[u8]) -> bool {
        *self.bytes() == *bytes
    }

    pub(in crate::keys) fn encoding(&self) -> &'static str {
        match self {
            Str::Int(_) => "int",
            Str::Inline(..) => "embstr",
            Str::Heap(bytes) if bytes.len() <= EMBSTR_BYTES_MAX => "embstr",
            Str::Heap(_) | Str::Shared(_) => "raw",
        }
    }

    /// The bytes, to be changed in place up to `len` of them.
    ///
    /// Room is made in steps of an eighth: many small steps stay cheap together
    /// and little is wasted.
    pub(in crate::keys) fn grow(&mut self, len: usize) -> &mut Vec<u8> {
        if !matches!(self, Str::Shared(_)) {
            *self = Str::Shared(Arc::new(self.to_vec()));
        }
        let Str::Shared(shared) = self else { unreachable!("made so above") };
        let bytes = Arc::make_mut(shared);
        if len > bytes.capacity() {
            let room = heap_bytes(len) - bytes.len();
            bytes.reserve_exact(room);
        }
        bytes
    }

    fn heap_bytes(&self) -> usize {
        match self {
            Str::Int(_) | Str::Inline(..) => 0,
            Str::Heap(bytes) => heap_bytes(bytes.len()),
            // The counts, the pointer, the length and the capacity come on top.
            Str::Shared(bytes) => heap_bytes(bytes.len()) + 40,
        }
    }
}

/// What an allocation of `len` bytes takes: allocators have eight sizes for each
/// power of two.
pub(in crate::keys) fn heap_bytes(len: usize) -> usize {
    let step = (len.next_power_of_two() / 16).max(16);
    len.next_multiple_of(step)
}

fn decimal_len(number: i64) -> usize {
    let digits = number.unsigned_abs().checked_ilog10().map_or(1, |log| log as usize + 1);
    digits + usize::from(number < 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_takes_24_bytes_in_its_item() {
        assert_eq!(size_of::<Value>(), 24);
    }

    #[test]
    fn the_length_of_an_integer_is_that_of_its_text() {
        for number in [0, 1, -1, 9, 10, -10, 99, 100, i64::MAX, i64::MIN] {
            assert_eq!(Str::Int(number).len(), number.to_string().len());
        }
    }

    #[test]
    fn encodings_are_those_of_redis() {
        assert_eq!(Str::new(b"12").encoding(), "int");
        assert_eq!(Str::new(b"012").encoding(), "embstr");
        assert_eq!(Str::new(&[b'a'; 44]).encoding(), "embstr");
        assert_eq!(Str::new(&[b'a'; 45]).encoding(), "raw");
        let mut grown = Str::new(b"a");
        grown.grow(2).push(b'b');
        assert_eq!(grown.encoding(), "raw");
    }

    #[test]
    fn growing_byte_by_byte_moves_the_bytes_seldom_and_wastes_little() {
        let (mut string, mut room, mut moves) = (Str::new(b""), 0, 0);
        for len in 1..=100_000 {
            let bytes = string.grow(len);
            moves += usize::from(bytes.capacity() != room);
            room = bytes.capacity();
            bytes.push(b'x');
            assert!(room <= len + len / 8 + 16, "{room} for {len}");
        }
        assert!(moves < 150, "{moves}");
        assert_eq!(string.len(), 100_000);
    }
}
