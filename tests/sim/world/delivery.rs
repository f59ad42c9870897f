//! Messages between the processes and the network.

use bytes::Bytes;
use lockstep_core::NodeId;
use lockstep_raft::{CallError, Lane, Served};

use super::World;
use super::net::{Life, Packet, Way};
use super::node::{Process, at_address};
use super::trace::Kind;

/// How long a refused connection takes.
const REFUSED_MS: u64 = 2;

impl World {
    /// Hands over what has arrived.
    pub(super) fn deliver(&mut self) {
        let mut held = Vec::new();
        while let Some((at, packet)) = self.net.arrived(self.now_ms) {
            if self.nodes[at].paused {
                held.push((at, packet));
            } else {
                self.hand_over(at, packet);
            }
        }
        // A process that stands still reads nothing; it does when it goes on.
        for (at, packet) in held {
            self.net.later(self.now_ms + 10, at, packet);
        }
    }

    fn hand_over(&mut self, at: usize, packet: Packet) {
        let now_ms = self.now_ms;
        match packet {
            Packet::Request { from, sender, cluster, way, life, lane, call, bytes } => {
                let numbers = [now_ms, from.node as u64, at as u64, lane as u64, call.unwrap_or(0)];
                self.trace.event(Kind::Arrived, &numbers, &bytes, || {
                    let say = say(lane, &bytes);
                    format!("{now_ms} n{at} gets of n{} call {call:?} {say}", from.node)
                });
                match life {
                    _ if lane != Lane::Data => {}
                    // There was nothing to connect to.
                    None => return self.refuse(at, from, call),
                    // Its connection ended with the process that it was meant for.
                    life if life != self.nodes[at].life() => return,
                    Some(_) => {}
                }
                self.request(at, (from, sender, cluster), way, call, bytes);
            }
            Packet::Reply { to, by, call, result } => {
                let empty = Bytes::new();
                let bytes = result.as_ref().unwrap_or(&empty);
                let numbers = [now_ms, by as u64, at as u64, call];
                self.trace.event(Kind::Arrived, &numbers, bytes, || {
                    let length = result.as_ref().map(Bytes::len);
                    format!("{now_ms} n{at} gets of n{by} the reply to {call}: {length:?}")
                });
                let by = self.nodes[by].process.as_ref().map(|process| process.id);
                if let Some(process) = self.process(to) {
                    process.peers.answered(call, result, by);
                }
            }
            Packet::Link { to, node, up, gone, since_ms } => {
                let Some(process) = self.process(to) else { return };
                process.peers.set_gone(node, gone, since_ms);
                if !up {
                    process.peers.lost(node);
                    let _inside = process.enter();
                    if let Some(host) = &process.host {
                        host.link_lost(node);
                    }
                }
                let number = to.node;
                self.note(|| format!("n{number} sees {node:?} up: {up}"), &[number as u64, node.0]);
            }
        }
    }

    /// A process, if it still lives.
    fn process(&self, life: Life) -> Option<&Process> {
        self.nodes[life.node].process.as_ref().filter(|process| process.life == life)
    }

    fn request(
        &mut self,
        at: usize,
        (from, sender, cluster): (Life, NodeId, u64),
        way: Way,
        call: Option<u64>,
        bytes: Bytes,
    ) {
        let served = self.listener(at, &way, cluster);
        let (Some(process), Some(host)) = (served, served.and_then(|p| p.host.as_ref())) else {
            return self.refuse(at, from, call);
        };
        let _inside = process.enter();
        let Some(call) = call else {
            host.told(sender, bytes);
            return;
        };
        let served = match way {
            Way::Node(_) => host.serve(sender, bytes),
            Way::Address(_) => host.knocked(bytes),
        };
        match served {
            Served::Now(reply) => {
                process.peers.send(Packet::Reply { to: from, by: at, call, result: Ok(reply) });
            }
            Served::Later(reply) => {
                let peers = process.peers.clone();
                process.spawn(async move {
                    let result = Ok(reply.await);
                    peers.send(Packet::Reply { to: from, by: at, call, result });
                });
            }
        }
    }

    /// The process at a node, if it takes messages that go this way.
    fn listener(&self, at: usize, way: &Way, cluster: u64) -> Option<&Process> {
        let process = self.nodes[at].process.as_ref()?;
        let meant = match way {
            Way::Node(id) => {
                let mine = process.peers.cluster();
                process.id == *id && mine == cluster && cluster != 0
            }
            Way::Address(_) => true,
        };
        (meant && process.host.is_some()).then_some(process)
    }

    /// Commands travel over a connection to one process, and come to no other one.
    fn connect(&self, to: usize, packet: &mut Packet) {
        if let Packet::Request { way, cluster, life, lane: Lane::Data, .. } = packet {
            *life = self.listener(to, way, *cluster).map(|process| process.life.number);
        }
    }

    /// Nobody listens there: the caller knows that nothing was received.
    fn refuse(&mut self, by: usize, from: Life, call: Option<u64>) {
        if let Some(call) = call
            && !self.net.cuts.is_cut(by, from.node)
        {
            let result = Err(CallError::NotSent);
            let reply = Packet::Reply { to: from, by, call, result };
            self.net.later(self.now_ms + REFUSED_MS, from.node, reply);
        }
    }

    /// Puts on their way what the processes have sent.
    pub(super) fn collect(&mut self) {
        let mut packets = Vec::new();
        for at in 0..self.nodes.len() {
            if let Some(process) = self.nodes[at].running() {
                process.peers.sent(&mut packets);
            }
            for packet in packets.drain(..) {
                self.send(at, packet);
            }
        }
    }

    fn send(&mut self, at: usize, mut packet: Packet) {
        let now_ms = self.now_ms;
        let to = match &packet {
            Packet::Request { way: Way::Node(id), .. } => self.ids.get(id).copied(),
            Packet::Request { way: Way::Address(address), .. } => {
                at_address(address).filter(|to| *to < self.nodes.len())
            }
            Packet::Reply { to, .. } | Packet::Link { to, .. } => Some(to.node),
        };
        let numbers = [now_ms, at as u64, to.map_or(u64::MAX, |to| to as u64)];
        let content = match &packet {
            Packet::Request { bytes, .. } | Packet::Reply { result: Ok(bytes), .. } => &bytes[..],
            _ => &[],
        };
        self.trace.event(Kind::Sent, &numbers, content, || match &packet {
            Packet::Request { lane, call, bytes, .. } => {
                format!("{now_ms} n{at} sends to {to:?} call {call:?} {}", say(*lane, bytes))
            }
            other => format!("{now_ms} n{at} sends {other:?}"),
        });
        if let Some(to) = to {
            self.connect(to, &mut packet);
        }
        match (to, &packet) {
            (Some(to), _) if to == at => self.net.later(now_ms, to, packet),
            (Some(to), _) => {
                self.net.send(now_ms, at, to, packet);
            }
            (None, Packet::Request { from, call, .. }) => {
                let (from, call) = (*from, *call);
                self.refuse(at, from, call);
            }
            (None, _) => {}
        }
    }
}

/// A message in few words.
fn say(lane: Lane, bytes: &[u8]) -> String {
    format!("{lane:?} {} bytes beginning {:?}", bytes.len(), &bytes[..bytes.len().min(12)])
}
