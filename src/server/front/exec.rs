//! EXEC: all queued commands as one operation.

use std::time::{Duration, Instant};

use lockstep_commands::here::{Client, Debug, LockCall};
use lockstep_commands::{Args, BadArgs, Command, Here, Reply, Request, error, reply, table};
use lockstep_core::wire::Wire;
use lockstep_core::{Db, Fault, Op, Outcome, ShardId};
use lockstep_net::{Next, Output};

use super::locks::{Door, attach_call, in_session};
use super::pending::Pending;
use super::take::binds;
use super::tracking::was_counted;
use super::transaction::{Closed, Queued, Step};
use super::{Front, room};
use crate::cluster;
use crate::here::{self, Answer};

/// What the queued commands come to.
#[derive(Default)]
struct Plan {
    steps: Vec<Step>,
    count: u32,
    ops: Vec<u8>,
    shard: Option<ShardId>,
    /// Sessions that the shard has to let in first.
    doors: Vec<Door>,
}

/// A transaction that is ready but for the sessions it needs.
pub(super) struct Planned {
    pub(super) command: &'static Command,
    plan: Plan,
    closed: Closed,
    db: Db,
    begun: Instant,
}

impl Front {
    pub(super) fn exec(
        &mut self,
        command: &'static Command,
        begun: Instant,
        out: &mut Output,
    ) -> Next {
        if !self.transaction.is_open() {
            return self.reject(command, error::EXEC_WITHOUT_MULTI, out);
        }
        let closed = self.transaction.close();
        self.session.client.set_queued(None);
        if closed.spoiled {
            return self.reject(command, error::EXEC_ABORT, out);
        }
        let db = self.session.db;
        self.session.executes_behind = self.node.slowlog.next_id();
        self.executes = true;
        let plan = self.plan(&closed);
        self.executes = false;
        let db = std::mem::replace(&mut self.session.db, db);
        match plan {
            Ok(mut plan) => {
                let doors = std::mem::take(&mut plan.doors);
                let planned = Planned { command, plan, closed, db, begun };
                if doors.is_empty() {
                    return self.go_on(planned, out);
                }
                self.open(doors, Some(planned))
            }
            Err(bad) => self.reject(command, bad, out),
        }
    }

    /// Carries out a transaction for which all is ready.
    pub(super) fn go_on(&mut self, planned: Planned, out: &mut Output) -> Next {
        let Planned { command, plan, closed, db, begun } = planned;
        match self.hand_over_plan(&plan, &closed) {
            Ok(()) => self.run_plan(command, plan, db, begun),
            Err(bad) => self.refuse(command, bad, out),
        }
    }

    /// Parses the queued commands. Their errors are elements of the reply; only operations of
    /// several shards, and writes of keys that are in no single one, refuse the whole.
    fn plan(&mut self, closed: &Closed) -> Result<Plan, BadArgs> {
        let mut plan = Plan { shard: closed.watched_in(), ..Plan::default() };
        let in_cluster_mode = cluster::is_on(&self.node);
        if in_cluster_mode {
            let queued = closed.queued.iter();
            let queued = queued.map(|queued| (queued.command.spec, &queued.words[..]));
            cluster::admit_all(&self.node, queued)?;
        }
        let attached = self.session.attached.clone();
        let rights = self.rights();
        for queued in &closed.queued {
            let words: Vec<&[u8]> = queued.words.iter().map(|word| &word[..]).collect();
            if let Err(bad) = self.permit_queued(rights.as_deref(), queued.command, &words) {
                plan.steps.push(Step::Reply(queued.command, Reply::Error(bad)));
                continue;
            }
            let used = table::name(&words).map_or(1, |(_, used)| used);
            let mut request =
                (queued.command.parse)(&self.context(queued.command), Args::new(&words, used));
            if in_cluster_mode {
                request = cluster::restrict(queued.command.spec, request);
            }
            let request = in_session(request, attached.as_ref());
            let step = match self.limit(rights.as_deref(), queued.command, request) {
                Ok(Request::Here(Here::Lock(call))) => {
                    let call = match &attached {
                        Some(id) => attach_call(call, id),
                        None => call,
                    };
                    self.plan_lock_call(&mut plan, queued, &call)?
                }
                Ok(Request::Op(op)) => self.plan_op(&mut plan, queued, op)?,
                Ok(Request::Here(Here::Select(db))) => {
                    self.session.db = db;
                    Step::Reply(queued.command, Reply::Ok)
                }
                Ok(Request::Here(Here::Unwatch)) => Step::Reply(queued.command, Reply::Ok),
                Ok(Request::Here(here)) => self.plan_here(&mut plan, queued, here)?,
                Err(bad) => Step::Reply(queued.command, Reply::Error(bad)),
            };
            plan.steps.push(step);
            self.node.monitors.feed_ahead(&self.session, queued.command, &words);
            self.node.monitors.feed(&self.session, queued.command, &words);
        }
        Ok(plan)
    }

    fn plan_op(&mut self, plan: &mut Plan, queued: &Queued, op: Op<'_>) -> Result<Step, BadArgs> {
        let Some(shard) = self.route(&op)? else {
            // Of what it would change the rest of the transaction would be left.
            if matches!(&op, Op::Key { op } if op.is_write()) {
                return Err(error::NOT_IN_MULTI);
            }
            return Ok(Step::Here(queued.clone()));
        };
        if plan.shard.is_some_and(|other| other != shard) {
            return Err(error::CROSS_SHARD);
        }
        let op = op.without_wait();
        self.remember(queued.command, &op);
        self.note_kill(&op);
        if binds(&op) {
            self.bind_to(shard);
        }
        plan.doors.extend(self.closed_door(&op));
        plan.shard = Some(shard);
        plan.count += 1;
        op.put(&mut plan.ops);
        Ok(Step::Outcome(queued.command))
    }

