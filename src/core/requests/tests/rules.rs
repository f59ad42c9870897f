//! What is remembered, one rule at a time.

use super::{id, int, origin};
use crate::requests::{Recall, Table};
use crate::{Effect, NodeId, Origin, Outcome};

#[test]
fn a_request_is_fresh_until_it_was_applied() {
    let mut table = Table::new();
    assert_eq!(table.recall(&id(1, 5), 0, true), Recall::Fresh);
    table.remember(10, &id(1, 5), &int(7));
    for retry in [false, true] {
        assert_eq!(table.recall(&id(1, 5), 0, retry), Recall::Done(int(7)));
    }
    assert_eq!(table.recall(&id(1, 6), 0, true), Recall::Fresh);
    assert_eq!(table.recall(&id(2, 5), 0, true), Recall::Fresh);
}

#[test]
fn only_the_newest_request_of_a_connection_is_remembered() {
    let mut table = Table::new();
    table.remember(10, &id(1, 5), &int(7));
    table.remember(11, &id(1, 6), &int(8));
    assert_eq!(table.recall(&id(1, 6), 0, true), Recall::Done(int(8)));
    assert_eq!(table.recall(&id(1, 5), 0, false), Recall::Forgotten);
    assert_eq!(table.len(), 1);
    table.remember(12, &id(1, 5), &int(9));
    assert_eq!(table.recall(&id(1, 6), 0, true), Recall::Done(int(8)));
}

#[test]
fn what_a_request_waited_for_becomes_what_it_gave() {
    let mut table = Table::new();
    table.remember(10, &id(1, 5), &[Outcome::Ok, Outcome::Waits]);
    let answer = |conn, outcome| Effect::Answer { origin: origin(conn), request: 77, outcome };
    table.answered(&[answer(2, Outcome::Nil), answer(1, Outcome::Int(3))]);
    let both = vec![Outcome::Ok, Outcome::Int(3)];
    assert_eq!(table.recall(&id(1, 5), 0, true), Recall::Done(both.clone()));
    table.answered(&[answer(1, Outcome::Int(4))]);
    assert_eq!(table.recall(&id(1, 5), 0, true), Recall::Done(both));
}

#[test]
fn a_connection_that_ended_has_applied_what_it_has_applied() {
    let mut table = Table::new();
    table.remember(10, &id(1, 5), &int(7));
    let bytes = table.bytes();
    table.end_connection(origin(1));
    assert!(table.bytes() < bytes, "what the request gave is let go");
    assert_eq!(table.recall(&id(1, 5), 0, true), Recall::Forgotten);
    assert_eq!(table.recall(&id(1, 6), 0, true), Recall::Fresh, "it may have begun anew");
}

#[test]
fn requests_of_former_lives_are_forgotten_for_good() {
    let mut table = Table::new();
    table.remember(10, &id(1, 5), &int(7));
    table.end_lives(Origin { node: NodeId(1), boot: 2, conn: 0 });
    assert!(table.is_empty() && table.bytes() == 0);
    assert_eq!(table.recall(&id(1, 5), 0, true), Recall::Forgotten);
    assert_eq!(table.recall(&id(9, 1), 0, false), Recall::Forgotten);
    table.remember(11, &id(1, 6), &int(8));
    assert!(table.is_empty(), "nothing can be remembered of them either");
}

#[test]
fn other_nodes_and_later_lives_stay() {
    let mut table = Table::new();
    let mut later = id(1, 5);
    later.origin.boot = 2;
    let mut elsewhere = id(1, 5);
    elsewhere.origin.node = NodeId(2);
    for (seq, id) in [(1, id(1, 5)), (2, later), (3, elsewhere)] {
        table.remember(seq, &id, &int(seq as i64));
    }
    table.end_lives(Origin { node: NodeId(1), boot: 2, conn: 0 });
    assert_eq!(table.recall(&later, 0, true), Recall::Done(int(2)));
    assert_eq!(table.recall(&elsewhere, 0, true), Recall::Done(int(3)));
    assert_eq!(table.len(), 2);
}
