//! LMPOP: elements from the first of several lists that is there.

use lockstep_core::keys::Op;

use super::end;
use crate::reply::or_nil_array;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// LMPOP.
pub const LMPOP: Command =
    Command { spec: &LMPOP_SPEC, parse, reply: or_nil_array, subcommands: &[] };

static LMPOP_SPEC: Spec = Spec {
    name: "lmpop",
    usage: "LMPOP numkeys key [key ...] <LEFT | RIGHT> [COUNT count]",
    summary: "Removes and returns elements from an end of the first of several lists that is there, with its name.",
    since: "7.0.0",
    group: Group::List,
    complexity: "O(N + M) where N is the number of keys and M the number of elements returned",
    arity: -4,
    flags: &["write", "movablekeys"],
    acl: &["@list", "@slow", "@write"],
    tips: &[],
    keys: &[KeySpec::counted(&["RW", "access", "delete"], 1)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let keys = args.counted_keys()?;
    let front = end(&mut args)?;
    let count = args.count_of_elements()?;
    Ok(Op::ListPopFirst { db: ctx.db, keys, front, count }.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DB, key_op, refusal};

    #[test]
    fn keys_are_counted() {
        let pop = |front, count| Op::ListPopFirst { db: DB, keys: vec![b"a", b"b"], front, count };
        assert_eq!(key_op("lmpop 2 a b left"), pop(true, 1));
        assert_eq!(key_op("lmpop 2 a b RIGHT count 5"), pop(false, 5));
    }

    #[test]
    fn counts_are_above_zero() {
        let text = "ERR numkeys should be greater than 0";
        for line in ["lmpop 0 a left", "lmpop x a left", "lmpop -1 a left"] {
            assert_eq!(refusal(line), text);
        }
        let text = "ERR count should be greater than 0";
        for line in ["lmpop 1 a left count 0", "lmpop 1 a left count x"] {
            assert_eq!(refusal(line), text);
        }
        for line in ["lmpop 2 a left", "lmpop 1 a up", "lmpop 1 a left count 1 count 2"] {
            assert_eq!(refusal(line), "ERR syntax error", "{line}");
        }
    }
}
