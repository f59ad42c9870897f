//! Which words of a call are names of queues: cluster clients go by it.

use crate::testing::words;
use crate::{introspect, table};

/// The names of queues in a call, as COMMAND GETKEYS finds them.
fn keys(line: &'static str) -> Vec<&'static [u8]> {
    let words = words(line);
    let (command, _) = table::find(&words).unwrap_or_else(|bad| panic!("{line}: {}", bad.0));
    let keys = introspect::keys::of(command.spec, &words);
    let keys = keys.unwrap_or_else(|bad| panic!("{line}: {}", bad.0));
    keys.iter().map(|key| words[key.word]).collect()
}

#[test]
fn one_queue_is_the_first_word() {
    for line in [
        "qpush q body maxlen 3",
        "qmpush q msgs 1 b",
        "qpop q count 3",
        "qack q 0-1-1",
        "qredrive q start to other",
        "addjob q body 0",
        "qstat q",
    ] {
        assert_eq!(keys(line), [b"q"], "{line}");
    }
}

#[test]
fn the_queue_of_a_setting_stands_behind_the_subcommand() {
    for line in ["qconfig get q vt", "qconfig set q vt 5", "qconfig reset q vt"] {
        assert_eq!(keys(line), [b"q"], "{line}");
    }
}

#[test]
fn several_queues_are_all_found() {
    assert_eq!(keys("qmpop 2 a b count 3"), [b"a", b"b"]);
    assert_eq!(keys("qmove a b count 3"), [b"a", b"b"]);
    assert_eq!(keys("getjob nohang count 3 from a b"), [b"a", b"b"]);
}

#[test]
fn what_is_about_no_queue_or_says_it_within_an_id_has_none() {
    for line in ["qscan 0", "qlist", "qsession ping s1", "ackjob D-0-1-1-q", "show D-0-1-1-q"] {
        assert!(keys(line).is_empty(), "{line}");
    }
}
