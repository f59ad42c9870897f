//! A stream: which connection sends what, in which order.

use std::fmt;
use std::time::Duration;

use super::grammar::Usage;
use super::menu::{MENU, is_delicate};
use super::words::Words;

/// Connections of a stream.
pub const CONNECTIONS: usize = 3;
const WRONG: f64 = 0.08;

/// One step.
#[derive(Clone, Debug)]
pub enum Step {
    /// A connection sends a command.
    Command {
        /// Which connection.
        connection: usize,
        /// The words.
        words: Vec<Vec<u8>>,
        /// Whether it goes out in one write with the step before.
        joined: bool,
    },
    /// Nothing happens, so that what is due ends.
    Pause(Duration),
}

/// A repeatable stream.
#[derive(Clone, Debug)]
pub struct Stream {
    /// Its steps.
    pub steps: Vec<Step>,
}

impl Stream {
    /// The stream of this seed.
    pub fn random(seed: u64, length: usize, payloads: &[Vec<u8>]) -> Self {
        let mut maker = Maker::new(seed, payloads);
        let mut steps = Vec::new();
        while steps.len() < length {
            maker.more(&mut steps);
        }
        Self { steps }
    }
}

struct Maker<'a> {
    words: Words<'a>,
    menu: Vec<Usage>,
    in_transaction: [bool; CONNECTIONS],
}

impl<'a> Maker<'a> {
    fn new(seed: u64, payloads: &'a [Vec<u8>]) -> Self {
        let menu = MENU
            .iter()
            .flat_map(|(weight, line)| std::iter::repeat_n(Usage::read(line), *weight as usize));
        Self {
            words: Words::new(seed, payloads),
            menu: menu.collect(),
            in_transaction: [false; CONNECTIONS],
        }
    }

    /// A pipeline of one connection, or a key that ends at once.
    fn more(&mut self, steps: &mut Vec<Step>) {
        let connection = *self.words.one_of(&[0, 0, 0, 1, 2]);
        if self.words.chance(0.02) && !self.in_transaction[connection] {
            let key = self.words.of_kind("key");
            let words =
                vec![b"SET".to_vec(), key, b"short".to_vec(), b"PX".to_vec(), b"1".to_vec()];
            steps.push(Step::Command { connection, words, joined: false });
            steps.push(Step::Pause(Duration::from_millis(12)));
            return;
        }
        let length = if self.words.chance(0.3) { self.words.up_to(25) } else { 1 };
        for place in 0..length {
            let words = self.command(self.in_transaction[connection]);
            self.note(connection, &words);
            let joined = place > 0;
            if words[0].eq_ignore_ascii_case(b"WATCH") && words.len() > 1 {
                // So that it is known which of the keys are there: see `Parted`.
                let exists = [&[b"EXISTS".to_vec()], &words[1..]].concat();
                steps.push(Step::Command { connection, words: exists, joined });
                steps.push(Step::Command { connection, words, joined: true });
                continue;
            }
            steps.push(Step::Command { connection, words, joined });
        }
    }

    /// In a transaction without HELLO: the protocol would change in the middle of
    /// the reply of EXEC, which no decoder reads.
    fn command(&mut self, in_transaction: bool) -> Vec<Vec<u8>> {
        let usage = self.words.one_of(&self.menu);
        let mut words = usage.words(&mut self.words);
        if in_transaction && words[0] == b"HELLO" {
            words = vec![b"EXEC".to_vec()];
        }
        if self.words.chance(0.1) {
            words[0].make_ascii_lowercase();
        }
        if self.words.chance(0.05)
            && let Some(last) = words.last_mut()
        {
            last.make_ascii_lowercase();
        }
        if self.words.chance(WRONG) && !is_delicate(&words) {
            self.spoil(&mut words);
        }
        words
    }

    /// Makes a command wrong, most of the time.
    fn spoil(&mut self, words: &mut Vec<Vec<u8>>) {
        let at = self.words.up_to(words.len() as u32) as usize;
        match self.words.up_to(4) {
            1 if at < words.len() => {
                words.remove(at);
            }
            2 if at < words.len() => words[at] = self.words.odd(),
            3 if at < words.len() => {
                let again = words[at].clone();
                words.push(again);
            }
            _ => words.insert(at, self.words.odd()),
        }
    }

    fn note(&mut self, connection: usize, words: &[Vec<u8>]) {
        if words.len() > 1 {
            return;
        }
        match words[0].to_ascii_uppercase().as_slice() {
            b"MULTI" => self.in_transaction[connection] = true,
            b"EXEC" | b"DISCARD" | b"RESET" => self.in_transaction[connection] = false,
            _ => {}
        }
    }
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.steps.iter().try_for_each(|step| writeln!(f, "    {step}"))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Pause(time) => write!(f, "(pause {} ms)", time.as_millis()),
            Step::Command { connection, words, joined } => {
                write!(f, "{connection}{}", if *joined { "+" } else { ":" })?;
                words.iter().try_for_each(|word| match word.escape_ascii().to_string() {
                    shown if shown.is_empty() => f.write_str(" \"\""),
                    shown if shown.len() > 120 => write!(f, " {}...({})", &shown[..60], word.len()),
                    shown => write!(f, " {shown}"),
                })
            }
        }
    }
}
