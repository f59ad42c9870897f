//! The bytes of a key.

/// How long a key may be to stand in the item itself.
const INLINE_BYTES_MAX: usize = 22;

/// The bytes of a key, in place when they are few.
#[derive(Clone, Debug)]
pub(in crate::keys) enum Key {
    Inline(u8, [u8; INLINE_BYTES_MAX]),
    Heap(Box<[u8]>),
}

impl Key {
    pub(in crate::keys) fn new(bytes: &[u8]) -> Self {
        if bytes.len() > INLINE_BYTES_MAX {
            return Key::Heap(bytes.into());
        }
        let mut inline = [0; INLINE_BYTES_MAX];
        inline[..bytes.len()].copy_from_slice(bytes);
        Key::Inline(bytes.len() as u8, inline)
    }

    pub(in crate::keys) fn bytes(&self) -> &[u8] {
        match self {
            Key::Inline(len, bytes) => &bytes[..usize::from(*len)],
            Key::Heap(bytes) => bytes,
        }
    }

    /// Bytes outside the item.
    pub(in crate::keys) fn heap_bytes(&self) -> usize {
        match self {
            Key::Inline(..) => 0,
            Key::Heap(bytes) => super::heap_bytes(bytes.len()),
        }
    }
}
