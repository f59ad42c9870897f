//! Keys that are lent to nodes, which write them by themselves.

use std::collections::BTreeMap;
use std::time::Duration;

use super::text;
use crate::chance::Chance;
use crate::rig::{N1, N2, N3, Rig, key, looked};
use crate::{Limits, Name, Named, Settings, Store, ToHome, Written};

const DELAY: Duration = Duration::from_millis(10);

/// Behind a call nothing is lent for so long.
const REST: Duration = Duration::from_millis(100);

fn rig() -> Rig {
    rig_with(REST)
}

fn rig_with(lent_rest: Duration) -> Rig {
    let own = Settings::default();
    Rig::new(N3, Settings { write_back: true, writeback_delay: DELAY, lent_rest, ..own })
}

/// Nobody is heard of for longer than a lease.
fn sessions_end(rig: &mut Rig) {
    rig.now = rig.now.after(Duration::from_millis(600));
    rig.home.stands(rig.now);
}

/// A key that N1 was lent, and wrote once by itself.
fn dirty(rig: &mut Rig, name: &Name) {
    rig.write(N1, name, "1");
    assert_eq!(rig.write_here(N1, name, "2"), Written::Here);
}

fn is_dirty(rig: &Rig, name: &Name) -> bool {
    rig.nodes[&N1].sharer.is_dirty(name)
}

#[test]
fn only_who_wrote_a_key_last_and_alone_has_it_may_write_it() {
    let mut rig = rig();
    let a = key("a");
    rig.write(N1, &a, "1");
    assert_eq!((rig.letters(&a).as_str(), rig.home.lent()), ("M/I/I", 1));
    assert_eq!(rig.write_here(N2, &a, "2"), Written::Elsewhere);
    assert_eq!(rig.write_here(N1, &a, "2"), Written::Here);
    assert_eq!(rig.read(N1, &a), text("2"));
    // A copy that was asked for is for reading.
    rig.read(N2, &key("b"));
    assert_eq!(rig.write_here(N2, &key("b"), "2"), Written::Elsewhere);
}

#[test]
fn what_is_not_to_be_written_back_is_lent_to_nobody() {
    let mut rig = Rig::new(N3, Settings::default());
    rig.write(N1, &key("a"), "1");
    assert_eq!((rig.letters(&key("a")).as_str(), rig.home.lent()), ("M/I/I", 0));
    assert_eq!(rig.write_here(N1, &key("a"), "2"), Written::Elsewhere);
    assert!(!rig.home.is_lent(&key("a")));
}

#[test]
fn whoever_reads_a_key_that_is_lent_waits_until_it_is_back() {
    let mut rig = rig();
    let a = key("a");
    dirty(&mut rig, &a);
    let reader = rig.ask(N2, &a).unwrap_err();
    rig.deliver();
    assert!(rig.nodes[&N2].answers.is_empty(), "it is not in the log");
    rig.settle();
    let answers = &rig.nodes[&N2].answers;
    assert!(answers.iter().any(|(other, _)| *other == reader));
    assert_eq!((rig.read(N2, &a), rig.read(N1, &a)), (text("2"), text("2")));
    assert_eq!((rig.home.lent(), is_dirty(&rig, &a)), (0, false));
    assert_eq!(rig.write_here(N1, &a, "3"), Written::Elsewhere);
}

#[test]
fn a_key_that_is_lent_is_not_shown_at_home_nor_written_there_before_it_is_back() {
    let mut rig = rig();
    let (a, b) = (key("a"), key("b"));
    dirty(&mut rig, &a);
    assert_eq!(rig.read(N3, &a), None);
    assert!(rig.bring_back(Some(&[&b])) && rig.home.is_lent(&a), "b has nothing to do with it");
    assert!(rig.bring_back(None), "what looks at any key");
    assert_eq!(rig.read(N3, &a), text("2"));
}

