//! The world: nodes, what is between them, and who uses them.

mod agenda;
mod burial;
mod clients;
mod delivery;
mod drain;
mod faults;
mod finish;
mod harm;
mod moves;
mod net;
mod node;
mod trace;

use std::collections::{BTreeMap, BTreeSet};

use lockstep_core::queues::Mutant;
use lockstep_core::{Effect, NodeId, ShardId};

pub use clients::{Book, Counts, DELAY_MAX_MS, Goods, Tally, lock_names};
pub use faults::{Fault, Harm, Planned, Profile, Shape};
pub use net::Weather;
pub use node::{Copying, Flaws, Settings};
pub use trace::digest;

use crate::chance::Chance;
use crate::invariants::{Invariants, Replica, Sight};
use agenda::{Agenda, Ambush};
use clients::queues::Sorts;
use clients::{Client, Desk};
use net::Net;
use node::{Node, Rate};
use trace::{Kind, Trace};

/// How far the world goes at once, in milliseconds. No message is faster.
pub const STEP_MS: u64 = 2;
/// How often the rules are looked at.
const LOOK_EVERY_MS: u64 = 20;

/// What a run is made of.
#[derive(Clone, Debug)]
pub struct Plan {
    /// All that is left to chance follows from it.
    pub seed: u64,
    /// How many nodes found the cluster.
    pub nodes: usize,
    /// How many may join later.
    pub spare: usize,
    /// How many clients there are.
    pub clients: u32,
    /// How many more there are that work with locks alone; half of them have sessions.
    pub guard_clients: u32,
    /// Whether half of the clients work with queues alone.
    pub queue_clients: bool,
    /// How long a client rests between two commands at most.
    pub rest_ms: u64,
    /// How long things go wrong.
    pub faults_ms: u64,
    /// What goes wrong. The kinds matter also for what is not planned.
    pub profiles: Vec<Profile>,
    /// Whether a node dies for good in the end.
    pub burial: bool,
    /// What nodes have in common.
    pub settings: Settings,
    /// Whether replies are matched by their order, which is wrong.
    pub replies_by_order: bool,
    /// Whether MULTI is handed in as two entries, which is wrong.
    pub multi_split: bool,
    /// Whether nobody notes where requests in a session's name are let in, which is
    /// wrong.
    pub doors_not_noted: bool,
    /// Whether MLOCK keeps what it got when it does not get all, which is wrong.
    pub many_kept: bool,
    /// The rule of queues that is broken.
    pub broken_rule: Option<Mutant>,
    /// Whether the last events are kept as text.
    pub shown: bool,
}

/// The world.
pub struct World {
    plan: Plan,
    now_ms: u64,
    chance: Chance,
    nodes: Vec<Node>,
    /// Which node has which id.
    ids: BTreeMap<NodeId, usize>,
    net: Net,
    agenda: Agenda,
    clients: Vec<Client>,
    desk: Desk,
    trace: Trace,
    invariants: Invariants,
    violations: Vec<String>,
    /// Whether clients ask.
    asking: bool,
    next_look_ms: u64,
    /// Which nodes shall run: neither spare nor drained.
    members: Vec<bool>,
    /// Histories that were too long to be decided.
    undecided: u64,
    /// What waits for an election.
    ambush: Option<Ambush>,
    /// For what is only about queues: what others draw must not depend on it.
    queue_chance: Chance,
    /// Queues whose dead came back in the end.
    revived: BTreeSet<u32>,
}

/// How a run went.
#[derive(Clone, Debug)]
pub struct Report {
    /// Its seed.
    pub seed: u64,
    /// All that happened, as a number.
    pub hash: u64,
    /// How much happened.
    pub events: u64,
    /// What was wrong.
    pub violations: Vec<String>,
    /// How commands ended.
    pub counts: Counts,
    /// What happened to queues.
    pub tally: Tally,
    /// What nodes that still run have counted of their copies of keys.
    pub copies: BTreeMap<&'static str, u64>,
    /// Histories that were too long to be decided.
    pub undecided: u64,
    /// How long it was, in virtual milliseconds.
    pub took_ms: u64,
    /// The last events, if they were kept.
    pub last: Vec<String>,
}

