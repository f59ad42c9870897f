//! The names of keys that are made of elements.

use memchr::memmem;

/// What BY or GET says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pattern<'a> {
    /// `#`: the element itself.
    Element,
    /// Without `*`: no key.
    Constant,
    /// The string at a key.
    Key(Parts<'a>),
    /// `->`: a field of the hash at a key.
    Field(Parts<'a>, &'a [u8]),
}

/// What stands around the element in the name of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parts<'a> {
    before: &'a [u8],
    behind: &'a [u8],
}

impl<'a> Pattern<'a> {
    /// Reads a pattern. As in Redis, marks behind a zero byte are not seen.
    pub fn of(text: &'a [u8]) -> Self {
        if text == b"#" {
            return Pattern::Element;
        }
        let seen = text.split(|byte| *byte == 0).next().unwrap_or_default();
        let Some(star) = memchr::memchr(b'*', seen) else { return Pattern::Constant };
        let (before, behind) = (&text[..star], &text[star + 1..]);
        match memmem::find(&seen[star + 1..], b"->") {
            // An arrow at the end points to nothing.
            Some(at) if star + 1 + at + 2 < seen.len() => {
                Pattern::Field(Parts { before, behind: &behind[..at] }, &behind[at + 2..])
            }
            _ => Pattern::Key(Parts { before, behind }),
        }
    }
}

impl Parts<'_> {
    /// The name of the key of an element.
    pub fn key(&self, element: &[u8]) -> Vec<u8> {
        [self.before, element, self.behind].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_stands_for_the_first_star() {
        let key = |text: &'static str| match Pattern::of(text.as_bytes()) {
            Pattern::Key(parts) => parts.key(b"7"),
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(key("w_*"), b"w_7");
        assert_eq!(key("*"), b"7");
        assert_eq!(key("a*b*"), b"a7b*");
        assert_eq!(key("w_*->"), b"w_7->");
        assert_eq!(key("->*"), b"->7");
    }

    #[test]
    fn an_arrow_behind_it_names_a_field() {
        let Pattern::Field(parts, field) = Pattern::of(b"h:*:x->name->y") else { panic!() };
        assert_eq!((parts.key(b"7"), field), (b"h:7:x".to_vec(), &b"name->y"[..]));
        assert_eq!(Pattern::of(b"#"), Pattern::Element);
        assert_eq!(Pattern::of(b"##"), Pattern::Constant);
        assert_eq!(Pattern::of(b"h->name"), Pattern::Constant);
        assert_eq!(Pattern::of(b"a\0*"), Pattern::Constant);
    }
}