#[test]
fn what_rests_long_enough_is_told_the_home_and_may_be_written_on() {
    let mut rig = rig();
    let a = key("a");
    dirty(&mut rig, &a);
    rig.flush();
    assert!(!rig.sent.contains_key("Flush"), "it may rest");
    rig.write_here(N1, &a, "3");
    rig.now = rig.now.after(DELAY);
    rig.flush();
    rig.flush();
    assert_eq!(rig.sent["Flush"], 1, "both writes at once");
    rig.settle();
    assert_eq!((rig.home.lent(), is_dirty(&rig, &a)), (1, false));
    assert_eq!(rig.write_here(N1, &a, "4"), Written::Here);
    assert!(rig.bring_back(None));
    assert_eq!(rig.read(N3, &a), text("4"));
}

#[test]
fn nothing_more_is_written_where_the_home_is_not_reached() {
    let mut rig = rig();
    let a = key("a");
    dirty(&mut rig, &a);
    rig.now = rig.now.after(DELAY * 2);
    assert_eq!(rig.write_here(N1, &a, "3"), Written::Here);
    rig.now = rig.now.after(Duration::from_nanos(1));
    assert_eq!(rig.write_here(N1, &a, "4"), Written::Elsewhere);
    assert_eq!(rig.read(N1, &a), text("3"));
}

#[test]
fn what_was_written_and_is_evicted_is_told_before_it_is_given_back() {
    let mut rig = rig();
    let a = key("a");
    dirty(&mut rig, &a);
    rig.at_node(N1, |node, _, out| {
        let gone = node.lines.remove(a.at()).unwrap();
        node.sharer.evicted(&gone, out);
    });
    assert!(!rig.sent.contains_key("PutS"));
    assert_eq!(rig.write_here(N1, &a, "3"), Written::Elsewhere);
    rig.flush();
    rig.settle();
    assert_eq!((rig.sent["Flush"], rig.sent["PutS"], rig.home.lent()), (1, 1, 0));
    assert_eq!(rig.read(N1, &a), text("2"));
}

#[test]
fn who_does_not_answer_holds_a_key_for_one_lease_and_loses_what_it_wrote() {
    let mut rig = rig();
    let a = key("a");
    dirty(&mut rig, &a);
    rig.deaf.push(N1);
    assert!(!rig.bring_back(None));
    sessions_end(&mut rig);
    assert!(rig.bring_back(None));
    rig.write(N2, &a, "new");
    rig.deaf.clear();
    rig.flush();
    rig.settle();
    assert_eq!(rig.read(N3, &a), text("new"), "what comes late does not count");
    rig.renew();
    assert_eq!(rig.nodes.get_mut(&N1).unwrap().sharer.take_lost(), 1);
    assert_eq!(rig.read(N1, &a), text("new"));
}

#[test]
fn as_many_keys_are_lent_as_may_be() {
    let mut rig = rig();
    let limits = Limits { entries: 10_000, ..Limits::default() };
    rig.nodes[&N1].lines.set_limits(limits, &mut Vec::new());
    for number in 0..4_100 {
        rig.write(N1, &key(&number.to_string()), "1");
    }
    assert_eq!(rig.home.lent(), 4_096);
    assert_eq!(rig.write_here(N1, &key("4099"), "2"), Written::Elsewhere);
    assert_eq!(rig.write_here(N1, &key("4095"), "2"), Written::Here);
}

#[test]
fn no_more_is_written_when_any_key_waits_for_too_long() {
    let mut rig = rig();
    let names: Vec<Name> = (0..4).map(|number| key(&number.to_string())).collect();
    for name in &names {
        rig.write(N1, name, "1");
    }
    // A write of one key after the other: none of them rests for long by itself.
    for (at, name) in names.iter().cycle().take(9).enumerate() {
        let written = rig.write_here(N1, name, &at.to_string());
        assert_eq!(written, if at <= 4 { Written::Here } else { Written::Elsewhere }, "{at}");
        rig.now = rig.now.after(DELAY / 2);
    }
    rig.flush();
    rig.settle();
    assert_eq!(rig.write_here(N1, &names[3], "5"), Written::Here);
}

#[test]
fn what_was_told_while_more_was_written_rests_from_then_on() {
    let mut rig = rig();
    let a = key("a");
    dirty(&mut rig, &a);
    rig.now = rig.now.after(DELAY);
    rig.flush();
    let told = rig.now;
    rig.now = rig.now.after(DELAY / 2);
    assert_eq!(rig.write_here(N1, &a, "3"), Written::Here);
    rig.settle();
    assert_eq!(rig.nodes[&N1].sharer.dirty_since(), Some(told));
    assert!(rig.bring_back(None));
    assert_eq!((rig.nodes[&N1].sharer.dirty_since(), rig.read(N3, &a)), (None, text("3")));
}

