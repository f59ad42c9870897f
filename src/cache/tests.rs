//! What the machines do together.

mod attests;
mod followers;
mod lent;
mod scripts;

use std::time::Duration;

use crate::rig::{N1, N2, N3, Rig, key};
use crate::{HotUpdate, Named, Proposal, Refresh, Settings, Store};

fn rig() -> Rig {
    Rig::new(N3, Settings::default())
}

fn text(text: &str) -> Option<Option<bytes::Bytes>> {
    Some(Some(bytes::Bytes::copy_from_slice(text.as_bytes())))
}

#[test]
fn the_table_is_the_same_for_each_choice_of_home() {
    for home in [N1, N2, N3] {
        let mut rig = Rig::new(home, Settings::default());
        let a = key("a");
        rig.write(home, &key("other"), "x");
        let mut rows = Vec::new();
        let mut row = |rig: &mut Rig| {
            rows.push((rig.letters(&a), rig.probes, rig.pushes));
            (rig.probes, rig.pushes) = (0, 0);
        };
        (rig.probes, rig.pushes) = (0, 0);
        rig.read(N1, &a);
        row(&mut rig);
        rig.read(N2, &a);
        row(&mut rig);
        rig.write(N3, &a, "1");
        row(&mut rig);
        assert_eq!(rig.read(N1, &a), text("1"));
        row(&mut rig);
        let row = |letters: &str, probes, pushes| (letters.to_owned(), probes, pushes);
        let wanted =
            [row("E/I/I", 0, 0), row("S/S/I", 1, 0), row("I/I/M", 2, 0), row("S/S/S", 1, 1)];
        assert_eq!(rows, wanted, "the home is {home:?}");
    }
}

#[test]
fn a_thousand_readers_of_a_cold_key_cause_one_request() {
    let mut rig = rig();
    let readers: Vec<_> = (0..1_000).map(|_| rig.ask(N1, &key("a")).unwrap_err()).collect();
    rig.deliver();
    assert_eq!(rig.sent["GetS"], 1);
    let answers = &rig.nodes[&N1].answers;
    assert!(readers.iter().all(|reader| answers.iter().any(|(other, _)| other == reader)));
}

#[test]
fn without_a_session_many_readers_cause_two_requests_at_most() {
    let mut rig = rig();
    rig.now = rig.now.after(Duration::from_secs(5));
    rig.home.stands(rig.now);
    for _ in 0..1_000 {
        rig.ask(N1, &key("a")).unwrap_err();
    }
    rig.deliver();
    assert_eq!((rig.sent["GetS"], rig.nodes[&N1].answers.len()), (2, 1_000));
}

#[test]
fn a_hit_sends_nothing_and_a_write_one_message_to_each_sharer() {
    let mut rig = rig();
    let (a, b) = (key("a"), key("b"));
    for node in [N1, N2] {
        rig.read(node, &a);
        rig.read(node, &b);
    }
    let sent: usize = rig.sent.values().sum();
    rig.read(N1, &a);
    assert_eq!(rig.sent.values().sum::<usize>(), sent);
    rig.probes = 0;
    let written = vec![a, b];
    let proposal = Proposal { written, ..Proposal::default() };
    rig.at_home(|home, now, out| {
        let gate = home.proposed(now, proposal, out);
        home.applied(now, gate, out);
    });
    rig.deliver();
    assert_eq!((rig.sent["Inv"], rig.probes), (2, 2));
}

#[test]
fn a_write_waits_for_a_dead_sharer_as_long_as_its_lease_and_no_longer() {
    let mut rig = rig();
    let a = key("a");
    rig.read(N1, &a);
    rig.deaf.push(N1);
    let gate = rig.write(N2, &a, "1");
    assert!(!rig.opened.contains(&gate));
    assert_eq!(rig.read(N2, &a), None, "what is not open is read by nobody");
    assert_eq!(rig.read(N3, &a), None);
    rig.now = rig.now.after(Duration::from_millis(496));
    assert!(!rig.hits(N1, &a), "its own lease is over first");
    rig.now = rig.now.after(Duration::from_millis(10));
    rig.home.stands(rig.now);
    rig.at_home(|home, now, out| home.pass_time(now, out));
    assert!(rig.opened.contains(&gate));
    rig.deaf.clear();
    assert!(!rig.hits(N1, &a), "it comes back with an old line");
    rig.renew();
    assert_eq!(rig.read(N1, &a), text("1"));
}

