//! Which commands a selector allows.

use std::collections::BTreeMap;

use super::categories::{self, CATEGORIES};
use crate::{Command, Spec, index, table};

/// More commands than there will be.
const COMMANDS_MAX: usize = 1024;

/// A set of commands and subcommands, by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bits([u64; COMMANDS_MAX / 64]);

impl Default for Bits {
    fn default() -> Self {
        Bits([0; COMMANDS_MAX / 64])
    }
}

impl Bits {
    pub(super) fn has(&self, number: usize) -> bool {
        self.0[number / 64] & (1 << (number % 64)) != 0
    }

    pub(super) fn set(&mut self, number: usize, on: bool) {
        let bit = 1 << (number % 64);
        match on {
            true => self.0[number / 64] |= bit,
            false => self.0[number / 64] &= !bit,
        }
    }

    /// How many of `category` are in this set, and how many are not.
    fn share(&self, category: &Bits) -> (u32, u32) {
        let pairs = self.0.iter().zip(&category.0);
        pairs.fold((0, 0), |(on, off), (mine, its)| {
            (on + (mine & its).count_ones(), off + (!mine & its).count_ones())
        })
    }
}

/// Which commands a selector allows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Commands {
    /// Every one, also one that a later version brings, and none was taken away since.
    all: bool,
    /// Also those of later versions.
    future: bool,
    bits: Bits,
    /// Commands that are allowed with one of these words behind them only.
    with_word: BTreeMap<usize, Vec<Box<[u8]>>>,
}

impl Commands {
    pub(super) fn all() -> Self {
        let mut all = Commands { all: true, future: true, ..Commands::default() };
        (0..index::count()).for_each(|number| all.bits.set(number, true));
        all
    }

    pub(super) fn are_all(&self) -> bool {
        self.all
    }

    /// Allows a command with all its subcommands, or takes it away.
    pub(super) fn set(&mut self, command: &'static Command, on: bool) {
        let own = std::iter::once(command).chain(command.subcommands);
        own.for_each(|command| self.bits.set(index::of(command.spec), on));
        self.with_word.remove(&index::of(command.spec));
        self.all &= on;
    }

    /// Allows the commands of a category, or takes them away.
    pub(super) fn set_category(&mut self, category: usize, on: bool) {
        categories::members(category).for_each(|command| self.set(command, on));
    }

    /// Allows a command with this word behind it.
    pub(super) fn allow_with(&mut self, command: &'static Command, word: &[u8]) {
        let words = self.with_word.entry(index::of(command.spec)).or_default();
        if !words.iter().any(|it| it.eq_ignore_ascii_case(word)) {
            words.push(word.into());
        }
    }

    pub(super) fn allow(&self, spec: &'static Spec, words: &[&[u8]]) -> bool {
        let number = index::of(spec);
        self.all || spec.is("no_auth") || self.bits.has(number) || {
            let word = words.get(1 + usize::from(spec.container().is_some()));
            self.with_word.get(&number).is_some_and(|allowed| {
                word.is_some_and(|word| allowed.iter().any(|it| it.eq_ignore_ascii_case(word)))
            })
        }
    }

    /// The rules that make exactly this set: all or nothing, then the categories that fit
    /// best, then single commands.
    pub(super) fn text(&self) -> String {
        let adds = !self.future;
        let mut made = if adds { Commands::default() } else { Commands::all() };
        let mut text = if adds { "-@all" } else { "+@all" }.to_owned();
        let sign = if adds { '+' } else { '-' };
        let (mut left, mut used) = (self.clone(), [false; CATEGORIES.len()]);
        while let Some(best) = left.best_category(adds, &used) {
            used[best] = true;
            left.set_category(best, !adds);
            made.set_category(best, adds);
            text.push_str(&format!(" {sign}@{}", CATEGORIES[best]));
        }
        for command in table::each() {
            self.mend(command, &mut made, &mut text);
        }
        text
    }

    /// The category with the fewest commands that do not fit, of those the one with the
    /// most that do; none if no category has more that do than that do not.
    fn best_category(&self, adds: bool, used: &[bool]) -> Option<usize> {
        let fit = |category: usize| match (self.bits.share(categories::bits(category)), adds) {
            ((on, off), true) => (off, on),
            ((on, off), false) => (on, off),
        };
        let open = (0..CATEGORIES.len()).filter(|category| !used[*category]);
        let scored = open.map(|category| (fit(category), category));
        let good = scored.filter(|((wrong, right), _)| right > wrong);
        good.min_by_key(|((wrong, right), _)| (*wrong, u32::MAX - right)).map(|(_, it)| it)
    }

    /// Adds the rules for one command if `made` has it otherwise.
    fn mend(&self, command: &'static Command, made: &mut Commands, text: &mut String) {
        let (number, name) = (index::of(command.spec), command.spec.name);
        let allowed = self.bits.has(number);
        if made.bits.has(number) != allowed {
            made.set(command, allowed);
            text.push_str(&format!(" {}{name}", if allowed { '+' } else { '-' }));
        }
        let words = self.with_word.get(&number).filter(|_| !allowed);
        for word in words.into_iter().flatten() {
            text.push_str(&format!(" +{name}|{}", String::from_utf8_lossy(word)));
        }
    }
}
