//! Three nodes and a home among them, for tests: messages arrive at once and in order.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use lockstep_core::{Db, NodeId, ShardId};

use crate::{
    Answer, Care, Content, Epoch, Era, GateId, Home, HomeOut, Limits, Lines, Look, Name, Named,
    Payload, Policy, Proposal, Reader, Settings, Sharer, SharerOut, Store, Time, ToHome, ToNode,
    Written, Wrote, hit,
};

pub(crate) struct Rig {
    pub now: Time,
    pub home: Home,
    at: NodeId,
    pub nodes: BTreeMap<NodeId, Node>,
    pub state: BTreeMap<Name, (Bytes, u64)>,
    pub seq: u64,
    letters: VecDeque<Letter>,
    /// Who receives nothing for the time being.
    pub deaf: Vec<NodeId>,
    /// Whether every message arrives twice.
    pub twice: bool,
    /// Whether keys are lent to who writes them.
    lends: bool,
    /// Whether nodes say that they may be.
    borrow: bool,
    /// Messages that were sent, by kind.
    pub sent: BTreeMap<&'static str, usize>,
    pub opened: Vec<GateId>,
    pub probes: u64,
    pub pushes: u64,
    reader: u64,
}

pub(crate) struct Node {
    pub sharer: Sharer,
    pub lines: Lines,
    pub answers: Vec<(Reader, Answer)>,
}

#[derive(Clone)]
enum Letter {
    ToHome(NodeId, ToHome),
    ToNode(NodeId, ToNode),
}

pub(crate) const N1: NodeId = NodeId(1);
pub(crate) const N2: NodeId = NodeId(2);
pub(crate) const N3: NodeId = NodeId(3);

pub(crate) fn key(key: &str) -> Name {
    Name::of(Db(0), key.as_bytes())
}

impl Rig {
    /// The home is at one of the nodes; all others have sessions.
    pub(crate) fn new(at: NodeId, settings: Settings) -> Self {
        let epoch = Epoch { term: 1, incarnation: 1 };
        let node = |_| Node {
            sharer: Sharer::new(ShardId(0), 1, true, Time(0), settings),
            lines: Lines::new(
                Limits { entries: 100, bytes: 1 << 20, ..Limits::default() },
                Policy::S3Fifo,
                (1, 2),
            ),
            answers: Vec::new(),
        };
        let mut rig = Rig {
            now: Time(0),
            home: Home::new(at, epoch, Time(0), None, settings),
            at,
            nodes: [N1, N2, N3].into_iter().map(|id| (id, node(id))).collect(),
            state: BTreeMap::new(),
            seq: 0,
            letters: VecDeque::new(),
            deaf: Vec::new(),
            twice: false,
            lends: settings.write_back,
            borrow: settings.write_back,
            sent: BTreeMap::new(),
            opened: Vec::new(),
            probes: 0,
            pushes: 0,
            reader: 0,
        };
        rig.renew();
        rig
    }

    /// Everybody renews, and the home hears of its quorum.
    /// Whether nodes say that they write by themselves what is lent to them.
    pub(crate) fn lends_only(&mut self, borrow: bool) {
        self.borrow = borrow;
    }

    pub(crate) fn renew(&mut self) {
        self.home.stands(self.now);
        for id in [N1, N2, N3] {
            if id != self.at {
                self.at_node(id, |node, now, out| node.sharer.renew(now, out));
            }
        }
        self.deliver();
        for seated in self.home.sessions().filter(|_| self.borrow).collect::<Vec<_>>() {
            self.home.borrows(seated.node, seated.session);
        }
    }

    /// A client reads; nothing, if it has no answer yet.
    pub(crate) fn read(&mut self, at: NodeId, name: &Name) -> Option<Option<Bytes>> {
        if at == self.at {
            let look = self.look(name);
            if !self.home.shows(self.now, name, look.seq) {
                return None;
            }
            let payload = look.payload.unwrap();
            self.at_home(|home, now, out| home.read_here(now, name, &payload, out));
            self.deliver();
            return Some(payload.value);
        }
        let reader = self.ask(at, name);
        if let Ok(content) = reader {
            return Some(content.value);
        }
        self.deliver();
        let answers = &mut self.nodes.get_mut(&at).unwrap().answers;
        let of =
            answers.iter().position(|(other, _)| Some(*other) == reader.as_ref().err().copied())?;
        match answers.remove(of).1 {
            Answer::Content(content) => Some(content.value),
            Answer::Elsewhere => None,
        }
    }

    /// A client reads and nothing is delivered yet.
    pub(crate) fn ask(&mut self, at: NodeId, name: &Name) -> Result<Content, Reader> {
        self.reader += 1;
        let reader = Reader(self.reader);
        let mut found = None;
        self.at_node(at, |node, now, out| {
            let who = (reader, Care::Lease);
            found = node.sharer.read(&node.lines, name, who, || now, out);
        });
        found.ok_or(reader)
    }

