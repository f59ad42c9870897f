//! What stands in the log about functions, likewise.

use lockstep_core::Op;
use lockstep_core::scripts::Op as Script;
use lockstep_core::scripts::functions::{Limits, Op as Function, Policy};

use super::check;

const OPS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/functions-1.txt");

/// One of every operation on functions.
fn history() -> Vec<Op<'static>> {
    let terms = super::scripts::terms();
    let limits = Limits::Of { steps_max: 10_000_000, memory_max: 64 << 20, bytes_max: 1 << 20 };
    let restore = |policy| Function::Restore { payload: b"p", policy, limits };
    let on_libraries = [
        Function::Load { code: b"#!lua name=a", replace: true, limits },
        Function::Delete { name: b"a" },
        Function::Flush {},
        restore(Policy::Append {}),
        restore(Policy::Replace {}),
        restore(Policy::Flush {}),
        Function::List { pattern: Some(b"*"), with_code: true },
        Function::Stats {},
        Function::Dump {},
    ];
    let on_libraries = on_libraries.into_iter().map(|op| Script::Function { op });
    let call = Script::Call { function: b"f", keys: vec![b"k", b""], args: vec![b"a"], terms };
    std::iter::once(call).chain(on_libraries).map(|op| Op::Script { op }).collect()
}

#[test]
fn operations_on_functions_keep_their_byte_form() {
    check(OPS, history().iter());
}