#[test]
fn whoever_looked_before_a_value_came_back_is_not_shown_what_it_saw() {
    let mut rig = rig();
    let a = key("a");
    dirty(&mut rig, &a);
    let before = rig.seq();
    assert!(rig.bring_back(None));
    assert!(!rig.home.shows(rig.now, &a, before), "1 was looked at, 2 was answered before");
    assert!(rig.home.shows(rig.now, &a, rig.seq()));
    assert_eq!(rig.home.back_at(), rig.seq());
}

#[test]
fn what_many_keys_were_given_comes_back_with_few_messages() {
    let mut rig = rig();
    let limits = Limits { entries: 10_000, ..Limits::default() };
    rig.nodes[&N1].lines.set_limits(limits, &mut Vec::new());
    let names: Vec<Name> = (0..1_000).map(|number| key(&number.to_string())).collect();
    for name in &names {
        rig.write(N1, name, "1");
        rig.write_here(N1, name, "2");
    }
    rig.sent.clear();
    assert!(rig.bring_back(None));
    assert_eq!((rig.sent["Inv"], rig.sent["Ack"]), (4, 4));
    assert_eq!(rig.sent["Flush"], 1_000);
    assert!(names.iter().all(|name| rig.read(N3, name) == text("2")));
}

#[test]
fn a_key_that_was_called_back_is_not_lent_again_for_a_while() {
    let mut rig = rig();
    let a = key("a");
    dirty(&mut rig, &a);
    assert!(rig.bring_back(None));
    rig.write(N1, &a, "3");
    assert_eq!(rig.write_here(N1, &a, "4"), Written::Elsewhere);
    assert_eq!(rig.letters(&a), "M/I/I", "it may keep it");
    rig.now = rig.now.after(REST);
    rig.renew();
    rig.write(N1, &a, "5");
    assert_eq!(rig.write_here(N1, &a, "6"), Written::Here);
}

#[test]
fn what_others_wait_for_is_lent_to_nobody() {
    let mut rig = rig();
    let a = key("a");
    let gate = rig.propose(N1, &a, "1");
    rig.seq += 1;
    let seq = rig.seq;
    rig.state.insert(a.clone(), ("1".into(), seq));
    let reader = rig.ask(N2, &a).unwrap_err();
    rig.at_home(|home, now, out| {
        home.reached(seq);
        home.applied(now, gate, out);
    });
    rig.deliver();
    assert!(rig.nodes[&N2].answers.iter().any(|(other, _)| *other == reader));
    assert_eq!(rig.home.lent(), 0);
}

#[test]
fn who_does_not_write_back_or_acknowledges_slowly_is_lent_nothing() {
    let mut rig = rig();
    let a = key("a");
    let through = Settings::default();
    rig.nodes.get_mut(&N1).unwrap().sharer.set(through);
    rig.write(N1, &a, "1");
    assert_eq!((rig.home.lent(), rig.letters(&a).as_str()), (0, "I/I/I"));
    let own = Settings { write_back: true, slow_sharer: Duration::ZERO, ..through };
    let mut rig = Rig::new(N3, own);
    rig.read(N1, &a);
    rig.propose(N3, &a, "1");
    rig.now = rig.now.after(Duration::from_millis(1));
    rig.deliver();
    rig.write(N1, &a, "2");
    assert_eq!(rig.home.lent(), 0);
}

#[test]
fn who_has_not_said_that_it_borrows_is_lent_nothing_until_it_has_in_its_session() {
    let settings = Settings { write_back: true, ..Settings::default() };
    let mut rig = Rig::new(N3, settings);
    let a = key("a");
    // As a node of an earlier build, which does not know what a loan is.
    rig.lends_only(false);
    sessions_end(&mut rig);
    rig.renew();
    rig.write(N1, &a, "1");
    assert_eq!((rig.home.lent(), rig.letters(&a).as_str()), (0, "M/I/I"));
    rig.lends_only(true);
    rig.renew();
    rig.write(N1, &a, "2");
    assert_eq!(rig.home.lent(), 1);
}