    /// A client writes through a node; gives the gate.
    pub(crate) fn write(&mut self, through: NodeId, name: &Name, value: &str) -> GateId {
        let gate = self.propose(through, name, value);
        self.deliver();
        self.apply(gate, name, value);
        self.deliver();
        gate
    }

    pub(crate) fn propose(&mut self, through: NodeId, name: &Name, value: &str) -> GateId {
        let mut gate = None;
        let payload = Payload {
            value: Some(Bytes::copy_from_slice(value.as_bytes())),
            version: self.seq + 1,
            left: None,
        };
        let proposal = Proposal {
            written: vec![name.clone()],
            after: self.seq,
            writers: vec![Wrote { node: through, name: name.clone(), plain: true }],
            value: Some(payload),
            moves: true,
            ..Proposal::default()
        };
        self.at_home(|home, now, out| gate = Some(home.proposed(now, proposal, out)));
        gate.unwrap()
    }

    /// A script is proposed that declares these keys.
    pub(crate) fn propose_script(&mut self, declared: Vec<Name>) -> GateId {
        let mut gate = None;
        let (after, written) = (self.seq, declared);
        let proposal = Proposal {
            written,
            any: true,
            in_order: true,
            after,
            moves: true,
            ..Proposal::default()
        };
        self.at_home(|home, now, out| gate = Some(home.proposed(now, proposal, out)));
        gate.unwrap()
    }

    /// It has run, and has written these. `told`: what the home is told of that.
    pub(crate) fn run_script(&mut self, gate: GateId, wrote: &[Name], told: Option<Vec<Name>>) {
        self.seq += 1;
        let (seq, value) = (self.seq, Bytes::from(self.seq.to_string()));
        self.state.extend(wrote.iter().map(|name| (name.clone(), (value.clone(), seq))));
        self.at_home(|home, now, out| {
            home.reached(seq);
            home.wrote_besides(gate, told, out);
            home.applied(now, gate, out);
        });
    }

    pub(crate) fn apply(&mut self, gate: GateId, name: &Name, value: &str) {
        self.seq += 1;
        self.state.insert(name.clone(), (Bytes::copy_from_slice(value.as_bytes()), self.seq));
        let found = self.look(name).payload;
        let seq = self.seq;
        self.at_home(|home, now, out| {
            home.reached(seq);
            home.wrote(gate, found);
            home.applied(now, gate, out);
        });
    }

    /// A client writes the copy of a node, if it is lent to it.
    pub(crate) fn write_here(&mut self, at: NodeId, name: &Name, value: &str) -> Written {
        let (mut written, value) = (Written::Elsewhere, Bytes::copy_from_slice(value.as_bytes()));
        self.at_node(at, |node, now, out| {
            written = node.sharer.write(&node.lines, name, value, || now, out);
        });
        written
    }

    /// All nodes tell what they wrote and has rested long enough.
    pub(crate) fn flush(&mut self) {
        for id in [N1, N2, N3] {
            self.at_node(id, |node, now, out| _ = node.sharer.flush(now, false, out));
        }
    }

    /// Nothing more happens by itself: messages arrive, and what was written back is in the log.
    pub(crate) fn settle(&mut self) {
        self.deliver();
        while self.home.has_ahead() {
            let (mut ahead, seq) = (None, self.seq);
            self.at_home(|home, now, out| ahead = home.ahead(now, seq, out));
            let ahead = ahead.unwrap();
            for (name, value) in ahead.values {
                self.seq += 1;
                self.state.insert(name, (value, self.seq));
            }
            let seq = self.seq;
            self.at_home(|home, now, out| {
                home.reached(seq);
                home.applied(now, ahead.gate, out);
            });
            self.deliver();
        }
    }

    /// What is lent of these keys is called back, if nothing stands in the way.
    pub(crate) fn bring_back(&mut self, names: Option<&[&Name]>) -> bool {
        let mut waits = false;
        self.at_home(|home, now, out| waits = home.must_wait(now, names, out));
        self.settle();
        self.at_home(|home, now, out| waits = home.must_wait(now, names, out));
        !waits
    }

    /// All messages arrive, and those that come of them.
    pub(crate) fn deliver(&mut self) {
        while let Some(letter) = self.letters.pop_front() {
            if self.twice {
                self.hand_over(letter.clone());
            }
            self.hand_over(letter);
        }
    }

    /// The next message arrives.
    pub(crate) fn deliver_one(&mut self) {
        if let Some(letter) = self.letters.pop_front() {
            self.hand_over(letter);
        }
    }

