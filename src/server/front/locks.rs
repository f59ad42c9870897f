//! What is particular about the commands on locks.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use lockstep_commands::here::LockCall;
use lockstep_commands::{BadArgs, Command, LockContext, Reply, Request, error};
use lockstep_core::locks::{self, Mode, Owner, Terms};
use lockstep_core::wire::Wire;
use lockstep_core::{Op, Outcome, ShardId};
use lockstep_net::{Next, Output};
use lockstep_raft::many::Asked;

use super::Front;
use super::exec::Planned;
use super::pending::Later;
use crate::config::Setting;
use crate::locks::{
    Call, Line, NUMBERS, Plan, REQUESTS_PER_NAME, Seat, at_once, attach, attach_terms, begin,
    carry_out, is_deadlock, release, shard_of,
};
use crate::sessions::{ensure_open, home_of};

/// Shards that have to let requests in a session's name in first.
pub(super) struct Opening {
    /// Who has to let whom in.
    pub doors: Vec<Door>,
    /// Asks them.
    pub future: Pin<Box<dyn Future<Output = Result<(), BadArgs>> + Send>>,
    /// A transaction that goes on behind it.
    pub planned: Option<Planned>,
}

/// A session, and a shard that is to let requests in its name in.
pub(super) type Door = (Vec<u8>, ShardId);

impl Front {
    /// What parsing these commands needs to know.
    pub(super) fn lock_context(&self) -> LockContext {
        let settings = &self.node.settings;
        LockContext {
            attached: self.session.attached.is_some(),
            lease_ms: settings.number(Setting::LockDefaultLeaseMs),
            names_max: settings.size(Setting::LockMaxKeys),
            head_start_ms: settings.number(Setting::LockPrioAgeMs),
            grace_ms: settings.number(Setting::WoundGraceMs),
        }
    }

    /// The shard that has to let a session in before an operation.
    pub(super) fn closed_door(&self, op: &Op<'_>) -> Option<Door> {
        let id = match op {
            Op::Lock { op } => op.session()?,
            Op::Queue { op } => op.session()?,
            _ => return None,
        };
        let shard = self.route(op).ok()??;
        self.is_closed(id, shard).then(|| (id.to_vec(), shard))
    }

    fn is_closed(&self, id: &[u8], shard: ShardId) -> bool {
        shard != home_of(&self.node, id)
            && !self.node.sessions.is_open(id, shard)
            && !self.opened.iter().any(|(there, at)| there == id && *at == shard)
    }

    /// Has shards let a session in; what needs it comes behind.
    pub(super) fn open(&mut self, doors: Vec<Door>, planned: Option<Planned>) -> Next {
        let (node, asked) = (self.node.clone(), doors.clone());
        let future = Box::pin(async move {
            for (id, shard) in asked {
                ensure_open(&node, &id, shard).await?;
            }
            Ok(())
        });
        self.opening = Some(Opening { doors, future, planned });
        if self.pending.is_empty() { Next::Block } else { Next::Settle }
    }

    /// Waits until shards have let a session in, and goes on with what needs it.
    pub(super) async fn settle_opening(&mut self, out: &mut Output) -> Next {
        let Some(opening) = &mut self.opening else { return Next::More };
        let opened = (&mut opening.future).await;
        let Some(opening) = self.opening.take() else { return Next::More };
        let bad = match opened {
            Ok(()) => {
                // Once: what the shard says then, counts.
                self.opened = opening.doors;
                return match opening.planned {
                    Some(planned) => self.go_on(planned, out),
                    None => Next::Settle,
                };
            }
            Err(bad) => bad,
        };
        let words = self.deferred.take().unwrap_or_default();
        let words: Vec<&[u8]> = words.iter().map(|word| &word[..]).collect();
        let command = match opening.planned {
            Some(planned) => Some(planned.command),
            None => lockstep_commands::table::find(&words).ok().map(|(command, _)| command),
        };
        match command {
            Some(command) => self.refuse(command, bad, out),
            None => Next::More,
        }
    }

