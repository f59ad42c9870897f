//! QPAUSE: nothing goes in, or out, for a while.

use lockstep_core::queues::{Op, WHOLE};

use super::words::{TIME_MS_MAX, name, number};
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// QPAUSE.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "qpause",
    usage: "QPAUSE queue <IN | OUT | ALL> [FOR ms]",
    summary: "Pauses a queue: with IN whoever pushes gets QPAUSED, with OUT nothing is delivered, \
              and whoever pops waits if it may. FOR ends the pause after so long, else QRESUME \
              does. What is in flight may be settled.",
    since: "0.1.0",
    group: Group::Queues,
    complexity: "O(1)",
    arity: -3,
    flags: &["write", "denyoom"],
    acl: &["@queue", "@write", "@slow"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "update"], 1)],
    road: Road::Log,
};

fn parse<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let queue = name(&mut args)?;
    let (input, output) = sides(&mut args).ok_or(error::SYNTAX)?;
    let for_ms = match args.token("for") {
        true => Some(number("FOR", 1, TIME_MS_MAX, &mut args)?),
        false => None,
    };
    args.end()?;
    Ok(Op::Pause { queue, part: WHOLE, input, output, for_ms }.into())
}

/// Takes IN, OUT or ALL: whether what goes in is meant, and what goes out.
pub(super) fn sides(args: &mut Args<'_>) -> Option<(bool, bool)> {
    let sides = [("in", (true, false)), ("out", (false, true)), ("all", (true, true))];
    sides.into_iter().find_map(|(word, sides)| args.token(word).then_some(sides))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{queue_op, refusal};

    #[test]
    fn one_side_or_both_are_paused() {
        let pause =
            |input, output, for_ms| Op::Pause { queue: b"q", part: WHOLE, input, output, for_ms };
        assert_eq!(queue_op("qpause q in"), pause(true, false, None));
        assert_eq!(queue_op("qpause q OUT"), pause(false, true, None));
        assert_eq!(queue_op("QPAUSE q All FOR 7"), pause(true, true, Some(7)));
        for line in ["qpause q foo", "qpause q in out", "qpause q in for"] {
            assert_eq!(refusal(line), "ERR syntax error", "{line}");
        }
        let text = "ERR FOR must be a number from 1 to 315360000000";
        assert_eq!(refusal("qpause q in for 0"), text);
    }
}
