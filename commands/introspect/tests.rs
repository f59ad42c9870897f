#![allow(clippy::unwrap_used)]

use super::keys::{get, get_with_flags};
use super::*;
use crate::testing::words as split;

fn keys(line: &'static str) -> Vec<Vec<u8>> {
    match get(&split(line)) {
        Ok(Reply::Array(keys)) => keys
            .into_iter()
            .map(|key| if let Reply::Bulk(key) = key { key } else { panic!("{key:?}") })
            .collect(),
        other => panic!("{other:?}"),
    }
}

fn refusal(line: &'static str) -> String {
    get(&split(line)).unwrap_err().0.into_owned()
}

#[test]
fn keys_are_found_by_range_and_step() {
    assert_eq!(keys("get a"), [b"a"]);
    assert_eq!(keys("mset a 1 b 2"), [b"a", b"b"]);
    assert_eq!(keys("mset a 1 b"), [b"a", b"b"]);
    assert_eq!(keys("rename a b"), [b"a", b"b"]);
    assert_eq!(keys("object encoding k"), [b"k"]);
}

#[test]
fn a_call_without_keys_says_why() {
    assert_eq!(refusal("nosuch a"), "ERR Invalid command specified");
    assert_eq!(refusal("object foo k"), "ERR Invalid command specified");
    assert_eq!(refusal("dbsize"), "ERR The command has no key arguments");
    assert_eq!(refusal("get a b"), "ERR Invalid number of arguments specified for command");
}

#[test]
fn the_flags_of_set_depend_on_get() {
    let flags = |line| match get_with_flags(&split(line)).unwrap() {
        Reply::Array(mut pairs) => pairs.remove(0),
        other => panic!("{other:?}"),
    };
    let key = Reply::bulk("a");
    assert_eq!(flags("set a b"), Reply::Array(vec![key.clone(), words(&["OW", "update"])]));
    assert_eq!(flags("set a b get"), Reply::Array(vec![key, words(&["RW", "access", "update"])]));
}

#[test]
fn counted_keys_and_keywords_are_found() {
    use crate::spec::{Begin, Find, KeySpec};
    let spec = |key: KeySpec| crate::Spec {
        keys: vec![key].leak(),
        ..*table::by_name(b"get").unwrap().spec
    };
    let find = |spec: &crate::Spec, line| {
        let found = keys::of(spec, &split(line));
        found.map(|keys| keys.iter().map(|key| key.word).collect::<Vec<_>>())
    };
    let counted = spec(KeySpec::counted(&["RW"], 2));
    assert_eq!(find(&counted, "eval x 2 a b c"), Ok(vec![3, 4]));
    assert_eq!(find(&counted, "eval x 0"), Ok(vec![]));
    for bad in ["eval x 9 a", "eval x -1 a", "eval x y", "eval x", "eval x 9223372036854775807"] {
        assert!(find(&counted, bad).is_err(), "{bad}");
    }
    let forward = spec(KeySpec {
        begin: Begin::Keyword { word: "STREAMS", from: 1 },
        find: Find::Range { last: -1, step: 1, limit: 2 },
        ..KeySpec::one(&["RO"], 0)
    });
    assert_eq!(find(&forward, "xread count 1 streams a b 0 0"), Ok(vec![4, 5]));
    assert_eq!(find(&forward, "xread count 1"), Ok(vec![]));
    let backward = spec(KeySpec {
        begin: Begin::Keyword { word: "KEYS", from: -2 },
        ..KeySpec::range(&["RW"], 0, -1, 1)
    });
    assert_eq!(find(&backward, "migrate h p x keys a b"), Ok(vec![5, 6]));
}

#[test]
fn the_last_store_of_sort_names_a_key() {
    assert_eq!(keys("sort a"), [b"a"]);
    assert_eq!(keys("sort a by store get store limit store 1 desc"), [b"a"]);
    assert_eq!(keys("sort a STORE b get x store c"), [b"a", b"c"]);
    assert_eq!(keys("sort a store"), [b"a"]);
    assert_eq!(keys("georadius a 1 2 3 m store b storedist c"), [b"a", b"b", b"c"]);
}

#[test]
fn the_list_may_be_narrowed() {
    let names = |filter| match list(filter) {
        Reply::Array(names) => names,
        other => panic!("{other:?}"),
    };
    assert_eq!(names(Filter::Pattern(b"SETN*")), [Reply::bulk("setnx")]);
    assert!(names(Filter::Category(b"Keyspace")).contains(&Reply::bulk("object|freq")));
    assert_eq!(names(Filter::Category(b"@keyspace")), []);
    assert_eq!(names(Filter::Module), []);
    assert_eq!(names(Filter::None).len(), table::each().count());
}

#[test]
fn unknown_names_are_nil_in_info_and_left_out_of_docs() {
    let Reply::Array(info) = info(&[b"nosuch", b"object|foo", b"GET"]) else { panic!() };
    assert_eq!(info[..2], [Reply::Nil, Reply::Nil]);
    assert!(matches!(info[2], Reply::Array(_)));
    assert!(matches!(docs(&[b"nosuch", b"get"]), Reply::Map(entries) if entries.len() == 1));
}
