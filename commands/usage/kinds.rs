//! What an argument is, by its name.

use super::Kind;

static KINDS: &[(&str, Kind)] = &[
    ("amount", Kind::Double),
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
    ("key", Kind::Key),
    ("key1", Kind::Key),
    ("key2", Kind::Key),
    ("len", Kind::Integer),
    ("lock", Kind::Key),
    ("max", Kind::Integer),
    ("milliseconds", Kind::Integer),
    ("ms", Kind::Integer),
    ("n", Kind::Integer),
    ("newkey", Kind::Key),
    ("numkeys", Kind::Integer),
    ("numlocal", Kind::Integer),
    ("numreplicas", Kind::Integer),
    ("offset", Kind::Integer),
    ("pattern", Kind::Pattern),
    ("port", Kind::Integer),
    ("priority", Kind::Integer),
    ("protover", Kind::Integer),
    ("queue", Kind::Key),
    ("seconds", Kind::Integer),
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

#[cfg(test)]
mod tests {
    use super::KINDS;

    #[test]
    fn names_are_sorted() {
        assert!(KINDS.is_sorted_by_key(|(name, _)| name));
    }
}
