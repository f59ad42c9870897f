//! A few nodes, a home and some partitions, with messages in any order, lost and told
//! twice, homes that forget everything and partitions whose leaders change: whoever
//! waits gets what is there as soon as it is told again what is told again.

use std::collections::BTreeMap;

use lockstep_core::NodeId;

use super::super::directory::{Directory, Serve};
use super::super::line::{AskId, Got, Kind, Line, Portion, Step};

const NODES: usize = 3;
const PARTS: u32 = 4;

/// What is on its way.
#[derive(Clone, Debug)]
enum Message {
    Want { from: usize, count: u64, number: u64 },
    Have { part: u32, ready: u64 },
    Left { from: usize, part: u32, version: u64, ready: u64 },
    Serve(Serve),
    Pop { node: usize, part: u32, began: u64, portions: Vec<Portion> },
    Look { node: usize, part: u32, began: u64 },
}

impl Message {
    /// Whether it may be lost and may come twice: requests to partitions are not.
    fn is_soft(&self) -> bool {
        !matches!(self, Message::Pop { .. } | Message::Look { .. })
    }
}

struct World {
    chance: u64,
    now_ms: u64,
    lines: Vec<Line<()>>,
    words: Vec<u64>,
    home: Directory,
    /// The messages that each partition has ready.
    parts: Vec<Vec<u64>>,
    /// Those that its leader tells of again.
    told: Vec<bool>,
    way: Vec<Message>,
    /// Who waits, by node.
    clients: BTreeMap<(usize, AskId), bool>,
    pushed: u64,
    delivered: u64,
    faults: bool,
}

impl World {
    fn new(seed: u64) -> Self {
        World {
            chance: seed,
            now_ms: 1_000,
            lines: (0..NODES).map(|_| Line::new(PARTS)).collect(),
            words: vec![0; NODES],
            home: Directory::default(),
            parts: vec![Vec::new(); PARTS as usize],
            told: vec![false; PARTS as usize],
            way: Vec::new(),
            clients: BTreeMap::new(),
            pushed: 0,
            delivered: 0,
            faults: true,
        }
    }

