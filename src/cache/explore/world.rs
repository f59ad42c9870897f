//! A world: nodes, homes, a log, messages on their way, and what was read so far.

mod back;

use std::hash::{Hash, Hasher};

use bytes::Bytes;
use lockstep_core::{Db, NodeId, ShardId};

use super::limits::{Bounds, LEASE, READ_LEASE, TICK};
use super::shelf::Shelf;
use crate::{
    Answer, Care, Content, Epoch, GateId, Home, HomeOut, Label, Look, Name, Named, Pass, Payload,
    Proposal, Reader, Replica, Sharer, SharerOut, Store, Takeover, Time, ToHome, ToNode, Written,
    hit,
};
use back::Back;

const SHARD: ShardId = ShardId(0);

/// Something that happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// All clocks go on; the home hears of a quorum, or not.
    Tick(bool),
    /// A node asks for a session.
    Renew(usize),
    /// A client reads at a node.
    Read(usize),
    /// A node needs the room.
    Evict(usize),
    /// A client writes.
    Write,
    /// A client writes the copy of the first node, to which the key is lent.
    WriteHere,
    /// That node tells the home so.
    Flush,
    /// What it told is proposed.
    Ahead,
    /// The next entry is committed, and applied by the home.
    Apply,
    /// The next entry is committed, and applied by the replica of a node.
    Follow(usize),
    /// A message arrives; it may come again.
    Deliver(Letter, bool),
    /// Another home is elected; so many entries reach it.
    Elect(usize),
    /// A node learns who the home is.
    Learn(usize),
    /// The home comes back in its term, without its memory.
    Relapse,
    /// The first node comes back without its memory.
    Restart,
    /// The first node is removed from the cluster, of which it is not told.
    Remove,
}

/// A message on its way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Letter {
    ToHome(usize, usize, ToHome),
    ToNode(usize, ToNode),
}

#[derive(Clone, Debug, Hash)]
struct Node {
    sharer: Sharer,
    shelf: Shelf,
    /// Whom it takes for the home.
    home: usize,
    /// How many entries its replica has carried out, if it has one.
    applied: u64,
    /// Clients that wait, and what had been seen by all when they came.
    readers: Vec<(Reader, u64)>,
}

#[derive(Clone, Debug, Hash)]
struct Seat {
    home: Home,
    /// The writes in its log; the number is their value.
    log: Vec<u8>,
    applied: usize,
    /// The gates of entries that are not open, with their places in the log.
    gates: Vec<(GateId, usize)>,
    /// How many entries were there when it was elected.
    inherited: usize,
    /// When a quorum stood by it.
    stood: u64,
}

#[derive(Clone, Debug)]
pub(super) struct World {
    bounds: Bounds,
    now: u64,
    nodes: Vec<Node>,
    /// The first home, and its successor.
    homes: Vec<Seat>,
    /// Sorted; without an order of arrival.
    letters: Vec<Letter>,
    /// The place in the log of the newest write that anybody knows of.
    floor: u64,
    writes: u8,
    reads: [u8; 2],
    renewals: [u8; 2],
    evictions: u8,
    repeats: u8,
    relapsed: bool,
    restarted: bool,
    /// When the first node was removed.
    removed: Option<u64>,
    back: Back,
}

impl Hash for World {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.now, &self.nodes, &self.homes, &self.letters, self.floor).hash(state);
        (self.writes, self.reads, self.renewals, self.evictions, self.repeats).hash(state);
        (self.relapsed, self.restarted, self.removed, &self.back).hash(state);
    }
}

fn name() -> Name {
    Name { db: Db(0), key: Bytes::from_static(b"k") }
}

fn id(node: usize) -> NodeId {
    NodeId(node as u64 + 1)
}

fn place(node: NodeId) -> usize {
    node.0 as usize - 1
}

fn time(tick: u64) -> Time {
    Time(0).after(TICK * u32::try_from(tick).unwrap())
}

