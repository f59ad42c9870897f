//! What stands in the log about users, and in the cluster's record of one, likewise.

use lockstep_commands::users::User;
use lockstep_core::scripts::{Op as Script, Script as Which, Terms};
use lockstep_core::users::Op as Users;
use lockstep_core::{Db, Op};

use super::check;

const OPS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/users-1.txt");

fn bytes() -> Vec<u8> {
    let rules =
        ["on", ">pw", "skip-sanitize-payload", "~a*", "%R~b", "%W~c", "&d", "+get", "+@set"];
    let rules = rules.iter().chain(&["+select|0", "(+set allkeys allchannels)"]);
    let rules: Vec<&str> = rules.copied().collect();
    User::new(false).changed(&rules, false).unwrap().to_bytes()
}

/// One of every operation on users, and of those that carry one.
fn history(user: &[u8]) -> Vec<Op<'_>> {
    let terms = Terms::Of {
        db: Db(0),
        read_only: false,
        spread: true,
        steps_max: 1,
        memory_max: 2,
        cache_max: 3,
        string_bytes_max: 4,
        block_entries_max: 5,
        block_bytes_max: 6,
        notes: 0,
    };
    let put = Users::Put { name: b"me", bytes: user, expected: 300, users_max: 10_000 };
    let (keys, args): (Vec<&[u8]>, Vec<&[u8]>) = (vec![b"k"], vec![b"a"]);
    let run = |script| Script::Run { script, keys: keys.clone(), args: args.clone(), terms };
    let (text, sha): (&[u8], &[u8]) = (b"return 1", b"e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
    vec![
        Op::User { op: put },
        Op::User { op: Users::Delete { names: vec![b"me", b"you"] } },
        Op::Script { op: run(Which::TextFor { body: text, user }) },
        Op::Script { op: run(Which::NamedFor { sha, user }) },
        Op::Script {
            op: Script::CallFor {
                function: b"f",
                keys: keys.clone(),
                args: args.clone(),
                terms,
                user,
            },
        },
    ]
}

#[test]
fn operations_on_users_and_users_keep_their_byte_form() {
    let user = bytes();
    check(OPS, history(&user).iter());
}
