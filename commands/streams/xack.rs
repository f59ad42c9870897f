//! XACK: entries that a group is done with.

use lockstep_core::keys::streams::Op;

use super::{id, on};
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// XACK.
pub const XACK: Command = Command { spec: &XACK_SPEC, parse, reply: plain, subcommands: &[] };

static XACK_SPEC: Spec = Spec {
    name: "xack",
    usage: "XACK key group id [id ...]",
    summary: "Acknowledges entries that a group was given and returns how many were pending.",
    since: "5.0.0",
    group: Group::Stream,
    complexity: "O(log N) for each entry, where N is the number of pending ones",
    arity: -4,
    flags: &["write", "fast"],
    acl: &["@fast", "@stream", "@write"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "update"], 1)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (key, group) = (args.word()?, args.word()?);
    Ok(on(ctx, key, Op::Ack { group, ids: id::all(&mut args)? }))
}

#[cfg(test)]
mod tests {
    use lockstep_core::keys::streams::Id;

    use super::*;
    use crate::streams::tests::op;
    use crate::testing::refusal;

    #[test]
    fn entries_are_named_by_their_ids() {
        let ids = vec![Id { ms: 5, seq: 1 }, Id { ms: 6, seq: 0 }];
        assert_eq!(op("xack k g 5-1 6"), Op::Ack { group: b"g", ids });
        assert_eq!(refusal("xack k g 5 x"), refusal("xdel k x"));
    }
}