impl Seat {
    fn new(home: Home, log: Vec<u8>, stood: u64) -> Self {
        let inherited = log.len();
        Seat { home, applied: inherited, log, gates: Vec::new(), inherited, stood }
    }

    fn look(&self) -> Look {
        let version = self.applied as u64;
        let written = version.checked_sub(1).map(|at| self.log[at as usize]);
        let value = written.map(|value| Bytes::copy_from_slice(&[value]));
        Look { payload: Some(Payload { value, version, left: None }), seq: version }
    }

    /// The write that it shows, open or not yet.
    fn shown(&self, now: Time) -> Option<u64> {
        let applied = self.applied as u64;
        let replica = Replica { seq: applied, begun: applied };
        let early = || {
            self.log.len() == self.inherited
                && self.home.shows_early(now, time(self.stood), replica, [name().at()].into_iter())
        };
        (self.home.shows(now, &name(), applied) || early()).then_some(applied)
    }
}

impl Node {
    /// The write that its replica shows.
    fn read_replica(&self, now: Time) -> Option<u64> {
        let era = self.sharer.era();
        let replica = Replica { seq: self.applied, begun: self.applied };
        let shown = self.sharer.view().shows(replica, std::iter::once(name().at()));
        (shown && self.sharer.pass().covers(era, now)).then_some(self.applied)
    }
}

impl World {
    pub(super) fn new(bounds: Bounds) -> Self {
        let settings = bounds.settings();
        let node = |at| {
            let mut sharer = Sharer::new(SHARD, 1, true, Time(0), settings);
            sharer.follow(bounds.replica && at == 0, &mut SharerOut::default());
            Node { sharer, shelf: Shelf::default(), home: 0, applied: 0, readers: Vec::new() }
        };
        let home =
            Home::new(NodeId(100), Epoch { term: 1, incarnation: 0 }, Time(0), None, settings);
        World {
            bounds,
            now: 0,
            nodes: (0..bounds.nodes).map(node).collect(),
            homes: vec![Seat::new(home, Vec::new(), 0)],
            letters: Vec::new(),
            floor: 0,
            writes: 0,
            reads: [0; 2],
            renewals: [0; 2],
            evictions: 0,
            repeats: 0,
            relapsed: false,
            restarted: false,
            removed: None,
            back: Back::default(),
        }
    }

    /// Everything that can happen now.
    pub(super) fn steps(&self) -> Vec<Step> {
        let bounds = &self.bounds;
        let mut steps = Vec::new();
        let leader = self.homes.last().unwrap();
        if self.now < bounds.ticks {
            steps.extend([Step::Tick(false), Step::Tick(true)]);
        }
        for node in (0..self.nodes.len()).filter(|node| !self.is_home(*node)) {
            if self.renewals[node] < bounds.renewals[node] {
                steps.push(Step::Renew(node));
            }
            if self.reads[node] < bounds.reads[node] {
                steps.push(Step::Read(node));
            }
            if self.evictions < bounds.evictions
                && self.nodes[node].shelf.look(name().at()).is_some()
            {
                steps.push(Step::Evict(node));
            }
            if self.nodes[node].home + 1 < self.homes.len() {
                steps.push(Step::Learn(node));
            }
        }
        if self.writes < bounds.writes && leader.home.is_open(time(self.now)) {
            steps.push(Step::Write);
        }
        if leader.applied < leader.log.len() {
            steps.push(Step::Apply);
        }
        if bounds.replica && !self.is_home(0) && self.nodes[0].applied < leader.log.len() as u64 {
            steps.push(Step::Follow(0));
        }
        if bounds.election && self.homes.len() == 1 {
            let committed = leader.applied.max(self.nodes[0].applied as usize);
            steps.extend((committed..=leader.log.len()).map(Step::Elect));
        }
        if bounds.relapse && !self.relapsed && self.homes.len() == 1 {
            steps.push(Step::Relapse);
        }
        if bounds.restart && !self.restarted {
            steps.push(Step::Restart);
        }
        if bounds.removal && self.removed.is_none() && self.homes.len() == 1 {
            steps.push(Step::Remove);
        }
        if bounds.back {
            self.back_steps(&mut steps);
        }
        let mut before = None;
        for letter in &self.letters {
            if before.replace(letter) == Some(letter) {
                continue;
            }
            steps.push(Step::Deliver(letter.clone(), false));
            if self.repeats < bounds.repeats {
                steps.push(Step::Deliver(letter.clone(), true));
            }
        }
        steps
    }

