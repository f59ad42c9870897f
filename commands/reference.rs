//! The reference page, `commands/README.md`, made from the specifications.

use crate::{Command, Group, Spec, queues, table};

/// The chapters in the order of the page.
const CHAPTERS: &[(Group, &str)] = &[
    (Group::Locks, "Locks"),
    (Group::Queues, "Queues"),
    (Group::Cache, "Coherent cache"),
    (Group::String, "Strings"),
    (Group::Bitmap, "Bits of strings"),
    (Group::HyperLogLog, "Counting different elements"),
    (Group::Hash, "Hashes"),
    (Group::List, "Lists"),
    (Group::Set, "Sets"),
    (Group::SortedSet, "Sorted sets"),
    (Group::Geo, "Places on the earth"),
    (Group::Stream, "Streams"),
    (Group::Generic, "Keys of any type"),
    (Group::PubSub, "Publish and subscribe"),
    (Group::Transactions, "Transactions"),
    (Group::Scripting, "Scripts"),
    (Group::Connection, "Connection"),
    (Group::Server, "Server"),
    (Group::Cluster, "Cluster"),
];

const HEAD: &str = "\
# Commands

Every command Lockstep answers, by chapter. This page is made from the commands' own files; \
`LOCKSTEP_BLESS=1 cargo test -p lockstep-commands` writes it anew.

How to read the calls: words in capitals are typed as they are, in any case; words in lower case \
stand for values; `[ ]` may be left out; `a | b` is one of the two; `< >` holds together; `...` \
may be repeated. \"Since\" names the Redis version that a command came with, or Lockstep's for its own.
";

/// The whole page.
pub fn page() -> String {
    let mut page = HEAD.to_owned();
    for (group, title) in CHAPTERS {
        let commands: Vec<&Command> =
            table::all().iter().copied().filter(|command| command.spec.group == *group).collect();
        if commands.is_empty() {
            continue;
        }
        page += &format!("\n## {title}\n");
        commands.into_iter().for_each(|command| page += &section(command));
        if *group == Group::Queues {
            page += &queues::settings::page();
        }
    }
    page
}

/// A command with its subcommands.
fn section(command: &Command) -> String {
    let name = command.spec.name.to_ascii_uppercase();
    let mut section = format!("\n### {name}\n");
    if command.subcommands.is_empty() {
        section += &entry(command.spec);
        return section;
    }
    section += &format!("\n{}\n", command.spec.summary);
    if command.spec.takes(1) {
        section += &format!("\n{}", facts(command.spec));
    }
    for subcommand in command.subcommands {
        section +=
            &format!("\n#### {}\n", subcommand.spec.name.to_ascii_uppercase().replace('|', " "));
        section += &entry(subcommand.spec);
    }
    section
}

fn entry(spec: &Spec) -> String {
    format!("\n```\n{}\n```\n\n{}\n\n{}", spec.usage, spec.summary, facts(spec))
}

fn facts(spec: &Spec) -> String {
    let mut facts = format!("Since {}.", spec.since);
    if !spec.complexity.is_empty() {
        facts += &format!(" {}.", spec.complexity);
    }
    let words: Vec<&str> = spec.flags.iter().filter_map(|flag| plain_words(flag)).collect();
    if !words.is_empty() {
        facts += &format!(" {}.", capital(&words.join("; ")));
    }
    if !spec.acl.is_empty() {
        facts += &format!(" ACL: {}.", spec.acl.join(" "));
    }
    facts + "\n"
}

/// What a flag means for whoever calls the command; nothing for flags that only
/// matter inside the server.
fn plain_words(flag: &str) -> Option<&'static str> {
    Some(match flag {
        "write" => "writes",
        "readonly" => "only reads",
        "denyoom" => "refused when memory is full",
        "admin" => "for administrators",
        "noscript" => "not in scripts",
        "blocking" => "may wait",
        "loading" => "answered while data is loaded",
        "stale" => "answered without a leader",
        "no_auth" => "allowed before authentication",
        "no_multi" => "not in transactions",
        "pubsub" => "publish and subscribe",
        "movablekeys" => "its keys stand where its options say",
        _ => return None,
    })
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_reference_page_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
        if std::env::var_os("LOCKSTEP_BLESS").is_some() {
            std::fs::write(path, page()).unwrap();
        }
        let there = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            there == page(),
            "commands/README.md is not what the commands say: run LOCKSTEP_BLESS=1 cargo test -p lockstep-commands"
        );
    }

    #[test]
    fn every_command_stands_on_the_page() {
        let page = page();
        for command in table::each() {
            let title = command.spec.name.to_ascii_uppercase().replace('|', " ");
            assert!(page.contains(&format!("# {title}\n")), "{title}");
        }
    }
}
