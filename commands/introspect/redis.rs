//! COMMAND INFO compared with Redis 7.0.15, whose answer is kept as a file.

#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::info;
use crate::{Reply, table};

const FACTS: &str = include_str!("../tests/data/redis-7.0.15-commands.json");

/// Commands that differ on purpose, with the reason.
const DIFFERENT: &[(&str, &str)] = &[];

#[test]
fn what_is_told_of_a_shared_command_is_what_redis_tells() {
    let facts: Vec<Value> = serde_json::from_str(FACTS).unwrap();
    let mut compared = 0;
    for command in table::each() {
        let name = command.spec.name;
        let Some(theirs) = facts.iter().find(|facts| facts["name"] == name) else { continue };
        compared += 1;
        let Reply::Array(answer) = info(&[name.as_bytes()]) else { panic!("{name}") };
        let (ours, theirs) = (sorted(facts_of(&value(&answer[0]))), &sorted(theirs.clone()));
        let differs = DIFFERENT.iter().any(|(different, _)| *different == name);
        assert!(differs || ours == *theirs, "{name}\n ours:  {ours}\n Redis: {theirs}");
        assert!(!differs || ours != *theirs, "{name} does not differ any more");
    }
    assert!(compared > 60, "only {compared}");
}

/// A reply as JSON; sets are sorted.
fn value(reply: &Reply) -> Value {
    match reply {
        Reply::Simple(text) => json!(text),
        Reply::Bulk(bytes) => json!(String::from_utf8(bytes.clone()).unwrap()),
        Reply::Int(number) => json!(number),
        Reply::Array(items) => items.iter().map(value).collect(),
        Reply::Set(items) => {
            let mut items: Vec<Value> = items.iter().map(value).collect();
            items.sort_by_key(Value::to_string);
            items.into()
        }
        Reply::Map(pairs) => {
            let pair = |(name, item): &(Reply, Reply)| {
                (value(name).as_str().unwrap().to_owned(), value(item))
            };
            Value::Object(pairs.iter().map(pair).collect())
        }
        other => panic!("{other:?}"),
    }
}

/// An entry of COMMAND INFO in the form of the file.
fn facts_of(entry: &Value) -> Value {
    let keys: Vec<Value> = entry[8].as_array().unwrap().iter().map(key_spec).collect();
    json!({
        "name": entry[0], "arity": entry[1], "flags": entry[2],
        "range": [entry[3], entry[4], entry[5]],
        "acl": entry[6], "tips": entry[7], "keys": keys,
    })
}

/// With its keys sorted: they are a set.
fn sorted(mut facts: Value) -> Value {
    facts["keys"].as_array_mut().unwrap().sort_by_key(Value::to_string);
    facts
}

fn key_spec(key: &Value) -> Value {
    let notes = key.get("notes").cloned().unwrap_or(json!(""));
    json!({
        "notes": notes, "flags": key["flags"],
        "begin": listed(&key["begin_search"], &["index", "keyword", "startfrom"]),
        "find": listed(
            &key["find_keys"],
            &["lastkey", "keynumidx", "firstkey", "keystep", "limit"],
        ),
    })
}

/// The type and then the values, in the order in which Redis sends them.
fn listed(part: &Value, names: &[&str]) -> Value {
    let values = names.iter().filter_map(|name| part["spec"].get(name).cloned());
    std::iter::once(part["type"].clone()).chain(values).collect()
}