#[test]
fn what_a_node_kept_of_a_session_that_is_over_is_confirmed_without_its_bytes() {
    let mut rig = Rig::new(N3, Settings { reattest_lines: 0, ..Settings::default() });
    let (a, b) = (key("a"), key("b"));
    for name in [&a, &b] {
        rig.write(N3, name, "1");
        rig.read(N1, name);
    }
    rig.now = rig.now.after(Duration::from_secs(5));
    rig.home.stands(rig.now);
    rig.write(N3, &b, "2");
    rig.renew();
    assert!(!rig.hits(N1, &a) && !rig.hits(N1, &b));
    rig.sent.clear();
    assert_eq!((rig.read(N1, &a), rig.read(N1, &b)), (text("1"), text("2")));
    assert_eq!((rig.sent["Confirm"], rig.sent["Same"], rig.sent["Data"]), (2, 1, 1));
    assert!(rig.hits(N1, &a) && rig.hits(N1, &b), "both are good again");
}

#[test]
fn what_was_lost_is_told_again_with_the_next_renewal() {
    let mut rig = rig();
    let a = key("a");
    rig.read(N1, &a);
    rig.deaf.push(N1);
    let gate = rig.write(N2, &a, "1");
    rig.deaf.clear();
    rig.now = rig.now.after(Duration::from_millis(100));
    rig.renew();
    assert!(rig.opened.contains(&gate));
    assert!(!rig.hits(N1, &a));
}

#[test]
fn a_copy_that_comes_twice_is_not_given_back() {
    for hot_update in [HotUpdate::No, HotUpdate::Always] {
        let mut rig = Rig::new(N3, Settings { hot_update, ..Settings::default() });
        rig.twice = true;
        let a = key("a");
        for round in 0..20 {
            for reader in [N1, N2, N1] {
                rig.read(reader, &a);
                let has = |rig: &Rig| [N1, N2].map(|node| rig.hits(node, &a));
                let known = [N1, N2].map(|node| rig.home.may_have(node, &a));
                assert!(has(&rig).iter().zip(known).all(|(has, known)| known || !has));
            }
            let value = round.to_string();
            rig.write([N1, N2, N3][round % 3], &a, &value);
            assert_eq!([N1, N2].map(|node| rig.read(node, &a)), [text(&value), text(&value)]);
        }
    }
}

#[test]
fn a_directory_that_is_full_calls_back_and_forgets_nothing() {
    let settings = Settings { directory_max: 10, ..Settings::default() };
    let mut rig = Rig::new(N3, settings);
    let names: Vec<_> = (0..40).map(|number| key(&number.to_string())).collect();
    for round in 0..4 {
        for (number, name) in names.iter().enumerate() {
            rig.read(if (number + round) % 2 == 0 { N1 } else { N2 }, name);
            assert!(rig.home.remembers().0 <= 10);
            for (node, name) in
                [N1, N2].into_iter().flat_map(|id| names.iter().map(move |n| (id, n)))
            {
                assert!(!rig.hits(node, name) || rig.home.may_have(node, name));
            }
        }
    }
    assert!(rig.sent["Inv"] > 0);
}

#[test]
fn a_write_of_a_key_that_is_called_back_is_hidden_until_it_is_open() {
    let settings = Settings { directory_max: 1, ..Settings::default() };
    let mut rig = Rig::new(N3, settings);
    let (a, b) = (key("a"), key("b"));
    rig.write(N3, &a, "old");
    rig.read(N1, &a);
    assert!(rig.hits(N1, &a));
    // Its place is wanted, and it does not hear of that.
    rig.deaf.push(N1);
    rig.read(N2, &b);
    assert!(rig.home.may_have(N1, &a));
    rig.write(N3, &a, "new");
    assert!(rig.hits(N1, &a), "the old value can be read");
    assert_eq!(rig.read(N3, &a), None);
    assert_eq!(rig.read(N2, &a), None);
}

#[test]
fn a_home_does_not_fill_its_directory_with_what_it_reads_itself() {
    let mut rig = rig();
    for number in 0..3_000 {
        let name = key(&number.to_string());
        rig.write(N3, &name, "v");
        rig.read(N3, &name);
    }
    assert_eq!(rig.home.remembers().0, 1_000);
    let name = key("2999");
    rig.read(N1, &name);
    assert!(rig.hits(N1, &name));
    assert_eq!(rig.home.remembers().0, 1_001);
}

