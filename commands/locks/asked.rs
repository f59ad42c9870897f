//! Everything that may be said about a hold that is asked for: what LOCK, MLOCK
//! and SEMACQUIRE share.

use lockstep_core::locks::{Again, Mode, Policy, Terms};
use lockstep_core::{Outcome, Wait};

use super::words::{Said, delay, flag, named, once, request_id, value};
use crate::reply::plain;
use crate::{Args, BadArgs, Context, Reply, Spec, error, waiting};

/// The words about a hold that is asked for, each at most once.
#[derive(Debug, Default)]
pub(super) struct Asked<'a> {
    said: Said<'a>,
    block_ms: Option<u64>,
    prio: Option<u8>,
    again: Option<Again>,
    value: Option<&'a [u8]>,
    id: Option<&'a [u8]>,
    delay_ms: Option<u64>,
    release_on_deadlock: Option<bool>,
    policy: Option<Policy>,
    asynchronous: bool,
    full: bool,
}

impl<'a> Asked<'a> {
    /// Takes what the command `name` says next, if it is about the hold; whether it was.
    pub fn take(
        &mut self,
        ctx: &Context,
        name: &str,
        args: &mut Args<'a>,
    ) -> Result<bool, BadArgs> {
        // Both an owner and a session: the name owns, as long as the session lives.
        Ok(self.said.take_name(args)?
            || self.said.take_lease(name, args)?
            || self.take_block(args)?
            || self.said.take_session(args)?
            || self.take_again(args)?
            || self.take_details(name, args)?
            || self.take_policy(ctx, args)?)
    }

    /// Takes ASYNC or FULL; whether one was next.
    pub fn take_form(&mut self, args: &mut Args<'a>) -> Result<bool, BadArgs> {
        Ok(flag(&mut self.asynchronous, "async", args)? || flag(&mut self.full, "full", args)?)
    }

    fn take_block(&mut self, args: &mut Args<'a>) -> Result<bool, BadArgs> {
        if !args.token("block") {
            return Ok(false);
        }
        once(&mut self.block_ms, waiting::milliseconds(args)?)
    }

    fn take_again(&mut self, args: &mut Args<'a>) -> Result<bool, BadArgs> {
        if args.token("reenter") {
            once(&mut self.again, Again::Count {})
        } else if args.token("noreenter") {
            once(&mut self.again, Again::Refuse {})
        } else {
            Ok(false)
        }
    }

    fn take_details(&mut self, name: &str, args: &mut Args<'a>) -> Result<bool, BadArgs> {
        if args.token("prio") {
            once(&mut self.prio, args.integer_in(0, PRIO_MAX)? as u8)
        } else if args.token("value") {
            once(&mut self.value, value(args)?)
        } else if args.token("id") {
            once(&mut self.id, request_id(args)?)
        } else if args.token("delay") {
            once(&mut self.delay_ms, delay(name, args)?)
        } else {
            Ok(false)
        }
    }

    fn take_policy(&mut self, ctx: &Context, args: &mut Args<'a>) -> Result<bool, BadArgs> {
        if args.token("on") {
            if !args.token("deadlock") {
                return Err(error::SYNTAX);
            }
            let release = args.token("release");
            if !release && !args.token("error") {
                return Err(error::SYNTAX);
            }
            return once(&mut self.release_on_deadlock, release);
        }
        if !args.token("policy") {
            return Ok(false);
        }
        let policy = if args.token("detect") {
            Policy::Detect {}
        } else if args.token("waitdie") {
            Policy::WaitDie {}
        } else if args.token("wound") {
            Policy::Wound { grace_ms: ctx.locks.grace_ms }
        } else {
            return Err(error::SYNTAX);
        };
        once(&mut self.policy, policy)
    }

    /// All that was said, for a hold in this mode.
    pub fn terms(&self, ctx: &Context, mode: Mode) -> Terms<'a> {
        let session = self.said.session();
        let lives_by_itself = self.said.is_named() && session.is_none() && !ctx.locks.attached;
        let prio = self.prio.unwrap_or(0);
        Terms::Of {
            owner: self.said.owner_or(ctx.origin),
            session,
            client: ctx.origin,
            mode,
            lease_ms: self.said.lease_ms().or(lives_by_itself.then_some(ctx.locks.lease_ms)),
            wait: self.wait(ctx),
            prio,
            head_start_ms: u64::from(prio).saturating_mul(ctx.locks.head_start_ms),
            again: self.again.unwrap_or(Again::Same {}),
            value: self.value.unwrap_or_default(),
            id: self.id,
            delay_ms: self.delay_ms.unwrap_or(0),
            release_on_deadlock: self.release_on_deadlock.unwrap_or(false),
            policy: self.policy.unwrap_or(Policy::Detect {}),
            asynchronous: self.asynchronous,
            full: self.full,
            acquiring_ms: None,
        }
    }

    /// Whoever asks to be told later waits without end unless BLOCK says how long.
    fn wait(&self, ctx: &Context) -> Option<Wait> {
        let block_ms = self.block_ms.or(self.asynchronous.then_some(0))?;
        Some(Wait::For { origin: ctx.origin, request: ctx.request, block_ms })
    }
}

const PRIO_MAX: i64 = 9;

/// What FULL tells of a hold, in order.
const FULL: [&str; 7] = ["token", "mode", "owner", "count", "lease-ms", "waited-ms", "value"];

/// A token, nil, the place in line, or with FULL everything about the hold.
pub(super) fn reply(spec: &Spec, outcome: Outcome) -> Reply {
    match outcome {
        Outcome::List(parts) if parts.len() == FULL.len() => {
            named(spec, &FULL, Outcome::List(parts))
        }
        other => plain(spec, other),
    }
}
