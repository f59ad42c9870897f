//! Receipts: acks, nacks, more time, and the dead.

use super::queues;

#[test]
fn an_ack_may_bring_the_next_message() {
    let mut q = queues();
    q.tell(&[
        ("qmpush q msgs 2 a b", "[0-1 0-2]"),
        ("qpop q", "[0-1-1 a]"),
        ("qack q 0-1-1 pop 1", "[1 [[0-2-1 b]]]"),
        ("qack q 0-2-1 0-1-1 0-9-1 verbose pop 1", "[[1 0 0] nil]"),
        ("qpush q c", "0-3"),
        ("qpop q", "[0-3-1 c]"),
        ("qack q 0-3-1 pop 1 block 0", "waits"),
        ("qpush q d", "0-4"),
    ]);
    assert_eq!(q.answers("qack q 0-3-1"), ["[1 [[0-4-1 d]]]"]);
}

#[test]
fn a_late_ack_counts_until_somebody_else_has_the_message() {
    let stale = "-QSTALE the message is settled, or its lease is over, or somebody else has it";
    let mut q = queues();
    q.tell(&[
        ("qmpush q msgs 2 a b", "[0-1 0-2]"),
        ("qpop q vt 10 count 2", "[[0-1-1 a] [0-2-1 b]]"),
    ]);
    q.pass(10);
    q.tell(&[("qack q 0-1-1 verbose", "[1]")]);
    q.pass(2000);
    q.tell(&[
        ("qpop q", "[0-2-2 b]"),
        ("qack q 0-2-1 verbose", "[-1]"),
        ("qextend q 0-2-1 500", stale),
        ("qnack q 0-2-1", stale),
        ("qnack q 0-2-1 0-1-1", "0"),
        ("qack q 0-2-2", "1"),
    ]);
    assert_eq!(q.info("q", "stale-acks"), "1");
    assert_eq!(q.info("q", "late-acks"), "1");
}

#[test]
fn more_time_is_counted_from_now() {
    let mut q = queues();
    q.tell(&[
        ("qcreate q vt 1000 maxvt 5000", "OK"),
        ("qmpush q msgs 2 a b", "[0-1 0-2]"),
        ("qpop q count 2", "[[0-1-1 a] [0-2-1 b]]"),
        ("qextend q 0-1-1 2000", "[1002000]"),
        ("qtouch q 0-2-1 0-9-1 0", "[1001000 0]"),
        ("qextend q 0-1-1 9000", "[1005000]"),
    ]);
}

#[test]
fn what_failed_too_often_is_dead_and_comes_back_by_a_redrive() {
    let mut q = queues();
    q.tell(&[
        ("qcreate q maxdeliver 2 backoff 100 100 linear 0", "OK"),
        ("qpush q a", "0-1"),
        ("qpop q", "[0-1-1 a]"),
        ("qnack q 0-1-1 err oops", "1"),
        ("qpop q", "nil"),
    ]);
    q.pass(100);
    q.tell(&[
        ("qpop q", "[0-1-2 a]"),
        ("qnack q 0-1-2 silent", "1"),
        ("qpop q", "[0-1-3 a]"),
        ("qnack q 0-1-3 now", "1"),
        ("qlen q", "0"),
        ("qlen q dead", "1"),
        ("qpeek q 5 state dead", "[[0-1 a]]"),
        ("qredrive q status", "nil"),
        ("qredrive q cancel", "0"),
        ("qredrive q start reason ttl", "0"),
        ("qredrive q start reason maxdeliver reset", "1"),
    ]);
    q.pass(100);
    let status = q.call("qredrive q status");
    assert!(status.starts_with("{state=done moved=1 left=0 rate=0 begun-ms="), "{status}");
    q.tell(&[("qlen q dead", "0"), ("qpop q", "[0-1-4 a]")]);
}

#[test]
fn fatal_is_dead_at_once_and_tells_why() {
    let mut q = queues();
    q.tell(&[
        ("qpush q a", "0-1"),
        ("qpop q", "[0-1-1 a]"),
        ("qnack q 0-1-1 fatal err broken", "1"),
        ("qlen q dead", "1"),
    ]);
    let told = q.call("qget q 0-1");
    for part in ["reason=fatal", "error=broken", "state=dead", "attempts=1"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let head = q.call("qredrive q start head");
    assert!(head.starts_with("-ERR HEAD "), "{head}");
}

#[test]
fn what_was_delivered_to_a_session_comes_back_with_its_end() {
    let mut q = queues();
    q.tell(&[
        ("qpush q a", "0-1"),
        ("qpop q session session-number-1", "-NOSESSION there is no such session, or it has ended"),
    ]);
    q.open("session-number-1", 1000);
    q.tell(&[
        ("qpop q session session-number-1 vt 60000", "[0-1-1 a]"),
        ("qpop q session session-number-1 block 0", "waits"),
        ("qconsumers q", "[{name=session-number-1 inflight=1 idle-ms=0 waiting=1}]"),
        ("qpending q consumer session-number-1", "[[0-1-1 session-number-1 0 1]]"),
    ]);
    q.pass(3000);
    let ended = "-NOSESSION there is no such session, or it has ended";
    assert_eq!(q.answers("qpop q"), [ended]);
    q.pass(3000);
    assert_eq!(q.call("qpop q"), "[0-1-2 a]");
}

#[test]
fn the_dead_may_go_to_another_queue() {
    let mut q = queues();
    q.tell(&[
        ("qcreate {q} dlq {q}dead", "OK"),
        ("qpush {q} a", "0-1"),
        ("qpop {q}", "[0-1-1 a]"),
        ("qnack {q} 0-1-1 fatal", "1"),
        ("qlen {q} all", "0"),
        ("qlen {q}dead", "1"),
    ]);
}
