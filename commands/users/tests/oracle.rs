//! A second reading of the rules: slow, and sharing nothing with the first but the table of
//! commands and where their keys are.
//!
//! It keeps the list of rules as they came and answers every question by going through them
//! from the front, so that there is no state that could be wrong.

use lockstep_core::glob;

use crate::introspect::keys;
use crate::{Command, Spec};

/// The rules of one selector, in the order they came.
#[derive(Clone, Debug, Default)]
pub(super) struct Oracle {
    own: Vec<String>,
    others: Vec<Vec<String>>,
}

impl Oracle {
    /// A rule that was accepted.
    pub(super) fn add(&mut self, rule: &str) {
        if rule == "clearselectors" {
            self.others.clear();
        } else if let Some(inside) = rule.strip_prefix('(').and_then(|it| it.strip_suffix(')')) {
            self.others.push(inside.split(' ').map(str::to_owned).collect());
        } else {
            self.own.push(rule.to_owned());
        }
    }

    /// Whether a command may run.
    pub(super) fn allows(&self, command: &Command, words: &[&[u8]]) -> bool {
        std::iter::once(&self.own)
            .chain(&self.others)
            .any(|rules| allows(rules, command.spec, words))
    }
}

fn allows(rules: &[String], spec: &Spec, words: &[&[u8]]) -> bool {
    let may_run = spec.is("no_auth") || runs(rules, spec, words);
    let keys = keys::of(spec, words);
    let may_touch = every_key(rules)
        || keys.is_ok_and(|keys| {
            keys.iter().filter(|key| !key.flags.contains(&"not_key")).all(|key| {
                let wants = |flags: &[&str]| key.flags.iter().any(|flag| flags.contains(flag));
                let (read, write) = (wants(&["access"]), wants(&["insert", "delete", "update"]));
                touches(rules, words[key.word], read, write)
            })
        });
    let may_hear = channels(spec.name, words).iter().all(|(channel, exactly)| {
        since(rules, &["&*", "allchannels"], &["resetchannels"]).is_none_or(|rules| {
            rules.iter().filter_map(|rule| rule.strip_prefix('&')).any(|pattern| {
                if *exactly {
                    pattern.as_bytes() == *channel
                } else {
                    glob::matches(pattern.as_bytes(), channel)
                }
            })
        })
    });
    may_run && may_touch && may_hear
}

/// The last word about a command counts.
fn runs(rules: &[String], spec: &Spec, words: &[&[u8]]) -> bool {
    let container = spec.name.split('|').next().unwrap_or_default();
    let word = words.get(1).map(|word| String::from_utf8_lossy(word).into_owned());
    let about = |rule: &String| -> Option<bool> {
        let on = rule.starts_with('+');
        let rest = rule.strip_prefix(['+', '-'])?;
        if rest == "@all" {
            return Some(on);
        }
        if let Some(category) = rest.strip_prefix('@') {
            let parent = crate::table::by_name(container.as_bytes()).map(|it| it.spec.acl);
            let has = |acl: &[&str]| acl.iter().any(|it| it[1..] == *category);
            // A container takes its subcommands with it.
            return (has(spec.acl) || parent.is_some_and(has)).then_some(on);
        }
        if rest == spec.name || rest == container {
            return Some(on);
        }
        // A word of a command without subcommands: allows, and is forgotten with the command.
        let (name, first) = rest.split_once('|')?;
        (on && name == spec.name && Some(first) == word.as_deref()).then_some(true)
    };
    rules.iter().rev().find_map(about).unwrap_or(false)
}

fn every_key(rules: &[String]) -> bool {
    since(rules, &["~*", "allkeys"], &["resetkeys"]).is_none()
}

fn touches(rules: &[String], key: &[u8], read: bool, write: bool) -> bool {
    let rules = since(rules, &["~*", "allkeys"], &["resetkeys"]).unwrap_or_default();
    let patterns: Vec<(&str, &str)> = rules
        .iter()
        .filter(|rule| rule.starts_with(['~', '%']))
        .filter_map(|rule| rule.split_once('~'))
        .collect();
    patterns.iter().any(|(_, pattern)| {
        // The same pattern may have come twice, with other letters.
        let letters: String =
            patterns.iter().filter(|(_, other)| other == pattern).map(|(it, _)| *it).collect();
        let all = patterns.iter().any(|(it, other)| it.is_empty() && other == pattern);
        let may = |letter| all || letters.to_ascii_lowercase().contains(letter);
        (!read || may('r')) && (!write || may('w')) && glob::matches(pattern.as_bytes(), key)
    })
}

/// The rules since the last of `clears`; none if one of `all` came behind it.
fn since<'a>(rules: &'a [String], all: &[&str], clears: &[&str]) -> Option<&'a [String]> {
    let last = |words: &[&str]| rules.iter().rposition(|rule| words.contains(&&rule[..]));
    match (last(all), last(clears)) {
        (Some(all), Some(clear)) if clear > all => Some(&rules[clear + 1..]),
        (Some(_), _) => None,
        (None, Some(clear)) => Some(&rules[clear + 1..]),
        (None, None) => Some(rules),
    }
}

fn channels<'a>(name: &str, words: &[&'a [u8]]) -> Vec<(&'a [u8], bool)> {
    let behind = words.iter().skip(1);
    match name {
        "psubscribe" => behind.map(|word| (*word, true)).collect(),
        "subscribe" | "ssubscribe" => behind.map(|word| (*word, false)).collect(),
        "publish" | "spublish" => behind.take(1).map(|word| (*word, false)).collect(),
        _ => Vec::new(),
    }
}
