//! Pushing and popping.

use super::queues;
use crate::Reply;

#[test]
fn nothing_has_to_be_said_but_the_queue() {
    queues().tell(&[
        ("qpush q hello", "0-1"),
        ("qpop q", "[0-1-1 hello]"),
        ("qack q 0-1-1", "1"),
        ("qack q 0-1-1", "0"),
        ("qpop q", "nil"),
    ]);
}

#[test]
fn several_are_pushed_and_popped_at_once() {
    queues().tell(&[
        ("qmpush q msgs 3 a b c", "[0-1 0-2 0-3]"),
        ("qpop q count 2", "[[0-1-1 a] [0-2-1 b]]"),
        ("qmpop 1 q noack", "[q [[0-3-1 c]]]"),
        ("qmpop 1 q", "nil"),
        ("qpop q count 2", "nil"),
        ("qlen q inflight", "2"),
    ]);
}

#[test]
fn what_is_known_comes_with_the_message() {
    let mut q = queues();
    q.call("qpush q b ttl 60000 hdr 1 trace t1 dedup d");
    let Reply::Array(parts) = q.reply("qpop q vt 5000 withmeta") else { panic!("no array") };
    let Reply::Map(pairs) = &parts[2] else { panic!("no map") };
    let of = |name: &str| {
        let found = pairs.iter().find(|(there, _)| *there == Reply::bulk(name));
        super::text(&found.unwrap_or_else(|| panic!("no {name}")).1)
    };
    assert_eq!(of("id"), "0-1");
    assert_eq!(of("attempts"), "1");
    assert_eq!(of("fails"), "0");
    assert_eq!(of("enq-ms"), "1000000");
    assert_eq!(of("deadline-ms"), "1005000");
    assert_eq!(of("hdr"), "{trace=t1}");
    assert_eq!(of("dedup"), "d");
    assert_eq!(of("group"), "nil");
}

#[test]
fn a_copy_is_known_by_its_id() {
    let mut q = queues();
    q.tell(&[
        ("qpush q a dedup d", "0-1"),
        ("qpush q b dedup d", "0-1"),
        ("qpush q b dedup d withstatus", "[0-1 dup]"),
        ("qpush q c dedup d replace withstatus", "[0-1 replaced]"),
        ("qpush q d dedup e withstatus", "[0-3 new]"),
        ("qpop q count 9 noack", "[[0-1-1 c] [0-3-1 d]]"),
        ("qpush q a dedup d", "0-1"),
    ]);
    q.pass(300_001);
    assert_eq!(q.call("qpush q a dedup d withstatus"), "[0-4 new]");
}

#[test]
fn a_message_comes_when_it_is_due_and_not_when_it_is_over() {
    let mut q = queues();
    q.tell(&[
        ("qpush q late delay 1000", "0-1"),
        ("qpush q short ttl 500", "0-2"),
        ("qlen q delayed", "1"),
        ("qreschedule q 0-1 delay 2000", "1"),
        ("qreschedule q 0-7 now", "0"),
    ]);
    q.pass(600);
    q.tell(&[("qpop q", "nil"), ("qreschedule q 0-1 now", "1"), ("qpop q", "[0-1-1 late]")]);
}

#[test]
fn a_queue_takes_no_more_than_it_may() {
    let mut q = queues();
    q.call("qcreate q maxlen 2");
    q.tell(&[("qpush q a", "0-1"), ("qpush q b maxlen 5", "0-2")]);
    let refusal = q.call("qpush q c");
    assert!(refusal.starts_with("-QFULL len "), "{refusal}");
    let retry = refusal.rsplit(' ').next().map(str::parse::<u64>);
    assert!(matches!(retry, Some(Ok(1..))), "{refusal}");
    q.tell(&[("qconfig set q maxlen 0 maxbytes 4", "OK"), ("qpush q cc", "0-3")]);
    assert!(q.call("qpush q d").starts_with("-QFULL bytes "));
    q.tell(&[("qconfig set q overflow drophead", "OK"), ("qpush q d", "0-4"), ("qlen q", "3")]);
}

#[test]
fn all_or_none_are_pushed_together() {
    let mut q = queues();
    q.call("qcreate q maxlen 2");
    assert!(q.call("qmpush q atomic msgs 3 a b c").starts_with("-QFULL "));
    assert_eq!(q.call("qlen q"), "0");
    let reply = q.call("qmpush q msgs 3 a b c");
    assert!(reply.starts_with("[0-1 0-2 -QFULL len "), "{reply}");
}

#[test]
fn a_queue_that_is_not_there_is_made_unless_said_otherwise() {
    queues().tell(&[
        ("qpush q a nocreate", "-NOQUEUE no such queue"),
        ("qinfo q", "-NOQUEUE no such queue"),
        ("qconfig get q", "-NOQUEUE no such queue"),
        ("qconfig set q vt 1", "-NOQUEUE no such queue"),
        ("qlen q", "0"),
        ("qpush q a", "0-1"),
        ("qpush q b nocreate", "0-2"),
    ]);
}

#[test]
fn the_highest_priority_comes_first_if_the_queue_says_so() {
    queues().tell(&[
        ("qcreate q order pri", "OK"),
        ("qpush q low pri 1", "0-1"),
        ("qpush q high pri 9", "0-2"),
        ("qpush q middle pri 5", "0-3"),
        ("qpop q minpri 6", "[0-2-1 high]"),
        ("qpop q minpri 6", "nil"),
        ("qpop q count 9", "[[0-3-1 middle] [0-1-1 low]]"),
    ]);
}

#[test]
fn messages_of_a_group_come_one_after_the_other() {
    let group = "-QGROUP the queue's setting GROUPS does not allow this message";
    queues().tell(&[
        ("qpush plain a group g", group),
        ("qcreate q groups required", "OK"),
        ("qpush q a", group),
        ("qpush q a1 group a", "0-1"),
        ("qpush q a2 group a", "0-2"),
        ("qpush q b1 group b", "0-3"),
        ("qpop q count 9", "[[0-1-1 a1] [0-3-1 b1]]"),
        ("qpop q", "nil"),
        ("qack q 0-1-1", "1"),
        ("qpop q group b", "nil"),
        ("qpop q group a", "[0-2-1 a2]"),
    ]);
}

#[test]
fn whoever_waits_is_answered_by_a_push() {
    let mut q = queues();
    q.tell(&[("qpop q block 0", "waits"), ("qpush q a", "0-1")]);
    assert_eq!(q.answers("qpop q"), ["[0-1-1 a]"]);
    q.call("qpop q block 500 count 2");
    q.pass(500);
    assert_eq!(q.answers("qpop q"), ["nil"]);
}
