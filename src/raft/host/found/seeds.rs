//! The nodes that a node without a cluster asks, and what follows from their
//! answers.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_core::NodeId;
use lockstep_core::cluster::NodeInfo;

use super::super::message::Card;

/// How many addresses are asked at most; those beyond are not taken in.
pub(crate) const SEEDS_MAX: usize = 64;

/// The addresses that a node without a cluster asks.
#[derive(Debug, Default)]
pub(crate) struct Seeds {
    /// What it was told when it was started.
    given: Vec<String>,
    /// Who came by, or was named by those.
    met: BTreeSet<String>,
    /// Those it was told that did not answer last time.
    silent: Vec<String>,
    /// What was said about them last, so that it is said once.
    said: Option<String>,
}

/// What follows from the answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Nothing yet.
    Nothing,
    /// There is a cluster: this node belongs to it.
    Cluster(Card),
    /// There is none, and it is up to this node to found one of these.
    Lead(Vec<NodeInfo>),
}

impl Seeds {
    pub(crate) fn new(given: &[String]) -> Self {
        Seeds { given: given.to_vec(), ..Seeds::default() }
    }

    /// All addresses to ask.
    pub(crate) fn addresses(&self) -> Vec<String> {
        let given: BTreeSet<&String> = self.given.iter().collect();
        let met = self.met.iter().filter(|address| !given.contains(address));
        self.given.iter().chain(met).cloned().collect()
    }

    /// The addresses it was told that did not answer last time.
    pub(crate) fn silent(&self) -> Vec<String> {
        self.silent.clone()
    }

    /// The addresses it was not told when it was started.
    pub(crate) fn met(&self) -> Vec<String> {
        self.met.iter().cloned().collect()
    }

    /// Asks at this address, too.
    pub(crate) fn meet(&mut self, address: String) {
        if self.met.len() < SEEDS_MAX && !self.given.contains(&address) {
            self.met.insert(address);
        }
    }

    /// What follows from the answers that came, by the address they came from.
    pub(crate) fn judge(&mut self, me: &Card, cards: &[(String, Card)]) -> Found {
        let own = me.node.peer_address();
        let answers =
            |address: &&String| **address == own || cards.iter().any(|(from, _)| from == *address);
        self.silent = self.given.iter().filter(|address| !answers(address)).cloned().collect();
        for (_, card) in cards {
            for other in card.others.iter().filter(|other| **other != own) {
                self.meet(other.clone());
            }
        }
        if let Some((_, card)) = cards.iter().find(|(_, card)| card.founded) {
            return self.cluster(me, card);
        }
        let differs = |(_, card): &(String, Card)| me.differs(card);
        if let Some(differs) = cards.iter().find_map(differs) {
            self.say(differs);
            return Found::Nothing;
        }
        self.founder(me, cards)
    }

    fn cluster(&mut self, me: &Card, card: &Card) -> Found {
        match me.cluster {
            Some(mine) if Some(mine) != card.cluster => {
                self.say(format!(
                    "node {:x} here belongs to cluster {:x}, node {:x} at {} belongs to cluster \
                     {:x}; start one of them with an empty data directory",
                    me.node.id.0,
                    mine.0,
                    card.node.id.0,
                    card.node.peer_address(),
                    card.cluster.map_or(0, |cluster| cluster.0)
                ));
                Found::Nothing
            }
            _ => Found::Cluster(card.clone()),
        }
    }

    /// Nobody has a cluster: is it up to this node? Only a seed founds, so that
    /// nodes that were told of the same seeds agree on the one that does, whoever
    /// else comes by meanwhile.
    fn founder(&mut self, me: &Card, cards: &[(String, Card)]) -> Found {
        let own = me.node.peer_address();
        let at = |address: &String| {
            let there = cards.iter().find(|(from, _)| from == address).map(|(_, card)| card);
            if *address == own { Some(me) } else { there }
        };
        let named: BTreeMap<NodeId, &NodeInfo> =
            self.given.iter().filter_map(at).map(|card| (card.node.id, &card.node)).collect();
        let mut nodes = named.clone();
        if self.given.len() < usize::from(me.expect) {
            // Others are needed, too.
            nodes.extend(cards.iter().map(|(_, card)| (card.node.id, &card.node)));
            nodes.insert(me.node.id, &me.node);
        }
        let silent: Vec<&String> =
            self.given.iter().filter(|address| at(address).is_none()).collect();
        if !silent.is_empty() || nodes.len() < usize::from(me.expect) {
            let words = format!(
                "waiting for {} nodes to found a cluster: {} are there{}",
                me.expect,
                nodes.len(),
                silent.iter().map(|address| format!(", none at {address}")).collect::<String>()
            );
            self.note(words);
            return Found::Nothing;
        }
        if named.keys().next() == Some(&me.node.id) {
            return Found::Lead(nodes.into_values().cloned().collect());
        }
        Found::Nothing
    }

    /// Says what somebody has to do something about, once.
    pub(crate) fn say(&mut self, words: String) {
        if self.said.as_ref() != Some(&words) {
            tracing::error!("{words}");
            self.said = Some(words);
        }
    }

    fn note(&mut self, words: String) {
        if self.said.as_ref() != Some(&words) {
            tracing::info!("{words}");
            self.said = Some(words);
        }
    }
}

#[cfg(test)]
mod tests;
