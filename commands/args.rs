//! The words of a command, taken one after the other.

use lockstep_core::Db;
use lockstep_core::ids::DATABASES;

use crate::BadArgs;
use crate::error;

/// The words behind a command's name (and subcommand), front to back.
#[derive(Clone, Copy, Debug)]
pub struct Args<'a> {
    called: &'a [u8],
    rest: &'a [&'a [u8]],
}

impl<'a> Args<'a> {
    /// The words behind the first `skip`.
    pub fn new(words: &'a [&'a [u8]], skip: usize) -> Self {
        let called = skip.checked_sub(1).and_then(|last| words.get(last)).copied();
        Args { called: called.unwrap_or_default(), rest: words.get(skip..).unwrap_or_default() }
    }

    /// The word right before: the command's or subcommand's name as it was written.
    pub fn called(&self) -> &'a [u8] {
        self.called
    }

    /// How many are left.
    pub fn len(&self) -> usize {
        self.rest.len()
    }

    /// Whether none is left.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next word.
    ///
    /// # Errors
    /// A syntax error when none is left.
    pub fn word(&mut self) -> Result<&'a [u8], BadArgs> {
        self.next().ok_or(error::SYNTAX)
    }

    /// The next word without taking it.
    pub fn peek(&self) -> Option<&'a [u8]> {
        self.rest.first().copied()
    }

    /// Takes the next word if it is `token`, in capitals or not.
    pub fn token(&mut self, token: &str) -> bool {
        let found = self.peek().is_some_and(|word| word.eq_ignore_ascii_case(token.as_bytes()));
        if found {
            self.rest = &self.rest[1..];
        }
        found
    }

    /// The next word as a signed 64-bit integer by Redis' strict rules: no
    /// blanks, no plus sign, no leading zeros.
    ///
    /// # Errors
    /// `value is not an integer or out of range`.
    pub fn integer(&mut self) -> Result<i64, BadArgs> {
        parse_integer(self.word()?).ok_or(error::NOT_INTEGER)
    }

    /// The next word as an integer between `min` and `max`.
    ///
    /// # Errors
    /// `value is not an integer or out of range`, or the bounds it leaves.
    pub fn integer_in(&mut self, min: i64, max: i64) -> Result<i64, BadArgs> {
        let value = self.integer()?;
        if (min..=max).contains(&value) { Ok(value) } else { Err(error::not_between(min, max)) }
    }

    /// The next word as how many elements are to be popped.
    ///
    /// # Errors
    /// `value is out of range, must be positive`.
    pub fn positive(&mut self) -> Result<u64, BadArgs> {
        let number = parse_integer(self.word()?).and_then(|number| u64::try_from(number).ok());
        number.ok_or(error::NOT_POSITIVE)
    }

    /// A number and so many keys.
    ///
    /// # Errors
    /// `numkeys should be greater than 0`, or a syntax error when there are fewer keys.
    pub fn counted_keys(&mut self) -> Result<Vec<&'a [u8]>, BadArgs> {
        let number = above_zero(self.word()?).ok_or(error::NUMKEYS_NOT_POSITIVE)?;
        let number = usize::try_from(number).unwrap_or(usize::MAX);
        let (keys, rest) = self.rest.split_at_checked(number).ok_or(error::SYNTAX)?;
        self.rest = rest;
        Ok(keys.to_vec())
    }

    /// The last option `COUNT count`; 1 if it is left out.
    ///
    /// # Errors
    /// `count should be greater than 0`, or a syntax error.
    pub fn count_of_elements(&mut self) -> Result<u64, BadArgs> {
        if self.is_empty() {
            return Ok(1);
        }
        if !self.token("COUNT") {
            return Err(error::SYNTAX);
        }
        let count = above_zero(self.word()?).ok_or(error::COUNT_ZERO)?;
        self.end()?;
        Ok(count)
    }

    /// The last words `[count [with]]`: how many are chosen at random (below zero: perhaps the
    /// same several times), and whether `with` stands behind it. `None` without a count.
    ///
    /// # Errors
    /// What [`Args::integer_in`] says, `value is out of range` when there would be too many
    /// parts, or a syntax error.
    pub fn chosen(&mut self, with: &str) -> Result<Option<(i64, bool)>, BadArgs> {
        if self.is_empty() {
            return Ok(None);
        }
        let count = self.integer_in(-i64::MAX, i64::MAX)?;
        let with = self.token(with);
        self.end()?;
        if with && count.unsigned_abs() > i64::MAX.unsigned_abs() / 2 {
            return Err(error::OUT_OF_RANGE);
        }
        Ok(Some((count, with)))
    }

    /// The next word as the number of a database.
    ///
    /// # Errors
    /// What [`Args::integer_in`] says for 32 bits, or `DB index is out of range`.
    pub fn database(&mut self) -> Result<Db, BadArgs> {
        let index = self.integer_in(i32::MIN.into(), i32::MAX.into())?;
        database(index).ok_or(error::DB_OUT_OF_RANGE)
    }

    /// All words that are left.
    pub fn all(&mut self) -> &'a [&'a [u8]] {
        std::mem::take(&mut self.rest)
    }

    /// Nothing may be left.
    ///
    /// # Errors
    /// A syntax error when something is.
    pub fn end(&self) -> Result<(), BadArgs> {
        if self.rest.is_empty() { Ok(()) } else { Err(error::SYNTAX) }
    }
}

impl<'a> Iterator for Args<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<Self::Item> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(first)
    }
}

/// A number above zero.
pub(crate) fn above_zero(word: &[u8]) -> Option<u64> {
    parse_integer(word).and_then(|number| u64::try_from(number).ok()).filter(|number| *number > 0)
}

/// The database of this number.
pub fn database(index: i64) -> Option<Db> {
    u8::try_from(index).ok().filter(|index| *index < DATABASES).map(Db)
}

/// A signed 64-bit integer by Redis' strict rules (`string2ll`).
pub fn parse_integer(word: &[u8]) -> Option<i64> {
    let (negative, digits) = match word {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    match digits {
        [] => return None,
        [b'0'] => return if negative { None } else { Some(0) },
        [b'0', ..] => return None,
        _ if digits.len() > 19 => return None,
        _ => {}
    }
    let mut value = 0i64;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        // Negative from the start, because the smallest number has no positive twin.
        value = value.checked_mul(10)?.checked_sub(i64::from(digit - b'0'))?;
    }
    if negative { Some(value) } else { value.checked_neg() }
}

#[cfg(test)]
mod tests {
    use super::parse_integer;

    #[test]
    fn integers_are_read_by_the_strict_rules() {
        assert_eq!(parse_integer(b"0"), Some(0));
        assert_eq!(parse_integer(b"-1"), Some(-1));
        assert_eq!(parse_integer(b"9223372036854775807"), Some(i64::MAX));
        assert_eq!(parse_integer(b"-9223372036854775808"), Some(i64::MIN));
        for bad in ["", "-", "-0", "+1", "01", " 1", "1 ", "1.0", "9223372036854775808"] {
            assert_eq!(parse_integer(bad.as_bytes()), None, "{bad:?}");
        }
    }
}
