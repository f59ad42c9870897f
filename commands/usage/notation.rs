//! The notation of usage lines: from text to nodes.

/// A part of a usage line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    /// A word in capitals, or of signs only.
    Token(&'static str),
    /// The name of an argument.
    Name(&'static str),
    /// `...`.
    Repeat,
    /// `[ ]` or `< >`, with its choices.
    Group {
        /// Whether it is `[ ]`.
        optional: bool,
        /// What stands between the bars.
        alternatives: Vec<Vec<Node>>,
    },
}

impl Node {
    /// What of the nodes before may be repeated, if that is what this one says:
    /// `...`, `[...]`, or a group like `[key ...]` behind just that.
    pub(super) fn repeats<'a>(&'a self, before: &[Node]) -> Option<&'a [Node]> {
        match self {
            Node::Repeat => Some(&[]),
            Node::Group { optional: true, alternatives } => match alternatives.as_slice() {
                [nodes] => match nodes.as_slice() {
                    [body @ .., Node::Repeat] if before.ends_with(body) => Some(body),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        }
    }
}

/// The nodes of a line.
pub(super) fn parse(line: &'static str) -> Result<Vec<Node>, String> {
    let mut parser = Parser { lexemes: lexemes(line), at: 0 };
    let nodes = parser.sequence()?;
    match parser.next() {
        None => Ok(nodes),
        Some(lexeme) => Err(format!("{lexeme} does not belong here")),
    }
}

/// Brackets and bars are lexemes, and so is all else between blanks.
fn lexemes(line: &'static str) -> Vec<&'static str> {
    let mut lexemes = Vec::new();
    for mut word in line.split_ascii_whitespace() {
        while !word.is_empty() {
            let end = word.find(is_sign).unwrap_or(word.len()).max(1);
            lexemes.push(&word[..end]);
            word = &word[end..];
        }
    }
    lexemes
}

fn is_sign(letter: char) -> bool {
    "[]<>|".contains(letter)
}

struct Parser {
    lexemes: Vec<&'static str>,
    at: usize,
}

impl Parser {
    fn next(&mut self) -> Option<&'static str> {
        let lexeme = self.lexemes.get(self.at)?;
        self.at += 1;
        Some(lexeme)
    }

    /// Nodes up to the end, a bar or a closing bracket.
    fn sequence(&mut self) -> Result<Vec<Node>, String> {
        let mut nodes = Vec::new();
        while let Some(lexeme) = self.next() {
            nodes.push(match lexeme {
                "|" | "]" | ">" => {
                    self.at -= 1;
                    break;
                }
                "[" => self.group("]")?,
                "<" => self.group(">")?,
                "..." => Node::Repeat,
                word if word.contains(|letter: char| letter.is_ascii_lowercase()) => {
                    Node::Name(word)
                }
                word => Node::Token(word),
            });
        }
        Ok(nodes)
    }

    fn group(&mut self, close: &str) -> Result<Node, String> {
        let mut alternatives = vec![self.sequence()?];
        loop {
            match self.next() {
                Some("|") => alternatives.push(self.sequence()?),
                Some(lexeme) if lexeme == close => break,
                _ => return Err(format!("{close} is missing")),
            }
        }
        Ok(Node::Group { optional: close == "]", alternatives })
    }
}
