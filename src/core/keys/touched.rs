//! The names of keys that operations changed, for those who keep copies.

use crate::wire::{Malformed, Wire};

/// The names of keys that operations changed or took away, in order, repeated ones too.
/// Which database a key is in is not said: whoever keeps copies is told a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    /// Whether all keys of a database, or of all, may be others now.
    all: bool,
    /// One behind the other: whether its time was over, and the name.
    names: Vec<u8>,
}

/// A key that changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TouchedKey<'a> {
    /// Its name.
    pub name: &'a [u8],
    /// Its time was over: whoever was carrying something out did not change it.
    pub ended: bool,
}

impl Touched {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        !self.all && self.names.is_empty()
    }

    /// Whether any key may have changed, named or not.
    pub fn all(&self) -> bool {
        self.all
    }

    /// Bytes of memory, about.
    pub fn bytes(&self) -> usize {
        self.names.len() + 1
    }

    /// The keys.
    pub fn keys(&self) -> TouchedKeys<'_> {
        TouchedKeys(&self.names)
    }

    /// Adds a key.
    pub fn note(&mut self, key: TouchedKey<'_>) {
        key.ended.put(&mut self.names);
        key.name.put(&mut self.names);
    }

    /// Any key may have changed.
    pub fn note_all(&mut self) {
        self.all = true;
    }

    /// Adds what another one has.
    pub fn append(&mut self, other: &Touched) {
        self.all |= other.all;
        self.names.extend_from_slice(&other.names);
    }
}

/// The keys of a [`Touched`].
#[derive(Clone, Debug)]
pub struct TouchedKeys<'a>(&'a [u8]);

impl<'a> Iterator for TouchedKeys<'a> {
    type Item = TouchedKey<'a>;

    fn next(&mut self) -> Option<TouchedKey<'a>> {
        // Ends with the bytes; those that came from elsewhere were looked at then.
        let ended = bool::take(&mut self.0).ok()?;
        let name = <&[u8]>::take(&mut self.0).ok()?;
        Some(TouchedKey { name, ended })
    }
}

impl<'a> Wire<'a> for Touched {
    fn put(&self, out: &mut Vec<u8>) {
        self.all.put(out);
        (&self.names[..]).put(out);
    }

    fn take(input: &mut &'a [u8]) -> Result<Self, Malformed> {
        let all = bool::take(input)?;
        let names = <&[u8]>::take(input)?;
        let mut rest = names;
        while !rest.is_empty() {
            bool::take(&mut rest)?;
            <&[u8]>::take(&mut rest)?;
        }
        Ok(Touched { all, names: names.to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two() -> Touched {
        let mut touched = Touched::default();
        touched.note(TouchedKey { name: b"a", ended: false });
        touched.note(TouchedKey { name: b"", ended: true });
        touched
    }

    #[test]
    fn keys_come_out_as_they_were_noted() {
        let names: Vec<_> = two().keys().map(|key| (key.name.to_vec(), key.ended)).collect();
        assert_eq!(names, [(b"a".to_vec(), false), (b"".to_vec(), true)]);
        assert!(Touched::default().is_empty());
        let mut all = Touched::default();
        all.note_all();
        assert!(all.all() && !all.is_empty());
    }

    #[test]
    fn the_byte_form_says_the_same_and_what_is_cut_short_is_refused() {
        let mut bytes = Vec::new();
        two().put(&mut bytes);
        assert_eq!(Touched::take(&mut &bytes[..]), Ok(two()));
        for cut in 0..bytes.len() {
            assert_eq!(Touched::take(&mut &bytes[..cut]), Err(Malformed), "{cut}");
        }
        // A length that lies, inside the names.
        assert_eq!(Touched::take(&mut &[0, 2, 0, 9][..]), Err(Malformed));
    }
}
