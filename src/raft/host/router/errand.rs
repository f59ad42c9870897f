//! One share on its way, from the first try to the last.

use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use lockstep_core::wire::Wire;
use lockstep_core::{NodeId, ShardId};
use tokio::time::{Duration, Instant};

use super::super::Inner;
use super::super::message::{Delivered, Led, Request};
use super::limits::Place;
use crate::{CallError, Delivery, Group, Lane, Mailbox, Ops, Refusal, Standing, Told};

/// How long what was surely not proposed is tried again.
const UNPROPOSED_MAX: Duration = Duration::from_secs(1);
/// ... and how long at least, when no majority of the shard can be reached: there
/// can be no leader then, unless that is just changing.
const HOPELESS_AFTER: Duration = Duration::from_millis(200);
/// How long what may have been proposed is tried again.
const PROPOSED_MAX: Duration = Duration::from_secs(5);
/// How long a leader may take to answer before it is asked again.
pub(crate) const ANSWER_WAIT: Duration = Duration::from_secs(1);
/// How long a reply may wait for the news of what had changed before it.
pub(crate) const NEWS_WAIT: Duration = Duration::from_millis(100);
/// The pause before the next try, at least.
const PAUSE_MIN: Duration = Duration::from_millis(2);
/// ... and at most.
const PAUSE_MAX: Duration = Duration::from_millis(20);
/// How long a replica may take to say who leads.
const WHO_LEADS_WAIT: Duration = Duration::from_millis(100);
/// How long a replica on this node may know no leader before others are asked.
const OWN_REPLICA_WAIT: Duration = Duration::from_millis(150);

/// What came of one try.
enum Tried {
    /// This is the delivery.
    Delivered(Delivery),
    /// Surely not proposed.
    NotProposed,
    /// Perhaps proposed; nobody knows.
    Lost,
}

/// Where the next try goes.
enum Stop {
    Here(Group),
    There(NodeId),
    /// Nobody knows a leader.
    Nowhere,
}

/// What was learnt on the way.
struct Way {
    begun: Instant,
    /// Where somebody said that the leader is.
    hint: Option<NodeId>,
    /// A try was lost: it may have been proposed.
    lost: bool,
    /// Who was thought to lead and did not answer.
    silent: Option<NodeId>,
}

impl Inner {
    /// Carries a share to the leader of its shard, whoever that is by then.
    pub(super) async fn carry(
        self: Arc<Self>,
        shard: ShardId,
        mut ops: Ops,
        _place: Place,
    ) -> Delivery {
        let mut way = Way { begun: Instant::now(), hint: None, lost: false, silent: None };
        ops.set_floor(self.knowledge.seq(shard));
        loop {
            let tried = match self.next_stop(shard, &ops, &mut way) {
                Stop::Here(group) => self.try_here(&group, &ops).await,
                Stop::There(node) => self.try_there(shard, node, &ops, &mut way).await,
                Stop::Nowhere => Tried::NotProposed,
            };
            match tried {
                // Refused this time, but what became of the time before?
                Tried::Delivered(Delivery::Refused(_)) if way.lost => {}
                Tried::Delivered(delivery) => return delivery,
                Tried::NotProposed => {}
                Tried::Lost if !self.may_repeat(&mut ops) => return Delivery::Unknown,
                Tried::Lost => way.lost |= !ops.only_reads(),
            }
            if let Some(end) = self.gives_up(shard, &way, &ops) {
                return end;
            }
            self.pulse.turnover().tried_again();
            self.pause(shard, &way).await;
        }
    }

    /// Whether what may have been proposed may be tried again; marks it as such.
    fn may_repeat(&self, ops: &mut Ops) -> bool {
        ops.set_retry();
        if !self.options.guards.no_retry_after_propose {
            ops.forget_id();
            return true;
        }
        ops.id().is_some() || ops.only_reads()
    }

    fn next_stop(&self, shard: ShardId, ops: &Ops, way: &mut Way) -> Stop {
        let is_here = |group: &Group| group.leads() || (ops.only_reads() && group.takes_over());
        let here = |group: &Group| is_here(group).then(|| group.clone());
        if let Some(Some(group)) = self.groups.with(shard, here) {
            return Stop::Here(group);
        }
        let me = self.me();
        match way.hint.take().or_else(|| self.leader_of(shard)) {
            Some(node) if node != me => Stop::There(node),
            _ => Stop::Nowhere,
        }
    }

    async fn try_here(&self, group: &Group, ops: &Ops) -> Tried {
        let mailbox = Arc::new(Mailbox::default());
        let mut ops = ops.clone();
        let _planned = self.make_room(group, &mut ops);
        if let Err(refusal) = group.submit(ops, &mailbox) {
            return refused(refusal);
        }
        tokio::select! {
            biased;
            delivery = mailbox.take() => match delivery {
                Delivery::Refused(refusal) => refused(refusal),
                Delivery::Unknown => Tried::Lost,
                done => Tried::Delivered(done),
            },
            () = self.deposed(group.id(), self.me()) => Tried::Lost,
            () = tokio::time::sleep(PROPOSED_MAX) => Tried::Lost,
        }
    }

