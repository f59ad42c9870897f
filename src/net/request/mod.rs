//! From bytes to commands: a decoder that goes on where it stopped.
//!
//! A request is an array of bulk strings (`*2\r\n$3\r\nGET\r\n$1\r\na\r\n`) or one
//! line of words (`GET a\r\n`). Every byte is looked at once, however many pieces
//! it comes in, and the result does not depend on the pieces. Memory follows what
//! has arrived, never what was announced. There is no recursion.

mod inline;
mod line;
mod words;

#[cfg(test)]
mod tests;

use lockstep_commands::{BadArgs, error};

use crate::Limits;
use crate::limits::{UNAUTHENTICATED_WORD_BYTES_MAX, UNAUTHENTICATED_WORDS_MAX};
use line::Line;
pub use words::WordSpace;

/// What the decoder found at the front of the buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decoded {
    /// Not a whole command yet.
    Incomplete,
    /// A command: see [`Decoder::consumed`] and [`WordSpace::with`].
    Command,
    /// An empty line or an empty array: nothing is answered.
    Ignored,
    /// Not the protocol. The connection has to be closed with this error.
    Malformed(BadArgs),
    /// A browser was made to talk to us (`POST`, `Host:`): close without a reply.
    CrossProtocol,
    /// A command beyond the query buffer limit: close without a reply.
    TooLong,
}

/// Where a word lies: in the buffer, or among the unquoted words.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: u32,
    len: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Before the first byte of a command.
    #[default]
    Start,
    /// In an inline command.
    Inline,
    /// In the `*` line.
    Count,
    /// Among the words.
    Words,
    /// Behind the command: it starts over.
    Done,
}

/// Finds the commands in the bytes of one connection.
#[derive(Debug, Default)]
pub struct Decoder {
    state: State,
    /// Everything before is decoded; counted from the command's first byte.
    at: usize,
    /// The line at `at` has no end before this.
    searched: usize,
    /// Words that have not come yet.
    words_left: u32,
    /// The length of the word at `at`, once it is known.
    word_bytes: Option<usize>,
    spans: Vec<Span>,
    /// The words of an inline command with quotes, one behind the other.
    unquoted: Vec<u8>,
    /// Whether the spans lie in `unquoted`.
    quoted: bool,
}

/// So many spans are kept for the next command.
const SPANS_KEPT_MAX: usize = 256;

impl Decoder {
    /// One that waits for the first byte of a command.
    pub fn new() -> Self {
        Decoder::default()
    }

    /// Decodes the command at the front of `buf`. After `Incomplete` it is called
    /// again with the same bytes and more behind them; after `Command` and
    /// `Ignored` with what follows the first [`consumed`](Self::consumed) bytes.
    /// After the other results the connection is lost.
    pub fn decode(&mut self, buf: &[u8], limits: &Limits) -> Decoded {
        if self.state == State::Done {
            self.start_over();
        }
        if self.state == State::Start {
            match buf.first() {
                None => return Decoded::Incomplete,
                Some(b'*') => self.state = State::Count,
                Some(_) => self.state = State::Inline,
            }
        }
        if self.state == State::Inline {
            return self.decode_inline(buf, limits);
        }
        if self.state == State::Count
            && let Some(decoded) = self.decode_count(buf, limits)
        {
            return decoded;
        }
        self.decode_words(buf, limits)
    }

    /// How many bytes the command took that was found last.
    pub fn consumed(&self) -> usize {
        self.at
    }

    /// How many bytes `buf` lacks until the word ends that is arriving; zero when
    /// that is not known.
    pub fn missing_bytes(&self, buf: &[u8]) -> usize {
        self.word_bytes.map_or(0, |len| (self.at + len + 2).saturating_sub(buf.len()))
    }

    fn start_over(&mut self) {
        self.state = State::Start;
        self.at = 0;
        self.searched = 0;
        if self.spans.capacity() > SPANS_KEPT_MAX {
            self.spans = Vec::new();
        }
        self.spans.clear();
        if self.quoted {
            self.quoted = false;
            self.unquoted = Vec::new();
        }
    }

