//! HPERSIST: fields that no longer end.

use lockstep_core::keys::hashes::Op;

use super::{counted_fields, on};
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// HPERSIST.
pub const HPERSIST: Command =
    Command { spec: &HPERSIST_SPEC, parse, reply: plain, subcommands: &[] };

static HPERSIST_SPEC: Spec = Spec {
    name: "hpersist",
    usage: "HPERSIST key FIELDS numfields field [field ...]",
    summary: "Takes the deadlines of fields of a hash away. Returns for each 1, or -1 when it has none, -2 when it is not there.",
    since: "7.4.0",
    group: Group::Hash,
    complexity: "O(N) where N is the number of fields",
    arity: -5,
    flags: &["write", "fast"],
    acl: &["@fast", "@hash", "@write"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "update"], 1)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let key = args.word()?;
    Ok(on(ctx, key, Op::Persist { fields: counted_fields(args, error::NUMFIELDS_NOT_POSITIVE)? }))
}

#[cfg(test)]
mod tests {
    use super::super::tests::op;
    use super::*;

    #[test]
    fn it_names_its_fields() {
        assert_eq!(op("hpersist k FIELDS 2 f f"), Op::Persist { fields: vec![b"f", b"f"] });
    }
}
