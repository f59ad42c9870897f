//! What FUNCTION DUMP gives: libraries as they stand in an RDB file, and the footer of DUMP.

use super::{Libraries, Refusal};
use crate::rdb;

/// Before each library.
const LIBRARY: u8 = 245;
/// Before a library in a form of before Redis 7.0.
const LIBRARY_OLD: u8 = 246;

pub(super) fn dump(libraries: &Libraries) -> Vec<u8> {
    let mut out = Vec::new();
    for library in libraries.iter() {
        out.push(LIBRARY);
        rdb::put_string(&mut out, &library.code);
    }
    rdb::seal(&mut out);
    out
}

/// The texts of the libraries in a payload.
///
/// # Errors
/// It is damaged, or holds something else.
pub(super) fn codes(payload: &[u8]) -> Result<Vec<Vec<u8>>, Refusal> {
    let mut body = rdb::verified(payload).ok_or(Refusal::Damaged)?;
    let mut codes = Vec::new();
    while let Some((kind, rest)) = body.split_first() {
        body = rest;
        match *kind {
            LIBRARY => {}
            LIBRARY_OLD => return Err("Pre-GA function format not supported".into()),
            _ => return Err("given type is not a function".into()),
        }
        codes.push(rdb::take_string(&mut body).ok_or("Failed loading library payload")?);
    }
    Ok(codes)
}