    async fn try_there(&self, shard: ShardId, node: NodeId, ops: &Ops, way: &mut Way) -> Tried {
        let mut bytes = Vec::with_capacity(ops.bytes() + 64);
        ops.put(&mut bytes);
        let ticket = self.tickets.draw();
        let request = Request::Submit { shard, ticket, share: &bytes }.bytes();
        let call = self.options.peers.call(node, Lane::Data, request, self.scaled(ANSWER_WAIT));
        let reply = tokio::select! {
            biased;
            reply = call => reply,
            () = self.deposed(shard, node) => Err(CallError::Lost),
        };
        let tried = match reply.map(|reply| (reply.is_empty(), Delivered::open(&reply))) {
            Ok((_, Ok(Delivered::Done { outcomes, seq, told }))) if outcomes.len() == ops.len() => {
                self.knowledge.saw(shard, seq);
                self.hear_news(shard, node, told).await;
                return Tried::Delivered(Delivery::Done(outcomes));
            }
            Ok((_, Ok(Delivered::Refused { why, leader }))) => {
                way.hint = leader.filter(|leader| *leader != node);
                refused(why)
            }
            // It was not understood there, and so not carried out.
            Ok((true, _)) | Err(CallError::NotSent) => Tried::NotProposed,
            // A reply that is not understood here may tell of anything.
            Ok(_) | Err(CallError::Lost) => Tried::Lost,
        };
        if !matches!(tried, Tried::Delivered(_)) {
            way.silent = Some(node);
            self.knowledge.doubt(shard, node);
        }
        if let Some(leader) = way.hint {
            self.knowledge.hint(shard, leader);
        }
        tried
    }

    /// Waits until this node has heard, on another way, what had changed when a reply was
    /// made: whoever reads behind the reply is not told of that once more.
    async fn hear_news(&self, shard: ShardId, from: NodeId, told: Option<Told>) {
        if let Some(heard) = told.and_then(|told| self.touches.heard(shard, from, told)) {
            // Whether it has come or not: who hears twice of a change is told nothing wrong.
            let _ = tokio::time::timeout(self.scaled(NEWS_WAIT), heard).await;
        }
    }

    /// Returns when the replica here learns of another leader than `node`.
    async fn deposed(&self, shard: ShardId, node: NodeId) {
        if let Some(mut standing) = self.groups.with(shard, Group::watch) {
            // What it knows already may be older than what led to `node`.
            let term = standing.borrow().term;
            let other = |leader: Option<NodeId>| leader.is_some_and(|leader| leader != node);
            let later = |now: &Standing| now.term > term && other(now.leader);
            if standing.wait_for(later).await.is_ok() {
                return;
            }
        }
        std::future::pending().await
    }

    /// What is delivered when there is no more hope.
    fn gives_up(&self, shard: ShardId, way: &Way, ops: &Ops) -> Option<Delivery> {
        let gone = way.begun.elapsed();
        let stopped = *self.stop.borrow() || self.is_over(ops);
        if way.lost {
            return (stopped || gone >= self.scaled(PROPOSED_MAX)).then_some(Delivery::Unknown);
        }
        if stopped {
            return Some(Delivery::Refused(Refusal::Stopping));
        }
        let hopeless = gone >= self.scaled(HOPELESS_AFTER) && !self.reaches_quorum(shard);
        let over = hopeless || gone >= self.scaled(UNPROPOSED_MAX);
        over.then_some(Delivery::Refused(Refusal::NoLeader))
    }

    /// Waits for the next try: for a change of leader, if it can be noticed here,
    /// but never long.
    async fn pause(&self, shard: ShardId, way: &Way) {
        if way.hint.is_some() {
            return;
        }
        let standing = self.groups.with(shard, Group::watch);
        let pause = tokio::time::sleep(self.dice.between(PAUSE_MIN, PAUSE_MAX));
        let own = standing.as_ref().and_then(|standing| standing.borrow().leader);
        let own = own.is_some_and(|leader| Some(leader) != way.silent);
        let patient = way.begun.elapsed() < self.scaled(OWN_REPLICA_WAIT);
        match standing {
            Some(mut standing) if own || patient => {
                tokio::select! {
                    biased;
                    // Gone with its group: then others know.
                    _ = standing.changed() => {}
                    () = pause => {}
                }
            }
            _ => {
                pause.await;
                self.look_around(shard, way.silent).await;
            }
        }
    }

    /// Asks the other replicas of a shard who leads it, unless that is known and
    /// not `silent`.
    pub(crate) async fn look_around(&self, shard: ShardId, silent: Option<NodeId>) {
        let known = |leader: NodeId| leader != self.me() && Some(leader) != silent;
        if self.leader_of(shard).is_some_and(known) || !self.knowledge.begin_to_ask(shard) {
            return;
        }
        let _asked = Asked { inner: self, shard };
        let request = Request::WhoLeads { shard }.bytes();
        let wait = self.scaled(WHO_LEADS_WAIT);
        let me = self.me();
        let mut replies: FuturesUnordered<_> = self
            .voters(shard)
            .into_iter()
            .filter(|node| *node != me)
            .map(|node| self.options.peers.call(node, Lane::Data, request.clone(), wait))
            .collect();
        while let Some(reply) = replies.next().await {
            let Ok(Ok(list)) = reply.map(|reply| Led::open_list(&reply)) else { continue };
            let mut found = false;
            for led in list.into_iter().filter(|led| led.shard == shard) {
                found |= led.leader.is_some_and(|leader| leader != me);
                self.heard(led);
            }
            if found {
                return;
            }
        }
    }
}

/// Says that a shard was asked about, also when nobody waits for that any more.
struct Asked<'a> {
    inner: &'a Inner,
    shard: ShardId,
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        self.inner.knowledge.has_asked(self.shard);
    }
}

fn refused(refusal: Refusal) -> Tried {
    match refusal {
        // A leader has no room: others would have no more.
        Refusal::Busy => Tried::Delivered(Delivery::Refused(refusal)),
        Refusal::NotLeader | Refusal::NoLeader | Refusal::Stopping => Tried::NotProposed,
    }
}
