//! Words one behind the other, in memory that is used again.

/// Room that is kept for the next words, in bytes.
const KEPT_BYTES_MAX: usize = 1 << 10;

/// The words of one command.
#[derive(Debug, Default)]
pub(super) struct Packed {
    bytes: Vec<u8>,
    /// Where each word ends.
    ends: Vec<usize>,
}

impl Packed {
    /// These words take the place of those before.
    pub(super) fn set(&mut self, words: &[&[u8]]) {
        self.bytes.clear();
        self.ends.clear();
        self.bytes.shrink_to(KEPT_BYTES_MAX);
        self.ends.shrink_to(KEPT_BYTES_MAX / size_of::<usize>());
        for word in words {
            self.bytes.extend_from_slice(word);
            self.ends.push(self.bytes.len());
        }
    }

    pub(super) fn words(&self) -> Vec<&[u8]> {
        let mut begin = 0;
        let word = |end: &usize| &self.bytes[std::mem::replace(&mut begin, *end)..*end];
        self.ends.iter().map(word).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_words_are_there_and_no_others() {
        let mut packed = Packed::default();
        packed.set(&[b"LOCK", b"door", b"", b"BLOCK", b"0"]);
        assert_eq!(packed.words(), [&b"LOCK"[..], b"door", b"", b"BLOCK", b"0"]);
        packed.set(&[b"QPOP"]);
        assert_eq!(packed.words(), [b"QPOP"]);
        packed.set(&[]);
        assert!(packed.words().is_empty());
    }

    #[test]
    fn long_words_leave_no_room_behind() {
        let mut packed = Packed::default();
        packed.set(&[&[b'x'; 1 << 20]]);
        packed.set(&[b"LOCK"]);
        assert!(packed.bytes.capacity() <= KEPT_BYTES_MAX);
    }
}