    /// Lets it happen; an error if something came of it that must not be.
    pub(super) fn take(&mut self, step: Step) -> Result<(), String> {
        match step {
            Step::Tick(stands) => {
                self.now += 1;
                if stands {
                    let (tick, last) = (self.now, self.homes.last_mut().unwrap());
                    last.home.stands(time(tick));
                    last.stood = tick;
                }
                for home in 0..self.homes.len() {
                    self.at_home(home, |seat, now, out| seat.home.pass_time(now, out))?;
                }
            }
            Step::Renew(node) => {
                self.renewals[node] += 1;
                self.at_node(node, |node, now, out| node.sharer.renew(now, out))?;
            }
            Step::Read(node) => self.read(node)?,
            Step::Evict(node) => {
                self.evictions += 1;
                self.at_node(node, |node, _, out| {
                    if let Some(gone) = node.shelf.remove(name().at()) {
                        node.sharer.evicted(&gone, out);
                    }
                })?;
            }
            Step::Write => self.write()?,
            Step::WriteHere => self.write_here()?,
            Step::Flush => self.flush()?,
            Step::Ahead => self.ahead()?,
            Step::Apply => self.apply()?,
            Step::Follow(node) => self.nodes[node].applied += 1,
            Step::Deliver(letter, again) => self.deliver(letter, again)?,
            Step::Elect(keeps) => self.elect(keeps)?,
            Step::Learn(node) => self.nodes[node].home = self.homes.len() - 1,
            Step::Relapse => self.relapse()?,
            Step::Remove => {
                self.removed = Some(self.now);
                self.homes[0].home.dismiss(id(0));
            }
            Step::Restart => {
                self.restarted = true;
                let (now, settings) = (time(self.now), self.bounds.settings());
                let node = &mut self.nodes[0];
                node.sharer = Sharer::new(SHARD, 2, false, now, settings);
                node.sharer.follow(self.bounds.replica, &mut SharerOut::default());
                node.shelf = Shelf::default();
                node.readers.clear();
            }
        }
        self.look_around()?;
        self.throw_away();
        Ok(())
    }

    /// Letters go that nothing can ever come of: they are of a session that is over.
    fn throw_away(&mut self) {
        let (nodes, homes) = (&self.nodes, &self.homes);
        self.letters.retain(|letter| match letter {
            Letter::ToNode(node, message) => {
                let node = &nodes[*node];
                let over = |session| node.sharer.is_over(session);
                match message {
                    ToNode::Inv { session, .. }
                    | ToNode::Upd { session, .. }
                    | ToNode::Val { session, .. }
                    | ToNode::Touch { session, .. }
                    | ToNode::Stands { session, .. }
                    | ToNode::Attested { session, .. }
                    | ToNode::Flushed { session, .. }
                    | ToNode::Granted { session, .. } => !over(*session),
                    ToNode::Push { grant, .. } => !over(grant.session),
                    _ => true,
                }
            }
            Letter::ToHome(
                home,
                from,
                ToHome::Ack { session, .. }
                | ToHome::Flush { session, .. }
                | ToHome::PutS { session, .. }
                | ToHome::Follow { session, .. }
                | ToHome::Reattest { session, .. },
            ) => homes[*home].home.session_of(id(*from)) <= Some(*session),
            Letter::ToHome(..) => true,
        });
    }

