//! QCREATE: a queue with settings of its own.

use lockstep_core::queues::{Op, WHOLE};

use super::settings;
use super::words::name;
use crate::locks::words::flag;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// QCREATE.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "qcreate",
    usage: "QCREATE queue [IFNX] [VT ms] [MAXVT ms] [MAXDELIVER count] \
            [COUNTMODE <FAILS | ATTEMPTS>] [BACKOFF min-ms max-ms [LINEAR | EXP] [jitter]] \
            [TTL ms] [EXPIRE <DROP | DEAD>] [DELAY ms] [DLQ <SELF | dead-letter-queue>] \
            [RETAIN ms] [MAXDEAD count] [MAXLEN count] [MAXBYTES bytes] \
            [OVERFLOW <REJECT | DROPHEAD | DEADHEAD>] [ORDER <FIFO | LIFO | PRI>] \
            [GROUPS <OFF | OPTIONAL | REQUIRED>] [GROUPINFLIGHT count] \
            [GROUPFAIL <BLOCK | SKIP>] [DEDUPWINDOW ms] [DEDUPSCOPE <QUEUE | GROUP>] \
            [DEDUPMAX count] [RATE count [per-ms]] [MAXINFLIGHT count] \
            [PARTITIONS <count | AUTO>] [SYNC <ALWAYS | RELAXED>] [IDLEDELETE ms]",
    summary: "Makes a queue with these settings. If it is there already its settings are changed, \
              or with IFNX it is QEXISTS. What each setting means stands in the table of settings. \
              A queue that is pushed to without it has the usual ones.",
    since: "0.1.0",
    group: Group::Queues,
    complexity: "O(1)",
    arity: -2,
    flags: &["write", "denyoom"],
    acl: &["@queue", "@write", "@slow"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "insert"], 1)],
    road: Road::Log,
};

fn parse<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let queue = name(&mut args)?;
    let (mut given, mut if_new) = (Vec::new(), false);
    while !args.is_empty() {
        if !flag(&mut if_new, "ifnx", &mut args)? {
            settings::take(queue, &mut given, &mut args)?;
        }
    }
    Ok(Op::Create { queue, part: WHOLE, settings: given, if_new }.into())
}

#[cfg(test)]
mod tests {
    use lockstep_core::Fault;
    use lockstep_core::queues::Setting;

    use super::*;
    use crate::testing::{queue_op, refusal, reply_to};
    use crate::{Reply, error};

    fn create(settings: Vec<Setting<'static>>, if_new: bool) -> Op<'static> {
        Op::Create { queue: b"q", part: WHOLE, settings, if_new }
    }

    #[test]
    fn settings_come_in_any_order_and_case() {
        assert_eq!(queue_op("qcreate q"), create(vec![], false));
        let two = vec![Setting::Lease { ms: 5 }, Setting::Rate { count: 7, per_ms: 1000 }];
        assert_eq!(queue_op("qcreate q vt 5 rate 7 ifnx"), create(two.clone(), true));
        assert_eq!(queue_op("QCREATE q IFNX VT 5 Rate 7 1000"), create(two, true));
    }

    #[test]
    fn what_does_not_belong_there_is_refused() {
        assert_eq!(refusal("qcreate q foo"), "ERR a queue has no setting 'foo'");
        assert_eq!(refusal("qcreate q ifnx ifnx"), "ERR syntax error");
        assert_eq!(refusal("qcreate q vt"), "ERR syntax error");
        assert_eq!(refusal("qcreate q vt 5 vt 5"), "ERR a setting is given twice");
    }

    #[test]
    fn what_is_there_already_is_an_error() {
        let reply = reply_to("qcreate q ifnx", Fault::QueueExists.into());
        assert_eq!(reply, Reply::Error(error::QUEUE_EXISTS));
    }
}
