//! The simulated network.

mod packet;
mod peers;
mod rules;

use std::collections::BTreeMap;

pub use packet::{Life, Packet, Way};
pub use peers::SimPeers;
pub use rules::{Cuts, Weather};

use crate::chance::Chance;

/// The messages on their way, in the order in which they arrive.
#[derive(Debug)]
pub struct Net {
    /// By time and number.
    flying: BTreeMap<(u64, u64), (usize, Packet)>,
    sent: u64,
    /// When the last message from one to the other arrives.
    last: Vec<Vec<u64>>,
    /// How messages travel now.
    pub weather: Weather,
    /// Which ways are cut.
    pub cuts: Cuts,
    /// Milliseconds that a node's messages take longer.
    pub slow: Vec<u64>,
    chance: Chance,
}

impl Net {
    /// A network of so many nodes.
    pub fn new(nodes: usize, weather: Weather, chance: Chance) -> Self {
        Net {
            flying: BTreeMap::new(),
            sent: 0,
            last: vec![vec![0; nodes]; nodes],
            weather,
            cuts: Cuts::new(nodes),
            slow: vec![0; nodes],
            chance,
        }
    }

    /// Puts a message on its way; how many of it arrive, and the first delay.
    pub fn send(&mut self, now_ms: u64, from: usize, to: usize, packet: Packet) -> u64 {
        if self.cuts.is_cut(from, to) || self.chance.permille(self.weather.loss_permille) {
            return 0;
        }
        if self.chance.permille(self.weather.twice_permille) {
            self.fly(now_ms, from, to, packet.clone());
            self.fly(now_ms, from, to, packet);
            return 2;
        }
        self.fly(now_ms, from, to, packet);
        1
    }

    fn fly(&mut self, now_ms: u64, from: usize, to: usize, packet: Packet) {
        let slow = self.slow[from] + self.slow[to];
        let mut at = now_ms + slow + self.weather.delay_ms(&mut self.chance);
        if !self.weather.reorders {
            at = at.max(self.last[from][to]);
            self.last[from][to] = at;
        }
        self.sent += 1;
        self.flying.insert((at, self.sent), (to, packet));
    }

    /// Lets something happen at a node after a while, whatever the network.
    pub fn later(&mut self, at_ms: u64, to: usize, packet: Packet) {
        self.sent += 1;
        self.flying.insert((at_ms, self.sent), (to, packet));
    }

    /// Takes the next message that has arrived, and where.
    pub fn arrived(&mut self, now_ms: u64) -> Option<(usize, Packet)> {
        let first = self.flying.first_entry()?;
        if first.key().0 > now_ms { None } else { Some(first.remove()) }
    }

    /// Loses everything between two nodes: the connection broke.
    pub fn reset(&mut self, one: usize, other: usize) {
        let between =
            |from: usize, to: usize| (from, to) == (one, other) || (to, from) == (one, other);
        self.flying.retain(|_, (to, packet)| match packet {
            Packet::Request { from, .. } => !between(from.node, *to),
            Packet::Reply { by, .. } => !between(*by, *to),
            Packet::Link { .. } => true,
        });
        self.last[one][other] = 0;
        self.last[other][one] = 0;
    }

    /// From now on nothing is late.
    pub fn calm(&mut self) {
        self.weather = Weather::FAIR;
        self.cuts.mend_all();
        self.slow.iter_mut().for_each(|slow| *slow = 0);
        self.last.iter_mut().flatten().for_each(|last| *last = 0);
    }
}
