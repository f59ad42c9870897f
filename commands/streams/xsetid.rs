//! XSETID: what a stream knows of its past.

use lockstep_core::keys::streams::{Id, Op};

use super::{id, on};
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// XSETID.
pub const XSETID: Command = Command { spec: &XSETID_SPEC, parse, reply: plain, subcommands: &[] };

static XSETID_SPEC: Spec = Spec {
    name: "xsetid",
    usage: "XSETID key last-id [ENTRIESADDED entries-added] [MAXDELETEDID max-deleted-id]",
    summary: "Sets the greatest id, the number of entries there ever were and the greatest id that was deleted of the stream at a key.",
    since: "5.0.0",
    group: Group::Stream,
    complexity: "O(1)",
    arity: -3,
    flags: &["write", "denyoom", "fast"],
    acl: &["@fast", "@stream", "@write"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "update"], 1)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (key, id) = (args.word()?, id::exact(args.word()?)?);
    let (mut added, mut max_deleted) = (None, Id::MIN);
    while !args.is_empty() {
        if args.len() > 1 && args.token("ENTRIESADDED") {
            let number = u64::try_from(args.integer()?);
            added = Some(number.map_err(|_| error::NEGATIVE_ENTRIES_ADDED)?);
        } else if args.len() > 1 && args.token("MAXDELETEDID") {
            max_deleted = id::exact(args.word()?)?;
            if id < max_deleted {
                return Err(error::MAX_DELETED_TOO_LARGE);
            }
        } else {
            return Err(error::SYNTAX);
        }
    }
    Ok(on(ctx, key, Op::SetId { id, added, max_deleted }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::streams::tests::op;
    use crate::testing::refusal;

    #[test]
    fn all_of_it_can_be_set() {
        let (id, max_deleted) = (Id { ms: 9, seq: 1 }, Id { ms: 3, seq: 0 });
        let whole = Op::SetId { id, added: Some(7), max_deleted };
        assert_eq!(op("xsetid k 9-1 entriesadded 7 maxdeletedid 3"), whole);
        assert_eq!(refusal("xsetid k 9 entriesadded -1"), "ERR entries_added must be positive");
        let text =
            "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id";
        assert_eq!(refusal("xsetid k 9 maxdeletedid 10"), text);
        assert_eq!(refusal("xsetid k 9 foo"), "ERR syntax error");
    }
}
