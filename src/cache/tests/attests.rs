//! Lines of sessions that are over, of which the home is asked in bulk.

use std::time::Duration;

use bytes::Bytes;
use lockstep_core::Db;

use super::{rig, text};
use crate::chance::Chance;
use crate::rig::{N1, N2, N3, Rig, key};
use crate::{Home, HomeOut, Look, Name, Named, Payload, Rules, Settings, Store, Time};
use crate::{ToHome, ToNode};

/// So long nobody asks for more time that all sessions are over.
fn sessions_end(rig: &mut Rig) {
    rig.now = rig.now.after(Duration::from_secs(5));
    rig.home.stands(rig.now);
    rig.sent.clear();
}

fn sent(rig: &Rig, word: &'static str) -> usize {
    rig.sent.get(word).copied().unwrap_or(0)
}

#[test]
fn what_nobody_wrote_meanwhile_is_good_again_and_nothing_is_sent_for_it() {
    let mut rig = rig();
    let (kept, written, none, made) = (key("kept"), key("written"), key("none"), key("made"));
    for name in [&kept, &written] {
        rig.write(N3, name, "1");
    }
    for name in [&kept, &written, &none, &made] {
        rig.read(N1, name);
    }
    sessions_end(&mut rig);
    rig.write(N3, &written, "2");
    rig.write(N3, &made, "3");
    let hits = |rig: &Rig| [&kept, &written, &none, &made].map(|name| rig.hits(N1, name));
    assert_eq!(hits(&rig), [false; 4]);
    rig.renew();
    assert_eq!(hits(&rig), [true, false, true, false]);
    assert_eq!((sent(&rig, "Reattest"), sent(&rig, "Attested")), (1, 1));
    assert_eq!([sent(&rig, "Confirm"), sent(&rig, "GetS"), sent(&rig, "Data")], [0; 3]);
    assert!(rig.home.may_have(N1, &kept) && !rig.home.may_have(N1, &written));
    assert_eq!(rig.letters(&kept), "S/I/S", "as one of several");
    rig.write(N2, &kept, "4");
    assert!(!rig.hits(N1, &kept), "it is told of the next write");
    assert_eq!([&written, &made].map(|name| rig.read(N1, name)), [text("2"), text("3")]);
}

#[test]
fn many_lines_are_named_some_at_a_time() {
    let settings = Settings { reattest_lines: 4, reattest_max: 10, ..Settings::default() };
    let mut rig = Rig::new(N3, settings);
    let names: Vec<Name> = (0..30).map(|number| key(&number.to_string())).collect();
    for name in &names {
        rig.write(N3, name, "1");
        rig.read(N1, name);
    }
    sessions_end(&mut rig);
    rig.renew();
    assert_eq!((sent(&rig, "Reattest"), sent(&rig, "Attested")), (3, 3), "4, 4 and 2");
    let good = names.iter().filter(|name| rig.hits(N1, name));
    assert_eq!(good.count(), 10, "and no more than may be in one session");
}

#[test]
fn large_values_are_named_a_few_at_a_time() {
    let mut rig = rig();
    let names: Vec<Name> = (0..6).map(|number| key(&number.to_string())).collect();
    for name in &names {
        rig.write(N3, name, &"x".repeat(40_000));
        rig.read(N1, name);
    }
    sessions_end(&mut rig);
    rig.renew();
    assert_eq!(sent(&rig, "Reattest"), 3, "the home looks at 64 KiB and one more");
    assert!(names.iter().all(|name| rig.hits(N1, name)));
}