    fn draw(&mut self, below: usize) -> usize {
        self.chance = self.chance.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.chance;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % below as u64) as usize
    }

    fn step(&mut self) {
        self.now_ms += 1;
        match self.draw(20) {
            0..=2 => self.push(),
            3..=5 => self.join(),
            6 => self.leave(),
            7 if self.draw(10) == 0 => self.home = Directory::default(),
            8 if self.draw(10) == 0 => self.change_leader(),
            9 if self.draw(4) == 0 => self.tick(),
            _ => self.deliver_one(),
        }
    }

    fn push(&mut self) {
        let part = self.draw(PARTS as usize);
        self.pushed += 1;
        self.parts[part].push(self.pushed);
        if self.parts[part].len() == 1 {
            self.announce(part);
        }
    }

    fn announce(&mut self, part: usize) {
        let ready = self.parts[part].len() as u64;
        self.told[part] = true;
        self.way.push(Message::Have { part: part as u32, ready });
    }

    fn join(&mut self) {
        let (node, waits) = (self.draw(NODES), self.draw(4) > 0);
        let (want, need) = ([self.draw(2) as u8], 1 + self.draw(3) as u64);
        let kind = Kind { want: want[..].into(), alone: self.draw(8) == 0 };
        let id = self.lines[node].join(kind, need, waits);
        self.clients.insert((node, id), waits);
        self.go_on(node);
    }

    fn leave(&mut self) {
        let count = self.clients.len();
        if count == 0 {
            return;
        }
        let at = self.draw(count);
        let Some((node, id)) = self.clients.keys().nth(at).copied() else { return };
        self.clients.remove(&(node, id));
        self.lines[node].leave(id);
        self.go_on(node);
    }

    /// The new leader looks what there is with its next tick.
    fn change_leader(&mut self) {
        let part = self.draw(PARTS as usize);
        self.told[part] = !self.parts[part].is_empty();
        self.way.retain(
            |message| !matches!(message, Message::Have { part: of, .. } if *of as usize == part),
        );
    }

    /// What is said again once a second.
    fn tick(&mut self) {
        self.now_ms += 1_000;
        for node in 0..NODES {
            if let Some(count) = self.lines[node].tell_again() {
                self.want(node, count);
            }
        }
        for part in 0..PARTS as usize {
            self.told[part] &= !self.parts[part].is_empty();
            if self.told[part] {
                self.announce(part);
            }
        }
        self.home.forget(self.now_ms);
    }

    fn want(&mut self, from: usize, count: u64) {
        self.words[from] += 1;
        self.way.push(Message::Want { from, count, number: self.words[from] });
    }

    fn deliver_one(&mut self) {
        if self.way.is_empty() {
            return;
        }
        let at = self.draw(self.way.len());
        let message = self.way.swap_remove(at);
        if self.faults && message.is_soft() {
            match self.draw(10) {
                0 => return,
                1 => self.way.push(message.clone()),
                _ => {}
            }
        }
        self.take(message);
    }

    fn take(&mut self, message: Message) {
        let now_ms = self.now_ms;
        let serves = match message {
            Message::Want { from, count, number } => {
                self.home.want(b"q", (NodeId(from as u64), number), count, now_ms)
            }
            Message::Have { part, ready } => self.home.have(b"q", part, ready, now_ms),
            Message::Left { from, part, version, ready } => {
                self.home.left(b"q", NodeId(from as u64), (part, version), ready, now_ms)
            }
            Message::Serve(serve) => {
                let node = serve.node.0 as usize;
                self.lines[node].sent(serve.part, serve.count, serve.version, now_ms);
                self.go_on(node);
                Vec::new()
            }
            Message::Look { node, part, began } => {
                let ready = self.parts[part as usize].len() as u64;
                // Now and then a partition cannot be asked.
                let found = if self.faults && self.draw(20) == 0 { Err(()) } else { Ok(ready) };
                self.lines[node].looked(part, began, found, now_ms);
                self.go_on(node);
                Vec::new()
            }
            Message::Pop { node, part, began, portions } => {
                self.pop(node, (part, began), portions);
                Vec::new()
            }
        };
        self.way.extend(serves.into_iter().map(Message::Serve));
    }

    fn pop(&mut self, node: usize, (part, began): (u32, u64), portions: Vec<Portion>) {
        let stock = &mut self.parts[part as usize];
        let mut take = |portion: Portion| {
            let some = stock.len().min(portion.count as usize);
            (portion, Got::Deliveries(stock.drain(..some).collect::<Vec<u64>>()))
        };
        let portions: Vec<_> = portions.into_iter().map(&mut take).collect();
        let left = Ok(stock.len() as u64);
        let shared = self.lines[node].popped((part, began), portions, left, self.now_ms);
        for (id, answer) in shared.answers {
            assert!(self.clients.remove(&(node, id)).is_some(), "answered and not there");
            self.delivered += answer.map_or(0, |some| some.len() as u64);
        }
        // Given back: as good as pushed again.
        let before = self.parts[part as usize].len();
        self.parts[part as usize].extend(shared.left_over);
        if before == 0 && !self.parts[part as usize].is_empty() {
            self.announce(part as usize);
        }
        self.go_on(node);
    }

    fn go_on(&mut self, node: usize) {
        let led = |part: u32| part as usize % NODES == node;
        for step in self.lines[node].plan(led, self.now_ms) {
            match step {
                Step::Pop { part, began, portions } => {
                    self.way.push(Message::Pop { node, part, began, portions });
                }
                Step::Look { parts, began } => {
                    for part in parts {
                        self.way.push(Message::Look { node, part, began });
                    }
                }
                Step::Nothing(id, why) => {
                    let waits = self.clients.remove(&(node, id));
                    assert!(waits == Some(false) || why.is_some(), "who waits, waits");
                }
                Step::Want(count) => self.want(node, count),
                Step::Left { part, version, ready } => {
                    self.way.push(Message::Left { from: node, part, version, ready });
                }
            }
        }
    }

    /// Everything on its way arrives, which must come to an end.
    fn drain(&mut self) -> usize {
        let mut steps = 0;
        while !self.way.is_empty() {
            self.deliver_one();
            steps += 1;
            assert!(steps < 20_000, "messages without end");
        }
        steps
    }

    /// No more faults: everything is told again a few times.
    fn recover(&mut self) {
        self.faults = false;
        for part in 0..PARTS as usize {
            self.told[part] |= !self.parts[part].is_empty();
        }
        for _ in 0..4 {
            self.drain();
            self.tick();
        }
        self.drain();
    }

    fn check(&self) {
        let ready: usize = self.parts.iter().map(Vec::len).sum();
        let waiting = self.clients.values().any(|waits| *waits);
        assert!(ready == 0 || !waiting, "{ready} messages, and somebody waits");
        assert_eq!(self.pushed, self.delivered + ready as u64, "a message was lost or doubled");
    }
}

fn run(seed: u64, steps: usize) -> World {
    let mut world = World::new(seed);
    for _ in 0..steps {
        world.step();
    }
    world.recover();
    world.check();
    world
}

#[test]
fn nobody_starves_while_a_message_is_ready() {
    for seed in 0..600 {
        run(seed, 40 + seed as usize % 400);
    }
}

#[test]
fn without_faults_nothing_has_to_be_told_again() {
    for seed in 0..400 {
        let mut world = World::new(seed);
        world.faults = false;
        for _ in 0..60 + seed as usize % 100 {
            match world.draw(10) {
                0..=2 => world.push(),
                3..=5 => world.join(),
                6 => world.leave(),
                _ => world.deliver_one(),
            }
        }
        world.drain();
        world.check();
    }
}

#[test]
fn who_waits_costs_one_message_a_second_and_node() {
    for seed in 0..50 {
        let mut world = run(seed, 300);
        while world.parts.iter().any(|part| !part.is_empty()) {
            world.join();
            world.drain();
        }
        for _ in 0..30 {
            world.join();
        }
        world.drain();
        for _ in 0..3 {
            world.tick();
            let nodes = world.lines.iter().filter(|line| line.waiting() > 0).count();
            assert!(world.drain() <= nodes);
        }
    }
}
