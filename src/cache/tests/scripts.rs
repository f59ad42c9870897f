//! Entries that say what they wrote when they are applied.

use std::time::Duration;

use super::{rig, text};
use crate::chance::Chance;
use crate::rig::{N1, N2, N3, Rig, key};
use crate::{GateId, Name, Proposal, Rules, Settings};

#[test]
fn who_has_nothing_of_what_a_script_declares_and_writes_keeps_its_copies() {
    let mut rig = rig();
    let (declared, written, other) = (key("declared"), key("written"), key("other"));
    for name in [&declared, &written, &other] {
        rig.write(N3, name, "1");
        rig.read(N1, name);
    }
    let gate = rig.propose_script(vec![declared.clone()]);
    rig.deliver();
    let hits = |rig: &Rig| [&declared, &written, &other].map(|name| rig.hits(N1, name));
    assert_eq!(hits(&rig), [false, true, true]);
    assert_eq!(rig.read(N2, &other), text("1"), "nobody else is kept from reading");
    assert!(!rig.hits(N2, &other), "but nobody gets a copy");
    rig.run_script(gate, std::slice::from_ref(&written), Some(vec![written.clone()]));
    assert!(!rig.opened.contains(&gate), "it waits for who has what it wrote");
    rig.deliver();
    assert!(rig.opened.contains(&gate));
    assert_eq!(hits(&rig), [false, false, true]);
    assert_eq!(rig.read(N1, &written), text("4"));
}

#[test]
fn a_script_of_which_nobody_knows_what_it_wrote_calls_everything_back() {
    let mut rig = rig();
    let (a, b) = (key("a"), key("b"));
    rig.write(N3, &a, "1");
    rig.read(N1, &a);
    rig.deaf.push(N1);
    let gate = rig.propose_script(vec![b]);
    rig.run_script(gate, &[], None);
    rig.deliver();
    assert!(!rig.opened.contains(&gate));
    rig.deaf.clear();
    rig.now = rig.now.after(Duration::from_millis(100));
    rig.renew();
    assert!(rig.opened.contains(&gate) && !rig.hits(N1, &a));
}

/// What is behind the script has taken the copies out of the directory, and not yet away.
#[test]
fn a_script_waits_for_who_is_still_to_drop_all_that_it_has() {
    let mut rig = rig();
    let (declared, written) = (key("declared"), key("written"));
    rig.write(N3, &written, "1");
    rig.read(N1, &written);
    let gate = rig.propose_script(vec![declared]);
    rig.deaf.push(N1);
    let after = rig.seq() + 1;
    let all = Proposal { all: true, in_order: true, after, moves: true, ..Proposal::default() };
    rig.at_home(|home, now, out| _ = home.proposed(now, all, out));
    rig.run_script(gate, std::slice::from_ref(&written), Some(vec![written.clone()]));
    rig.deliver();
    assert!(rig.hits(N1, &written), "it has heard of nothing");
    assert!(!rig.opened.contains(&gate), "it waits for that");
    rig.deaf.clear();
    rig.now = rig.now.after(Duration::from_millis(100));
    rig.renew();
    assert!(rig.opened.contains(&gate) && !rig.hits(N1, &written));
}

/// A write on its way: its gate, its number, what it writes, and whether it is a script.
struct Write {
    gate: GateId,
    seq: u64,
    names: Vec<Name>,
}

struct History {
    rig: Rig,
    chance: Chance,
    names: Vec<Name>,
    writes: Vec<Write>,
}

impl History {
    fn some(&mut self) -> Vec<Name> {
        let chance = &mut self.chance;
        self.names.iter().filter(|_| chance.below(3) == 0).cloned().collect()
    }

    /// What nodes answer at once is the newest that is open, of every key.
    fn look(&self) -> Result<(), String> {
        for name in &self.names {
            let is_open = |write: &&Write| self.rig.opened.contains(&write.gate);
            let wrote = |write: &&Write| write.names.contains(name);
            let newest = self.writes.iter().filter(wrote).filter(is_open).map(|write| write.seq);
            let newest = newest.max().unwrap_or(0);
            for node in [N1, N2] {
                if let Some(version) = self.rig.version_at(node, name).filter(|at| *at != newest) {
                    return Err(format!("{name:?}: {version} at {node:?}, {newest} is open"));
                }
            }
        }
        Ok(())
    }

    /// Nodes read, do not hear, hear again, and ask for more time.
    fn meanwhile(&mut self) -> Result<(), String> {
        for _ in 0..self.chance.below(4) {
            let (node, name) = ([N1, N2][self.chance.below(2)], self.chance.below(4));
            drop(self.rig.ask(node, &self.names[name]));
        }
        if self.chance.below(2) == 0 {
            let chance = &mut self.chance;
            self.rig.deaf = [N1, N2].into_iter().filter(|_| chance.below(3) == 0).collect();
        }
        if self.chance.below(3) > 0 {
            self.rig.deliver();
        }
        if self.chance.below(8) == 0 {
            self.rig.now = self.rig.now.after(Duration::from_millis(100));
            self.rig.renew();
        }
        self.look()
    }

    /// A script runs, and sometimes another write is proposed before the home hears what it
    /// wrote.
    fn step(&mut self) -> Result<(), String> {
        let declared = self.some();
        let script = (self.chance.below(3) > 0).then(|| self.rig.propose_script(declared));
        self.meanwhile()?;
        let name = self.names[self.chance.below(4)].clone();
        let plain = (self.chance.below(2) == 0).then(|| self.rig.propose(N2, &name, "v"));
        self.meanwhile()?;
        if let Some(gate) = script {
            let names = self.some();
            let seq = self.rig.seq() + 1;
            self.writes.push(Write { gate, seq, names: names.clone() });
            self.rig.run_script(gate, &names, Some(names.clone()));
            self.meanwhile()?;
        }
        if let Some(gate) = plain {
            let seq = self.rig.seq() + 1;
            self.writes.push(Write { gate, seq, names: vec![name.clone()] });
            self.rig.apply(gate, &name, "v");
        }
        self.meanwhile()
    }
}

/// Scripts and other writes of some keys of which nodes have copies: an error if a node
/// answers what is older or newer than what is open, or anything is left shut.
fn run(seed: u64, rules: Rules) -> Result<(), String> {
    let rig = Rig::new(N3, Settings { rules, ..Settings::default() });
    let names = (0..4).map(|number| key(&number.to_string())).collect();
    let mut history = History { rig, chance: Chance(seed), names, writes: Vec::new() };
    for _ in 0..30 {
        history.step()?;
    }
    let History { rig, writes, .. } = &mut history;
    rig.deaf.clear();
    rig.now = rig.now.after(Duration::from_secs(2));
    rig.home.stands(rig.now);
    rig.at_home(|home, now, out| home.pass_time(now, out));
    match writes.iter().all(|write| rig.opened.contains(&write.gate)) {
        true => Ok(()),
        false => Err("not everything is open in the end".to_owned()),
    }
}

#[test]
fn whatever_scripts_write_nobody_reads_what_was_there_before() {
    for seed in 0..500 {
        run(seed, Rules::ALL).unwrap_or_else(|why| panic!("seed {seed}: {why}"));
    }
    let off = Rules { besides_called_back: false, ..Rules::ALL };
    assert!((0..500).any(|seed| run(seed, off).is_err()), "R32 is needed");
}
