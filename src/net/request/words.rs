//! The words of a command as slices, without an allocation per command.

use super::Decoder;

/// Room for the words of one command after the other.
#[derive(Debug, Default)]
pub struct WordSpace {
    /// Always empty; only the memory counts.
    room: Vec<&'static [u8]>,
}

/// Room for so many words is kept for the next command.
const WORDS_KEPT_MAX: usize = 256;

impl WordSpace {
    /// One without room yet.
    pub fn new() -> Self {
        WordSpace::default()
    }

    /// Calls `f` with the words of the command that `decoder` found in `buf`.
    pub fn with<R>(&mut self, decoder: &Decoder, buf: &[u8], f: impl FnOnce(&[&[u8]]) -> R) -> R {
        let mut words = recycle(std::mem::take(&mut self.room));
        words.extend(decoder.spans.iter().map(|&span| decoder.slice(buf, span)));
        let result = f(&words);
        if words.capacity() <= WORDS_KEPT_MAX {
            self.room = recycle(words);
        }
        result
    }
}

/// The same memory for slices of another lifetime: the standard library collects
/// in place when the layouts are equal.
fn recycle<'a>(mut words: Vec<&[u8]>) -> Vec<&'a [u8]> {
    words.clear();
    words.into_iter().map(|_| &[][..]).collect()
}
