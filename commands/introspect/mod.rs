//! What COMMAND and its subcommands answer, made from the specifications.

mod docs;
mod info;
pub mod keys;

pub use docs::docs;
pub use info::info;

use lockstep_core::glob;

use crate::{Command, Reply, table};

/// COMMAND COUNT.
pub fn count() -> Reply {
    Reply::Int(table::all().len() as i64)
}

/// What COMMAND LIST shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter<'a> {
    /// Everything.
    None,
    /// The commands of a module; there are no modules.
    Module,
    /// The commands of an ACL category, without its `@`.
    Category(&'a [u8]),
    /// The commands whose name fits a glob pattern.
    Pattern(&'a [u8]),
}

/// COMMAND LIST.
pub fn list(filter: Filter<'_>) -> Reply {
    let fits =
        |command: &&Command| match filter {
            Filter::None => true,
            Filter::Module => false,
            Filter::Category(name) => command.spec.acl.iter().any(|category| {
                category.trim_start_matches('@').as_bytes().eq_ignore_ascii_case(name)
            }),
            Filter::Pattern(pattern) => {
                glob::matches_ignore_case(pattern, command.spec.name.as_bytes())
            }
        };
    Reply::Array(table::each().filter(fits).map(|command| Reply::bulk(command.spec.name)).collect())
}

/// The commands of these names, in their order; all if there are none.
fn chosen(names: &[&[u8]]) -> Vec<Option<&'static Command>> {
    match names {
        [] => table::all().iter().map(|command| Some(*command)).collect(),
        names => names.iter().map(|name| table::by_name(name)).collect(),
    }
}

/// A set of fixed words as simple strings; redis-cli insists on these for flags.
fn words(words: &[&'static str]) -> Reply {
    Reply::Set(words.iter().map(|word| Reply::Simple(word)).collect())
}

/// A map with fixed names.
fn map<const COUNT: usize>(pairs: [(&'static str, Reply); COUNT]) -> Reply {
    Reply::Map(pairs.into_iter().map(|(name, value)| (Reply::bulk(name), value)).collect())
}

#[cfg(test)]
mod redis;
#[cfg(test)]
mod tests;