#[test]
fn what_is_told_and_not_answered_is_told_once_while_more_is_written() {
    let mut rig = rig();
    let a = key("a");
    dirty(&mut rig, &a);
    rig.now = rig.now.after(DELAY);
    rig.flush();
    for value in 3..10 {
        rig.now = rig.now.after(DELAY / 10);
        rig.write_here(N1, &a, &value.to_string());
        rig.flush();
    }
    assert_eq!(rig.sent["Flush"], 1);
    // It goes on for ever, as long as what was told is answered.
    for value in 10..100 {
        if value % 5 == 0 {
            rig.renew();
            rig.settle();
        }
        rig.now = rig.now.after(DELAY / 5);
        assert_eq!(rig.write_here(N1, &a, &value.to_string()), Written::Here, "{value}");
        rig.flush();
    }
    assert!(rig.bring_back(None));
    assert_eq!(rig.read(N3, &a), text("99"));
}

#[test]
fn a_lease_that_was_over_for_long_ends_what_nobody_will_believe() {
    let mut rig = rig();
    let a = key("a");
    dirty(&mut rig, &a);
    rig.now = rig.now.after(Duration::from_millis(700));
    rig.flush();
    assert_eq!(rig.nodes[&N1].sharer.dirty(), 1, "it may still be told");
    rig.now = rig.now.after(Duration::from_secs(1));
    rig.flush();
    assert_eq!(rig.nodes[&N1].sharer.dirty(), 0);
    assert_eq!(rig.nodes.get_mut(&N1).unwrap().sharer.take_lost(), 1);
}

#[test]
fn who_has_written_ends_no_session_to_read_from_its_replica() {
    let mut rig = rig();
    let a = key("a");
    dirty(&mut rig, &a);
    for wanted in [true, false, true] {
        rig.at_node(N1, |node, _, out| node.sharer.follow(wanted, out));
    }
    assert!(is_dirty(&rig, &a));
    assert!(rig.bring_back(None));
    assert_eq!(rig.read(N3, &a), text("2"));
}

#[test]
fn a_key_that_was_given_back_is_not_lent_again_for_a_while() {
    let mut rig = rig();
    let a = key("a");
    rig.write(N1, &a, "1");
    rig.at_node(N1, |node, _, out| {
        let gone = node.lines.remove(a.at()).unwrap();
        node.sharer.evicted(&gone, out);
    });
    rig.deliver();
    rig.write(N1, &a, "2");
    assert_eq!(rig.home.lent(), 0);
}

#[test]
fn what_is_called_back_in_bulk_comes_some_at_a_time() {
    let mut rig = rig();
    let names: Vec<Name> = (0..20).map(|number| key(&number.to_string())).collect();
    let limits = Limits { entries: 100, bytes: 100 << 20, ..Limits::default() };
    rig.nodes[&N1].lines.set_limits(limits, &mut Vec::new());
    let large = "x".repeat(200_000);
    for name in &names {
        rig.write(N1, name, "1");
        assert_eq!(rig.write_here(N1, name, &large), Written::Here);
    }
    rig.at_home(|home, now, out| _ = home.must_wait(now, None, out));
    rig.deliver();
    assert_eq!(rig.sent["Flush"], 6, "a little more than a megabyte");
    rig.flush();
    assert_eq!(rig.sent["Flush"], 12);
    rig.flush();
    rig.flush();
    rig.settle();
    assert!(rig.bring_back(None));
    assert_eq!(rig.sent["Flush"], 20, "each once");
    assert!(names.iter().all(|name| rig.read(N3, name) == text(&large)));
}

#[test]
fn names_that_are_too_long_are_not_lent() {
    let mut rig = rig();
    let [fits, long] = [1_024, 1_025].map(|bytes| key(&"k".repeat(bytes)));
    rig.write(N1, &fits, "1");
    rig.write(N1, &long, "1");
    assert!(rig.home.is_lent(&fits) && !rig.home.is_lent(&long));
}

