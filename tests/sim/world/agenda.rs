//! What the world does, and when.

use std::collections::BTreeMap;
use std::io::ErrorKind;

use lockstep_core::ShardId;
use lockstep_raft::{Group, Role};
use lockstep_storage::SimOp;

use super::faults::{Fault, Harm, Planned, Shape};
use super::net::{Packet, Weather};
use super::{STEP_MS, World};

/// How long a client of the network needs to notice a broken connection.
const NOTICE_MS: u64 = 3;
/// How long until a node that came back is connected to.
const CONNECT_MS: u64 = 60;
/// How long a node that stops in order may take.
const STOP_MS: u64 = 10_000;

/// Waits until somebody is elected.
pub struct Ambush {
    /// The leader that ended.
    victim: usize,
    /// For how long the new one is cut off.
    cut_ms: u64,
    /// Until then.
    until_ms: u64,
}

/// How long disks are held up, and how long an election is waited for.
const AMBUSH_MS: u64 = 1_500;

/// Something to be done.
#[derive(Clone, Debug)]
enum Action {
    Begin(Fault),
    Start(usize),
    /// The power of a node, and what happens to its disk.
    Off(usize, bool, Option<Harm>),
    Resume(usize),
    Cut(Vec<(usize, usize)>),
    Mend(Vec<(usize, usize)>),
    Fair,
    DiskFine(usize),
    DiskHasRoom(usize),
    Stop(usize),
    /// It should have stopped by now.
    StopNow(usize, u64),
    RestartNext(usize),
}

/// What is to be done, in the order of time.
#[derive(Default)]
pub struct Agenda {
    actions: BTreeMap<(u64, u64), Action>,
    planned: u64,
    /// When a node that stops in order starts again.
    away_ms: BTreeMap<usize, u64>,
    /// The last node of a restart of all that is through.
    restarting: Option<usize>,
}

impl Agenda {
    fn at(&mut self, at_ms: u64, action: Action) {
        self.planned += 1;
        self.actions.insert((at_ms, self.planned), action);
    }

    /// Plans a fault.
    pub fn plan(&mut self, planned: Planned) {
        self.at(planned.at_ms, Action::Begin(planned.fault));
    }

    fn due(&mut self, now_ms: u64) -> Option<Action> {
        let first = self.actions.first_entry()?;
        if first.key().0 > now_ms { None } else { Some(first.remove()) }
    }
}

impl World {
    pub(super) fn do_what_is_due(&mut self) {
        while let Some(action) = self.agenda.due(self.now_ms) {
            self.act(action);
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Begin(fault) => {
                self.note(|| format!("FAULT {fault:?}"), &[]);
                self.begin(fault);
            }
            Action::Start(at) => self.start(at),
            Action::Off(at, power, harm) => {
                // A minority of damaged disks at a time: the others have to be able to mend
                // them.
                let harm = harm.filter(|_| self.may_lose(at) && self.may_rot(at));
                self.crash(at, power);
                self.harm(at, harm);
            }
            Action::Resume(at) => self.resume(at),
            Action::Cut(ways) => self.net.cuts.cut(&ways),
            Action::Mend(ways) => self.net.cuts.mend(&ways),
            Action::Fair => self.net.weather = Weather::FAIR,
            Action::DiskFine(at) => self.nodes[at].disk_ms = (0, 2),
            Action::DiskHasRoom(at) => self.nodes[at].set_full(false),
            Action::Stop(at) => self.stop(at),
            Action::StopNow(at, life) => {
                let still = self.nodes[at].process.as_ref();
                if still.is_some_and(|process| process.life.number == life) {
                    self.violate(format!("n{at} did not stop in {STOP_MS} ms"));
                }
            }
            Action::RestartNext(at) => self.restart_next(at),
        }
    }

    /// The node that is meant, or the leader of some shard.
    fn meant(&mut self, node: Option<usize>) -> usize {
        if let Some(node) = node {
            return node;
        }
        let shards = u64::from(self.plan.settings.shards);
        let shard = match self.chance.below(shards + 1) {
            0 => ShardId::META,
            number => ShardId(number as u16 - 1),
        };
        let any = self.chance.below(self.nodes.len() as u64) as usize;
        self.leader(shard).unwrap_or(any)
    }