    fn hand_over(&mut self, letter: Letter) {
        match letter {
            Letter::ToNode(id, _) if self.deaf.contains(&id) => {}
            Letter::ToNode(id, message) => self.at_node(id, |node, now, out| {
                node.sharer.take(now, &node.lines, message, out);
            }),
            Letter::ToHome(from, message) => {
                let state = self.state.clone();
                let seq = self.seq;
                self.at_home(|home, now, out| {
                    home.take(now, from, message, &mut |name| looked(&state, seq, name), out);
                });
            }
        }
    }

    /// The letters of a key at the three nodes.
    pub(crate) fn letters(&self, name: &Name) -> String {
        let letter = |(id, node): (&NodeId, &Node)| {
            if *id == self.at {
                let shares = self.home.sharers(name);
                let mine = shares.into_iter().find(|(node, _)| node == id);
                return mine.map_or('I', |(_, share)| share.label.letter());
            }
            let line = node.lines.look(name.at());
            line.map_or('I', |(line, _)| line.letter(node.sharer.era()))
        };
        let letters: Vec<String> = self.nodes.iter().map(|each| letter(each).to_string()).collect();
        letters.join("/")
    }

    /// A node answers a read at once.
    pub(crate) fn hits(&self, at: NodeId, name: &Name) -> bool {
        let node = &self.nodes[&at];
        hit(&node.lines, &node.sharer.pass(), name.at(), || self.now).is_some()
    }

    /// The version that a node answers at once.
    pub(crate) fn version_at(&self, at: NodeId, name: &Name) -> Option<u64> {
        let node = &self.nodes[&at];
        let found = hit(&node.lines, &node.sharer.pass(), name.at(), || self.now);
        found.map(|content| content.version)
    }

    /// How many operations there were.
    pub(crate) fn seq(&self) -> u64 {
        self.seq
    }

    pub(crate) fn at_node(
        &mut self,
        at: NodeId,
        happens: impl FnOnce(&mut Node, Time, &mut SharerOut),
    ) {
        let mut out = SharerOut::default();
        let node = self.nodes.get_mut(&at).unwrap();
        happens(node, self.now, &mut out);
        for gone in std::mem::take(&mut out.evicted) {
            node.sharer.evicted(&gone, &mut out);
        }
        node.answers.extend(out.answers);
        for message in out.to_home {
            *self.sent.entry(message.word()).or_default() += 1;
            self.letters.push_back(Letter::ToHome(at, message));
        }
    }

    pub(crate) fn at_home(&mut self, happens: impl FnOnce(&mut Home, Time, &mut HomeOut)) {
        let mut out = HomeOut::default();
        happens(&mut self.home, self.now, &mut out);
        let mut writers = Vec::new();
        for opened in std::mem::take(&mut out.opened) {
            self.opened.push(opened.gate);
            writers.extend(opened.writers);
        }
        let lends = self.lends;
        for Wrote { node, name, .. } in writers.iter().filter(|_| !lends) {
            let payload = self.look(name).payload.unwrap();
            self.home.push(self.now, *node, name, &payload, &mut out);
        }
        while let Some(asked) = out.retry.pop() {
            let (state, seq) = (&self.state, self.seq);
            self.home.get(self.now, asked, &mut |name| looked(state, seq, name), &mut out);
        }
        for Wrote { node, name, .. } in writers.iter().filter(|_| lends) {
            let payload = self.look(name).payload.unwrap();
            self.home.lend(self.now, *node, name, &payload, &mut out);
        }
        self.probes += out.probes;
        self.pushes += out.pushes;
        for (node, message) in out.messages {
            *self.sent.entry(message.word()).or_default() += 1;
            self.letters.push_back(Letter::ToNode(node, message));
        }
    }

    pub(crate) fn look(&self, name: &Name) -> Look {
        looked(&self.state, self.seq, name)
    }

    /// The number of the request that a node has sent and that is not delivered.
    pub(crate) fn flight_of(&self, at: NodeId) -> u64 {
        let flight = self.letters.iter().find_map(|letter| match letter {
            Letter::ToHome(from, ToHome::GetS { flight, .. }) if *from == at => Some(*flight),
            _ => None,
        });
        flight.unwrap()
    }

    /// The era of a node.
    pub(crate) fn era(&self, at: NodeId) -> Era {
        self.nodes[&at].sharer.era()
    }
}

pub(crate) fn looked(state: &BTreeMap<Name, (Bytes, u64)>, seq: u64, name: &Name) -> Look {
    let held = state.get(name);
    let value = held.map(|(value, _)| value.clone());
    let version = held.map_or(0, |(_, version)| *version);
    Look { payload: Some(Payload { value, version, left: None }), seq }
}
