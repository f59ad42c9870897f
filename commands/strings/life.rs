//! How long a string lives: the options that SET and GETEX share.

use lockstep_core::keys::Expiry;

use crate::{Args, BadArgs, args, error};

/// What a number says about time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// EX: seconds from now.
    Seconds,
    /// PX: milliseconds from now.
    Millis,
    /// EXAT: seconds since the Unix epoch.
    AtSeconds,
    /// PXAT: milliseconds since the Unix epoch.
    AtMillis,
}

impl Unit {
    /// The unit of this option.
    pub(crate) fn of(word: &[u8]) -> Option<Self> {
        match word.len() {
            2 if word.eq_ignore_ascii_case(b"ex") => Some(Unit::Seconds),
            2 if word.eq_ignore_ascii_case(b"px") => Some(Unit::Millis),
            4 if word.eq_ignore_ascii_case(b"exat") => Some(Unit::AtSeconds),
            4 if word.eq_ignore_ascii_case(b"pxat") => Some(Unit::AtMillis),
            _ => None,
        }
    }

    /// The deadline this number means, for the command `name`. Whether it fits
    /// behind the clock is seen when the clock is known.
    pub(crate) fn expiry(self, number: i64, name: &str) -> Result<Expiry, BadArgs> {
        let ms = match self {
            Unit::Seconds | Unit::AtSeconds => number.checked_mul(1_000),
            Unit::Millis | Unit::AtMillis => Some(number),
        };
        let Some(ms) = ms.filter(|ms| *ms > 0) else { return Err(error::invalid_expire(name)) };
        match self {
            Unit::Seconds | Unit::Millis => Ok(Expiry::In { ms }),
            Unit::AtSeconds | Unit::AtMillis => Ok(Expiry::At { ms }),
        }
    }
}

/// What the options said so far. They may be repeated, but not contradicted, and
/// numbers are only read when all options are known.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Life<'a> {
    /// Nothing.
    Unsaid,
    /// KEEPTTL.
    Keep,
    /// PERSIST.
    Persist,
    /// One of the units, with its number.
    Timed(Unit, &'a [u8]),
}

impl<'a> Life<'a> {
    /// Takes an option with the number behind it.
    pub(crate) fn set_timed(&mut self, unit: Unit, args: &mut Args<'a>) -> Result<(), BadArgs> {
        match self {
            Life::Unsaid => {}
            Life::Timed(before, _) if *before == unit => {}
            _ => return Err(error::SYNTAX),
        }
        *self = Life::Timed(unit, args.word()?);
        Ok(())
    }

    /// Takes KEEPTTL.
    pub(crate) fn set_keep(&mut self) -> Result<(), BadArgs> {
        self.set_to(Life::Keep)
    }

    /// Takes PERSIST.
    pub(crate) fn set_persist(&mut self) -> Result<(), BadArgs> {
        self.set_to(Life::Persist)
    }

    fn set_to(&mut self, life: Life<'a>) -> Result<(), BadArgs> {
        match (*self, life) {
            (Life::Unsaid, _) | (Life::Keep, Life::Keep) | (Life::Persist, Life::Persist) => {
                *self = life;
                Ok(())
            }
            _ => Err(error::SYNTAX),
        }
    }

    /// What SET makes of it: a deadline goes away unless it is to be kept.
    pub(crate) fn expiry(self, name: &str) -> Result<Expiry, BadArgs> {
        match self {
            Life::Unsaid | Life::Persist => Ok(Expiry::Never {}),
            Life::Keep => Ok(Expiry::Keep {}),
            Life::Timed(unit, word) => {
                let number = args::parse_integer(word).ok_or(error::NOT_INTEGER)?;
                unit.expiry(number, name)
            }
        }
    }
}