#[test]
fn a_directory_that_becomes_smaller_calls_back_what_is_too_much() {
    let mut rig = rig();
    let names: Vec<_> = (0..100).map(|number| key(&number.to_string())).collect();
    for name in &names {
        rig.write(N3, name, "v");
        rig.read(N1, name);
    }
    let settings = Settings { directory_max: 10, ..Settings::default() };
    rig.home.set(settings);
    for _ in 0..20 {
        rig.renew();
    }
    assert_eq!(rig.home.remembers().0, 10);
    assert_eq!(names.iter().filter(|name| rig.hits(N1, name)).count(), 10);
}

#[test]
fn nothing_is_left_over_when_all_is_quiet() {
    let mut rig = rig();
    let mut chance = crate::chance::Chance(7);
    let names: Vec<_> = (0..5).map(|number| key(&number.to_string())).collect();
    for step in 0..2_000 {
        let node = [N1, N2, N3][chance.below(3)];
        let name = &names[chance.below(5)];
        match chance.below(4) {
            0 => drop(rig.write(node, name, &step.to_string())),
            1 if node != N3 => drop(rig.ask(node, name)),
            2 if node != N3 => rig.at_node(node, |node, _, out| {
                if let Some(gone) = node.lines.remove(name.at()) {
                    node.sharer.evicted(&gone, out);
                }
            }),
            _ => drop(rig.read(node, name)),
        }
    }
    rig.deliver();
    let (_, gates, held) = rig.home.remembers();
    assert_eq!((gates, held), (0, 0));
    assert!([N1, N2].iter().all(|id| rig.nodes[id].sharer.waiting() == (0, 0)));
}

#[test]
fn a_hot_key_is_read_everywhere_as_soon_as_its_write_is_open() {
    let settings = Settings { hot_update: HotUpdate::Always, ..Settings::default() };
    let mut rig = Rig::new(N3, settings);
    let a = key("a");
    rig.read(N1, &a);
    rig.read(N2, &a);
    let gate = rig.propose(N3, &a, "1");
    rig.deliver();
    assert!(!rig.hits(N1, &a) && !rig.hits(N2, &a));
    rig.apply(gate, &a, "1");
    rig.deliver();
    assert!(rig.hits(N1, &a) && rig.hits(N2, &a));
    assert_eq!((rig.read(N1, &a), rig.sent["GetS"]), (text("1"), 2));
}

/// A request that was forgotten, or carried out before and followed by others, does not
/// write what its operation says.
#[test]
fn what_was_sent_beforehand_and_not_written_is_never_read() {
    let rest = Settings { reattest_lines: 0, ..Settings::default() };
    let mut rig = Rig::new(N3, Settings { hot_update: HotUpdate::Always, ..rest });
    let a = key("a");
    rig.write(N3, &a, "old");
    rig.read(N1, &a);
    let gate = rig.propose(N3, &a, "sent");
    rig.deliver();
    rig.apply(gate, &a, "written");
    rig.deliver();
    assert!(rig.opened.contains(&gate) && !rig.hits(N1, &a));
    assert_eq!(rig.read(N1, &a), text("written"));
    // What is confirmed has the version of its write: it is the same when it is asked for.
    rig.write(N3, &a, "next");
    assert!(rig.hits(N1, &a));
    rig.now = rig.now.after(Duration::from_secs(5));
    rig.renew();
    rig.sent.clear();
    assert_eq!(rig.read(N1, &a), text("next"));
    assert_eq!(rig.sent.get("Same"), Some(&1));
}

#[test]
fn who_does_not_read_what_it_is_sent_is_sent_no_more() {
    for (refresh, pushes) in [(Refresh::Off, 0), (Refresh::Adaptive, 1), (Refresh::On, 3)] {
        let mut rig = Rig::new(N3, Settings { refresh, ..Settings::default() });
        let a = key("a");
        rig.read(N1, &a);
        rig.read(N2, &a);
        rig.read(N1, &a);
        rig.pushes = 0;
        for value in ["1", "2", "3"] {
            rig.read(N1, &a);
            rig.write(N3, &a, value);
            rig.read(N1, &a);
        }
        // To N2; the home itself wrote and has a copy all the time.
        assert!(
            rig.pushes.abs_diff(pushes) <= u64::from(pushes > 0),
            "{refresh:?}: {}",
            rig.pushes
        );
    }
}

