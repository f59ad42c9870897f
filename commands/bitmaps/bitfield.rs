//! BITFIELD, BITFIELD_RO: integers of any width among the bits of a string.

use lockstep_core::keys::bitmaps::{Field, Op, Overflow, Step};

use super::{on, within};
use crate::args::parse_integer;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// BITFIELD.
pub const BITFIELD: Command =
    Command { spec: &BITFIELD_SPEC, parse, reply: plain, subcommands: &[] };

/// BITFIELD_RO.
pub const BITFIELD_RO: Command =
    Command { spec: &BITFIELD_RO_SPEC, parse: parse_ro, reply: plain, subcommands: &[] };

const BITFIELD_SPEC: Spec = Spec {
    name: "bitfield",
    usage: "BITFIELD key [GET encoding offset | [OVERFLOW <WRAP | SAT | FAIL>] <SET encoding offset value | INCRBY encoding offset increment> [GET encoding offset | [OVERFLOW <WRAP | SAT | FAIL>] <SET encoding offset value | INCRBY encoding offset increment> ...]]",
    summary: "Reads, sets and adds to integers among the bits of the string at a key, one after the other: i and u with up to 64 and 63 bits, at a bit, or with # at a multiple of their width. What does not fit wraps around, stays at the nearest (SAT), or is not done and a null (FAIL).",
    since: "3.2.0",
    group: Group::Bitmap,
    complexity: "O(N) where N is the number of steps",
    arity: -2,
    flags: &["write", "denyoom"],
    acl: &["@bitmap", "@slow", "@write"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "access", "update", "variable_flags"], 1)
        .noted("This command allows both access and modification of the key")],
    road: Road::Log,
};

static BITFIELD_RO_SPEC: Spec = Spec {
    name: "bitfield_ro",
    usage: "BITFIELD_RO key [GET encoding offset [GET encoding offset ...]]",
    summary: "Reads integers among the bits of the string at a key, as BITFIELD does.",
    since: "6.0.0",
    flags: &["readonly", "fast"],
    acl: &["@bitmap", "@fast", "@read"],
    keys: &[KeySpec::one(&["RO", "access"], 1)],
    road: Road::Cache,
    ..BITFIELD_SPEC
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (key, steps) = (args.word()?, steps(ctx, &mut args)?);
    Ok(on(
        ctx,
        key,
        match only_reads(&steps) {
            Some(fields) => Op::Fields { fields },
            None => Op::Change { steps, max: ctx.string_bytes_max },
        },
    ))
}

fn parse_ro<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (key, steps) = (args.word()?, steps(ctx, &mut args)?);
    let fields = only_reads(&steps).ok_or(error::BITFIELD_RO_WRITES)?;
    Ok(on(ctx, key, Op::Fields { fields }))
}

fn only_reads(steps: &[Step]) -> Option<Vec<Field>> {
    let read = |step: &Step| match step {
        Step::Get { field } => Some(*field),
        _ => None,
    };
    steps.iter().map(read).collect()
}

fn steps(ctx: &Context, args: &mut Args<'_>) -> Result<Vec<Step>, BadArgs> {
    let (mut steps, mut overflow) = (Vec::new(), Overflow::Wrap {});
    while !args.is_empty() {
        // A word with too few behind it is no such word.
        if args.len() > 2 && args.token("GET") {
            steps.push(Step::Get { field: field(ctx, args)? });
        } else if args.len() > 3 && args.token("SET") {
            let (field, value) = (field(ctx, args)?, args.integer()?);
            steps.push(Step::Set { field, value, overflow });
        } else if args.len() > 3 && args.token("INCRBY") {
            let (field, by) = (field(ctx, args)?, args.integer()?);
            steps.push(Step::Add { field, by, overflow });
        } else if args.len() > 1 && args.token("OVERFLOW") {
            overflow = rule(args)?;
        } else {
            return Err(error::SYNTAX);
        }
    }
    Ok(steps)
}

fn rule(args: &mut Args<'_>) -> Result<Overflow, BadArgs> {
    let rules = [
        ("WRAP", Overflow::Wrap {}),
        ("SAT", Overflow::Saturate {}),
        ("FAIL", Overflow::Refuse {}),
    ];
    let found = rules.into_iter().find(|(word, _)| args.token(word));
    found.map(|(_, rule)| rule).ok_or(error::BAD_OVERFLOW)
}

fn field(ctx: &Context, args: &mut Args<'_>) -> Result<Field, BadArgs> {
    let (signed, bits) = width(args.word()?).ok_or(error::BAD_BITFIELD_TYPE)?;
    let place = args.word()?;
    let offset = match place {
        [b'#', number @ ..] => {
            parse_integer(number).and_then(|number| number.checked_mul(bits.into()))
        }
        number => parse_integer(number),
    };
    let offset = offset.and_then(|offset| within(ctx, offset)).ok_or(error::BIT_OFFSET)?;
    Ok(Field::At { offset, bits, signed })
}

fn width(word: &[u8]) -> Option<(bool, u8)> {
    let (signed, bits, max) = match word {
        [b'i', bits @ ..] => (true, bits, 64),
        [b'u', bits @ ..] => (false, bits, 63),
        _ => return None,
    };
    let bits = parse_integer(bits).filter(|bits| (1..=max).contains(bits))?;
    Some((signed, bits as u8))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bitmaps::tests::op;
    use crate::testing::refusal;

    #[test]
    fn steps_are_taken_one_after_the_other() {
        let at = |offset, bits, signed| Field::At { offset, bits, signed };
        let steps = vec![
            Step::Set { field: at(0, 8, false), value: -1, overflow: Overflow::Wrap {} },
            Step::Get { field: at(15, 5, true) },
            Step::Add { field: at(7, 63, false), by: 3, overflow: Overflow::Refuse {} },
        ];
        let line = "bitfield k set u8 0 -1 get i5 #3 overflow fail incrby u63 7 3";
        assert_eq!(op(line), Op::Change { steps, max: 1_000 });
        let fields = vec![at(0, 64, true)];
        assert_eq!(op("bitfield k get i64 0"), Op::Fields { fields: fields.clone() });
        assert_eq!(op("bitfield_ro k get i64 0"), Op::Fields { fields });
        assert_eq!(op("bitfield k"), Op::Fields { fields: Vec::new() });
    }

    #[test]
    fn what_is_no_field_is_refused() {
        for kind in ["u64", "i65", "i0", "x8", "u", "I8"] {
            let line = format!("bitfield k get {kind} 0").leak();
            assert!(refusal(line).starts_with("ERR Invalid bitfield type."), "{kind}");
        }
        for place in ["-1", "x", "#-1", "8000", "#9223372036854775807"] {
            let line = format!("bitfield k get u8 {place}").leak();
            let text = "ERR bit offset is not an integer or out of range";
            assert_eq!(refusal(line), text, "{place}");
        }
        for line in
            ["bitfield k get u8", "bitfield k foo", "bitfield k set u8 0", "bitfield k overflow"]
        {
            assert_eq!(refusal(line), "ERR syntax error", "{line}");
        }
        assert_eq!(refusal("bitfield k overflow foo"), "ERR Invalid OVERFLOW type specified");
        let text = "ERR BITFIELD_RO only supports the GET subcommand";
        assert_eq!(refusal("bitfield_ro k set u8 0 1"), text);
    }
}