    /// Reads the `*` line; says nothing when words follow.
    fn decode_count(&mut self, buf: &[u8], limits: &Limits) -> Option<Decoded> {
        let count = match self.take_line(buf, limits) {
            Line::Number(count) => count,
            Line::Incomplete => return Some(Decoded::Incomplete),
            Line::TooLong => return Some(Decoded::Malformed(error::TOO_BIG_COUNT)),
            Line::NotANumber => return Some(Decoded::Malformed(error::INVALID_COUNT)),
        };
        if count <= 0 {
            self.state = State::Done;
            return Some(Decoded::Ignored);
        }
        if count > i64::from(i32::MAX) {
            return Some(Decoded::Malformed(error::INVALID_COUNT));
        }
        if !limits.authenticated && count > UNAUTHENTICATED_WORDS_MAX as i64 {
            return Some(Decoded::Malformed(error::UNAUTHENTICATED_COUNT));
        }
        self.words_left = count as u32;
        self.state = State::Words;
        None
    }

    fn decode_words(&mut self, buf: &[u8], limits: &Limits) -> Decoded {
        let command_bytes_max = limits.command_bytes_max();
        while self.words_left > 0 {
            let len = match self.word_bytes {
                Some(len) => len,
                None => match self.decode_length(buf, limits) {
                    Ok(len) => len,
                    Err(decoded) => return decoded,
                },
            };
            // The two bytes behind a word are skipped unseen, as in Redis.
            let end = self.at.saturating_add(len).saturating_add(2);
            if end > command_bytes_max {
                return Decoded::TooLong;
            }
            if buf.len() < end {
                self.word_bytes = Some(len);
                return Decoded::Incomplete;
            }
            self.spans.push(Span { start: self.at as u32, len: len as u32 });
            self.word_bytes = None;
            self.at = end;
            self.searched = end;
            self.words_left -= 1;
        }
        self.finish(buf)
    }

    /// Reads a `$` line.
    fn decode_length(&mut self, buf: &[u8], limits: &Limits) -> Result<usize, Decoded> {
        let first = buf.get(self.at).copied();
        let len = match self.take_line(buf, limits) {
            Line::Incomplete => return Err(Decoded::Incomplete),
            Line::TooLong => return Err(Decoded::Malformed(error::TOO_BIG_LENGTH)),
            _ if first != Some(b'$') => {
                let found = first.unwrap_or_default();
                return Err(Decoded::Malformed(error::expected_length(found)));
            }
            Line::NotANumber => return Err(Decoded::Malformed(error::INVALID_LENGTH)),
            Line::Number(len) => len,
        };
        let Ok(len) = usize::try_from(len) else {
            return Err(Decoded::Malformed(error::INVALID_LENGTH));
        };
        if len > limits.word_bytes_max {
            return Err(Decoded::Malformed(error::INVALID_LENGTH));
        }
        if !limits.authenticated && len > UNAUTHENTICATED_WORD_BYTES_MAX {
            return Err(Decoded::Malformed(error::UNAUTHENTICATED_LENGTH));
        }
        Ok(len)
    }

    fn finish(&mut self, buf: &[u8]) -> Decoded {
        self.state = State::Done;
        let Some(name) = self.spans.first() else { return Decoded::Ignored };
        // Only names of these two lengths are worth the comparison.
        if matches!(name.len, 4 | 5) {
            let name = self.slice(buf, *name);
            if name.eq_ignore_ascii_case(b"post") || name.eq_ignore_ascii_case(b"host:") {
                return Decoded::CrossProtocol;
            }
        }
        Decoded::Command
    }

    fn slice<'a>(&'a self, buf: &'a [u8], span: Span) -> &'a [u8] {
        let bytes = if self.quoted { &self.unquoted[..] } else { buf };
        &bytes[span.start as usize..][..span.len as usize]
    }
}
