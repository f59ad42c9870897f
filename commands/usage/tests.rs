#![allow(clippy::unwrap_used)]

use super::*;
use crate::table;

fn of(name: &str) -> Vec<Argument> {
    arguments(table::by_name(name.as_bytes()).unwrap().spec).unwrap()
}

/// An argument as a line: name, type, token, flags, key specification.
fn shown(argument: &Argument) -> String {
    let mut line = format!("{} {}", argument.name, argument.kind.name());
    if let Some(token) = argument.token {
        line += &format!(" {token}");
    }
    for (flag, name) in [
        (argument.optional, "optional"),
        (argument.multiple, "multiple"),
        (argument.multiple_token, "multiple_token"),
    ] {
        if flag {
            line += &format!(" {name}");
        }
    }
    if let Some(key) = argument.key_spec {
        line += &format!(" #{key}");
    }
    if !argument.arguments.is_empty() {
        let parts: Vec<String> = argument.arguments.iter().map(shown).collect();
        line += &format!(" ({})", parts.join(", "));
    }
    line
}

fn lines(name: &str) -> Vec<String> {
    of(name).iter().map(shown).collect()
}

#[test]
fn every_usage_line_is_understood() {
    for command in table::each() {
        let made = arguments(command.spec);
        assert!(made.is_ok(), "{}: {made:?}", command.spec.usage);
    }
}

#[test]
fn choices_and_tokens_become_a_tree() {
    assert_eq!(
        lines("set"),
        [
            "key key #0",
            "value string",
            "condition oneof optional \
             (nx pure-token NX, xx pure-token XX, comparison-value string IFEQ)",
            "get pure-token GET optional",
            "expiration oneof optional \
             (seconds integer EX, milliseconds integer PX, unix-time-seconds unix-time EXAT, \
             unix-time-milliseconds unix-time PXAT, keepttl pure-token KEEPTTL)",
        ]
    );
}

#[test]
fn what_may_be_repeated_is_marked() {
    assert_eq!(lines("mget"), ["key key multiple #0"]);
    assert_eq!(lines("mset"), ["key_value block multiple (key key #0, value string)"]);
    assert_eq!(lines("command|info"), ["command-name string optional multiple"]);
}

#[test]
fn keys_are_numbered_by_their_specifications() {
    assert_eq!(lines("lcs")[..2], ["key1 key #0", "key2 key #0"]);
    assert_eq!(lines("copy")[..2], ["source key #0", "destination key #1"]);
}

fn tree(line: &'static str) -> Vec<String> {
    sequence(&notation::parse(line).unwrap()).unwrap().iter().map(shown).collect()
}

#[test]
fn a_token_belongs_to_all_that_follows_it_in_its_group() {
    assert_eq!(
        tree("[LIMIT offset count]"),
        ["offset_count block LIMIT optional (offset integer, count integer)"]
    );
    assert_eq!(
        tree("[AUTH <user | password>]"),
        ["user_password oneof AUTH optional (user string, password string)"]
    );
    assert_eq!(tree("LIMIT offset count"), ["offset integer LIMIT", "count integer"]);
}

#[test]
fn repeated_tokens_are_told_from_tokens_before_lists() {
    assert_eq!(
        tree("[GET pattern [GET pattern ...]]"),
        ["pattern pattern GET optional multiple multiple_token"]
    );
    assert_eq!(tree("[ID id [id ...]]"), ["id string ID optional multiple"]);
    assert_eq!(tree("<a | b> [...]"), ["a_b oneof multiple (a string, b string)"]);
    assert_eq!(tree("[a b ...]"), ["a_b block optional multiple (a string, b string)"]);
}

#[test]
fn brackets_without_their_twin_are_refused() {
    for line in ["[a", "a]", "<a]", "[]", "...", "[a | ]"] {
        let made = notation::parse(line).and_then(|nodes| sequence(&nodes));
        assert!(made.is_err(), "{line}: {made:?}");
    }
}
