//! The words of commands that have not ended yet, kept without an allocation each.

use super::{WORD_BYTES_MAX, WORDS_MAX};

/// More room than this is given back when nothing is kept.
const IDLE_BYTES_MAX: usize = 4096;

/// The words of the commands that a connection has begun and not ended, cut to
/// what the slow log shows of them.
#[derive(Debug, Default)]
pub struct Kept {
    bytes: Vec<u8>,
    words: Vec<KeptWord>,
    commands: Vec<KeptCommand>,
}

#[derive(Clone, Copy, Debug)]
struct KeptWord {
    start: usize,
    len: usize,
}

#[derive(Clone, Copy, Debug)]
struct KeptCommand {
    first: usize,
    count: usize,
}

/// A word: what is left of it, and how long it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word<'a> {
    /// Its first bytes.
    pub head: &'a [u8],
    /// Its length.
    pub len: usize,
}

/// The words of one command, kept or still there.
#[derive(Clone, Copy, Debug)]
pub enum KeptWords<'a> {
    /// Still there.
    Whole(&'a [&'a [u8]]),
    /// Kept.
    Kept(Cut<'a>),
}

/// The kept words of one command.
#[derive(Clone, Copy, Debug)]
pub struct Cut<'a> {
    bytes: &'a [u8],
    words: &'a [KeptWord],
    count: usize,
}

impl Kept {
    /// Keeps the words of a command; the number is good until [`Kept::clear`].
    pub fn keep(&mut self, words: &[&[u8]]) -> usize {
        let first = self.words.len();
        for word in words.iter().take(WORDS_MAX) {
            self.words.push(KeptWord { start: self.bytes.len(), len: word.len() });
            self.bytes.extend_from_slice(&word[..word.len().min(WORD_BYTES_MAX)]);
        }
        self.commands.push(KeptCommand { first, count: words.len() });
        self.commands.len() - 1
    }

    /// The words of a command.
    pub fn words(&self, at: usize) -> Option<KeptWords<'_>> {
        let command = self.commands.get(at)?;
        let kept = command.count.min(WORDS_MAX);
        let words = self.words.get(command.first..command.first + kept)?;
        Some(KeptWords::Kept(Cut { bytes: &self.bytes, words, count: command.count }))
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.words.clear();
        self.commands.clear();
        if self.bytes.capacity() > IDLE_BYTES_MAX {
            *self = Kept::default();
        }
    }
}

impl<'a> KeptWords<'a> {
    /// Words that are still there.
    pub fn whole(words: &'a [&'a [u8]]) -> Self {
        KeptWords::Whole(words)
    }

    /// How many words the command had.
    pub fn count(&self) -> usize {
        match self {
            KeptWords::Whole(words) => words.len(),
            KeptWords::Kept(cut) => cut.count,
        }
    }

    /// The first of them, cut.
    pub fn words(&self) -> impl Iterator<Item = Word<'a>> {
        let kept = self.count().min(WORDS_MAX);
        let words = *self;
        (0..kept).map(move |at| words.word(at))
    }

    fn word(self, at: usize) -> Word<'a> {
        match self {
            KeptWords::Whole(words) => {
                let word = words[at];
                Word { head: &word[..word.len().min(WORD_BYTES_MAX)], len: word.len() }
            }
            KeptWords::Kept(cut) => {
                let KeptWord { start, len } = cut.words[at];
                Word { head: &cut.bytes[start..start + len.min(WORD_BYTES_MAX)], len }
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn kept_words_are_shown_like_whole_ones() {
        let long = [b'y'; 300];
        let many = vec![&long[..]; 40];
        let few: Vec<&[u8]> = vec![b"SET", b"", b"v"];
        let mut kept = Kept::default();
        let places = [kept.keep(&few), kept.keep(&many)];
        for (at, words) in places.into_iter().zip([&few, &many]) {
            assert_eq!(kept.words(at).unwrap().shown(), KeptWords::whole(words).shown());
        }
        kept.clear();
        assert!(kept.words(0).is_none());
    }

    #[test]
    fn much_room_is_given_back() {
        let mut kept = Kept::default();
        let word = [0; 128];
        for _ in 0..1000 {
            kept.keep(&[&word]);
        }
        kept.clear();
        assert_eq!(kept.bytes.capacity(), 0);
    }
}
