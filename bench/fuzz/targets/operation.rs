//! Operations in the log: what decodes is written again as the same operation.

#![no_main]

use lockstep_core::Op;
use lockstep_core::wire::Wire;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut input = bytes;
    let Ok(op) = Op::take(&mut input) else { return };
    let mut again = Vec::new();
    op.put(&mut again);
    assert_eq!(Op::take(&mut again.as_slice()), Ok(op));
});