#[test]
fn a_home_that_has_no_room_lends_nothing() {
    let mut rig = rig();
    let until = rig.now.after(REST);
    rig.home.lend_nothing_before(until);
    rig.write(N1, &key("a"), "1");
    assert_eq!(rig.home.lent(), 0);
    rig.now = until;
    rig.write(N1, &key("a"), "2");
    assert_eq!(rig.home.lent(), 1);
}

#[test]
fn what_was_lost_is_not_attested_when_its_key_is_gone_meanwhile() {
    let mut rig = rig();
    let a = key("a");
    dirty(&mut rig, &a);
    rig.deaf.push(N1);
    sessions_end(&mut rig);
    assert!(rig.bring_back(None));
    rig.state.remove(&a);
    rig.deaf.clear();
    // A line without a version would be taken for one of a key that is not there.
    rig.renew();
    rig.renew();
    assert!(!rig.hits(N1, &a));
    assert_eq!(rig.read(N1, &a), Some(None));
}

#[test]
fn nobody_is_attested_a_key_that_is_lent() {
    let mut rig = rig();
    let a = key("a");
    rig.read(N2, &key("b"));
    rig.write(N1, &a, "1");
    let session = rig.nodes[&N2].sharer.session().unwrap();
    let version = rig.look(&a).payload.unwrap().version;
    let (state, seq) = (rig.state.clone(), rig.seq);
    rig.sent.clear();
    rig.at_home(|home, now, out| {
        let asked = ToHome::Reattest { session, number: 1, lines: vec![(a.clone(), version)] };
        home.take(now, N2, asked, &mut |name| looked(&state, seq, name), out);
    });
    assert!(!rig.home.may_have(N2, &a) && rig.home.is_lent(&a));
}

/// Nodes read, write through the home and by themselves, and lose copies for want of room:
/// everybody reads what was written last, and in the end all of it is in the log. How often
/// they wrote by themselves.
fn run(seed: u64, twice: bool) -> usize {
    let mut rig = rig_with(Duration::from_millis(seed % 3 * 7));
    rig.twice = twice;
    for id in [N1, N2] {
        let limits = Limits { entries: 3, ..Limits::default() };
        rig.nodes[&id].lines.set_limits(limits, &mut Vec::new());
    }
    let mut chance = Chance(seed);
    let names: Vec<Name> = (0..5).map(|number| key(&number.to_string())).collect();
    let mut newest: BTreeMap<&Name, String> = BTreeMap::new();
    let mut here = 0;
    for step in 0..400 {
        let node = [N1, N2, N3][chance.below(3)];
        let name = &names[chance.below(5)];
        let value = step.to_string();
        match chance.below(8) {
            0..=2 if node != N3 && rig.write_here(node, name, &value) == Written::Here => {
                here += 1;
                newest.insert(name, value);
            }
            0..=3 => {
                assert!(rig.bring_back(Some(&[name])));
                rig.write(node, name, &value);
                newest.insert(name, value);
            }
            4 => assert!(rig.bring_back(None)),
            5 => {
                rig.now = rig.now.after(Duration::from_millis(7));
                rig.renew();
                rig.flush();
            }
            _ => {
                if node == N3 {
                    assert!(rig.bring_back(Some(&[name])));
                }
                if rig.read(node, name).is_none() {
                    rig.settle();
                }
                let found = rig.read(node, name);
                let wanted = newest.get(name).map(|value| bytes::Bytes::from(value.clone()));
                assert_eq!(found, Some(wanted), "seed {seed}, step {step}, {name:?} at {node:?}");
            }
        }
    }
    assert!(rig.bring_back(None));
    for name in &names {
        let wanted = newest.get(name).map(|value| bytes::Bytes::from(value.clone()));
        assert_eq!(rig.read(N3, name), Some(wanted), "seed {seed}");
    }
    let dirty: usize = rig.nodes.values().map(|node| node.sharer.dirty()).sum();
    let (_, gates, held) = rig.home.remembers();
    assert_eq!((dirty, rig.home.lent(), gates, held), (0, 0, 0, 0), "seed {seed}");
    here
}

#[test]
fn whatever_is_written_back_everybody_reads_what_was_written_last() {
    let here: usize = (0..300).map(|seed| run(seed, seed % 4 == 0)).sum();
    assert!(here > 2_000, "{here}");
}
