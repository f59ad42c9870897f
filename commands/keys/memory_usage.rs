//! MEMORY USAGE's words; the container stands with the server's commands.

use lockstep_core::keys::{About, Op};

use crate::{Args, BadArgs, Context, Request, error};

/// Parses `MEMORY USAGE key [SAMPLES count]`. Sizes are exact here, so that the
/// count is only checked.
///
/// # Errors
/// Redis' texts for wrong options.
pub fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let key = args.word()?;
    while !args.is_empty() {
        if !args.token("SAMPLES") || args.integer()? < 0 {
            return Err(error::SYNTAX);
        }
    }
    Ok(Op::Object { db: ctx.db, key, about: About::Memory {} }.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DB, context};

    #[test]
    fn samples_are_checked_and_not_needed() {
        let usage =
            |words: &[&'static [u8]]| parse(&context(), Args::new(words.to_vec().leak(), 0));
        let op = Op::Object { db: DB, key: b"k", about: About::Memory {} };
        assert_eq!(usage(&[b"k"]), Ok(op.clone().into()));
        assert_eq!(usage(&[b"k", b"samples", b"0"]), Ok(op.into()));
        assert_eq!(usage(&[b"k", b"samples", b"-1"]), Err(error::SYNTAX));
        assert_eq!(usage(&[b"k", b"samples"]), Err(error::SYNTAX));
        assert_eq!(usage(&[b"k", b"samples", b"x"]), Err(error::NOT_INTEGER));
    }
}
