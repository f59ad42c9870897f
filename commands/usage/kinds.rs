//! What an argument is, by its name.

use super::{Argument, Kind};

static KINDS: &[(&str, Kind)] = &[
    ("amount", Kind::Double),
    ("bytes", Kind::Integer),
    ("client-id", Kind::Integer),
    ("count", Kind::Integer),
    ("cursor", Kind::Integer),
    ("db", Kind::Integer),
    ("decrement", Kind::Integer),
    ("delivery", Kind::Integer),
    ("destination", Kind::Key),
    ("destination-db", Kind::Integer),
    ("end", Kind::Integer),
    ("frequency", Kind::Integer),
    ("increment", Kind::Integer),
    ("index", Kind::Integer),
    ("index1", Kind::Integer),
    ("index2", Kind::Integer),
    ("jitter", Kind::Integer),
    ("key", Kind::Key),
    ("key1", Kind::Key),
    ("key2", Kind::Key),
    ("len", Kind::Integer),
    ("limit", Kind::Integer),
    ("lock", Kind::Key),
    ("max", Kind::Integer),
    ("max-ms", Kind::Integer),
    ("milliseconds", Kind::Integer),
    ("min-ms", Kind::Integer),
    ("ms", Kind::Integer),
    ("ms-timeout", Kind::Integer),
    ("n", Kind::Integer),
    ("newkey", Kind::Key),
    ("numkeys", Kind::Integer),
    ("numlocal", Kind::Integer),
    ("numreplicas", Kind::Integer),
    ("offset", Kind::Integer),
    ("pattern", Kind::Pattern),
    ("per-ms", Kind::Integer),
    ("per-second", Kind::Integer),
    ("permits", Kind::Integer),
    ("port", Kind::Integer),
    ("priority", Kind::Integer),
    ("protover", Kind::Integer),
    ("queue", Kind::Key),
    ("seconds", Kind::Integer),
    ("shard", Kind::Integer),
    ("source", Kind::Key),
    ("start", Kind::Integer),
    ("timeout", Kind::Integer),
    ("token", Kind::Integer),
    ("ttl", Kind::Integer),
    ("unix-time-milliseconds", Kind::UnixTime),
    ("unix-time-seconds", Kind::UnixTime),
];

/// The kind of an argument of this name; any bytes unless the table says more.
pub(super) fn of(name: &str) -> Kind {
    let found = KINDS.binary_search_by_key(&name, |(name, _)| name);
    found.map_or(Kind::String, |at| KINDS[at].1)
}

/// What groups are called that begin with this part; others are called after all
/// of their parts.
static GROUPS: &[(&str, &str)] =
    &[("async", "manner"), ("nx", "condition"), ("seconds", "expiration"), ("start", "start")];

/// The name of a group with these parts.
pub(super) fn group_name(parts: &[Argument]) -> String {
    let first = parts.first().map_or("", |part| part.name.as_str());
    match GROUPS.iter().find(|(part, _)| *part == first) {
        Some((_, name)) => (*name).to_owned(),
        None => parts.iter().map(|part| part.name.as_str()).collect::<Vec<_>>().join("_"),
    }
}

#[cfg(test)]
mod tests {
    use super::KINDS;

    #[test]
    fn names_are_sorted() {
        assert!(KINDS.is_sorted_by_key(|(name, _)| name));
    }
}
