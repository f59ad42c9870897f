//! The words that several commands on queues share.

use lockstep_core::queues::{LEASE_MS_MAX, NAME_BYTES_MAX, Receipt};

use crate::args::parse_integer;
use crate::{Args, BadArgs, error};

/// The name of a queue.
pub(super) fn name<'a>(args: &mut Args<'a>) -> Result<&'a [u8], BadArgs> {
    let name = args.word()?;
    if name.len() > NAME_BYTES_MAX { Err(error::QUEUE_NAME_TOO_LONG) } else { Ok(name) }
}

/// A word as a receipt.
pub(super) fn receipt(word: &[u8]) -> Result<Receipt, BadArgs> {
    Receipt::parse(word).ok_or(error::BAD_RECEIPT)
}

/// The next word as a visibility timeout of the command `name`, from `min_ms`.
pub(super) fn visibility(name: &str, min_ms: u64, args: &mut Args<'_>) -> Result<u64, BadArgs> {
    visibility_of(name, min_ms, args.word()?)
}

/// A word as a visibility timeout of the command `name`, from `min_ms`.
pub(super) fn visibility_of(name: &str, min_ms: u64, word: &[u8]) -> Result<u64, BadArgs> {
    let ms = parse_integer(word).ok_or(error::NOT_INTEGER)?;
    let ms = u64::try_from(ms).ok().filter(|ms| (min_ms..=LEASE_MS_MAX).contains(ms));
    ms.ok_or_else(|| error::invalid_visibility(name))
}

/// The next word as a delay or a time in milliseconds.
pub(super) fn delay(args: &mut Args<'_>) -> Result<u64, BadArgs> {
    let ms = parse_integer(args.word()?).and_then(|ms| u64::try_from(ms).ok());
    ms.ok_or(error::BAD_DELAY)
}