#[test]
fn everything_written_at_once_leaves_no_line_readable() {
    let mut rig = rig();
    let names = [key("a"), key("b")];
    for name in &names {
        rig.read(N1, name);
        rig.read(N2, name);
    }
    let before = rig.era(N1);
    let proposal = Proposal { all: true, ..Proposal::default() };
    rig.at_home(|home, now, out| {
        let gate = home.proposed(now, proposal, out);
        home.applied(now, gate, out);
    });
    assert!(rig.opened.is_empty());
    rig.deliver();
    assert_eq!(rig.opened.len(), 1);
    assert!(names.iter().all(|name| !rig.hits(N1, name) && !rig.hits(N2, name)));
    assert!(rig.era(N1) > before);
    rig.read(N1, &names[0]);
    assert!(rig.hits(N1, &names[0]));
}

#[test]
fn a_value_that_is_too_large_is_read_and_not_kept() {
    let mut rig = Rig::new(N3, Settings { value_max: 10, ..Settings::default() });
    let a = key("a");
    rig.write(N3, &a, "longer than ten bytes");
    assert_eq!(rig.read(N1, &a), text("longer than ten bytes"));
    assert!(!rig.hits(N1, &a));
}

#[test]
fn in_the_order_of_the_log_nothing_opens_before_what_was_written_first() {
    for log_order in [false, true] {
        let mut rig = Rig::new(N3, Settings { log_order, ..Settings::default() });
        let (a, b) = (key("a"), key("b"));
        rig.read(N1, &a);
        rig.deaf.push(N1);
        let first = rig.write(N2, &a, "1");
        let second = rig.propose(N2, &b, "2");
        assert_eq!(rig.home.opens_at_once(second), !log_order);
        rig.apply(second, &b, "2");
        assert!(!rig.opened.contains(&first));
        assert_eq!(rig.opened.contains(&second), !log_order);
        rig.deaf.clear();
        rig.now = rig.now.after(Duration::from_millis(100));
        rig.renew();
        assert_eq!(rig.opened.len(), 2);
    }
}

/// What an entry touches: the keys it writes and reads, whether all, whether more than keys.
type Touches = (Vec<usize>, Vec<usize>, bool, bool);

fn conflict(earlier: &Touches, later: &Touches) -> bool {
    let share = |one: &[usize], other: &[usize]| one.iter().any(|key| other.contains(key));
    let (wrote, read, all, _) = earlier;
    let (writes, reads, writes_all, in_order) = later;
    *all || *writes_all
        || *in_order
        || share(wrote, writes)
        || share(wrote, reads)
        || share(read, writes)
}

/// Entries of some keys of which others have copies, who acknowledge or do not: an entry
/// that opens before an earlier one that it shares a key with, or none of them is left when
/// all leases are over.
fn open_as_they_come(seed: u64, rules: crate::Rules) -> Result<(), String> {
    let mut rig = Rig::new(N3, Settings { rules, ..Settings::default() });
    let mut chance = crate::chance::Chance(seed);
    let names: Vec<_> = (0..4).map(|number| key(&number.to_string())).collect();
    let some = |chance: &mut crate::chance::Chance| -> Vec<usize> {
        (0..names.len()).filter(|_| chance.below(4) == 0).collect()
    };
    let mut entries = Vec::new();
    for _ in 0..20 {
        if chance.below(2) == 0 {
            rig.deaf = [N1, N2].into_iter().filter(|_| chance.below(2) == 0).collect();
        }
        let (node, name) = ([N1, N2][chance.below(2)], &names[chance.below(4)]);
        drop(rig.ask(node, name));
        rig.deliver();
        let (all, in_order) = (chance.below(15) == 0, chance.below(10) == 0);
        let touches: Touches = (some(&mut chance), some(&mut chance), all, in_order);
        let of = |which: &[usize]| which.iter().map(|at| names[*at].clone()).collect();
        let read = touches.1.iter().copied().filter(|at| !touches.0.contains(at));
        let read: Vec<usize> = read.collect();
        let proposal = Proposal {
            written: of(&touches.0),
            read: of(&read),
            all,
            in_order,
            ..Proposal::default()
        };
        let mut gate = None;
        rig.at_home(|home, now, out| {
            gate = Some(home.proposed(now, proposal, out));
            home.applied(now, gate.unwrap(), out);
        });
        entries.push((gate.unwrap(), touches));
        rig.deliver();
        for (at, (gate, touches)) in entries.iter().enumerate() {
            let opened = rig.opened.iter().position(|other| other == gate);
            for (earlier, others) in &entries[..at] {
                let before = rig.opened.iter().position(|other| other == earlier);
                let in_turn = opened.is_none() || before.is_some_and(|at| Some(at) < opened);
                if conflict(others, touches) && !in_turn {
                    return Err(format!("{touches:?} opened before {others:?}"));
                }
            }
        }
    }
    rig.deaf.clear();
    rig.now = rig.now.after(Duration::from_secs(2));
    rig.home.stands(rig.now);
    rig.at_home(|home, now, out| home.pass_time(now, out));
    if rig.opened.len() != entries.len() {
        return Err(format!("{} of {} are open", rig.opened.len(), entries.len()));
    }
    Ok(())
}

