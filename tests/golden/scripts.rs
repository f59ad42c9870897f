//! What stands in the log about scripts, likewise.

use lockstep_core::scripts::{Op as Script, Script as Which, Terms};
use lockstep_core::{Db, Op};

use super::check;

const OPS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/scripts-1.txt");

/// Under which scripts and functions run.
pub(super) fn terms() -> Terms {
    Terms::Of {
        db: Db(3),
        read_only: true,
        spread: false,
        steps_max: 10_000_000,
        memory_max: 64 << 20,
        cache_max: 1 << 20,
        string_bytes_max: 512 << 20,
        block_entries_max: 100,
        block_bytes_max: 4096,
        notes: 1,
    }
}

/// One of every operation on scripts.
fn history() -> Vec<Op<'static>> {
    let terms = terms();
    let (keys, args): (Vec<&[u8]>, Vec<&[u8]>) = (vec![b"k", b""], vec![b"a"]);
    let run = |script| Script::Run { script, keys: keys.clone(), args: args.clone(), terms };
    let all = vec![
        run(Which::Text { body: b"return 1" }),
        run(Which::Named { sha: b"e0e1f9fabfc9d4800c877a703b823ac0578ff8db" }),
        Script::Load { body: b"return 1", bytes_max: 1 << 20 },
        Script::Exists { shas: vec![b"x"] },
        Script::Flush {},
    ];
    all.into_iter().map(|op| Op::Script { op }).collect()
}

#[test]
fn operations_on_scripts_keep_their_byte_form() {
    check(OPS, history().iter());
}
