//! Lines of words, some of them in quotes, as Redis splits them: inline commands, and the
//! first lines of libraries of functions.

/// The words of a line; none: its quotes are not balanced.
pub fn split(line: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut words = Vec::new();
    let mut rest = line;
    loop {
        let skip = rest.iter().take_while(|&&byte| is_space(byte)).count();
        rest = &rest[skip..];
        if rest.is_empty() {
            return Some(words);
        }
        let mut word = Vec::new();
        rest = unquote(rest, &mut word)?;
        words.push(word);
    }
}

/// Appends the word at the front of `rest` without its quotes; returns what is
/// behind it.
pub fn unquote<'a>(mut rest: &'a [u8], word: &mut Vec<u8>) -> Option<&'a [u8]> {
    while let [byte, behind @ ..] = rest {
        rest = match byte {
            b'"' => double_quoted(behind, word)?,
            b'\'' => single_quoted(behind, word)?,
            byte if ends_word(*byte) => return Some(rest),
            byte => {
                word.push(*byte);
                behind
            }
        };
    }
    Some(rest)
}

/// Up to the closing `"`, with `\n`, `\r`, `\t`, `\b`, `\a`, `\xHH`; any other
/// byte behind a backslash stands for itself.
fn double_quoted<'a>(mut rest: &'a [u8], word: &mut Vec<u8>) -> Option<&'a [u8]> {
    loop {
        let (byte, behind) = match rest {
            [b'"', behind @ ..] => return closed(behind),
            [b'\\', b'x', high, low, behind @ ..]
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                (hex(*high) << 4 | hex(*low), behind)
            }
            [b'\\', escaped, behind @ ..] => (escape(*escaped), behind),
            [byte, behind @ ..] => (*byte, behind),
            [] => return None,
        };
        word.push(byte);
        rest = behind;
    }
}

/// Up to the closing `'`; only `\'` is special.
fn single_quoted<'a>(mut rest: &'a [u8], word: &mut Vec<u8>) -> Option<&'a [u8]> {
    loop {
        let (byte, behind) = match rest {
            [b'\'', behind @ ..] => return closed(behind),
            [b'\\', b'\'', behind @ ..] => (b'\'', behind),
            [byte, behind @ ..] => (*byte, behind),
            [] => return None,
        };
        word.push(byte);
        rest = behind;
    }
}

/// A closing quote ends the word: a blank or nothing follows.
fn closed(behind: &[u8]) -> Option<&[u8]> {
    behind.first().is_none_or(|&byte| is_space(byte)).then_some(behind)
}

fn escape(byte: u8) -> u8 {
    match byte {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 8,
        b'a' => 7,
        other => other,
    }
}

fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => digit.to_ascii_lowercase().wrapping_sub(b'a').wrapping_add(10) & 15,
    }
}

/// What C's `isspace` says: skipped between words.
pub fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// Ends a word without quotes. Vertical tab and form feed are missing: inside a
/// word Redis takes them as they are.
pub fn ends_word(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn words_in_quotes_are_one_word() {
        let words = split(b" #!lua name=\"a b\" 'c d'\t\"\\x41\\n\" ").expect("balanced");
        let due: [&[u8]; 4] = [b"#!lua", b"name=a b", b"c d", b"A\n"];
        assert_eq!(words, due);
        assert_eq!(split(b"  "), Some(Vec::new()));
    }

    #[test]
    fn quotes_that_are_not_closed_are_none() {
        for line in [&b"a \"b"[..], b"'", b"\"a\"b", b"\"a\\"] {
            assert_eq!(split(line), None);
        }
    }
}
