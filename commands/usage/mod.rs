//! The usage line as a tree of arguments, for COMMAND DOCS.
//!
//! The notation is that of the Redis documentation: tokens in capitals, arguments
//! in lower case, `[ ]` optional, `< >` grouping, `|` one of, `...` repeated.
//! `[key ...]` behind `key` says that the key may be repeated.

mod kinds;
mod notation;

use crate::Spec;
use crate::spec::{Find, KeySpec};
use notation::Node;

/// An argument of a command, as COMMAND DOCS shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    /// Its name in the usage line; for a token or a group one made from it.
    pub name: String,
    /// What is due there.
    pub kind: Kind,
    /// The word that stands before it, or that it is.
    pub token: Option<&'static str>,
    /// It may be left out.
    pub optional: bool,
    /// It may be repeated.
    pub multiple: bool,
    /// Its token is repeated with it.
    pub multiple_token: bool,
    /// Which of the command's key specifications finds it.
    pub key_spec: Option<usize>,
    /// The parts of a block, or what there is to choose from.
    pub arguments: Vec<Argument>,
}

/// What an argument is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any bytes.
    String,
    /// A whole number.
    Integer,
    /// A number.
    Double,
    /// A key.
    Key,
    /// A glob pattern.
    Pattern,
    /// A time since the Unix epoch.
    UnixTime,
    /// The word itself.
    PureToken,
    /// One of several.
    OneOf,
    /// Several in order.
    Block,
}

impl Kind {
    /// The name of it in COMMAND DOCS.
    pub fn name(self) -> &'static str {
        match self {
            Kind::String => "string",
            Kind::Integer => "integer",
            Kind::Double => "double",
            Kind::Key => "key",
            Kind::Pattern => "pattern",
            Kind::UnixTime => "unix-time",
            Kind::PureToken => "pure-token",
            Kind::OneOf => "oneof",
            Kind::Block => "block",
        }
    }
}

/// The arguments in the usage line of a command.
///
/// # Errors
/// What is wrong with the line.
pub fn arguments(spec: &Spec) -> Result<Vec<Argument>, String> {
    let mut rest = spec.usage;
    for name in spec.name.split('|') {
        let word = name.to_ascii_uppercase();
        rest = rest.strip_prefix(&word).ok_or(format!("{word} is missing"))?.trim_start();
    }
    let mut arguments = sequence(&notation::parse(rest)?)?;
    Keys { specs: spec.shown_keys(), at: 0, left: 0 }.number(&mut arguments);
    Ok(arguments)
}

/// The arguments of nodes that stand one behind the other.
fn sequence(nodes: &[Node]) -> Result<Vec<Argument>, String> {
    let mut made = Vec::new();
    let mut at = 0;
    while let Some(node) = nodes.get(at) {
        if let Some(body) = node.repeats(&nodes[..at]) {
            repeat(&mut made, body)?;
            at += 1;
            continue;
        }
        match (node, nodes.get(at + 1)) {
            (
                Node::Token(token),
                Some(next @ (Node::Name(_) | Node::Group { optional: false, .. })),
            ) => {
                made.push(Argument { token: Some(token), ..argument(next)? });
                at += 1;
            }
            _ => made.push(argument(node)?),
        }
        at += 1;
    }
    Ok(made)
}

/// What was made last may be repeated: as much of it as `body` makes.
fn repeat(made: &mut Vec<Argument>, body: &[Node]) -> Result<(), String> {
    let count = sequence(body)?.len().max(1);
    let start = made.len().checked_sub(count).ok_or("nothing to repeat")?;
    let with_token = matches!(body.first(), Some(Node::Token(_)));
    let last = block(made.split_off(start));
    made.push(Argument {
        multiple: true,
        multiple_token: with_token && last.token.is_some(),
        ..last
    });
    Ok(())
}

fn argument(node: &Node) -> Result<Argument, String> {
    Ok(match node {
        Node::Token(token) => {
            let name = token.to_ascii_lowercase();
            Argument { token: Some(token), ..Argument::new(name, Kind::PureToken) }
        }
        Node::Name(name) => Argument::new((*name).to_owned(), kinds::of(name)),
        Node::Repeat => return Err("... without what is repeated".to_owned()),
        Node::Group { optional, alternatives } => {
            let choices = alternatives.iter().map(|nodes| alternative(nodes));
            let mut choices = choices.collect::<Result<Vec<_>, _>>()?;
            let made = match choices.len() {
                1 => choices.remove(0),
                _ => Argument { arguments: choices, ..Argument::new(String::new(), Kind::OneOf) },
            };
            Argument { optional: *optional || made.optional, ..made.named() }
        }
    })
}

/// One of the choices in a group, as a single argument. A token before several
/// arguments belongs to all of them.
fn alternative(nodes: &[Node]) -> Result<Argument, String> {
    let (nodes, multiple) = match nodes {
        [body @ .., Node::Repeat] => (body, true),
        all => (all, false),
    };
    let mut parts = sequence(nodes)?;
    let made = match nodes {
        [Node::Token(token), Node::Name(_), ..] if parts.len() > 1 => {
            parts[0].token = None;
            Argument { token: Some(token), ..block(parts) }
        }
        _ if parts.is_empty() => return Err("an empty group".to_owned()),
        _ => block(parts),
    };
    Ok(Argument { multiple: made.multiple || multiple, ..made })
}

/// Several arguments as one; a single one stays as it is.
fn block(mut parts: Vec<Argument>) -> Argument {
    if parts.len() == 1 {
        return parts.remove(0);
    }
    Argument { arguments: parts, ..Argument::new(String::new(), Kind::Block) }.named()
}

impl Argument {
    fn new(name: String, kind: Kind) -> Self {
        Argument {
            name,
            kind,
            token: None,
            optional: false,
            multiple: false,
            multiple_token: false,
            key_spec: None,
            arguments: Vec::new(),
        }
    }

    /// A group is named by its parts.
    fn named(mut self) -> Self {
        if self.name.is_empty() {
            self.name = kinds::group_name(&self.arguments);
        }
        self
    }
}

/// Gives key arguments the number of the key specification that finds them.
struct Keys {
    specs: &'static [KeySpec],
    at: usize,
    left: usize,
}

impl Keys {
    fn number(&mut self, arguments: &mut [Argument]) {
        for argument in arguments {
            if argument.kind == Kind::Key {
                argument.key_spec = self.next();
                if argument.key_spec.is_none() {
                    argument.kind = Kind::String;
                }
            }
            self.number(&mut argument.arguments);
        }
    }

    fn next(&mut self) -> Option<usize> {
        if self.left == 0 {
            let spec = self.specs.get(self.at)?;
            self.at += 1;
            self.left = match spec.find {
                Find::Range { last: last @ 0.., step, .. } => (last / step.max(1) + 1) as usize,
                _ => 1,
            };
        }
        self.left -= 1;
        Some(self.at - 1)
    }
}

#[cfg(test)]
mod tests;
