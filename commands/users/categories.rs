//! The categories of commands, and who belongs to them.

use std::sync::LazyLock;

use super::commands::Bits;
use crate::{Command, Spec, index, table};

/// All categories without their `@`: those of Redis in its order, then our own.
pub const CATEGORIES: [&str; 24] = [
    "keyspace",
    "read",
    "write",
    "set",
    "sortedset",
    "list",
    "hash",
    "string",
    "bitmap",
    "hyperloglog",
    "geo",
    "stream",
    "pubsub",
    "admin",
    "fast",
    "slow",
    "blocking",
    "dangerous",
    "connection",
    "transaction",
    "scripting",
    "lock",
    "queue",
    "cluster",
];

static MEMBERS: LazyLock<Vec<Bits>> = LazyLock::new(|| {
    let bits = |category| {
        let mut bits = Bits::default();
        members(category).for_each(|command| bits.set(index::of(command.spec), true));
        bits
    };
    (0..CATEGORIES.len()).map(bits).collect()
});

/// The number of a category, by its name in capitals or not.
pub(super) fn named(name: &[u8]) -> Option<usize> {
    CATEGORIES.iter().position(|it| name.eq_ignore_ascii_case(it.as_bytes()))
}

/// The commands and subcommands of a category.
pub(super) fn members(category: usize) -> impl Iterator<Item = &'static Command> {
    table::each().filter(move |command| is_in(command.spec, category))
}

/// The same as a set.
pub(super) fn bits(category: usize) -> &'static Bits {
    &MEMBERS[category]
}

fn is_in(spec: &Spec, category: usize) -> bool {
    spec.acl.iter().any(|it| it.strip_prefix('@') == Some(CATEGORIES[category]))
}