    fn read(&mut self, node: usize) -> Result<(), String> {
        self.reads[node] += 1;
        let reader = Reader(u64::from(self.reads[node]));
        let floor = self.floor;
        let care = if self.bounds.careful { Care::Confirmed } else { Care::Lease };
        self.at_node(node, |node, now, out| {
            let found = node.sharer.read(&node.shelf, &name(), (reader, care), || now, out);
            // What is there is looked at after every step.
            if found.is_none() {
                node.readers.push((reader, floor));
            }
        })
    }

    fn write(&mut self) -> Result<(), String> {
        if self.bounds.back && self.calls_back()? {
            return Ok(());
        }
        self.writes += 1;
        let value = self.writes + self.back.count();
        let (last, astray) = (self.homes.len() - 1, self.bounds.astray);
        let script = self.bounds.script;
        self.at_home(last, |seat, now, out| {
            // A request that was carried out before writes nothing, and others have since.
            seat.log.push(if astray { value + 100 } else { value });
            let place = seat.log.len();
            let payload = Payload {
                value: Some(Bytes::copy_from_slice(&[value])),
                version: place as u64,
                left: None,
            };
            let proposal = Proposal {
                written: if script { Vec::new() } else { vec![name()] },
                any: script,
                after: place as u64 - 1,
                value: Some(payload).filter(|_| !script),
                moves: true,
                ..Proposal::default()
            };
            let gate = seat.home.proposed(now, proposal, out);
            seat.gates.push((gate, place));
        })
    }

    fn apply(&mut self) -> Result<(), String> {
        let last = self.homes.len() - 1;
        self.at_home(last, |seat, now, out| {
            seat.applied += 1;
            let gate = seat.gates.iter().find(|(_, place)| *place == seat.applied);
            if let Some((gate, _)) = gate.copied() {
                seat.home.reached(seat.applied as u64);
                seat.home.wrote(gate, seat.look().payload);
                seat.home.wrote_besides(gate, Some(vec![name()]), out);
                seat.home.applied(now, gate, out);
            }
        })
    }

    fn deliver(&mut self, letter: Letter, again: bool) -> Result<(), String> {
        if again {
            self.repeats += 1;
        } else {
            let at = self.letters.binary_search(&letter).unwrap();
            self.letters.remove(at);
        }
        match letter {
            Letter::ToNode(node, message) => self.at_node(node, |node, now, out| {
                node.sharer.take(now, &node.shelf, message, out);
            }),
            Letter::ToHome(home, from, message) => self.at_home(home, |seat, now, out| {
                let look = seat.look();
                seat.home.reached(seat.applied as u64);
                seat.home.take(now, id(from), message, &mut |_| look.clone(), out);
            }),
        }
    }

    fn elect(&mut self, keeps: usize) -> Result<(), String> {
        let log = self.homes[0].log[..keeps].to_vec();
        self.undone_beyond(keeps)?;
        let mut takeover = self.takeover();
        let epoch = Epoch { term: 2, incarnation: 0 };
        if !self.bounds.heir {
            return self.begin(NodeId(101), epoch, Some(takeover), log);
        }
        takeover.missing.remove(&id(0));
        self.nodes[0].sharer.resign(epoch);
        let limbo = self.nodes[0].sharer.limbo(1);
        self.begin(id(0), epoch, Some(takeover), log)?;
        self.homes[1].home.inherits(limbo);
        Ok(())
    }

    /// Whether a node is the home itself.
    fn is_home(&self, node: usize) -> bool {
        self.bounds.heir && node == 0 && self.homes.len() > 1
    }

    fn relapse(&mut self) -> Result<(), String> {
        self.relapsed = true;
        let counts = self.bounds.lives_count;
        let takeover = self.takeover();
        let epoch = Epoch { term: 1, incarnation: u64::from(counts) };
        let log = self.homes[0].log.clone();
        self.homes.clear();
        self.begin(NodeId(100), epoch, counts.then_some(takeover), log)
    }

    fn takeover(&self) -> Takeover {
        Takeover {
            not_before: time(self.now + READ_LEASE),
            until: time(self.now + LEASE),
            missing: (0..self.nodes.len())
                .filter(|node| self.is_waited_for(*node))
                .map(id)
                .collect(),
        }
    }

