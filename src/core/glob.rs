//! Patterns over byte strings, as Redis reads them.
//!
//! `*` any bytes, `?` one byte, `[abc]` one of these, `[a-z]` a range, `[^abc]`
//! none of these, a backslash takes the next byte as it is. Every element but
//! the star stands for exactly one byte, so it is enough to remember the last
//! star: the work is at most pattern length times text length.

/// Whether `text` as a whole fits `pattern`.
///
/// As in Redis, an empty text fits the empty pattern only.
pub fn matches(pattern: &[u8], text: &[u8]) -> bool {
    run(pattern, text, false)
}

/// The same, with ASCII letters equal to their other case.
pub fn matches_ignore_case(pattern: &[u8], text: &[u8]) -> bool {
    run(pattern, text, true)
}

/// Whether the pattern fits every text that is not empty.
pub fn fits_all(pattern: &[u8]) -> bool {
    !pattern.is_empty() && pattern.iter().all(|byte| *byte == b'*')
}

fn run(pattern: &[u8], text: &[u8], fold: bool) -> bool {
    if text.is_empty() {
        return pattern.is_empty();
    }
    let (mut rest, mut at) = (pattern, 0);
    // What follows the last star, and where in the text it was tried last.
    let mut star: Option<(&[u8], usize)> = None;
    while at < text.len() {
        if let [b'*', behind @ ..] = rest {
            star = Some((behind, at));
            rest = behind;
            continue;
        }
        if let Some(behind) = one(rest, text[at], fold) {
            rest = behind;
            at += 1;
            continue;
        }
        let Some((behind, tried)) = star else { return false };
        if behind.is_empty() {
            return true;
        }
        star = Some((behind, tried + 1));
        rest = behind;
        at = tried + 1;
    }
    rest.iter().all(|byte| *byte == b'*')
}

/// What is left of the pattern when its first element takes `byte`.
fn one(pattern: &[u8], byte: u8, fold: bool) -> Option<&[u8]> {
    let (taken, rest) = match pattern {
        [] => return None,
        [b'?', rest @ ..] => (true, rest),
        [b'[', rest @ ..] => class(rest, byte, fold),
        [b'\\', literal, rest @ ..] | [literal, rest @ ..] => (same(*literal, byte, fold), rest),
    };
    taken.then_some(rest)
}

/// Whether the class, its `[` taken off, holds `byte`, and what stands behind it.
/// A class that is not closed ends with the pattern.
fn class(pattern: &[u8], byte: u8, fold: bool) -> (bool, &[u8]) {
    let (inverted, mut rest) = match pattern {
        [b'^', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let mut found = false;
    loop {
        rest = match rest {
            [] => return (found != inverted, rest),
            [b'\\', literal, behind @ ..] => {
                found |= *literal == byte;
                behind
            }
            [b']', behind @ ..] => return (found != inverted, behind),
            [from, b'-', to, behind @ ..] => {
                found |= in_range(*from, *to, byte, fold);
                behind
            }
            [literal, behind @ ..] => {
                found |= same(*literal, byte, fold);
                behind
            }
        };
    }
}

/// The ends may stand in either order. Bytes compare as signed ones, as they do
/// in Redis.
fn in_range(from: u8, to: u8, byte: u8, fold: bool) -> bool {
    let order = |byte: u8| lower(byte, fold) as i8;
    // The ends change places by their own order, before case is folded.
    let (from, to) = if from as i8 > to as i8 { (to, from) } else { (from, to) };
    (order(from)..=order(to)).contains(&order(byte))
}

fn same(a: u8, b: u8, fold: bool) -> bool {
    lower(a, fold) == lower(b, fold)
}

fn lower(byte: u8, fold: bool) -> u8 {
    if fold { byte.to_ascii_lowercase() } else { byte }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn fits(pattern: &str, text: &str, expected: bool) {
        assert_eq!(matches(pattern.as_bytes(), text.as_bytes()), expected, "{pattern} on {text}");
    }

    #[test]
    fn stars_and_question_marks() {
        fits("*", "anything", true);
        fits("h?llo", "hello", true);
        fits("h?llo", "hllo", false);
        fits("h*llo", "heeeello", true);
        fits("h*llo", "hllo", true);
        fits("*foo*", "a foo b", true);
        fits("*foo*", "a fo b", false);
        fits("a*b*c", "aXbYbZc", true);
        fits("a*b*c", "aXbYbZ", false);
        fits("foo***", "foo", true);
        fits("**x", "yyx", true);
    }

    #[test]
    fn classes_ranges_and_their_opposites() {
        fits("h[ae]llo", "hallo", true);
        fits("h[ae]llo", "hillo", false);
        fits("h[^e]llo", "hallo", true);
        fits("h[^e]llo", "hello", false);
        fits("h[a-c]llo", "hbllo", true);
        fits("h[c-a]llo", "hbllo", true);
        fits("h[a-c]llo", "hdllo", false);
        fits("[a\\-c]", "-", true);
        fits("[a\\-c]", "b", false);
        fits("[\\]]", "]", true);
    }

    #[test]
    fn backslashes_take_the_next_byte_as_it_is() {
        fits("h\\*llo", "h*llo", true);
        fits("h\\*llo", "hello", false);
        fits("tail\\", "tail\\", true);
    }

    #[test]
    fn open_classes_end_with_the_pattern() {
        fits("a[", "ab", false);
        fits("a[^", "ab", true);
        fits("a[b", "ab", true);
        fits("[a-]", "^", true);
        fits("[a-]", "-", false);
    }

    #[test]
    fn an_empty_text_fits_the_empty_pattern_only() {
        fits("", "", true);
        fits("*", "", false);
        fits("", "a", false);
    }

    #[test]
    fn bytes_in_ranges_compare_as_signed_ones() {
        assert!(matches(b"[a-\xff]", b"A"));
        assert!(!matches(b"[a-\xff]", b"b"));
    }

    #[test]
    fn letters_can_be_folded() {
        assert!(matches_ignore_case(b"MAX*", b"maxmemory"));
        assert!(matches_ignore_case(b"[A-C]x", b"bX"));
        assert!(!matches(b"MAX*", b"maxmemory"));
    }

    #[test]
    fn many_stars_do_not_blow_up() {
        let text = [b'a'; 10_000];
        assert!(!matches(b"a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", &text));
    }
}
