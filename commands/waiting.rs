//! How long a command is ready to wait.

use crate::args::parse_integer;
use crate::{Args, BadArgs, error};

/// The next word as milliseconds to wait; 0 without end.
///
/// # Errors
/// Redis' texts of its blocking commands.
pub fn milliseconds(args: &mut Args<'_>) -> Result<u64, BadArgs> {
    let ms = parse_integer(args.word()?).ok_or(error::TIMEOUT_NOT_INTEGER)?;
    u64::try_from(ms).map_err(|_| error::TIMEOUT_NEGATIVE)
}