    /// Whether a node may have a lease, as far as a new home can know.
    fn is_waited_for(&self, node: usize) -> bool {
        let removed = self.removed.filter(|_| node == 0);
        removed.is_none_or(|at| self.bounds.removed_count && self.now < at + LEASE)
    }

    /// A new home begins, with all of the log applied.
    fn begin(
        &mut self,
        me: NodeId,
        epoch: Epoch,
        takeover: Option<Takeover>,
        log: Vec<u8>,
    ) -> Result<(), String> {
        let now = time(self.now);
        let home = Home::new(me, epoch, now, takeover, self.bounds.settings());
        self.homes.push(Seat::new(home, log, self.now));
        let last = self.homes.len() - 1;
        self.at_home(last, |seat, _, out| seat.home.revoke(out))
    }

    /// What is beyond a place of the log never was.
    fn undone_beyond(&self, place: usize) -> Result<(), String> {
        if self.bounds.back {
            return self.undone_of_log(place);
        }
        if self.floor > place as u64 {
            return Err(format!("write {} was seen, and is undone", self.floor));
        }
        Ok(())
    }

    /// Something happens at a node.
    fn at_node(
        &mut self,
        at: usize,
        happens: impl FnOnce(&mut Node, Time, &mut SharerOut),
    ) -> Result<(), String> {
        let mut out = SharerOut::default();
        // Whoever trusts no lease need not have a clock that goes.
        let now = time(if self.bounds.careful { 0 } else { self.now });
        happens(&mut self.nodes[at], now, &mut out);
        let home = self.nodes[at].home;
        for message in out.to_home {
            self.send(Letter::ToHome(home, at, message));
        }
        for (reader, answer) in out.answers {
            let readers = &mut self.nodes[at].readers;
            let of = readers.iter().position(|(other, _)| *other == reader);
            let Some(of) = of else { return Err(format!("{reader:?} is answered twice")) };
            let (_, floor) = readers.remove(of);
            if let Answer::Content(content) = answer {
                self.is_whole(&content)?;
                self.saw(self.rank_of(&content), floor)?;
            }
        }
        Ok(())
    }

    /// Something happens at a home.
    fn at_home(
        &mut self,
        at: usize,
        happens: impl FnOnce(&mut Seat, Time, &mut HomeOut),
    ) -> Result<(), String> {
        let mut out = HomeOut::default();
        let now = time(self.now);
        let lends = self.bounds.back;
        let seat = &mut self.homes[at];
        happens(seat, now, &mut out);
        let wrote = lends && !out.opened.is_empty();
        while let Some(asked) = out.retry.pop() {
            let look = seat.look();
            seat.home.get(now, asked, &mut |_| look.clone(), &mut out);
        }
        if wrote {
            let session = seat.home.sessions().find(|seated| seated.node == id(0));
            session.into_iter().for_each(|seated| seat.home.borrows(id(0), seated.session));
            let payload = seat.look().payload.unwrap();
            seat.home.lend(now, id(0), &name(), &payload, &mut out);
        }
        let mut opened = 0;
        for open in out.opened {
            let of = seat.gates.iter().position(|(gate, _)| *gate == open.gate).unwrap();
            opened = opened.max(seat.gates.remove(of).1);
        }
        for (node, message) in out.messages {
            // What it says is for those who look at the cache, not for readers.
            if !matches!(message, ToNode::Downgrade { .. }) {
                self.send(Letter::ToNode(place(node), message));
            }
        }
        // The client is told.
        let opened = self.rank(at, opened as u64);
        self.floor = self.floor.max(opened);
        self.knows(opened)
    }

    fn send(&mut self, letter: Letter) {
        // To a home that is no more.
        let gone = matches!(&letter, Letter::ToHome(home, ..) if *home >= self.homes.len());
        if !gone {
            let at = self.letters.binary_search(&letter).unwrap_or_else(|at| at);
            self.letters.insert(at, letter);
        }
    }

