//! What may be said about messages that are asked for: what QPOP, QMPOP and the
//! POP of QACK share.

use lockstep_core::Wait;
use lockstep_core::queues::Want;

use super::words::{NUMBER_MAX, consumer, count, group, priority, take_number, visibility};
use crate::locks::words::{flag, once, request_id, session};
use crate::{Args, BadArgs, Context, error, waiting};

/// The words about a delivery, each at most once.
#[derive(Debug, Default)]
pub(super) struct Wanted<'a> {
    count: Option<u64>,
    bytes_max: Option<u64>,
    block_ms: Option<u64>,
    lease_ms: Option<u64>,
    settle: bool,
    meta: bool,
    group: Option<&'a [u8]>,
    priority_min: Option<u8>,
    consumer: Option<&'a [u8]>,
    session: Option<&'a [u8]>,
    request: Option<&'a [u8]>,
}

impl<'a> Wanted<'a> {
    /// Takes what the command `name` says next, if it is about the delivery;
    /// whether it was. `count_word` says how many messages are wanted.
    pub fn take(
        &mut self,
        name: &str,
        count_word: &str,
        args: &mut Args<'a>,
    ) -> Result<bool, BadArgs> {
        if args.token(count_word) {
            return once(&mut self.count, count(args)?);
        }
        if args.token("block") {
            return once(&mut self.block_ms, waiting::milliseconds(args)?);
        }
        if args.token("vt") {
            return once(&mut self.lease_ms, visibility(name, 1, args)?);
        }
        Ok(take_number(&mut self.bytes_max, "MAXBYTES", 1, NUMBER_MAX, args)?
            || flag(&mut self.settle, "noack", args)?
            || flag(&mut self.meta, "withmeta", args)?
            || self.take_names(args)?)
    }

    fn take_names(&mut self, args: &mut Args<'a>) -> Result<bool, BadArgs> {
        let taken = if args.token("consumer") {
            once(&mut self.consumer, consumer(args)?)?
        } else if args.token("session") {
            once(&mut self.session, session(args)?)?
        } else if args.token("reqid") {
            once(&mut self.request, request_id(args)?)?
        } else if args.token("group") {
            once(&mut self.group, group(args)?)?
        } else if args.token("minpri") {
            once(&mut self.priority_min, priority("MINPRI", args)?)?
        } else {
            false
        };
        match (self.consumer, self.session) {
            (Some(_), Some(_)) => Err(error::SYNTAX),
            _ => Ok(taken),
        }
    }

    /// Whether it was said how many messages are wanted.
    pub fn is_counted(&self) -> bool {
        self.count.is_some()
    }

    /// How to wait when there is nothing (BLOCK).
    pub fn wait(&self, ctx: &Context) -> Option<Wait> {
        let (origin, request) = (ctx.origin, ctx.request);
        self.block_ms.map(|block_ms| Wait::For { origin, request, block_ms })
    }

    /// All that was said but how to wait.
    pub fn want(&self) -> Want<'a> {
        Want::Of {
            count: self.count,
            bytes_max: self.bytes_max,
            lease_ms: self.lease_ms,
            settle: self.settle,
            meta: self.meta,
            group: self.group,
            priority_min: self.priority_min,
            consumer: self.consumer,
            session: self.session,
            request: self.request,
        }
    }
}