impl World {
    /// A world in which nothing has happened yet.
    pub fn new(plan: Plan) -> Self {
        let mut chance = Chance::new(plan.seed);
        let all = plan.nodes + plan.spare;
        lockstep_raft::runtime::seed(chance.draw());
        let mut nodes: Vec<Node> = (0..all).map(|at| Node::new(at, chance.fork())).collect();
        let odd_clocks = plan.profiles.contains(&Profile::Clocks);
        for node in &mut nodes {
            node.replies_by_order = plan.replies_by_order;
            let bound = if odd_clocks { 10_000 } else { 200 };
            node.rate = Rate { ppm: chance.below(2 * bound + 1) as i64 - bound as i64 };
            let skew = if odd_clocks { 2_000 } else { 5 };
            node.wall_skew_ms = chance.below(2 * skew + 1) as i64 - skew as i64;
        }
        let weather = Weather { delay_max_ms: chance.between(1, 4), ..Weather::FAIR };
        let net = Net::new(all, weather, chance.fork());
        let skew_ms = if odd_clocks { 4_500 } else { 15 };
        let mut desk = Desk::new(Goods::USUAL, plan.settings.shards, skew_ms, plan.rest_ms);
        let mut queue_chance = Chance::new(plan.seed.rotate_left(32) ^ 0x51);
        desk.queues = Sorts::draw(&mut queue_chance, plan.settings.shards);
        desk.multi_split = plan.multi_split;
        desk.doors_not_noted = plan.doors_not_noted;
        desk.many_kept = plan.many_kept;
        let of_queues = |id: u32| plan.queue_clients && id % 2 == 1;
        let mut clients: Vec<Client> = (0..plan.clients)
            .map(|id| match of_queues(id) {
                true => Client::of_queues(id, chance.fork()),
                false => Client::new(id, chance.fork()),
            })
            .collect();
        clients[usize::from(of_queues(1))].may_order();
        // What others draw must not depend on them.
        let mut own = Chance::new(!plan.seed);
        clients.extend((plan.clients..plan.clients + plan.guard_clients).map(|id| match id % 2 {
            0 => Client::of_guards(id, own.fork()),
            _ => Client::of_members(id, own.fork()),
        }));
        let trace = if plan.shown { Trace::shown() } else { Trace::default() };
        let members = (0..all).map(|at| at < plan.nodes).collect();
        World {
            now_ms: 0,
            chance,
            nodes,
            ids: BTreeMap::new(),
            net,
            agenda: Agenda::default(),
            clients,
            desk,
            trace,
            invariants: Invariants::default(),
            violations: Vec::new(),
            asking: false,
            next_look_ms: 0,
            members,
            undecided: 0,
            ambush: None,
            queue_chance,
            revived: BTreeSet::new(),
            plan,
        }
    }

    /// Runs from the founding to the last demand.
    pub fn run(mut self) -> Report {
        for at in 0..self.plan.nodes {
            self.start(at);
        }
        if self.found() {
            self.make_queues();
            self.asking = true;
            let from_ms = self.now_ms;
            let to_ms = from_ms + self.plan.faults_ms;
            let nodes = self.nodes.len();
            let mut chance = self.chance.fork();
            let shards = self.plan.settings.shards;
            let plan =
                faults::draw(&mut chance, &self.plan.profiles, nodes, shards, (from_ms, to_ms));
            plan.into_iter().for_each(|planned| self.agenda.plan(planned));
            while self.now_ms < to_ms && self.violations.is_empty() {
                self.step();
            }
            if self.plan.burial && self.violations.is_empty() {
                self.bury();
            }
            if self.violations.is_empty() {
                self.finish();
            }
        }
        self.count_queues();
        let copies_of = |node: &Node| Some(node.process.as_ref()?.copies.as_ref()?.counts());
        let counts: Vec<_> = self.nodes.iter().filter_map(copies_of).collect();
        let mut copies = BTreeMap::new();
        counts
            .into_iter()
            .flatten()
            .for_each(|(name, count)| *copies.entry(name).or_default() += count);
        self.nodes.iter_mut().for_each(Node::end);
        Report {
            seed: self.plan.seed,
            hash: self.trace.hash(),
            events: self.trace.events(),
            violations: self.violations,
            counts: self.desk.book.counts,
            tally: self.desk.book.queues.tally,
            copies,
            undecided: self.undecided,
            took_ms: self.now_ms,
            last: self.trace.last(),
        }
    }