    /// A client saw a write; everybody who comes later has to see it or a newer one.
    fn saw(&mut self, version: u64, floor: u64) -> Result<(), String> {
        if version < floor && self.bounds.back {
            if version < self.floor {
                self.lose_beyond(version)?;
            }
        } else if version < floor {
            return Err(format!("write {version} was read, and {floor} was known before"));
        }
        self.floor = self.floor.max(version);
        self.knows(version)?;
        self.exists(version)
    }

    /// What is read is what was written under that number.
    fn is_whole(&self, content: &Content) -> Result<(), String> {
        let rank = self.rank_of(content);
        self.exists(rank)?;
        if self.is_of_node(rank) {
            return Ok(());
        }
        let log = &self.homes.last().unwrap().log;
        let written = content.version.checked_sub(1).map(|at| vec![log[at as usize]]);
        if content.value.as_deref() == written.as_deref() {
            return Ok(());
        }
        Err(format!("{:?} was read of write {}", content.value, content.version))
    }

    /// Whether the write that was seen is one of the log as it is now.
    fn exists(&self, version: u64) -> Result<(), String> {
        if self.is_of_node(version) {
            return Ok(());
        }
        let last = self.homes.len() - 1;
        let log = self.homes[last].log.len() as u64;
        let there = (1..=log).any(|place| self.rank(last, place) == version);
        if version > 0 && !there {
            Err(format!("write {version} was read, and is undone"))
        } else {
            Ok(())
        }
    }

    /// Clients read wherever they are answered at once.
    fn look_around(&mut self) -> Result<(), String> {
        let now = time(self.now);
        let mut seen = Vec::new();
        let mut readable = Vec::new();
        for (at, node) in self.nodes.iter().enumerate() {
            let pass: &Pass = &node.sharer.pass();
            if !self.bounds.careful
                && let Some(content) = hit(&node.shelf, pass, name().at(), || now)
            {
                self.is_whole(&content)?;
                seen.push(self.rank_of(&content));
                readable.push(id(at));
            }
        }
        self.is_known(now, &readable)?;
        for (at, node) in self.nodes.iter().enumerate() {
            let Some(write) = node.read_replica(now) else { continue };
            seen.push(write);
            let home = &self.homes.last().unwrap().home;
            if home.is_open(now) && !home.may_have(id(at), &name()) {
                return Err(format!("node {at} reads from a replica, and its home is not aware"));
            }
        }
        if self.bounds.home_reads {
            let shown = self.homes.iter().enumerate();
            let shown = shown.filter_map(|(at, seat)| Some(self.rank(at, seat.shown(now)?)));
            seen.extend(shown);
        }
        let Some(newest) = seen.iter().max() else { return Ok(()) };
        let oldest = seen.iter().min().unwrap();
        let (oldest, newest) = (*oldest, *newest);
        if self.bounds.back && oldest == newest && newest < self.floor {
            self.lose_beyond(newest)?;
        }
        if oldest < self.floor || oldest != newest {
            let floor = self.floor;
            return Err(format!("writes {oldest} to {newest} can be read, and {floor} is known"));
        }
        self.floor = newest;
        self.knows(newest)?;
        self.exists(newest)
    }

    /// A home that serves knows whoever can read a copy; when it knows of a copy that is
    /// the only one, there is no other.
    fn is_known(&self, now: Time, readable: &[NodeId]) -> Result<(), String> {
        let home = &self.homes.last().unwrap().home;
        if !home.is_open(now) {
            return Ok(());
        }
        if let Some(node) = readable.iter().find(|node| !home.may_have(**node, &name())) {
            return Err(format!("{node:?} has a copy that its home does not know of"));
        }
        let sharers = home.sharers(&name());
        let only = sharers.iter().find(|(_, share)| share.label != Label::Shared);
        let Some((owner, _)) = only else { return Ok(()) };
        if sharers.len() > 1 || readable.iter().any(|node| node != owner) {
            return Err(format!("{owner:?} has not the only copy: {sharers:?}, {readable:?}"));
        }
        Ok(())
    }
}
