//! Inline commands: a line of words, for people with a terminal.

use lockstep_commands::error;
use lockstep_core::quoted::{ends_word, is_space, unquote};

use super::{Decoded, Decoder, Span, State};
use crate::Limits;

impl Decoder {
    /// Takes the line at the front of `buf` and splits it into words.
    pub(super) fn decode_inline(&mut self, buf: &[u8], limits: &Limits) -> Decoded {
        // As with the other lines: one byte more is searched, and a zero byte hides
        // the rest.
        let line_bytes_max = limits.line_bytes_max();
        let stop = buf.len().min(line_bytes_max + 1);
        match memchr::memchr2(b'\n', 0, &buf[self.searched.min(stop)..stop]) {
            Some(found) if buf[self.searched + found] == b'\n' => {
                let end = self.searched + found;
                self.at = end + 1;
                let line = &buf[..end];
                self.split(buf, line.strip_suffix(b"\r").unwrap_or(line))
            }
            found => {
                self.searched = found.map_or(stop, |found| self.searched + found);
                if buf.len() > line_bytes_max {
                    return Decoded::Malformed(error::TOO_BIG_INLINE);
                }
                Decoded::Incomplete
            }
        }
    }

    fn split(&mut self, buf: &[u8], line: &[u8]) -> Decoded {
        if memchr::memchr2(b'"', b'\'', line).is_none() {
            self.split_plain(line);
        } else if self.split_quoted(line).is_none() {
            return Decoded::Malformed(error::UNBALANCED_QUOTES);
        }
        if self.spans.is_empty() {
            self.state = State::Done;
            return Decoded::Ignored;
        }
        self.finish(buf)
    }

    fn split_plain(&mut self, line: &[u8]) {
        let mut at = 0;
        while at < line.len() {
            if is_space(line[at]) {
                at += 1;
                continue;
            }
            let len = line[at..].iter().position(|&byte| ends_word(byte));
            let len = len.unwrap_or(line.len() - at);
            self.spans.push(Span { start: at as u32, len: len as u32 });
            at += len;
        }
    }

    /// Says nothing when the quotes are not balanced.
    fn split_quoted(&mut self, line: &[u8]) -> Option<()> {
        self.quoted = true;
        self.unquoted.clear();
        let mut rest = line;
        loop {
            let skip = rest.iter().take_while(|&&byte| is_space(byte)).count();
            rest = &rest[skip..];
            if rest.is_empty() {
                return Some(());
            }
            let start = self.unquoted.len();
            rest = unquote(rest, &mut self.unquoted)?;
            let len = self.unquoted.len() - start;
            self.spans.push(Span { start: start as u32, len: len as u32 });
        }
    }
}
