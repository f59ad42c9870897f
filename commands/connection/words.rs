//! Parsing for tests where words have blanks in them.

use crate::testing::context;
use crate::{Args, BadArgs, Request, table};

/// What these words mean.
pub(crate) fn parsed<'a>(words: &[&'a str]) -> Result<Request<'a>, BadArgs> {
    // Leaked: requests borrow the list of words, and tests are short.
    let words: &'a [&'a [u8]] =
        Vec::leak(words.iter().map(|word| word.as_bytes()).collect::<Vec<&'a [u8]>>());
    let (command, named) = table::find(words)?;
    (command.parse)(&context(), Args::new(words, named))
}