    /// Waits until all nodes belong to one cluster and every shard is led.
    fn found(&mut self) -> bool {
        self.wait_for(10_000, World::is_whole, "the cluster was not founded in 10 s")
    }

    /// Steps until something holds; else it is a violation.
    fn wait_for(&mut self, at_most_ms: u64, holds: fn(&World) -> bool, what: &str) -> bool {
        let until_ms = self.now_ms + at_most_ms;
        while self.now_ms < until_ms && self.violations.is_empty() {
            self.step();
            if holds(self) {
                return true;
            }
        }
        if self.violations.is_empty() {
            self.violate(format!("{what}: {}", self.describe()));
        }
        false
    }

    fn violate(&mut self, what: String) {
        let now_ms = self.now_ms;
        self.trace.event(Kind::World, &[now_ms], what.as_bytes(), || {
            format!("{now_ms} VIOLATION {what}")
        });
        self.violations.push(format!("at {now_ms} ms: {what}"));
    }

    /// Something that the world does.
    fn note(&mut self, what: impl FnOnce() -> String, numbers: &[u64]) {
        let now_ms = self.now_ms;
        self.trace.event(Kind::World, &[&[now_ms], numbers].concat(), &[], || {
            format!("{now_ms} {}", what())
        });
    }

    /// Lets a bit of time pass.
    fn step(&mut self) {
        self.now_ms += STEP_MS;
        self.desk.set_now(self.now_ms);
        self.do_what_is_due();
        self.deliver();
        self.hand_out_answers();
        let mut clients = std::mem::take(&mut self.clients);
        for client in &mut clients {
            client.step(&mut self.nodes, &mut self.desk, &mut self.trace, self.asking);
        }
        self.clients = clients;
        for at in 0..self.nodes.len() {
            self.step_node(at);
        }
        self.collect();
        self.spring();
        if lockstep_raft::runtime::gave_up() || crate::run::has_broken() {
            self.violate("a node should have ended by itself".into());
        }
        let wrong = std::mem::take(&mut self.desk.book.wrong);
        wrong.into_iter().for_each(|what| self.violate(what));
        if self.now_ms >= self.next_look_ms {
            self.next_look_ms = self.now_ms + LOOK_EVERY_MS;
            self.look();
            if !self.asking {
                self.retire();
            }
        }
    }

    fn step_node(&mut self, at: usize) {
        let now_ms = self.now_ms;
        let node = &mut self.nodes[at];
        if node.step(now_ms) {
            let changes = node.disk.changes();
            self.trace.event(Kind::Disk, &[now_ms, at as u64, changes], &[], || {
                format!("{now_ms} n{at} synced")
            });
        }
        let node = &mut self.nodes[at];
        if node.paused {
            return;
        }
        let Some(process) = &mut node.process else { return };
        let failure = process.look_for_host();
        let damage = process.snapshots.damage().or_else(|| process.bodies.damage());
        let log_failed = process.log.failed().map(|why| why.to_string());
        let log_failed = log_failed.or_else(|| process.bodies.failed());
        let stopped = *process.stopped.lock();
        if let Some(what) = damage {
            self.rejoin(at, &what);
        } else if let Some(why) = failure {
            self.violate(format!("n{at} does not start: {why}"));
        } else if log_failed.is_some() || stopped {
            self.ended(at);
        }
    }

    /// Answers to requests that waited in machines.
    fn hand_out_answers(&mut self) {
        let mut answers: Vec<(usize, Effect)> = Vec::new();
        for node in &self.nodes {
            // Its connections read nothing before it knows where it stands.
            if let Some(process) = node.running().filter(|_| node.standing(self.now_ms).is_some()) {
                answers.extend(process.answers.lock().drain(..).map(|effect| (node.at, effect)));
            }
        }
        for (at, effect) in answers {
            let Effect::Answer { origin, request, outcome } = effect else { continue };
            let Some(process) = self.nodes[at].running() else { continue };
            if !clients::is_for(origin, process.id, process.boot) {
                continue;
            }
            if process.expectations.answer(origin, request, &outcome) {
                continue;
            }
            let client = self.clients.iter_mut().find(|client| client.origin() == Some(origin));
            if let Some(client) = client {
                client.answered(&mut self.desk, &mut self.trace, request, &outcome);
            }
        }
    }

