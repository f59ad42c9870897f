//! What a client is connected to, and what becomes of what it holds when that ends.

use lockstep_core::{Origin, ShardId};

use super::draw::Held;
use super::submit::OnTheWay;
use super::{Client, Desk, PATIENCE_MS, guards, meaning, moment, submit};
use crate::world::node::Node;

/// A connection to a node.
pub struct Connection {
    pub node: usize,
    pub life: u64,
    pub origin: Origin,
    /// The number of the last request.
    pub request: u64,
    /// The shards where it may hold something or wait.
    pub bound_to: Vec<ShardId>,
}

impl Client {
    /// Closes the connection in order, when nothing is waited for.
    pub fn leave(&mut self, nodes: &mut [Node], desk: &mut Desk) {
        self.close(nodes, desk, None);
    }

    /// Which connection this is, for answers.
    pub fn origin(&self) -> Option<Origin> {
        self.connection.as_ref().map(|connection| connection.origin)
    }

    /// The process at the other end is gone, or has to close the connection.
    pub(super) fn notice_the_end(&mut self, nodes: &mut [Node], desk: &mut Desk) {
        let Some(connection) = &self.connection else { return };
        let node = &nodes[connection.node];
        let process = node.process.as_ref();
        if process.is_some_and(|process| process.life.number == connection.life) {
            let life = node.standing(desk.now_ms);
            let bound = !connection.bound_to.is_empty();
            let boot = connection.origin.boot;
            if life.is_some_and(|life| life.boot != boot || (life.cut_off && bound)) {
                self.is_closed(nodes, desk);
            }
            return;
        }
        let now = moment(node.sure_ms());
        // The task that waited for it ended with its process.
        let _ = self.outcome_is_unknown(desk);
        self.connection = None;
        desk.book.counts.broken += 1;
        self.hands_are_empty(desk, now);
        self.rest(desk);
    }

    pub(super) fn give_up_in_time(&mut self, nodes: &mut [Node], desk: &mut Desk) {
        if self.waits.is_some() && desk.now_ms > self.since_ms + PATIENCE_MS {
            self.is_closed(nodes, desk);
        }
    }

    /// The connection is closed whatever waits.
    pub(super) fn is_closed(&mut self, nodes: &mut [Node], desk: &mut Desk) {
        if self.connection.is_none() {
            return;
        }
        let on_the_way = self.outcome_is_unknown(desk);
        desk.book.counts.broken += 1;
        self.close(nodes, desk, on_the_way);
    }

    /// Closes the connection: what it holds ends. It was its own for as long as the
    /// node could answer for it.
    pub(super) fn close(
        &mut self,
        nodes: &mut [Node],
        desk: &mut Desk,
        on_the_way: Option<OnTheWay>,
    ) {
        let Some(connection) = self.connection.take() else { return };
        let (now, node) = (desk.moment(), &nodes[connection.node]);
        let sure = match node.answers_for(connection.origin.boot, desk.now_ms) {
            true => now,
            false => now.min(moment(node.sure_ms())),
        };
        self.hands_are_empty(desk, sure);
        self.rest(desk);
        let Connection { node, origin, bound_to, request, .. } = connection;
        submit::gone(&nodes[node], origin, request + 1, bound_to, on_the_way);
    }

    /// The connection is over: a lock that it held may be free.
    pub(super) fn hands_are_empty(&mut self, desk: &mut Desk, now: u64) {
        self.short = None;
        self.behind = None;
        if let Some(Held { hold, .. }) = self.hands.lock.take() {
            let until = &mut desk.book.holds[hold].until;
            *until = now.min(*until);
        }
        self.hands.queues.connection_is_over(&mut self.chance);
        self.guards_are_free(desk, now);
    }

    /// Connects to a node that serves, if there is one.
    pub(super) fn connect(&mut self, nodes: &[Node], now_ms: u64) -> bool {
        if self.connection.is_some() {
            return true;
        }
        let serve = |node: &&Node| {
            !node.leaving
                && node.standing(now_ms).is_some()
                && node.running().is_some_and(|process| !process.stopping)
                && node.host().is_some_and(|host| host.cluster().is_some())
        };
        let serving: Vec<usize> = nodes.iter().filter(serve).map(|node| node.at).collect();
        if serving.is_empty() {
            return false;
        }
        let node = self.chance.pick(&serving);
        let (Some(process), Some(host)) = (nodes[node].running(), nodes[node].host()) else {
            return false;
        };
        self.connections += 1;
        self.unsure &= self.member;
        let conn = u64::from(self.id) << 20 | self.connections;
        let origin = Origin { node: process.id, boot: host.life().boot, conn };
        let life = process.life.number;
        self.connection = Some(Connection { node, life, origin, request: 0, bound_to: Vec::new() });
        true
    }

    /// The locks that it holds, as far as it knows, and as whom; none if it is not
    /// sure, or holds nothing as anybody.
    pub fn known_holds(&self) -> Option<(Vec<u8>, Vec<String>)> {
        let owner = match (&self.mine, self.origin()) {
            _ if self.unsure => return None,
            (Some(mine), _) => mine.id().to_owned(),
            (None, Some(Origin { node, boot, conn })) => format!("{}-{boot}-{conn}", node.0),
            (None, None) => return None,
        };
        let guards = self.hands.guards.iter().map(|guard| guards::name(guard.lock));
        let lock = self.hands.lock.iter().map(|held| meaning::lock(held.lock));
        Some((owner.into_bytes(), guards.chain(lock).collect()))
    }

    /// A number for the owner of a lock.
    pub(super) fn owner(&self, named: bool) -> u64 {
        if let Some(session) = self.session_number() {
            return session;
        }
        let conn = self.origin().map_or(0, |origin| origin.conn);
        if named { conn | 1 << 63 } else { conn }
    }
}
