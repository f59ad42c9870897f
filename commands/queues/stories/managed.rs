//! Looking at queues, and looking after them.

use super::{queues, text};
use crate::Reply;
use crate::queues::settings::TABLE;

#[test]
fn what_is_shown_of_a_setting_can_be_set() {
    let mut q = queues();
    q.call("qcreate q backoff 5 70 linear 10 rate 3 500 order lifo maxlen 9");
    let Reply::Map(shown) = q.reply("qconfig get q") else { panic!("no map") };
    assert_eq!(shown.len(), TABLE.len());
    for (name, value) in &shown {
        let words = text(value).replace(['[', ']'], "");
        assert_eq!(q.call(&format!("qconfig set q {} {words}", text(name))), "OK", "{words}");
    }
    assert_eq!(q.reply("qconfig get q"), Reply::Map(shown));
}

#[test]
fn every_default_is_that_of_the_table() {
    let mut q = queues();
    q.call("qcreate q");
    let Reply::Map(shown) = q.reply("qconfig get q") else { panic!("no map") };
    for ((name, value), row) in shown.iter().zip(TABLE) {
        assert_eq!(text(name), row.name.to_ascii_lowercase());
        let value = text(value).replace(['[', ']'], "");
        let value = if row.name == "RATE" { "0".to_owned() } else { value };
        assert_eq!(value, row.default.to_ascii_lowercase(), "{}", row.name);
    }
}

#[test]
fn some_settings_are_told_and_set_back() {
    queues().tell(&[
        ("qcreate q vt 5 order lifo", "OK"),
        ("qcreate q vt 5 ifnx", "-QEXISTS there is a queue of this name already"),
        ("qconfig get q ORDER vt", "{vt=5 order=lifo}"),
        ("qconfig reset q vt", "OK"),
        ("qconfig get q vt order", "{vt=30000 order=lifo}"),
        ("qcreate q maxlen 3", "OK"),
        ("qconfig get q order maxlen", "{maxlen=3 order=lifo}"),
    ]);
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    let mut q = queues();
    q.call("qcreate q");
    for line in ["qconfig set q vt 500 maxvt 100", "qconfig set q order lifo groups optional"] {
        let refusal = q.call(line);
        assert!(refusal.starts_with("-ERR "), "{line}: {refusal}");
    }
    assert_eq!(q.call("qconfig get q vt order"), "{vt=30000 order=fifo}");
}

#[test]
fn messages_are_shown_wherever_they_stand() {
    let mut q = queues();
    q.tell(&[
        ("qmpush q msgs 3 a b c", "[0-1 0-2 0-3]"),
        ("qpush q d delay 500", "0-4"),
        ("qpop q consumer w1", "[0-1-1 a]"),
        ("qpeek q 9", "[[0-2 b] [0-3 c]]"),
        ("qpeek q -1", "[[0-3 c]]"),
        ("qpeek q 9 from 0-3", "[[0-3 c]]"),
        ("qpeek q 9 state delayed", "[[0-4 d]]"),
        ("qpeek q 9 state inflight", "[[0-1 a]]"),
        ("qget q 0-9", "nil"),
    ]);
    q.pass(70);
    q.tell(&[
        ("qpending q", "[[0-1-1 w1 70 1]]"),
        ("qpending q consumer w2", "[]"),
        ("qpending q idle 71", "[]"),
        ("qconsumers q", "[{name=w1 inflight=1 idle-ms=70 waiting=0}]"),
    ]);
    let walk = q.call("qmsgs q 0 state delayed inflight");
    let first = "{id=0-1 state=inflight attempts=1 fails=0 enq-ms=1000000 bytes=1";
    assert!(walk.starts_with(&format!("[0 [{first}")), "{walk}");
    assert!(walk.contains("{id=0-4 state=delayed attempts=0"), "{walk}");
    assert!(q.call("qget q 0-2").starts_with("[b {id=0-2 attempts=0 "));
}

#[test]
fn a_walk_ends_with_cursor_0() {
    let mut q = queues();
    q.call("qmpush q msgs 5 a b c d e");
    let (mut cursor, mut seen) = ("0".to_owned(), 0);
    loop {
        let Reply::Array(parts) = q.reply(&format!("qmsgs q {cursor} count 2")) else {
            panic!("no array")
        };
        let Reply::Array(list) = &parts[1] else { panic!("no list") };
        (cursor, seen) = (text(&parts[0]), seen + list.len());
        if cursor == "0" {
            break;
        }
    }
    assert_eq!(seen, 5);
}

#[test]
fn a_queue_can_be_paused_on_either_side() {
    let paused = "-QPAUSED IN the queue takes no messages at the moment";
    let mut q = queues();
    q.tell(&[
        ("qpush q a", "0-1"),
        ("qpause q in", "OK"),
        ("qpush q b", paused),
        ("qpop q", "[0-1-1 a]"),
        ("qresume q", "OK"),
        ("qpush q b", "0-2"),
        ("qpause q out for 500", "OK"),
        ("qpop q", "nil"),
        ("qpop q block 0", "waits"),
        ("qack q 0-1-1", "1"),
    ]);
    q.pass(500);
    assert_eq!(q.answers("qpop q"), ["[0-2-1 b]"]);
}

#[test]
fn messages_are_taken_away_and_moved() {
    queues().tell(&[
        ("qmpush {q}1 msgs 5 a b c d e", "[0-1 0-2 0-3 0-4 0-5]"),
        ("qpop {q}1", "[0-1-1 a]"),
        ("qdel {q}1 0-1 0-2 0-9", "1"),
        ("qdel {q}1 0-1 force", "1"),
        ("qmove {q}1 {q}2 count 2", "2"),
        ("qlen {q}1", "1"),
        ("qpop {q}2 count 9 noack", "[[0-1-1 c] [0-2-1 d]]"),
        ("qdestroy {q}1 ifempty", "-QNOTEMPTY the queue still has messages"),
        ("qpurge {q}1 state dead", "0"),
        ("qpurge {q}1", "1"),
        ("qdestroy {q}1 ifempty", "1"),
        ("qdestroy {q}1", "0"),
    ]);
}
