//! The home's half of the protocol: for one shard, at the node that leads it, for as
//! long as it does.
//!
//! It keeps who shares which key (`directory`), with whom there are sessions (`seats`),
//! and which entries are not open yet (`gates`). Everything that happens is told to it
//! with the time of its node; what it wants done is added to [`Out`]. A write is told
//! before it is proposed ([`Home::proposed`]) and when it is applied
//! ([`Home::applied`]); it is open, and its client may be answered, when it comes up in
//! [`Out::opened`].

mod attests;
mod reads;
mod writes;

mod lent;

mod directory;
mod followers;
mod gates;
mod seats;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lockstep_core::NodeId;

use crate::message::{Payload, ToHome, ToNode};
use crate::{At, Epoch, Limbo, Name, Replica, Session, Settings, Time};
use attests::Older;
use directory::Directory;
use gates::Gates;
use lent::{Flush, Lent};
use seats::{Acked, Follows, Renewal, Seat};

pub use directory::Share;
pub use gates::GateId;
pub use lent::Ahead;
pub use writes::{Proposal, Wrote};

/// The home's half of the protocol, for one shard.
#[derive(Clone, Debug, Hash)]
pub struct Home {
    me: NodeId,
    settings: Settings,
    epoch: Epoch,
    /// When that was sent which a quorum has acknowledged last.
    quorum: Time,
    /// What older homes granted may still be used.
    takeover: Option<Takeover>,
    /// What the last home may have written that is not open.
    limbo: Option<Limbo>,
    /// The number of the last message that matters to copies.
    q: u64,
    /// The number of the last session.
    sessions: u64,
    /// How many operations the state here has seen, as far as it was told.
    seq: u64,
    seats: BTreeMap<NodeId, Seat>,
    /// Who left for good.
    dismissed: BTreeSet<NodeId>,
    directory: Directory,
    gates: Gates,
    /// Keys whose only copy may be written where it is.
    lent: Lent,
    /// Who waits until a write is open.
    held: BTreeMap<Name, Vec<Asked>>,
    held_count: usize,
}

/// What a new home waits for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Takeover {
    /// By then no older home answers any more by itself.
    pub not_before: Time,
    /// By then all older leases are over.
    pub until: Time,
    /// Who has not said that it has none.
    pub missing: BTreeSet<NodeId>,
}

/// A node that asks for a copy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Asked {
    /// Which node.
    pub from: NodeId,
    /// Under which number it waits for the answer.
    pub flight: u64,
    /// Of which key.
    pub name: Name,
    /// The version that it has already.
    pub has: Option<u64>,
}

/// What the state of the shard says of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// What it holds; none: not a plain value.
    pub payload: Option<Payload>,
    /// How many operations the state has seen.
    pub seq: u64,
}

/// An entry whose clients may be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Which.
    pub gate: GateId,
    /// Who wrote which key last and wants to keep it ([`Home::push`], [`Home::lend`]).
    pub writers: Vec<Wrote>,
}

/// A node that has a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seated {
    /// Which node.
    pub node: NodeId,
    /// Its session.
    pub session: Session,
    /// When it is forgotten unless it asks for more time, by the home's clock.
    pub until: Time,
    /// How long it takes to acknowledge, on average.
    pub acks_in: Duration,
    /// Whether that is too long for it to be granted anything.
    pub slow: bool,
    /// Whether it reads the whole shard from a replica of its own.
    pub follows: bool,
}

/// What has to be done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Out {
    /// What nodes have to be told.
    pub messages: Vec<(NodeId, ToNode)>,
    /// Entries that are open now, in the order of the log.
    pub opened: Vec<Opened>,
    /// Requests to be handed in again ([`Home::get`]), behind the answers of `opened`.
    pub retry: Vec<Asked>,
    /// How many caches had to be told something about the copies they have.
    pub probes: u64,
    /// How many copies are sent that nobody asked for.
    pub pushes: u64,
    /// How many keys are called back that were lent.
    pub callbacks: u64,
    /// How many values came that were written to keys that are lent.
    pub flushes: u64,
}

/// So many keys are called back at once where the directory has become smaller.
const RECALLS_AT_ONCE: usize = 16;

impl Home {
    /// Of the node `me`, which has become the home with this epoch. `quorum`: when it
    /// sent what a quorum has acknowledged last.
    pub fn new(
        me: NodeId,
        epoch: Epoch,
        quorum: Time,
        takeover: Option<Takeover>,
        settings: Settings,
    ) -> Self {
        Home {
            me,
            epoch,
            quorum,
            takeover,
            limbo: None,
            q: 0,
            sessions: 0,
            seq: 0,
            seats: BTreeMap::new(),
            dismissed: BTreeSet::new(),
            directory: Directory::new(settings.directory_max),
            gates: Gates::default(),
            lent: Lent::default(),
            held: BTreeMap::new(),
            held_count: 0,
            settings,
        }
    }

