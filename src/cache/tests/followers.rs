//! Nodes that read whole shards from replicas of their own.

use std::time::Duration;

use lockstep_core::NodeId;

use super::rig;
use crate::rig::{N1, N2, N3, Rig, key};
use crate::{Epoch, Home, Name, Named, Proposal, Replica, Rules, Settings, Takeover};

/// The node reads the whole shard, and the home has heard of it.
fn follow(rig: &mut Rig, node: NodeId) {
    rig.at_node(node, |node, _, out| node.sharer.follow(true, out));
    rig.renew();
    assert!(rig.nodes[&node].sharer.follows());
}

/// Whether a replica with the first `seq` operations, the newest entry of which began behind
/// `begun` of them, shows a key.
fn shows(rig: &Rig, node: NodeId, name: &Name, (seq, begun): (u64, u64)) -> bool {
    let replica = Replica { seq, begun: begun + 1 };
    rig.nodes[&node].sharer.view().shows(replica, std::iter::once(name.at()))
}

#[test]
fn a_replica_shows_nothing_of_an_entry_that_is_taken_for_one_that_carried_out_nothing() {
    let mut rig = rig();
    rig.write(N3, &key("a"), "1");
    follow(&mut rig, N1);
    assert!(shows(&rig, N1, &key("b"), (1, 0)));
    // Of requests that were carried out before: as many operations come before the next one.
    let again = Proposal { written: vec![key("a")], after: 1, ..Proposal::default() };
    rig.at_home(|home, now, out| {
        let gate = home.proposed(now, again, out);
        home.applied(now, gate, out);
    });
    rig.deliver();
    assert!(shows(&rig, N1, &key("b"), (1, 0)));
    assert!(
        !shows(&rig, N1, &key("b"), (2, 1)),
        "the next one wrote it, and the node does not know"
    );
    rig.deaf.push(N1);
    rig.write(N3, &key("b"), "2");
    assert!(!shows(&rig, N1, &key("b"), (2, 1)));
}

#[test]
fn a_replica_hides_what_is_written_until_it_is_open_and_carried_out_there() {
    let mut rig = rig();
    rig.write(N3, &key("a"), "1");
    follow(&mut rig, N1);
    let gate = rig.propose(N3, &key("a"), "2");
    rig.deliver();
    assert!(!shows(&rig, N1, &key("a"), (1, 0)) && shows(&rig, N1, &key("b"), (1, 0)));
    rig.apply(gate, &key("a"), "2");
    rig.deliver();
    assert!(!shows(&rig, N1, &key("a"), (1, 0)) && shows(&rig, N1, &key("a"), (2, 1)));
    assert_eq!((rig.sent["Touch"], rig.sent["Stands"]), (1, 2));
}

#[test]
fn a_node_that_reads_the_whole_shard_hears_again_of_what_was_lost() {
    let mut rig = rig();
    follow(&mut rig, N1);
    rig.deaf.push(N1);
    let gate = rig.write(N3, &key("a"), "1");
    assert!(!rig.opened.contains(&gate), "it waits");
    rig.deaf.clear();
    rig.now = rig.now.after(Duration::from_millis(100));
    rig.renew();
    assert!(rig.opened.contains(&gate));
    assert!(shows(&rig, N1, &key("a"), (1, 0)));
}

#[test]
fn who_reads_the_whole_shard_no_more_is_not_told_and_begins_in_another_session() {
    let mut rig = rig();
    follow(&mut rig, N1);
    rig.at_node(N1, |node, _, out| node.sharer.follow(false, out));
    rig.deliver();
    rig.write(N3, &key("a"), "1");
    assert!(!rig.sent.contains_key("Touch") && !shows(&rig, N1, &key("a"), (1, 0)));
    let era = rig.era(N1);
    follow_again(&mut rig);
    assert!(rig.era(N1) > era && shows(&rig, N1, &key("a"), (1, 0)));
    assert!(!shows(&rig, N1, &key("b"), (0, 0)), "it is behind");
}

fn follow_again(rig: &mut Rig) {
    rig.now = rig.now.after(Duration::from_millis(100));
    follow(rig, N1);
}

#[test]
fn a_write_of_everything_hides_everything() {
    let mut rig = rig();
    rig.write(N3, &key("a"), "1");
    follow(&mut rig, N1);
    let all = Proposal { all: true, after: 1, moves: true, ..Proposal::default() };
    let mut gate = None;
    rig.at_home(|home, now, out| gate = Some(home.proposed(now, all, out)));
    rig.deliver();
    assert!(!shows(&rig, N1, &key("a"), (1, 0)) && !shows(&rig, N1, &key("b"), (2, 1)));
    rig.at_home(|home, _, _| home.reached(2));
    rig.at_home(|home, now, out| home.applied(now, gate.unwrap(), out));
    rig.deliver();
    assert!(!shows(&rig, N1, &key("a"), (1, 0)) && shows(&rig, N1, &key("a"), (2, 1)));
}