    /// Carries out what is more than one operation of one shard.
    pub(super) fn lock_call(
        &mut self,
        command: &'static Command,
        call: LockCall<'_>,
        begun: Instant,
        words: &[&[u8]],
        out: &mut Output,
    ) -> Next {
        if !self.pending.is_empty() {
            return self.defer(words);
        }
        if self.node.shards.count() == 0 {
            let bad = self.node.shards.forming();
            return self.refuse(command, bad, out);
        }
        let attached = self.session.attached.clone();
        let call = match &attached {
            Some(id) => attach_call(call, id),
            None => call,
        };
        if let Some(op) = self.in_one_shard(&call) {
            return match self.closed_door(&op) {
                Some(door) => self.open_first(door, words),
                None => self.operate(command, &op, begun, words, out),
            };
        }
        match call {
            LockCall::AcquireMany { names, modes, terms } => {
                self.note_wait(words);
                self.acquire_many(command, &names, &modes, &terms, begun, out)
            }
            LockCall::ReleaseMany { names, tokens, owner } => {
                self.release_many(command, &names, tokens, &owner, begun)
            }
            other => {
                let call = Call::of(&other).expect("the others are above");
                let (node, rights) = (self.node.clone(), self.rights());
                let future = async move {
                    let outcome = carry_out(node, call).await;
                    shown(command, Front::seen_by(rights.as_deref(), command, outcome))
                };
                self.answer_later(command, begun, Box::pin(future), false)
            }
        }
    }

    /// The operation that a request is, if it is one: of one shard, and not ready
    /// to wait.
    fn in_one_shard<'a>(&self, call: &LockCall<'a>) -> Option<Op<'a>> {
        match call {
            LockCall::AcquireMany { terms, .. } if terms.wait().is_some() => None,
            LockCall::Info { .. } => None,
            call => self.as_one_op(call).ok(),
        }
    }

    /// The same for what is part of a transaction, which does not wait.
    ///
    /// # Errors
    /// It is about several shards, or nothing for a transaction.
    pub(super) fn as_one_op<'a>(&self, call: &LockCall<'a>) -> Result<Op<'a>, BadArgs> {
        let op = match call {
            LockCall::AcquireMany { names, modes, terms } => {
                at_once(names.clone(), modes.clone(), terms)
            }
            LockCall::ReleaseMany { names, tokens, owner } => {
                let (names, tokens) = (names.clone(), tokens.clone());
                locks::Op::ReleaseMany { names, tokens, owner: *owner, waits: false }
            }
            LockCall::Info { name } => locks::Op::Info { name },
            _ => return Err(error::NOT_IN_MULTI),
        };
        let mut shards = op.names().iter().map(|name| shard_of(&self.node, name));
        let first = shards.next();
        if shards.any(|shard| Some(shard) != first) {
            return Err(error::CROSS_SHARD);
        }
        drop(shards);
        Ok(Op::Lock { op })
    }

    /// Takes several locks with a coordinator.
    fn acquire_many(
        &mut self,
        command: &'static Command,
        names: &[&[u8]],
        modes: &[Mode],
        terms: &Terms<'_>,
        begun: Instant,
        out: &mut Output,
    ) -> Next {
        if self.node.waits.are_given_up() {
            return self.send_away(command, out);
        }
        let plan = Plan::new(names, modes, |name| shard_of(&self.node, name));
        let bound = terms.wait().is_some() || matches!(terms.owner(), Owner::Connection { .. });
        let mut last = std::collections::HashMap::new();
        for shard in plan.shards() {
            if bound {
                self.bind_to(shard);
            }
            last.insert(shard, self.parts.reserve(shard, NUMBERS));
        }
        let requests = self.request + 1..self.request + 1 + plan.len() as u64 * REQUESTS_PER_NAME;
        self.request = requests.end;
        let line = Line::new(self.origin, last);
        let seat = Seat { node: self.node.clone(), conn: self.origin.conn };
        let part_ms = self.node.settings.number(Setting::MlockCoordinatorLeaseMs);
        let asked = Asked::new(seat, self.origin, (plan, part_ms), line, requests, terms);
        let (running, awaited) = begin(asked, self.session.client.clone());
        self.running = Some(running);
        let future = Box::pin(async move { shown(command, awaited.answer().await) });
        self.answer_later(command, begun, future, true)
    }

    fn release_many(
        &mut self,
        command: &'static Command,
        names: &[&[u8]],
        tokens: Vec<u64>,
        owner: &Owner<'_>,
        begun: Instant,
    ) -> Next {
        let mut last = std::collections::HashMap::new();
        for name in names {
            let shard = shard_of(&self.node, name);
            last.entry(shard).or_insert_with(|| self.parts.reserve(shard, 1));
        }
        let line = Line::new(self.origin, last);
        let names = names.iter().map(|name| name.to_vec()).collect();
        let mut bytes = Vec::new();
        owner.put(&mut bytes);
        let released = release(self.node.clone(), line, names, tokens, bytes);
        let future = Box::pin(async move { shown(command, released.await) });
        self.answer_later(command, begun, future, false)
    }

    fn answer_later(
        &mut self,
        command: &'static Command,
        begun: Instant,
        future: Pin<Box<dyn Future<Output = Reply> + Send>>,
        waits: bool,
    ) -> Next {
        self.later = Some(Later { command, begun, future, waits, given: None });
        Next::Block
    }

    /// Runs a command again behind the opening of a door.
    pub(super) fn open_first(&mut self, door: Door, words: &[&[u8]]) -> Next {
        self.deferred = Some(words.iter().map(|word| word.to_vec()).collect());
        self.open(vec![door], None)
    }

    /// Somebody takes locks from others: that stands in the log.
    pub(super) fn note_kill(&self, op: &Op<'_>) {
        let Op::Lock { op: locks::Op::Kill { name, which, reason } } = op else { return };
        let by = self.session.client.link().peer;
        tracing::warn!(
            id = crate::logging::id::LOCK_KILLED,
            client = %by,
            lock = %name.escape_ascii(),
            which = ?which,
            reason = %reason.escape_ascii(),
            "LOCKKILL revokes holds of a lock"
        );
    }

    /// What an owner that said so loses as the victim of a deadlock, in all shards;
    /// the client hears of the deadlock behind that.
    pub(super) fn lose_all(
        &mut self,
        command: &'static Command,
        owner: Vec<u8>,
        reply: Reply,
    ) -> Next {
        let node = self.node.clone();
        // On a task of its own: it must not break off with the connection.
        let lost = tokio::spawn(async move {
            let owner = Owner::take(&mut &owner[..]).expect("written by this node");
            crate::locks::give_up_all(&node, &owner).await;
        });
        let future = Box::pin(async move {
            // What it met is told by what is left.
            let _ = lost.await;
            reply
        });
        self.answer_later(command, Instant::now(), future, true)
    }
}

