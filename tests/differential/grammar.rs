//! Random words from a usage line.
//!
//! `SET key value [NX | XX] [EX seconds | PX millis] more...`: capitals stand for
//! themselves, small words for a random value of that kind, `[ ]` may be left out,
//! `|` chooses, `( )` groups, `...` repeats.

use super::words::Words;

/// A part of a usage line.
#[derive(Clone, Debug)]
enum Part {
    Word(String),
    Optional(Vec<Vec<Part>>),
    Choice(Vec<Vec<Part>>),
    Repeated(Box<Part>),
}

/// A usage line that was read.
#[derive(Clone, Debug)]
pub struct Usage(Vec<Part>);

const REPEATS_MAX: u32 = 4;

impl Usage {
    /// Reads a usage line.
    pub fn read(line: &str) -> Self {
        let spaced = ["[", "]", "(", ")", "|", "..."]
            .iter()
            .fold(line.to_owned(), |text, mark| text.replace(mark, &format!(" {mark} ")));
        let mut tokens = spaced.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        tokens.reverse();
        let mut choices = choices(&mut tokens);
        assert!(tokens.is_empty() && choices.len() == 1, "unbalanced: {line}");
        Usage(choices.remove(0))
    }

    /// Random words.
    pub fn words(&self, words: &mut Words<'_>) -> Vec<Vec<u8>> {
        let mut out = Vec::new();
        put_all(&self.0, words, &mut out);
        out
    }
}

/// Sequences between `|`, up to a closing mark.
fn choices(tokens: &mut Vec<String>) -> Vec<Vec<Part>> {
    let mut all = vec![Vec::new()];
    while let Some(token) = tokens.pop() {
        let last = all.last_mut().unwrap();
        match token.as_str() {
            "[" => last.push(Part::Optional(choices(tokens))),
            "(" => last.push(Part::Choice(choices(tokens))),
            "]" | ")" => break,
            "|" => all.push(Vec::new()),
            "..." => {
                let part = last.pop().unwrap();
                last.push(Part::Repeated(Box::new(part)));
            }
            _ => last.push(Part::Word(token)),
        }
    }
    all
}

fn put_all(parts: &[Part], words: &mut Words<'_>, out: &mut Vec<Vec<u8>>) {
    parts.iter().for_each(|part| put(part, words, out));
}

fn put(part: &Part, words: &mut Words<'_>, out: &mut Vec<Vec<u8>>) {
    match part {
        Part::Word(word) => out.push(words.of_kind(word)),
        Part::Choice(choices) => put_all(words.one_of::<Vec<Part>>(choices), words, out),
        Part::Optional(choices) => {
            if words.chance(0.35) {
                put_all(words.one_of::<Vec<Part>>(choices), words, out);
            }
        }
        Part::Repeated(part) => {
            for _ in 0..words.up_to(REPEATS_MAX) {
                put(part, words, out);
            }
        }
    }
}