    fn begin(&mut self, fault: Fault) {
        let now_ms = self.now_ms;
        match fault {
            Fault::Crash { node, power, midway, back_after_ms, harm } => {
                let at = self.meant(node);
                let off_ms = if let Some(changes) = midway {
                    self.nodes[at].disk.power_off_after(changes);
                    self.nodes[at].power_fails = true;
                    now_ms + self.chance.between(STEP_MS, 60)
                } else {
                    now_ms
                };
                self.agenda.at(off_ms, Action::Off(at, power, harm));
                self.agenda.at(off_ms + back_after_ms.max(1), Action::Start(at));
            }
            Fault::Ambush { cut_ms } => self.lay(cut_ms),
            Fault::CrashAll { power, back_within_ms } => {
                for at in 0..self.nodes.len() {
                    self.crash(at, power);
                    let back_ms = now_ms + 1 + self.chance.below(back_within_ms);
                    self.agenda.at(back_ms, Action::Start(at));
                }
            }
            Fault::Pause { node, for_ms } => {
                let at = self.meant(node);
                if self.nodes[at].process.is_some() && !self.nodes[at].paused {
                    self.nodes[at].pause();
                    self.agenda.at(now_ms + for_ms, Action::Resume(at));
                }
            }
            Fault::Cut { shape, for_ms, flap_ms } => self.cut(shape, for_ms, flap_ms),
            Fault::Storm { weather, for_ms } => {
                self.net.weather = weather;
                self.agenda.at(now_ms + for_ms, Action::Fair);
            }
            Fault::SlowDisk { node, sync_ms, for_ms } => {
                let at = self.meant(node);
                self.nodes[at].disk_ms = sync_ms;
                self.agenda.at(now_ms + for_ms, Action::DiskFine(at));
            }
            Fault::FullDisk { node, for_ms } => {
                let at = self.meant(node);
                self.nodes[at].set_full(true);
                self.agenda.at(now_ms + for_ms, Action::DiskHasRoom(at));
            }
            Fault::DiskError { node, sync, nth } => {
                let at = self.meant(node);
                // One that is starting could not, which is as it should be.
                if self.nodes[at].host().is_some() {
                    let op = if sync { SimOp::Sync } else { SimOp::Write };
                    self.nodes[at].disk.fail_nth(op, nth, ErrorKind::Other);
                }
            }
            Fault::Rot { node, flips } => {
                if self.members[node] && self.may_lose(node) && self.may_rot(node) {
                    self.harm(node, Some(Harm::Bodies(flips)));
                }
            }
            Fault::Reset { node, other } => self.reset(node, other),
            Fault::ResetAll { node, cut_ms } => {
                let at = self.meant(node);
                (0..self.nodes.len()).filter(|other| *other != at).for_each(|o| self.reset(at, o));
                if cut_ms > 0 {
                    self.cut(Shape::Alone(Some(at)), cut_ms, 0);
                }
            }
            Fault::Restart { node, away_ms } => {
                self.agenda.away_ms.insert(node, away_ms);
                self.agenda.at(now_ms, Action::Stop(node));
            }
            Fault::RestartAll => {
                if self.agenda.restarting.is_none() {
                    self.restart_next(0);
                }
            }
            Fault::Transfer { shard, to } => self.transfer(ShardId(shard), to),
            Fault::Join { node } => self.join(node),
            Fault::Drain { node } => self.drain(node),
            Fault::Wipe { node, away_ms } => {
                if self.members[node] && self.may_lose(node) && self.may_rot(node) {
                    self.crash(node, false);
                    self.nodes[node].wipe();
                    self.agenda.at(now_ms + away_ms, Action::Start(node));
                }
            }
        }
    }

    /// Ends a leader and waits for the next one.
    fn lay(&mut self, cut_ms: u64) {
        let victim = self.meant(None);
        if self.ambush.is_some() || !self.is_whole() {
            return;
        }
        self.crash(victim, false);
        let until_ms = self.now_ms + AMBUSH_MS;
        for node in &mut self.nodes {
            if let Some(process) = &mut node.process {
                process.disk_busy_until_ms = until_ms;
            }
        }
        self.agenda.at(self.now_ms + self.chance.between(600, 900), Action::Start(victim));
        self.ambush = Some(Ambush { victim, cut_ms, until_ms });
    }

