//! How long a command is ready to wait, and waiting for keys.

use lockstep_core::Wait;
use lockstep_core::float::rounded;
use lockstep_core::keys::Op;
use lockstep_core::keys::waits::Want;

use crate::args::parse_integer;
use crate::{Args, BadArgs, Context, Request, error};

/// The next word as milliseconds to wait; 0 without end.
///
/// # Errors
/// Redis' texts of its blocking commands.
pub fn milliseconds(args: &mut Args<'_>) -> Result<u64, BadArgs> {
    let ms = parse_integer(args.word()?).ok_or(error::TIMEOUT_NOT_INTEGER)?;
    u64::try_from(ms).map_err(|_| error::TIMEOUT_NEGATIVE)
}

/// A word as seconds to wait, with fractions: the milliseconds, rounded up; 0 without end.
///
/// # Errors
/// `timeout is not a float or out of range`, or `timeout is negative`, which is also what
/// Redis 7.0 says of a time beyond 64 bits of milliseconds.
pub fn seconds(word: &[u8]) -> Result<u64, BadArgs> {
    let ms = (rounded(word).ok_or(error::TIMEOUT_NOT_FLOAT)? * 1000.0).ceil();
    if (0.0..MS_END).contains(&ms) { Ok(ms as u64) } else { Err(error::TIMEOUT_NEGATIVE) }
}

/// 2^63.
const MS_END: f64 = 9_223_372_036_854_775_808.0;

/// A request for what one of several keys has, or will have.
pub fn pop<'a>(ctx: &Context, keys: Vec<&'a [u8]>, want: Want<'a>, block_ms: u64) -> Request<'a> {
    let wait = Some(Wait::For { origin: ctx.origin, request: ctx.request, block_ms });
    Op::PopOrWait { db: ctx.db, keys, want, wait, keep: false }.into()
}

/// The words of BLPOP and its relatives: keys, and the time to wait.
///
/// # Errors
/// As [`seconds`].
pub fn keys_and_time<'a>(args: &mut Args<'a>) -> Result<(Vec<&'a [u8]>, u64), BadArgs> {
    let (time, keys) = args.all().split_last().ok_or(error::SYNTAX)?;
    Ok((keys.to_vec(), seconds(time)?))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::testing::{DB, context, key_op};

    /// What a line asks for: the keys, what is wanted of them, and for how long.
    pub(crate) fn asked(line: &'static str) -> (Vec<&'static [u8]>, Want<'static>, u64) {
        let (origin, request) = (context().origin, context().request);
        match key_op(line) {
            Op::PopOrWait {
                db: DB,
                keys,
                want,
                wait: Some(Wait::For { origin: of, request: number, block_ms }),
                keep: false,
            } if (of, number) == (origin, request) => (keys, want, block_ms),
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn seconds_have_fractions_and_are_rounded_up() {
        for (text, ms) in [
            ("0", 0),
            ("1", 1000),
            ("0.096", 96),
            ("0.0001", 1),
            ("-0.0001", 0),
            ("1e-400", 0),
            ("0x1", 1000),
            ("9e15", 9_000_000_000_000_000_000),
        ] {
            assert_eq!(seconds(text.as_bytes()), Ok(ms), "{text}");
        }
        for text in ["-1", "-0.001", "inf", "-inf", "1e16", "1e400"] {
            assert_eq!(seconds(text.as_bytes()), Err(error::TIMEOUT_NEGATIVE), "{text}");
        }
        for text in ["", "abc", " 1", "1 ", "nan"] {
            assert_eq!(seconds(text.as_bytes()), Err(error::TIMEOUT_NOT_FLOAT), "{text}");
        }
    }
}