#[test]
fn an_answer_that_is_lost_keeps_nothing_up() {
    let settings = Settings { reattest_lines: 1, ..Settings::default() };
    let mut rig = Rig::new(N3, settings);
    let names = [key("a"), key("b")];
    for name in &names {
        rig.write(N3, name, "1");
        rig.read(N1, name);
    }
    sessions_end(&mut rig);
    rig.at_node(N1, |node, now, out| node.sharer.renew(now, out));
    rig.deliver_one();
    rig.deliver_one();
    assert_eq!(sent(&rig, "Reattest"), 1);
    rig.deaf.push(N1);
    rig.deliver();
    rig.deaf.clear();
    let good = |rig: &Rig| names.iter().filter(|name| rig.hits(N1, name)).count();
    for _ in 0..11 {
        rig.now = rig.now.after(Duration::from_millis(100));
        rig.renew();
        rig.at_node(N1, |node, now, out| node.sharer.give_up_late(now, out));
    }
    rig.renew();
    assert_eq!((sent(&rig, "Reattest"), good(&rig)), (3, 2), "it is asked again");
    names.iter().for_each(|name| assert!(rig.home.may_have(N1, name)));
}

#[test]
fn nothing_is_called_back_to_make_room_for_what_is_attested() {
    let mut rig = Rig::new(N3, Settings { directory_max: 2, ..Settings::default() });
    let names: Vec<Name> = (0..2).map(|number| key(&number.to_string())).collect();
    for name in &names {
        rig.read(N1, name);
    }
    sessions_end(&mut rig);
    let others: Vec<Name> = (10..12).map(|number| key(&number.to_string())).collect();
    rig.at_node(N2, |node, now, out| node.sharer.renew(now, out));
    rig.deliver();
    for name in &others {
        rig.read(N2, name);
    }
    rig.renew();
    assert_eq!(sent(&rig, "Inv"), 0);
    assert!(others.iter().all(|name| rig.hits(N2, name)));
    assert!(!names.iter().any(|name| rig.hits(N1, name)));
}

#[test]
fn who_reads_the_whole_shard_from_a_replica_has_no_lines_attested() {
    let mut rig = rig();
    let a = key("a");
    rig.write(N3, &a, "1");
    rig.read(N1, &a);
    sessions_end(&mut rig);
    rig.at_node(N1, |node, _, out| node.sharer.follow(true, out));
    rig.renew();
    assert_eq!(sent(&rig, "Reattest"), 0);
}

/// The clock of another home may say otherwise when a key ends.
#[test]
fn what_is_attested_lives_as_long_as_its_home_says_now() {
    let mut rig = rig();
    let a = key("a");
    rig.write(N3, &a, "1");
    rig.read(N1, &a);
    sessions_end(&mut rig);
    rig.at_node(N1, |node, now, out| node.sharer.renew(now, out));
    // The request for a session, and the session: the question is on its way.
    rig.deliver_one();
    rig.deliver_one();
    let node = rig.nodes.get_mut(&N1).unwrap();
    let session = node.sharer.session().unwrap();
    let left = Some(1_000_000);
    let lines = vec![(0, left), (7, None)];
    let attested = ToNode::Attested { session, number: 1, q: 900, lines };
    node.sharer.take(rig.now, &node.lines, attested, &mut Default::default());
    assert!(rig.hits(N1, &a));
    rig.now = rig.now.after(Duration::from_millis(1));
    assert!(!rig.hits(N1, &a), "its life is over, its lease is not");
    let (line, _) = rig.nodes[&N1].lines.look(a.at()).unwrap();
    let content = line.content().unwrap();
    assert_eq!((content.value.as_deref(), content.version), (Some(&b"1"[..]), 1));
}

#[test]
fn a_home_attests_nothing_that_may_not_be_kept() {
    let settings = Settings { value_max: 4, negative: false, ..Settings::default() };
    let mut rig = Rig::new(N3, settings);
    let session = rig.home.session_of(N1).unwrap();
    let lines = ["right", "old", "large", "none", "list"].map(key).to_vec();
    let lines = lines.into_iter().zip([7, 6, 7, 0, 7]).collect();
    let mut look = |name: &Name| {
        let value = match &name.key[..] {
            b"large" => Some(Bytes::from_static(b"large")),
            b"none" => None,
            _ => Some(Bytes::from_static(b"v")),
        };
        let version = if value.is_some() { 7 } else { 0 };
        let payload = Payload { value, version, left: Some(9) };
        Look { payload: Some(payload).filter(|_| name.key != "list"), seq: 7 }
    };
    let mut ask = |home: &mut Home, session| {
        let asked = ToHome::Reattest { session, number: 5, lines: Vec::clone(&lines) };
        let mut out = HomeOut::default();
        home.take(Time(0), N1, asked, &mut look, &mut out);
        out.messages
    };
    let other = crate::Session { number: 99, ..session };
    assert_eq!(ask(&mut rig.home, other), [], "what is of another session is over");
    let answer = ask(&mut rig.home, session);
    let [(N1, ToNode::Attested { number: 5, lines, .. })] = &answer[..] else {
        panic!("{answer:?}")
    };
    assert_eq!(lines[..], [(0, Some(9))]);
    assert!(rig.home.may_have(N1, &Name::of(Db(0), b"right")));
    assert_eq!(rig.home.remembers().0, 1);
}

