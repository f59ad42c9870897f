//! COMMAND INFO: what routing clients read.

use super::{chosen, map, words};
use crate::spec::{Begin, Find, KeySpec};
use crate::{Command, Reply, Spec};

/// COMMAND INFO for these names, nil for one that is unknown; all commands for none.
pub fn info(names: &[&[u8]]) -> Reply {
    let of = |command: Option<&Command>| command.map_or(Reply::Nil, one);
    Reply::Array(chosen(names).into_iter().map(of).collect())
}

fn one(command: &Command) -> Reply {
    let spec = command.spec;
    let [first, last, step] = simple_range(spec);
    let subcommands: Vec<Reply> = command.subcommands.iter().map(one).collect();
    Reply::Array(vec![
        Reply::bulk(spec.name),
        Reply::Int(spec.arity.into()),
        words(spec.flags),
        Reply::Int(first),
        Reply::Int(last),
        Reply::Int(step),
        words(spec.acl),
        Reply::Set(spec.tips.iter().map(Reply::bulk).collect()),
        Reply::Set(spec.shown_keys().iter().map(key_spec).collect()),
        // An empty set and a filled array: so Redis does it.
        if subcommands.is_empty() { Reply::Set(subcommands) } else { Reply::Array(subcommands) },
    ])
}

/// First key, last key and step, as commands were described before there were key
/// specifications: the first ranges of a command as far as they are one range.
pub(super) fn simple_range(spec: &Spec) -> [i64; 3] {
    let mut simple: Option<[i64; 3]> = None;
    for key in spec.shown_keys() {
        let (Begin::Index(first), Find::Range { last, step, .. }) = (key.begin, key.find) else {
            continue;
        };
        let [first, last, step] = [first, last, step].map(i64::from);
        let last = if last >= 0 { first + last } else { last };
        simple = match simple {
            None => Some([first, last, step]),
            Some([from, to, 1]) if step == 1 && to + 1 == first => Some([from, last, 1]),
            found => return found.unwrap_or_default(),
        };
    }
    simple.unwrap_or_default()
}

fn key_spec(key: &KeySpec) -> Reply {
    let flags = words(key.flags);
    let begin = begin(key.begin);
    let find = find(key.find);
    match key.notes {
        "" => map([("flags", flags), ("begin_search", begin), ("find_keys", find)]),
        notes => map([
            ("notes", Reply::bulk(notes)),
            ("flags", flags),
            ("begin_search", begin),
            ("find_keys", find),
        ]),
    }
}

fn begin(begin: Begin) -> Reply {
    match begin {
        Begin::Index(index) => typed("index", map([("index", number(index))])),
        Begin::Keyword { word, from } => {
            typed("keyword", map([("keyword", Reply::bulk(word)), ("startfrom", number(from))]))
        }
        Begin::LastOption { .. } | Begin::Unknown => typed("unknown", map([])),
    }
}

fn find(find: Find) -> Reply {
    match find {
        Find::Range { last, step, limit } => typed(
            "range",
            map([("lastkey", number(last)), ("keystep", number(step)), ("limit", number(limit))]),
        ),
        Find::Count { at, first, step } => typed(
            "keynum",
            map([
                ("keynumidx", number(at)),
                ("firstkey", number(first)),
                ("keystep", number(step)),
            ]),
        ),
        Find::Unknown => typed("unknown", map([])),
    }
}

fn typed(kind: &'static str, spec: Reply) -> Reply {
    map([("type", Reply::bulk(kind)), ("spec", spec)])
}

fn number(value: i16) -> Reply {
    Reply::Int(value.into())
}
