//! Each bound of the table, reached.

use super::{id, int, restored};
use crate::Outcome;
use crate::requests::table::{Limits, RECORD_BYTES};
use crate::requests::{OUTCOMES_BYTES_MAX, REQUESTS_BYTES_MAX, REQUESTS_MAX, Recall, Table};

#[test]
fn the_oldest_connections_make_room_for_new_ones() {
    let mut table = Table::new();
    let count = REQUESTS_MAX as u64;
    for conn in 0..count {
        table.remember(100 + conn, &id(conn, 1), &int(0));
    }
    assert_eq!((table.len(), table.evicted_seq()), (REQUESTS_MAX, 0));
    table.remember(100 + count, &id(0, 2), &int(0));
    assert_eq!(table.len(), REQUESTS_MAX, "a connection that goes on needs no room");
    table.remember(101 + count, &id(count, 1), &int(0));
    assert_eq!((table.len(), table.evicted_seq()), (REQUESTS_MAX, 101));
    assert_eq!(table.recall(&id(0, 2), 0, true), Recall::Done(int(0)));
    assert_eq!(table.recall(&id(1, 1), 100, true), Recall::Forgotten);
    assert_eq!(restored(&table).state_digest(), table.state_digest());
}

#[test]
fn what_is_remembered_is_bounded_in_bytes() {
    let mut table = Table::new();
    let large = [Outcome::Bytes(vec![0; OUTCOMES_BYTES_MAX - 100])];
    for conn in 0..2_000 {
        table.remember(1 + conn, &id(conn, 1), &large);
        assert!(table.bytes() <= REQUESTS_BYTES_MAX);
    }
    assert!(table.bytes() > REQUESTS_BYTES_MAX - OUTCOMES_BYTES_MAX - RECORD_BYTES);
    assert_eq!(table.evicted_seq(), 2_000 - table.len() as u64);
}

#[test]
fn outcomes_that_are_too_large_are_not_kept() {
    let mut table = Table::new();
    let bytes = |count| Outcome::Bytes(vec![0; count]);
    for outcomes in [
        vec![bytes(OUTCOMES_BYTES_MAX)],
        vec![bytes(OUTCOMES_BYTES_MAX / 2), Outcome::List(vec![bytes(OUTCOMES_BYTES_MAX / 2)])],
        vec![Outcome::List(vec![Outcome::Int(i64::MAX); OUTCOMES_BYTES_MAX / 8])],
        vec![Outcome::Nil; OUTCOMES_BYTES_MAX],
    ] {
        table.remember(10, &id(1, 5), &outcomes);
        assert_eq!(table.recall(&id(1, 5), 0, true), Recall::Forgotten);
        assert_eq!((table.len(), table.bytes()), (1, RECORD_BYTES));
    }
    table.remember(11, &id(1, 6), &[bytes(OUTCOMES_BYTES_MAX - 10)]);
    assert!(matches!(table.recall(&id(1, 6), 0, true), Recall::Done(_)));
}

#[test]
fn a_retry_of_what_may_have_made_room_is_not_taken_for_new() {
    let mut table = Table::limited(Limits { records: 2, bytes: 1 << 20 });
    for conn in 1..=3 {
        table.remember(10 * conn, &id(conn, 1), &int(0));
    }
    assert_eq!(table.evicted_seq(), 10);
    let unknown = id(9, 1);
    assert_eq!(table.recall(&unknown, 9, true), Recall::Forgotten);
    assert_eq!(table.recall(&unknown, 10, true), Recall::Fresh, "it is younger than what went");
    assert_eq!(table.recall(&unknown, 9, false), Recall::Fresh, "it was never proposed");
}

#[test]
fn a_connection_that_was_remembered_all_the_time_has_lost_nothing() {
    let mut table = Table::limited(Limits { records: 2, bytes: 1 << 20 });
    table.remember(10, &id(1, 1), &int(0));
    table.remember(20, &id(2, 1), &int(0));
    table.remember(30, &id(3, 1), &int(0));
    assert_eq!(table.evicted_seq(), 10);
    assert_eq!(table.recall(&id(2, 2), 20, true), Recall::Fresh);
    table.remember(40, &id(4, 1), &int(0));
    assert_eq!(table.evicted_seq(), 20);
    let older = table.recall(&id(3, 2), 15, true);
    assert_eq!(older, Recall::Forgotten, "it may have come, gone, and come back");
}