    /// Several locks are one operation of a transaction if they are in one shard.
    fn plan_lock_call(
        &mut self,
        plan: &mut Plan,
        queued: &Queued,
        call: &LockCall<'_>,
    ) -> Result<Step, BadArgs> {
        match self.as_one_op(call) {
            Ok(op) => self.plan_op(plan, queued, op),
            Err(bad) if bad == error::CROSS_SHARD => Err(bad),
            Err(bad) => Ok(Step::Reply(queued.command, Reply::Error(bad))),
        }
    }

    fn plan_here(
        &mut self,
        plan: &mut Plan,
        queued: &Queued,
        here: Here<'_>,
    ) -> Result<Step, BadArgs> {
        if let Here::Client(Client::Caching(yes)) = &here {
            // Runs behind the others, and is about the next of them.
            crate::tracking::caching(&mut self.session, *yes);
        }
        if !matches!(here, Here::Debug(Debug::Op(_))) {
            return Ok(Step::Here(queued.clone()));
        }
        match here::run(&self.node, &mut self.session, here) {
            Answer::Op(op) => self.plan_op(plan, queued, op),
            Answer::Reply(reply) => Ok(Step::Reply(queued.command, reply)),
            Answer::Later(_) | Answer::Close(_) => Err(error::NOT_IN_MULTI),
        }
    }

    fn hand_over_plan(&mut self, plan: &Plan, closed: &Closed) -> Result<(), BadArgs> {
        let Some(shard) = plan.shard else { return Ok(()) };
        room::fits(&self.node, plan.ops.len())?;
        let op = Op::Transaction { watched: closed.watched(), count: plan.count, ops: &plan.ops };
        if closed.needs_room() {
            return self.hand_over_with_room(shard, &op);
        }
        self.hand_over(shard, &op);
        Ok(())
    }

    fn run_plan(&mut self, command: &'static Command, plan: Plan, db: Db, begun: Instant) -> Next {
        self.pending.push(Pending::Exec {
            command,
            shard: plan.shard,
            steps: plan.steps,
            db,
            begun,
        });
        // What runs here must see the transaction done.
        Next::Settle
    }

    /// The reply to EXEC once the operation was carried out, if there was one.
    pub(super) fn executed(
        &mut self,
        command: &'static Command,
        steps: Vec<Step>,
        outcome: Option<Outcome>,
        db: Db,
    ) -> Reply {
        let mut outcomes = match outcome {
            None => Vec::new().into_iter(),
            Some(Outcome::List(outcomes)) => outcomes.into_iter(),
            // A token that was asserted is not valid: nothing was done.
            Some(fenced @ (Outcome::Refused { .. } | Outcome::Fault(Fault::Fenced))) => {
                return reply::plain(command.spec, fenced);
            }
            // By the leader, elsewhere, which has no room.
            Some(Outcome::Fault(fault)) => {
                return Reply::Error(error::exec_refused(&error::of_fault(fault, "exec")));
            }
            // A watched key has changed.
            Some(_) => return Reply::NilArray,
        };
        self.session.db = db;
        let replies = steps.into_iter().map(|step| self.step_done(step, &mut outcomes)).collect();
        // CLIENT CACHING among them was about those behind it.
        if let Some(tracks) = &mut self.session.tracks {
            tracks.forget_caching();
        }
        Reply::Array(replies)
    }

    /// The element of EXEC's reply for a step; it counts like a command by itself.
    fn step_done(&mut self, step: Step, outcomes: &mut impl Iterator<Item = Outcome>) -> Reply {
        let (command, reply) = match step {
            Step::Reply(command, Reply::Error(bad)) => {
                self.node.stats.refused(Some(command), &bad);
                return Reply::Error(bad);
            }
            Step::Reply(command, reply) => (command, reply),
            Step::Here(queued) => (queued.command, self.run_step(&queued)),
            Step::Outcome(command) => {
                let outcome = outcomes.next().expect("an outcome for every operation");
                let counted = was_counted(&self.node, command, &outcome);
                let reply = (command.reply)(command.spec, outcome);
                self.node.stats.record_run(command, Duration::ZERO, &reply, counted);
                return reply;
            }
        };
        self.node.stats.record(command, Duration::ZERO, &reply);
        reply
    }

    /// Runs a command of a transaction that this node answers itself.
    pub(super) fn run_step(&mut self, queued: &Queued) -> Reply {
        let words: Vec<&[u8]> = queued.words.iter().map(|word| &word[..]).collect();
        let used = table::name(&words).map_or(1, |(_, used)| used);
        // WAIT and its like answer with what there is.
        self.session.denies_waiting = true;
        let reply =
            match (queued.command.parse)(&self.context(queued.command), Args::new(&words, used)) {
                Ok(Request::Here(here)) => match here::run(&self.node, &mut self.session, here) {
                    Answer::Reply(reply) => reply,
                    Answer::Close(reply) => {
                        self.closing = true;
                        reply.unwrap_or(Reply::Ok)
                    }
                    // What takes time would stop in the middle of the reply.
                    Answer::Later(_) | Answer::Op(_) => Reply::Error(error::NOT_IN_MULTI),
                },
                Ok(Request::Op(op)) => match self.everywhere_here(&op) {
                    Some(outcome) => (queued.command.reply)(queued.command.spec, outcome),
                    None => Reply::Error(error::NOT_IN_MULTI),
                },
                Err(bad) => Reply::Error(bad),
            };
        self.session.denies_waiting = false;
        reply
    }
}