#[test]
fn who_asks_to_become_the_home_reads_its_replica_no_more() {
    let mut rig = rig();
    rig.write(N3, &key("a"), "1");
    follow(&mut rig, N1);
    assert!(rig.nodes[&N1].sharer.view().is_on());
    let epoch = Epoch { term: 2, incarnation: 1 };
    rig.at_node(N1, |node, _, _| node.sharer.resign(epoch));
    assert!(!rig.nodes[&N1].sharer.view().is_on());
}

/// Whether the home that succeeds at a node shows a key before it opens.
fn shows_early(rig: &Rig, node: NodeId, before: u64, name: &Name, come: (u64, u64)) -> bool {
    let epoch = Epoch { term: before + 1, incarnation: 1 };
    let until = rig.now.after(Duration::from_secs(1));
    let takeover = Takeover { not_before: rig.now, until, missing: [N2].into() };
    let mut home = Home::new(node, epoch, rig.now, Some(takeover), Settings::default());
    home.inherits(rig.nodes[&node].sharer.limbo(before));
    assert!(!home.shows(rig.now, name, come.0), "it does not serve yet");
    let replica = Replica { seq: come.0, begun: come.1 + 1 };
    home.shows_early(rig.now, rig.now, replica, std::iter::once(name.at()))
}

/// The node that has read the whole shard asks to become the home itself.
fn resign(rig: &mut Rig, node: NodeId) {
    let epoch = Epoch { term: 9, incarnation: 1 };
    rig.at_node(node, |node, _, _| node.sharer.resign(epoch));
}

#[test]
fn a_new_home_shows_at_once_what_was_surely_open() {
    let mut rig = rig();
    rig.write(N3, &key("a"), "1");
    follow(&mut rig, N1);
    let gate = rig.propose(N3, &key("b"), "2");
    rig.deliver();
    resign(&mut rig, N1);
    assert!(shows_early(&rig, N1, 1, &key("a"), (2, 1)));
    assert!(!shows_early(&rig, N1, 1, &key("b"), (2, 1)), "others may read what was before");
    assert!(!shows_early(&rig, N1, 1, &key("a"), (3, 2)), "it was not told of the last one");
    // The home forgets the node and goes on without telling it.
    rig.apply(gate, &key("b"), "2");
    rig.write(N3, &key("a"), "3");
    assert!(!shows_early(&rig, N1, 1, &key("a"), (3, 2)));
}

#[test]
fn who_did_not_read_the_whole_shard_or_does_no_more_shows_nothing_early() {
    let mut rig = rig();
    rig.write(N3, &key("a"), "1");
    assert!(!shows_early(&rig, N1, 1, &key("a"), (1, 0)));
    follow(&mut rig, N1);
    rig.at_node(N1, |node, _, out| node.sharer.follow(false, out));
    assert!(shows_early(&rig, N1, 1, &key("a"), (1, 0)), "it knows still");
    rig.deliver();
    rig.write(N3, &key("a"), "2");
    resign(&mut rig, N1);
    assert!(!shows_early(&rig, N1, 1, &key("a"), (2, 1)), "nobody told it any more");
}

/// R29: the entries of another home in between have the numbers of some that were never
/// committed.
#[test]
fn what_was_known_of_an_earlier_home_says_nothing_of_the_last_one() {
    let rules = Rules { limbo_of_last: false, ..Rules::ALL };
    assert!(!another_led_in_between(Rules::ALL));
    assert!(another_led_in_between(rules), "the rule is what keeps it from that");
}

/// Whether a home that had a session with the last but one shows what the last one wrote.
fn another_led_in_between(rules: Rules) -> bool {
    let mut rig = Rig::new(N3, Settings { rules, ..Settings::default() });
    rig.write(N3, &key("a"), "1");
    follow(&mut rig, N1);
    // Never committed; another home wrote `b` instead, under the same number.
    rig.propose(N3, &key("a"), "2");
    rig.deliver();
    resign(&mut rig, N1);
    let come = (2, 1);
    assert!(shows_early(&rig, N1, 1, &key("b"), come), "the last home wrote no such entry");
    shows_early(&rig, N1, 2, &key("b"), come)
}