    /// Looks at all rules.
    fn look(&mut self) {
        let mut replicas = Vec::new();
        let mut numbers = vec![self.now_ms];
        for node in &self.nodes {
            let (Some(process), Some(host)) = (node.running(), node.host()) else { continue };
            let _inside = process.enter();
            for group in host.meta().into_iter().chain(host.groups()) {
                replicas.push((node.at, process.life.number, process.id, group));
            }
        }
        let replicas: Vec<Replica<'_>> = replicas
            .iter()
            .map(|(node, life, id, group)| {
                let process = self.nodes[*node].process.as_ref().expect("it runs");
                let _inside = process.enter();
                let status = group.status();
                numbers.extend([
                    *node as u64,
                    u64::from(group.id().0),
                    status.applied,
                    status.term,
                ]);
                Replica {
                    node: *node,
                    life: *life,
                    id: *id,
                    shard: group.id(),
                    leads: group.leads(),
                    status,
                    group,
                    log: &process.log,
                }
            })
            .collect();
        let now_ms = self.now_ms;
        self.trace.event(Kind::Seen, &numbers, &[], || format!("{now_ms} looked around"));
        let sight = Sight { now_ms, replicas, fresh: Vec::new() };
        let broken = self.invariants.look(sight);
        broken.into_iter().for_each(|what| self.violate(what));
    }

    /// The nodes that should run.
    fn member_nodes(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(|node| self.members[node.at])
    }

    /// Whether all nodes run in one cluster, and each shard is led and followed.
    fn is_whole(&self) -> bool {
        let shards = (0..self.plan.settings.shards).map(ShardId);
        let mut all = std::iter::once(ShardId::META).chain(shards);
        let known = self
            .member_nodes()
            .all(|node| node.host().is_some_and(|host| host.cluster().is_some()));
        known && all.all(|shard| self.is_led(shard))
    }

    /// Whether exactly one node serves a shard.
    fn is_led(&self, shard: ShardId) -> bool {
        let leads = |node: &&Node| {
            let (Some(process), Some(host)) = (node.running(), node.host()) else { return false };
            let _inside = process.enter();
            host.group(shard).is_some_and(|group| group.leads())
        };
        self.nodes.iter().filter(leads).count() == 1
    }

    /// Which node leads a shard, if one does.
    fn leader(&self, shard: ShardId) -> Option<usize> {
        let leads = |node: &&Node| {
            let (Some(process), Some(host)) = (node.running(), node.host()) else { return false };
            let _inside = process.enter();
            host.group(shard).is_some_and(|group| group.leads())
        };
        self.nodes.iter().find(leads).map(|node| node.at)
    }

    /// How everything stands, for whoever looks for the reason.
    fn describe(&self) -> String {
        let mut text = String::new();
        for node in &self.nodes {
            let Some(process) = &node.process else {
                text += &format!("n{} is down; ", node.at);
                continue;
            };
            let Some(host) = &process.host else {
                text += &format!("n{} is starting; ", node.at);
                continue;
            };
            let _inside = process.enter();
            text += &format!("n{} ({:?}) in {:?}", node.at, process.id, host.cluster());
            for group in host.meta().into_iter().chain(host.groups()) {
                let status = group.status();
                text += &format!(
                    " [{} {:?} leads {} term {} last {} applied {} of {}+{}]",
                    group.id().0,
                    status.role,
                    status.leads,
                    status.term,
                    status.last_index,
                    status.applied,
                    status.voters,
                    status.learners
                );
            }
            text += "; ";
        }
        let maps = self.nodes.iter().filter_map(|node| Some(node.host()?.map()));
        if let Some(map) = maps.max_by_key(|map| map.epoch()) {
            for node in map.nodes() {
                text += &format!("{:?} {} {:?}; ", node.id, node.peer_address(), node.state);
            }
            let wanted = map.placements().map(|(shard, placed)| (shard.0, &placed.replicas));
            let wanted: Vec<_> = wanted.collect();
            text += &format!("wanted {:?} and {wanted:?}", map.wanted_meta());
        }
        text
    }
}
