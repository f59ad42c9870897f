//! What must hold for every command in the table.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use crate::testing::context;
use crate::{Args, Spec, introspect, table};

#[test]
fn names_are_unique_sorted_and_in_lower_case() {
    let names: Vec<&str> = table::all().iter().map(|command| command.spec.name).collect();
    assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
    let all: Vec<&str> = table::each().map(|command| command.spec.name).collect();
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    assert!(all.iter().all(|name| *name == name.to_ascii_lowercase()));
}

#[test]
fn subcommands_carry_the_name_of_their_container() {
    for container in table::all() {
        assert_eq!(container.spec.container(), None);
        for command in container.subcommands {
            assert_eq!(command.spec.container(), Some(container.spec.name));
            assert_eq!(command.spec.group, container.spec.group, "{}", command.spec.name);
        }
    }
}

#[test]
fn every_command_says_what_it_is() {
    for command in table::each() {
        let Spec { name, usage, summary, since, complexity, .. } = command.spec;
        assert!(summary.ends_with('.'), "{name}: {summary}");
        assert!(usage.starts_with(&name.to_ascii_uppercase().replace('|', " ")), "{name}: {usage}");
        assert!(since.split('.').count() == 3, "{name}: {since}");
        let container = !command.subcommands.is_empty();
        assert!(container || complexity.starts_with(['O', 'D']), "{name}: {complexity}");
        assert!(!complexity.ends_with('.'), "{name}: {complexity}");
    }
}

#[test]
fn every_name_finds_its_command_in_any_case() {
    for spec in specs() {
        let upper = spec.name.to_ascii_uppercase();
        for name in [spec.name, upper.as_str()] {
            assert!(std::ptr::eq(table::by_name(name.as_bytes()).unwrap().spec, spec));
            let mut words: Vec<&[u8]> = name.split('|').map(str::as_bytes).collect();
            let named = words.len();
            words.resize(usize::from(spec.arity.unsigned_abs()), b"x");
            // A container's second word is looked up, so that no other fits.
            if table::by_name(name.as_bytes()).unwrap().subcommands.is_empty() {
                let (command, count) = table::find(&words).unwrap();
                assert!(std::ptr::eq(command.spec, spec));
                assert_eq!(count, named);
            }
        }
    }
}

#[test]
fn the_number_of_words_is_checked_before_anything_else() {
    for spec in specs() {
        let named = spec.name.split('|').count();
        let least = usize::from(spec.arity.unsigned_abs());
        let mut words: Vec<&[u8]> = spec.name.split('|').map(str::as_bytes).collect();
        words.resize(least.max(named + 1) + 1, b"help");
        words.truncate(if spec.arity < 0 { least - 1 } else { least + 1 });
        if words.len() < named || words.is_empty() {
            continue;
        }
        let text = format!("ERR wrong number of arguments for '{}' command", spec.name);
        assert_eq!(table::find(&words).unwrap_err().0, text);
    }
}

#[test]
fn a_bar_in_a_word_is_no_subcommand() {
    let refusal = table::find(&[b"object|freq", b"k"]).unwrap_err();
    assert_eq!(refusal.0, "ERR unknown command 'object|freq', with args beginning with: 'k' ");
    assert!(table::find(&[b"get|x", b"k"]).is_err());
    assert!(table::by_name(b"get|set").is_none());
}

#[test]
fn an_unknown_command_shows_its_words_up_to_128_bytes() {
    let long = [b'a'; 200];
    let refusal = table::find(&[b"foo\r\nbar\0baz", b"x", &long, b"y"]).unwrap_err();
    let shown = "a".repeat(124);
    let text = format!("ERR unknown command 'foo  bar', with args beginning with: 'x' '{shown}' ");
    assert_eq!(refusal.0, text);
    assert_eq!(
        table::find(&[b""]).unwrap_err().0,
        "ERR unknown command '', with args beginning with: "
    );
}

#[test]
fn reads_are_not_sent_through_the_log() {
    use crate::Road;
    for spec in specs() {
        let writes = spec.is("write");
        assert!(!(writes && spec.road == Road::Cache), "{}", spec.name);
        assert!(!(spec.is("readonly") && spec.road == Road::Log), "{}", spec.name);
    }
}

#[test]
fn error_texts_stand_once() {
    let source = [
        include_str!("error.rs"),
        include_str!("error/cluster.rs"),
        include_str!("error/connection.rs"),
        include_str!("error/keys.rs"),
        include_str!("error/locks.rs"),
        include_str!("error/protocol.rs"),
        include_str!("error/queues.rs"),
        include_str!("error/server.rs"),
        include_str!("error/streams.rs"),
        include_str!("error/users.rs"),
    ]
    .concat();
    let mut seen = BTreeSet::new();
    for text in source.split("text(").skip(1).filter_map(first_literal) {
        assert!(seen.insert(text), "twice: {text}");
        let code = text.split(' ').next().unwrap();
        assert!(code.bytes().all(|byte| byte.is_ascii_uppercase()), "no code: {text}");
    }
    assert!(seen.len() > 20);
}

/// The string literal that source text starts with.
fn first_literal(source: &str) -> Option<&str> {
    source.trim_start().strip_prefix('"')?.split('"').next()
}

#[test]
fn no_words_make_parsing_panic() {
    const CALLS: usize = 200_000;
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let commands: Vec<&Spec> = specs().collect();
    let mut parsed = 0;
    for _ in 0..CALLS {
        let spec = commands[random.below(commands.len())];
        let mut words: Vec<&[u8]> = spec.name.split('|').map(str::as_bytes).collect();
        let tokens = tokens(spec);
        for _ in 0..random.below(9) {
            words.push(random.word(&tokens));
        }
        let Ok((command, named)) = table::find(&words) else { continue };
        parsed += usize::from((command.parse)(&context(), Args::new(&words, named)).is_ok());
        let _whether_they_fit = introspect::keys::of(command.spec, &words);
    }
    assert!(parsed > CALLS / 20, "only {parsed} calls were understood");
}

/// The words in capitals of a command's usage.
fn tokens(spec: &'static Spec) -> Vec<&'static [u8]> {
    let words = spec.usage.split(|letter: char| " []<>|".contains(letter));
    let token =
        |word: &&str| word.len() > 1 && !word.contains(|letter: char| letter.is_lowercase());
    words.filter(token).map(str::as_bytes).collect()
}

fn specs() -> impl Iterator<Item = &'static Spec> {
    table::each().map(|command| command.spec)
}

/// A seeded sequence (xorshift), so that a failure comes again.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    fn word(&mut self, tokens: &[&'static [u8]]) -> &'static [u8] {
        const WORDS: &[&[u8]] = &[
            b"",
            b"k",
            b"key",
            b"0",
            b"1",
            b"-1",
            b"16",
            b"9223372036854775807",
            b"-9223372036854775808",
            b"18446744073709551615",
            b"99999999999999999999999",
            b"9223372036854775",
            b"1.5",
            b"inf",
            b"+",
            b"-",
            b"\r\n",
            b"\0\xff\xfe",
            b"a|b",
            "\u{e4}\u{1f512}".as_bytes(),
        ];
        if !tokens.is_empty() && self.below(3) == 0 {
            return tokens[self.below(tokens.len())];
        }
        WORDS[self.below(WORDS.len())]
    }
}