    /// Somebody was elected: the others lose the power at once.
    pub(super) fn spring(&mut self) {
        let Some(Ambush { victim, cut_ms, until_ms }) = self.ambush else { return };
        let elected = self.nodes.iter().find(|node| {
            let (Some(process), Some(host)) = (node.running(), node.host()) else { return false };
            let _inside = process.enter();
            let new = |group: Group| group.status().role == Role::Leader && !group.leads();
            node.at != victim && host.meta().into_iter().chain(host.groups()).any(new)
        });
        let Some(elected) = elected.map(|node| node.at) else {
            if self.now_ms > until_ms {
                self.ambush = None;
            }
            return;
        };
        self.note(|| format!("n{elected} falls into the ambush"), &[elected as u64]);
        self.ambush = None;
        self.cut(Shape::Alone(Some(elected)), cut_ms, 0);
        for at in (0..self.nodes.len()).filter(|at| *at != elected) {
            self.reset(elected, at);
            if at != victim {
                self.crash(at, true);
                self.agenda.at(self.now_ms + 2, Action::Start(at));
            }
        }
    }

    fn cut(&mut self, shape: Shape, for_ms: u64, flap_ms: u64) {
        let leader = self.meant(None);
        let ways = shape.ways(self.nodes.len(), leader);
        let (mut at_ms, end_ms) = (self.now_ms, self.now_ms + for_ms);
        loop {
            let up_ms = if flap_ms == 0 { end_ms } else { end_ms.min(at_ms + flap_ms) };
            self.agenda.at(at_ms, Action::Cut(ways.clone()));
            self.agenda.at(up_ms, Action::Mend(ways.clone()));
            at_ms = up_ms + flap_ms;
            if at_ms >= end_ms {
                return;
            }
        }
    }

    /// Starts the process of a node, if it should run and does not.
    pub(super) fn start(&mut self, at: usize) {
        if self.nodes[at].process.is_some() || !self.members[at] {
            return;
        }
        if self.nodes[at].power_fails {
            self.nodes[at].crash(true);
        }
        match self.nodes[at].start(self.now_ms, &self.plan.settings) {
            Ok(damaged) => {
                let Some(process) = &self.nodes[at].process else { return };
                let (id, boot) = (process.id, process.boot);
                self.ids.retain(|_, node| *node != at);
                self.ids.insert(id, at);
                self.note(
                    || format!("n{at} starts as {id:?} in its life {boot}, put aside: {damaged:?}"),
                    &[at as u64, id.0, boot],
                );
                self.tell_links(at, true, CONNECT_MS);
                if let Some(why) = damaged {
                    self.unexpected(at, &why);
                }
            }
            Err(why) => self.violate(format!("n{at} cannot start: {}", why.0)),
        }
    }

    /// Lets all others notice that a node came or went.
    fn tell_links(&mut self, at: usize, up: bool, after_ms: u64) {
        let Some(id) = self.ids.iter().find(|(_, node)| **node == at).map(|(id, _)| *id) else {
            return;
        };
        for other in 0..self.nodes.len() {
            let Some(process) = &self.nodes[other].process else { continue };
            let (to, cut) = (process.life, self.net.cuts.is_cut(at, other));
            if other == at || (cut && !up) {
                continue;
            }
            let since_ms = self.now_ms;
            let at_ms = since_ms + 1 + self.chance.below(after_ms);
            self.net.later(at_ms, other, Packet::Link { to, node: id, up, gone: !up, since_ms });
        }
    }

    /// Ends the process of a node at once.
    pub(super) fn crash(&mut self, at: usize, power: bool) {
        if self.nodes[at].process.is_none() {
            return;
        }
        self.note(|| format!("n{at} crashes, power lost: {power}"), &[at as u64, power.into()]);
        self.nodes[at].crash(power);
        // Without power nobody closes the connections.
        if !power {
            self.tell_links(at, false, NOTICE_MS);
        }
    }

