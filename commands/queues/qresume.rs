//! QRESUME: a queue goes on.

use lockstep_core::queues::{Op, WHOLE};

use super::qpause::sides;
use super::words::name;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// QRESUME.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "qresume",
    usage: "QRESUME queue [IN | OUT | ALL]",
    summary: "Ends what QPAUSE began: both sides unless one is said.",
    since: "0.1.0",
    group: Group::Queues,
    complexity: "O(M*log(N)) where N is the number of messages and M that of requests that wait",
    arity: -2,
    flags: &["write"],
    acl: &["@queue", "@write", "@slow"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "update"], 1)],
    road: Road::Log,
};

fn parse<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let queue = name(&mut args)?;
    let (input, output) = sides(&mut args).unwrap_or((true, true));
    args.end()?;
    Ok(Op::Resume { queue, part: WHOLE, input, output }.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{queue_op, refusal};

    #[test]
    fn both_sides_go_on_unless_one_is_said() {
        let resume = |input, output| Op::Resume { queue: b"q", part: WHOLE, input, output };
        assert_eq!(queue_op("qresume q"), resume(true, true));
        assert_eq!(queue_op("qresume q all"), resume(true, true));
        assert_eq!(queue_op("qresume q IN"), resume(true, false));
        assert_eq!(queue_op("QRESUME q out"), resume(false, true));
        assert_eq!(refusal("qresume q foo"), "ERR syntax error");
    }
}