#[test]
fn what_shares_a_key_read_or_written_opens_in_the_order_of_the_log() {
    for seed in 0..300 {
        open_as_they_come(seed, crate::Rules::ALL)
            .unwrap_or_else(|why| panic!("seed {seed}: {why}"));
    }
    for off in [
        crate::Rules { reads_in_order: false, ..crate::Rules::ALL },
        crate::Rules { open_in_order: false, ..crate::Rules::ALL },
    ] {
        assert!((0..300).any(|seed| open_as_they_come(seed, off).is_err()), "{off:?}");
    }
}

#[test]
fn a_write_that_waits_holds_up_nobody_who_shares_no_key_with_it() {
    let mut rig = rig();
    let (a, b, c) = (key("a"), key("b"), key("c"));
    rig.read(N1, &a);
    rig.deaf.push(N1);
    let waits = rig.write(N2, &a, "1");
    let free = rig.write(N2, &b, "1");
    assert!(!rig.opened.contains(&waits) && rig.opened.contains(&free));
    assert_eq!((rig.read(N2, &b), rig.read(N2, &a)), (text("1"), None));
    // It read what is not open yet, and writes something else.
    let (written, read) = (vec![c.clone()], vec![a.clone()]);
    let proposal = Proposal { written, read, after: 2, ..Proposal::default() };
    let mut gate = None;
    rig.at_home(|home, now, out| gate = Some(home.proposed(now, proposal, out)));
    rig.apply(gate.unwrap(), &c, "1");
    rig.deliver();
    assert!(!rig.opened.contains(&gate.unwrap()));
    assert_eq!(rig.read(N2, &c), None, "nobody sees what came of it");
    rig.deaf.clear();
    rig.now = rig.now.after(Duration::from_millis(100));
    rig.renew();
    assert_eq!((rig.read(N2, &a), rig.read(N2, &c)), (text("1"), text("1")));
}

#[test]
fn whoever_comes_behind_the_end_of_a_life_does_not_get_what_lived() {
    let mut rig = rig();
    let a = key("a");
    let first = rig.ask(N1, &a).unwrap_err();
    rig.now = rig.now.after(Duration::from_millis(50));
    let joined = rig.ask(N1, &a).unwrap_err();
    let session = rig.nodes[&N1].sharer.session().unwrap();
    let grant = crate::Grant { session, q: 100, label: crate::Label::Exclusive };
    let value = Some(bytes::Bytes::from_static(b"old"));
    // It was read when 40 ms were left of it, and joined 50 ms later.
    let left = Some(40_000_000);
    let payload = crate::Payload { value, version: 1, left };
    let flight = rig.flight_of(N1);
    let data = crate::ToNode::Data { flight, grant: Some(grant), payload };
    rig.at_node(N1, |node, now, out| node.sharer.take(now, &node.lines, data, out));
    let answered: Vec<_> = rig.nodes[&N1].answers.iter().map(|(reader, _)| *reader).collect();
    assert_eq!(answered, [first]);
    rig.deliver();
    assert!(rig.nodes[&N1].answers.iter().any(|(reader, answer)| {
        *reader == joined
            && matches!(answer, crate::Answer::Content(content) if content.value.is_none())
    }));
}
