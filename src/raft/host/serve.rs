//! What other nodes ask of this one.

use std::sync::Arc;

use bytes::Bytes;
use lockstep_core::{NodeId, ShardId};

use super::message::{Delivered, Knock, Led, Request, Verdict};
use super::router::ANSWER_WAIT;
use super::{Host, Inner, message};
use crate::message::{Addressed, nobody_here, open};
use crate::rpc;
use crate::{Delivery, Group, Mailbox, Ops, Refusal, Served};

impl Host {
    /// Answers a request of another node of the cluster.
    pub fn serve(&self, from: NodeId, request: Bytes) -> Served {
        match open(&request) {
            Ok(Addressed::Group { shard, rpc }) => self.inner.serve_group(shard, from, rpc),
            Ok(Addressed::Heartbeats(beats)) => self.inner.pulse.serve(from, beats),
            Ok(Addressed::Other(message)) => match Request::open(message) {
                Ok(request) => self.inner.serve_request(from, request),
                Err(_) => self.inner.serve_app(from, &request),
            },
            Err(_) => Served::Now(nobody_here()),
        }
    }

    /// Answers a request of whoever knows the secret and may belong to no
    /// cluster.
    pub fn knocked(&self, request: Bytes) -> Served {
        match Knock::open(&request) {
            Ok(Knock::Hello { card }) => {
                self.inner.met(&card);
                Served::Now(self.inner.card().reply_bytes())
            }
            Ok(knock) => {
                let inner = self.inner.clone();
                Served::Later(Box::pin(async move { inner.consider(knock).await.bytes() }))
            }
            Err(_) => Served::Now(nobody_here()),
        }
    }

    /// The connection to or from a node broke: its groups look for another leader
    /// at once.
    pub fn link_lost(&self, node: NodeId) {
        self.inner.pulse.link_lost(node);
        self.inner.lost_sight_of(node);
    }
}

impl Inner {
    fn serve_group(self: &Arc<Self>, shard: ShardId, from: NodeId, rpc: &[u8]) -> Served {
        if let Some(later) = self.groups.with(shard, |group| group.serve(from, rpc)) {
            return Served::Later(later);
        }
        // A leader that sends entries has taken this node in. Whoever asks for a
        // vote has not: a replica that is not there must not promise anything.
        if !rpc::carries_entries(rpc) || !self.may_open(shard) {
            return Served::Now(nobody_here());
        }
        let (inner, rpc) = (self.clone(), rpc.to_vec());
        Served::Later(Box::pin(async move {
            match inner.open_group(shard).await {
                Some(group) => group.serve(from, &rpc).await,
                None => nobody_here(),
            }
        }))
    }

    fn serve_request(self: &Arc<Self>, from: NodeId, request: Request<'_>) -> Served {
        match request {
            Request::Submit { ticket, .. } if !self.tickets.is_first(from, ticket) => {
                self.serve_copy()
            }
            Request::Submit { shard, share, .. } => self.serve_share(shard, from, share),
            Request::WhoLeads { shard } => {
                let list = self.groups.with(shard, |group| self.led(group)).into_iter().collect();
                Served::Now(Led::list_bytes(&list))
            }
            Request::WhatLed {} => {
                let led = self.groups.all().into_iter().filter(Group::leads);
                Served::Now(Led::list_bytes(&led.map(|group| self.led(&group)).collect()))
            }
            Request::Transfer { shard, to } => {
                let inner = self.clone();
                Served::Later(Box::pin(async move { inner.hand_over(shard, to).await.bytes() }))
            }
            Request::Alive { boot } => {
                let inner = self.clone();
                Served::Later(Box::pin(async move { inner.note_alive(from, boot).await.bytes() }))
            }
            Request::MayErase { shard } => {
                let verdict = self.may_erase(shard, from);
                Served::Now(verdict.bytes())
            }
        }
    }

    pub(super) fn led(&self, group: &Group) -> Led {
        Led::of(group.id(), &group.watch().borrow())
    }

    /// The second copy of a message: the reply to the first one counts. By the time
    /// of this one nobody waits any more.
    fn serve_copy(&self) -> Served {
        let later = self.scaled(ANSWER_WAIT);
        Served::Later(Box::pin(async move {
            tokio::time::sleep(later).await;
            Delivered::Unknown.bytes()
        }))
    }

    /// Carries out a share that another node sent. What only reads is answered at
    /// once.
    fn serve_share(self: &Arc<Self>, shard: ShardId, from: NodeId, bytes: &[u8]) -> Served {
        let Some(group) = self.groups.get(shard) else {
            return self.not_here(shard, Refusal::NotLeader);
        };
        // Not understood: a newer version wrote it.
        let Ok(mut ops) = message::whole::<Ops>(bytes) else {
            return Served::Now(nobody_here());
        };
        let called = ops.id().map(|id| (shard, id));
        if let Some(outcome) = called.and_then(|called| self.underway.again(&called)) {
            let inner = self.clone();
            return Served::Later(Box::pin(async move {
                let delivery = outcome.take().await;
                inner.delivered(shard, from, delivery)
            }));
        }
        let planned = self.make_room(&group, &mut ops);
        let mailbox = Arc::new(Mailbox::default());
        if let Err(refusal) = group.submit(ops, &mailbox) {
            return self.not_here(shard, refusal);
        }
        if let Some(delivery) = mailbox.try_take() {
            return Served::Now(self.delivered(shard, from, delivery));
        }
        let inner = self.clone();
        let passage = called.map(|called| self.underway.enter(called));
        Served::Later(Box::pin(async move {
            let delivery = mailbox.take().await;
            drop(planned);
            let delivery = match passage {
                Some(passage) => passage.delivered(delivery),
                None => delivery,
            };
            inner.delivered(shard, from, delivery)
        }))
    }

    fn not_here(&self, shard: ShardId, why: Refusal) -> Served {
        Served::Now(self.refused(shard, why).bytes())
    }

    fn refused(&self, shard: ShardId, why: Refusal) -> Delivered {
        Delivered::Refused { why, leader: self.leader_of(shard) }
    }

    fn delivered(&self, shard: ShardId, to: NodeId, delivery: Delivery) -> Bytes {
        let delivered = match delivery {
            Delivery::Done(outcomes) => {
                let (seq, told) = (self.knowledge.seq(shard), self.touches.said(shard, to));
                Delivered::Done { outcomes, seq, told }
            }
            Delivery::Refused(why) => self.refused(shard, why),
            Delivery::Unknown => Delivered::Unknown,
        };
        delivered.bytes()
    }

    /// Does what somebody at the door asks for.
    async fn consider(self: Arc<Self>, knock: Knock) -> Verdict {
        match knock {
            Knock::Hello { .. } => Verdict::NotNow {},
            Knock::Invite { cluster, nodes, card } => self.invited(cluster, &nodes, &card).await,
            Knock::Join { cluster, node, replaces } => self.admit(cluster, node, replaces).await,
            Knock::Adopt { addresses } => self.adopt(addresses),
        }
    }
}