    /// This node knew that of the writes of the last home.
    pub fn inherits(&mut self, limbo: Option<Limbo>) {
        self.limbo = limbo;
    }

    /// The shard is about to be told that a node left for good: it is given no more time, so
    /// that whoever leads next knows by when its leases are over.
    pub fn dismiss(&mut self, node: NodeId) {
        if self.settings.rules.departed_dismissed {
            self.dismissed.insert(node);
        }
    }

    /// A message of a node; what asks for a copy reads the state by `look`.
    pub fn take(
        &mut self,
        now: Time,
        from: NodeId,
        message: ToHome,
        look: &mut dyn FnMut(&Name) -> Look,
        out: &mut Out,
    ) {
        self.pass_time(now, out);
        match message {
            ToHome::Renew { nonce, sent, had, keeps } => {
                if self.serves(now) && !self.dismissed.contains(&from) {
                    let renewal = Renewal { nonce, sent, had, keeps };
                    self.renew(now, from, &renewal, out);
                    self.open_all(now, out);
                }
            }
            ToHome::GetS { flight, name } => {
                self.get(now, Asked { from, flight, name, has: None }, look, out);
            }
            ToHome::Confirm { flight, name, version } => {
                self.get(now, Asked { from, flight, name, has: Some(version) }, look, out);
            }
            ToHome::Ack { session, q, has, unread } => {
                self.ack(now, from, &Acked { session, q, has, unread }, out);
            }
            ToHome::PutS { session, lines } => {
                if self.session_of(from) == Some(session) {
                    lines.iter().for_each(|(name, q)| self.put(now, from, name, *q));
                }
            }
            ToHome::Revoked { epoch } => self.revoked(now, from, epoch, out),
            ToHome::Follow { session, on } => self.follow(now, from, session, on, out),
            ToHome::Reattest { session, number, lines } => {
                let older = Older { session, number, lines: &lines };
                self.reattest(now, from, &older, look, out);
            }
            ToHome::Used { .. } => {}
            ToHome::Borrows { session } => self.borrows(from, session),
            ToHome::Flush { session, name, q, number, value } => {
                let flush = Flush { session, name, q, number, value: value.0 };
                self.flush(from, flush, out);
            }
        }
    }

    /// Goes on with other settings. How long leases last must not change.
    pub fn set(&mut self, settings: Settings) {
        self.directory.set_most(settings.directory_max);
        self.settings = settings;
    }

    /// Which home it is.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The nodes that have sessions.
    pub fn sessions(&self) -> impl Iterator<Item = Seated> {
        let seats = self.seats.iter().filter(|(_, seat)| seat.lasts);
        seats.map(|(node, seat)| Seated {
            node: *node,
            session: seat.session,
            until: seat.until,
            acks_in: seat.acks_in,
            slow: seat.acks_in > self.settings.slow_sharer,
            follows: seat.follows == Follows::Yes,
        })
    }

    /// How many entries touch a key that are not open.
    pub fn pending(&self, name: &Name) -> usize {
        self.gates.of(name).filter(|gate| !gate.recall).count()
    }

    /// How many keys have so many sharers, by their number.
    pub fn sharer_counts(&self) -> BTreeMap<usize, usize> {
        self.directory.sharer_counts()
    }

    /// A quorum has acknowledged what was sent then.
    pub fn stands(&mut self, sent: Time) {
        self.quorum = self.quorum.max(sent);
    }

    /// Time goes by: leases end.
    pub fn pass_time(&mut self, now: Time, out: &mut Out) {
        self.expire(now, out);
        if self.takeover.is_some() && self.is_open(now) {
            self.takeover = None;
            self.open_all(now, out);
        }
        if self.limbo.is_some() && self.serves(now) {
            self.limbo = None;
        }
        let surplus = self.directory.surplus().min(RECALLS_AT_ONCE);
        let _all_are_under_way = (0..surplus).all(|_| self.make_room(now, out));
    }

    /// Nobody has a session, nor is anything on its way: nothing need be known of keys.
    pub fn rests(&mut self) {
        if self.sessions().next().is_none() && self.gates.len() == 0 {
            self.directory.clear();
        }
    }

    /// When [`Home::pass_time`] has something to do.
    pub fn next_time(&self) -> Option<Time> {
        let seats = self.seats.values().filter(|seat| seat.lasts).map(|seat| seat.until);
        let opens = self.takeover.as_ref().map(|takeover| match takeover.missing.is_empty() {
            true => takeover.not_before.min(takeover.until),
            false => takeover.until,
        });
        seats.chain(opens).min()
    }