/// What is on its way, and what was written when.
struct History {
    rig: Rig,
    chance: Chance,
    names: Vec<Name>,
    /// Of each write its gate, its number, and which key it is of.
    writes: Vec<(crate::GateId, u64, usize)>,
}

impl History {
    /// What nodes answer at once is the newest that is open, of every key.
    fn look(&self) -> Result<(), String> {
        for (at, name) in self.names.iter().enumerate() {
            let is_open = |(gate, _, of): &&(crate::GateId, u64, usize)| {
                *of == at && self.rig.opened.contains(gate)
            };
            let newest = self.writes.iter().filter(is_open).map(|(_, seq, _)| *seq).max();
            for node in [N1, N2] {
                let found = self.rig.version_at(node, name);
                if found.is_some_and(|found| found != newest.unwrap_or(0)) {
                    return Err(format!("{name:?}: {found:?} at {node:?}, {newest:?} is open"));
                }
                if found.is_some() && !self.rig.home.may_have(node, name) {
                    return Err(format!("{node:?} has {name:?}, and the home does not know"));
                }
            }
        }
        Ok(())
    }

    fn meanwhile(&mut self) -> Result<(), String> {
        for _ in 0..self.chance.below(6) {
            let (node, name) = ([N1, N2][self.chance.below(2)], self.chance.below(4));
            match self.chance.below(4) {
                0 => drop(self.rig.ask(node, &self.names[name])),
                1 => {
                    self.rig.at_node(node, |node, now, out| {
                        node.sharer.renew(now, out);
                        node.sharer.give_up_late(now, out);
                    });
                }
                _ => self.rig.deliver_one(),
            }
            self.look()?;
        }
        if self.chance.below(4) == 0 {
            self.rig.now = self.rig.now.after(Duration::from_millis(400));
            let now = self.rig.now;
            self.rig.home.stands(now);
        }
        self.look()
    }

    fn step(&mut self) -> Result<(), String> {
        let at = self.chance.below(4);
        let name = self.names[at].clone();
        if self.chance.below(3) > 0 {
            return self.meanwhile();
        }
        let gate = self.rig.propose(N2, &name, "v");
        self.meanwhile()?;
        self.writes.push((gate, self.rig.seq() + 1, at));
        self.rig.apply(gate, &name, "v");
        self.meanwhile()
    }
}

/// Sessions end and begin while keys are written and nodes read: an error if a node answers
/// anything else than what is open.
fn run(seed: u64, rules: Rules) -> Result<(), String> {
    let rest = Settings { reattest_lines: 2, high_water_marks: 8, ..Settings::default() };
    let rig = Rig::new(N3, Settings { rules, ..rest });
    let names = (0..4).map(|number| key(&number.to_string())).collect();
    let mut history = History { rig, chance: Chance(seed), names, writes: Vec::new() };
    (0..120).try_for_each(|_| history.step())
}

#[test]
fn whatever_is_attested_when_is_what_the_keys_hold() {
    for seed in 0..500 {
        run(seed, Rules::ALL).unwrap_or_else(|why| panic!("seed {seed}: {why}"));
    }
    for (rule, off) in [
        ("R33", Rules { attested_unwritten: false, ..Rules::ALL }),
        ("R17", Rules { versions_compared: false, ..Rules::ALL }),
    ] {
        assert!((0..500).any(|seed| run(seed, off).is_err()), "{rule} is needed");
    }
}
