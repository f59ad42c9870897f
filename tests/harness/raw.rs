//! Where one reply ends and the next begins, in RESP2 and RESP3.

/// How many bytes the first reply takes, nothing while it is not all there.
///
/// # Panics
/// On bytes that are no reply: a server that sends those fails the test.
pub fn reply_length(bytes: &[u8]) -> Option<usize> {
    let (mut at, mut left) = (0, 1_u64);
    while left > 0 {
        let rest = &bytes[at..];
        let line = rest.windows(2).position(|pair| pair == b"\r\n")?;
        let head = &rest[..line];
        at += line + 2;
        left -= 1;
        match head.first() {
            Some(b'+' | b'-' | b':' | b'_' | b',' | b'#' | b'(') => {}
            Some(b'$' | b'=' | b'!') => at += count(head).map_or(0, |length| length as usize + 2),
            Some(b'*' | b'~' | b'>') => left += count(head).unwrap_or(0),
            Some(b'%') => left += 2 * count(head).unwrap_or(0),
            _ => panic!("no reply: {:?}", String::from_utf8_lossy(rest)),
        }
        if at > bytes.len() {
            return None;
        }
    }
    Some(at)
}

/// The number of a line, nothing for -1.
fn count(head: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(&head[1..]).expect("a length is digits");
    (text != "-1").then(|| text.parse().expect("a length is a number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_reply_has_its_length() {
        for reply in [
            "+OK\r\n",
            "-ERR\r\n",
            ":1\r\n",
            "_\r\n",
            ",1.5\r\n",
            "#t\r\n",
            "$-1\r\n",
            "*-1\r\n",
            "$4\r\n\r\n\r\n\r\n",
            "=7\r\ntxt:abc\r\n",
            "%1\r\n+a\r\n*2\r\n:1\r\n:2\r\n",
            "~2\r\n+a\r\n_\r\n",
            ">1\r\n+x\r\n",
        ] {
            assert_eq!(reply_length(format!("{reply}:9\r\n").as_bytes()), Some(reply.len()));
            for cut in 0..reply.len() {
                assert_eq!(reply_length(&reply.as_bytes()[..cut]), None, "{reply:?} at {cut}");
            }
        }
    }
}