    /// Tells those again who have not said that what older homes granted is over.
    pub fn revoke(&self, out: &mut Out) {
        let epoch = self.epoch;
        let missing = self.takeover.iter().flat_map(|takeover| &takeover.missing);
        out.messages.extend(missing.map(|node| (*node, ToNode::Revoke { epoch })));
    }

    fn revoked(&mut self, now: Time, from: NodeId, epoch: Epoch, out: &mut Out) {
        if epoch == self.epoch
            && let Some(takeover) = &mut self.takeover
        {
            takeover.missing.remove(&from);
            self.pass_time(now, out);
        }
    }

    /// Whether nothing that an older home granted can still be used.
    pub fn is_open(&self, now: Time) -> bool {
        let Some(takeover) = &self.takeover else { return true };
        now >= takeover.until
            || (now >= takeover.not_before && takeover.missing.is_empty())
            || !self.settings.rules.older_leases_over
    }

    /// Whether it has waited for older leases and has not looked since whether they are
    /// over.
    pub fn remembers_takeover(&self) -> bool {
        self.takeover.is_some()
    }

    /// When it is open at the latest; none: it is.
    pub fn opens_at(&self, now: Time) -> Option<Time> {
        let takeover = self.takeover.as_ref().filter(|_| !self.is_open(now))?;
        let waits = !takeover.missing.is_empty();
        Some(if waits { takeover.until } else { takeover.not_before.min(takeover.until) })
    }

    /// Whether it may answer: nobody else can have taken its place.
    pub fn serves(&self, now: Time) -> bool {
        let read_lease = self.settings.drift.shortened(self.settings.read_lease);
        self.is_open(now) && self.age(now) < read_lease
    }

    /// Whether what the state here holds of these keys may be shown though it does not serve
    /// yet. Only while nothing was proposed in its term, and everything that was committed
    /// before is applied: the state has come as far as `replica` says then. `quorum`: when it
    /// sent what a quorum has acknowledged.
    pub fn shows_early<'a>(
        &self,
        now: Time,
        quorum: Time,
        replica: Replica,
        names: impl Iterator<Item = At<'a>>,
    ) -> bool {
        let rules = &self.settings.rules;
        let read_lease = self.settings.drift.shortened(self.settings.read_lease);
        let stands = now.since(quorum) < read_lease || !rules.under_quorum;
        let limbo = self.limbo.as_ref();
        stands && limbo.is_some_and(|limbo| limbo.shows(replica, names) || !rules.limbo_hidden)
    }

    /// How long a session may last that begins now.
    fn left(&self, now: Time) -> Duration {
        self.settings.lease.saturating_sub(self.age(now))
    }

    /// How long ago that was sent which a quorum has acknowledged.
    fn age(&self, now: Time) -> Duration {
        let counts = self.settings.rules.under_quorum;
        if counts { now.since(self.quorum) } else { Duration::ZERO }
    }

    /// Who has a key, as far as the home knows.
    pub fn sharers(&self, name: &Name) -> Vec<(NodeId, Share)> {
        let entry = self.directory.get(name);
        let sharers = entry.into_iter().flat_map(|entry| &entry.sharers);
        sharers.map(|(node, share)| (*node, *share)).collect()
    }

    /// Who has to be told when a key is written.
    pub fn told_of(&self, name: &Name) -> impl Iterator<Item = NodeId> {
        let sharers = self.directory.get(name).into_iter().flat_map(|entry| &entry.sharers);
        let all: BTreeSet<NodeId> =
            sharers.map(|(node, _)| *node).chain(self.followers()).collect();
        all.into_iter()
    }

    /// By how many a key is shared, as far as the home knows.
    pub fn shared_by(&self, name: &Name) -> usize {
        self.directory.get(name).map_or(0, |entry| entry.sharers.len())
    }

    /// Whether a node may have a line of a key: it shares it, or has to acknowledge
    /// that it does not any more.
    pub fn may_have(&self, node: NodeId, name: &Name) -> bool {
        let shares = |entry: &directory::Entry| entry.sharers.contains_key(&node);
        let waited_for = |gate: &gates::Gate| gate.waiting.contains_key(&node);
        self.follows(node)
            || self.directory.get(name).is_some_and(shares)
            || self.gates.of(name).any(waited_for)
            || self.gates.ids().any(|(_, gate)| gate.all && waited_for(gate))
    }

    /// What it remembers: keys of the directory, entries that are not open, requests
    /// that are held.
    pub fn remembers(&self) -> (usize, usize, usize) {
        (self.directory.len(), self.gates.len(), self.held_count)
    }
}