    /// Data was found damaged. Nobody but the world may have done that.
    fn unexpected(&mut self, at: usize, why: &str) {
        if !self.nodes[at].harmed {
            self.violate(format!("n{at} finds damage on a sound disk: {why}"));
        }
    }

    /// What was read turned out to be damaged: the node begins anew.
    pub(super) fn rejoin(&mut self, at: usize, why: &str) {
        self.note(|| format!("n{at} puts its data aside: {why}"), &[at as u64]);
        self.unexpected(at, why);
        self.tell_links(at, false, NOTICE_MS);
        if let Err(why) = self.nodes[at].put_aside(why) {
            return self.violate(format!("n{at} cannot put its data aside: {}", why.0));
        }
        let soon_ms = self.now_ms + 200;
        self.agenda.at(soon_ms, Action::Start(at));
    }

    /// A process ended by itself: it was told to, or its log failed.
    pub(super) fn ended(&mut self, at: usize) {
        let in_order = self.nodes[at].process.as_ref().is_some_and(|process| process.stopping);
        self.note(|| format!("n{at} ends, in order: {in_order}"), &[at as u64]);
        self.tell_links(at, false, NOTICE_MS);
        self.nodes[at].crash(false);
        let away_ms = self.agenda.away_ms.remove(&at).unwrap_or(300);
        let back_ms = self.now_ms + away_ms;
        self.agenda.at(back_ms, Action::Start(at));
        if self.agenda.restarting == Some(at) {
            self.agenda.at(back_ms, Action::RestartNext(at + 1));
        }
    }

    fn resume(&mut self, at: usize) {
        if !self.nodes[at].paused {
            return;
        }
        self.nodes[at].resume(self.now_ms);
        self.note(|| format!("n{at} goes on"), &[at as u64]);
    }

    fn reset(&mut self, one: usize, other: usize) {
        self.net.reset(one, other);
        for (at, peer) in [(one, other), (other, one)] {
            let Some(id) = self.nodes[peer].process.as_ref().map(|process| process.id) else {
                continue;
            };
            let Some(process) = &self.nodes[at].process else { continue };
            let (to, since_ms) = (process.life, self.now_ms);
            let link = Packet::Link { to, node: id, up: false, gone: false, since_ms };
            self.net.later(self.now_ms + 1, at, link);
        }
    }

    /// Lets a process stop in order.
    fn stop(&mut self, at: usize) {
        let node = &mut self.nodes[at];
        let Some(process) = node.process.as_mut().filter(|process| !process.stopping) else {
            return;
        };
        let Some(host) = process.host.clone() else { return };
        process.stopping = true;
        let (stopped, life) = (process.stopped.clone(), process.life.number);
        process.spawn(async move {
            host.stop().await;
            *stopped.lock() = true;
        });
        self.agenda.at(self.now_ms + STOP_MS, Action::StopNow(at, life));
    }

    fn restart_next(&mut self, at: usize) {
        self.agenda.restarting = None;
        if at >= self.nodes.len() {
            return;
        }
        let soon_ms = self.now_ms + 100;
        if !self.members[at] {
            return self.agenda.at(soon_ms, Action::RestartNext(at + 1));
        }
        // The next one waits until everything is whole again.
        if !self.is_whole() {
            return self.agenda.at(soon_ms, Action::RestartNext(at));
        }
        self.agenda.restarting = Some(at);
        self.agenda.away_ms.insert(at, 300);
        self.stop(at);
    }

    /// Everything that goes wrong ends now, and all nodes run.
    pub(super) fn heal(&mut self) {
        self.note(|| "HEAL".into(), &[]);
        self.agenda.actions.clear();
        self.agenda.restarting = None;
        self.ambush = None;
        self.net.calm();
        self.retire();
        for at in 0..self.nodes.len() {
            self.nodes[at].disk_ms = (0, 2);
            self.nodes[at].set_full(false);
            self.resume(at);
            let process = self.nodes[at].process.as_ref();
            let stopping = process.is_some_and(|process| process.stopping);
            if stopping || self.nodes[at].power_fails {
                self.crash(at, self.nodes[at].power_fails);
            }
            let soon_ms = self.now_ms + self.chance.between(STEP_MS, 300);
            self.agenda.at(soon_ms, Action::Start(at));
        }
    }
}
