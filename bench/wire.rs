//! Requests as bytes, and where one reply ends and the next begins.

use std::fmt;

use redis_protocol::resp2::decode::decode;
use redis_protocol::resp2::types::OwnedFrame;

/// Something that is no reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Garbled;

impl fmt::Display for Garbled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the server sent something that is not RESP2")
    }
}

impl std::error::Error for Garbled {}

/// Appends a request of these words.
pub fn push_request(out: &mut Vec<u8>, words: &[&[u8]]) {
    out.extend_from_slice(format!("*{}\r\n", words.len()).as_bytes());
    for word in words {
        out.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        out.extend_from_slice(word);
        out.extend_from_slice(b"\r\n");
    }
}

/// A request of these words.
pub fn request(words: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    push_request(&mut out, words);
    out
}

/// How many bytes the first reply takes, or nothing while it is not all there.
///
/// Contents are stepped over, not looked at: at full speed the generator must
/// cost less than the server.
pub fn reply_length(bytes: &[u8]) -> Result<Option<usize>, Garbled> {
    let mut at = 0;
    let mut left = 1_u64;
    while left > 0 {
        let Some(line) = line_length(&bytes[at..]) else { return Ok(None) };
        let head = &bytes[at..at + line];
        at += line + 2;
        left -= 1;
        match head.first() {
            Some(b'+' | b'-' | b':') => {}
            Some(b'$') => {
                if let Some(length) = count(&head[1..])? {
                    at += usize::try_from(length).map_err(|_| Garbled)? + 2;
                }
            }
            Some(b'*') => left += count(&head[1..])?.unwrap_or(0),
            _ => return Err(Garbled),
        }
        if at > bytes.len() {
            return Ok(None);
        }
    }
    Ok(Some(at))
}

/// Where the first `\r\n` stands.
fn line_length(bytes: &[u8]) -> Option<usize> {
    let end = bytes.iter().position(|&byte| byte == b'\r')?;
    (bytes.len() > end + 1).then_some(end)
}

/// The number of a `$` or `*` line; nothing for -1.
fn count(digits: &[u8]) -> Result<Option<u64>, Garbled> {
    if digits == b"-1" {
        return Ok(None);
    }
    let text = std::str::from_utf8(digits).map_err(|_| Garbled)?;
    text.parse().map(Some).map_err(|_| Garbled)
}

/// A whole reply as a value.
pub fn value(reply: &[u8]) -> Result<OwnedFrame, Garbled> {
    match decode(reply) {
        Ok(Some((frame, length))) if length == reply.len() => Ok(frame),
        _ => Err(Garbled),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_ends_where_the_next_begins() {
        for reply in ["+OK\r\n", ":12\r\n", "-ERR no\r\n", "$-1\r\n", "*-1\r\n", "$3\r\na\rb\r\n"] {
            let bytes = format!("{reply}+NEXT\r\n");
            assert_eq!(reply_length(bytes.as_bytes()), Ok(Some(reply.len())), "{reply:?}");
        }
        let nested = "*2\r\n*2\r\n:1\r\n$2\r\nab\r\n*0\r\n";
        assert_eq!(reply_length(format!("{nested}:1\r\n").as_bytes()), Ok(Some(nested.len())));
    }

    #[test]
    fn a_reply_that_is_not_all_there_has_no_length() {
        let whole = b"*3\r\n$5\r\nhello\r\n:7\r\n*1\r\n+x\r\n";
        for cut in 0..whole.len() {
            assert_eq!(reply_length(&whole[..cut]), Ok(None), "cut at {cut}");
        }
    }

    #[test]
    fn other_bytes_are_garbled() {
        assert_eq!(reply_length(b"HTTP/1.1\r\n"), Err(Garbled));
        assert_eq!(reply_length(b"$x\r\n"), Err(Garbled));
    }

    #[test]
    fn a_request_is_an_array_of_bulk_strings() {
        assert_eq!(request(&[b"GET", b"k"]), b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n");
    }
}