/// The owner that loses everything if the operation is the victim of a deadlock, and
/// there are other shards where that may be something.
pub(super) fn loses_all(op: &Op<'_>, shards: usize) -> Option<Vec<u8>> {
    let Op::Lock { op: locks::Op::Acquire { terms, .. } } = op else { return None };
    let Terms::Of { owner, release_on_deadlock: true, .. } = terms else { return None };
    let mut bytes = Vec::new();
    owner.put(&mut bytes);
    (shards > 1).then_some(bytes)
}

/// Whether an outcome says that the request was the victim of a deadlock.
pub(super) fn is_victim(outcome: &Outcome) -> bool {
    is_deadlock(outcome)
}

/// The request as that of a session, if the connection is attached to one.
pub(super) fn in_session<'a>(
    request: Result<Request<'a>, BadArgs>,
    attached: Option<&'a Arc<[u8]>>,
) -> Result<Request<'a>, BadArgs> {
    match (request, attached) {
        (Ok(Request::Op(Op::Lock { op })), Some(id)) => {
            Ok(Request::Op(Op::Lock { op: attach(op, id) }))
        }
        (request, _) => request,
    }
}

pub(super) fn attach_call<'a>(call: LockCall<'a>, id: &'a [u8]) -> LockCall<'a> {
    match call {
        LockCall::AcquireMany { names, modes, terms } => {
            LockCall::AcquireMany { names, modes, terms: attach_terms(terms, id) }
        }
        LockCall::ReleaseMany { names, tokens, owner: Owner::Connection { .. } } => {
            LockCall::ReleaseMany { names, tokens, owner: Owner::Session { id } }
        }
        other => other,
    }
}

fn shown(command: &'static Command, outcome: Result<Outcome, BadArgs>) -> Reply {
    match outcome {
        Ok(outcome) => (command.reply)(command.spec, outcome),
        Err(bad) => Reply::Error(bad),
    }
}
