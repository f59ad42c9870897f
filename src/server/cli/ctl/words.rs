//! The words behind `lockstep ctl`.

use std::ffi::OsString;
use std::time::Duration;

use lexopt::{Arg, Parser};

/// What the words ask for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// The help.
    Help,
    /// A command of the server.
    Ask(Asked),
}

/// A command of the server, where it is asked, and how the answer is printed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub address: String,
    pub password: Option<String>,
    pub form: Form,
    pub wait: Option<Duration>,
    /// The words of the command.
    pub words: Vec<String>,
}

/// How an answer is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// For people.
    Table,
    /// For programs.
    Json,
}

impl Asked {
    /// Whether the answer is the list of nodes.
    pub(super) fn is_list(&self) -> bool {
        self.words.len() == 2
    }
}

const ADDRESS: &str = "127.0.0.1:6379";

/// Reads the words.
///
/// # Errors
/// What is wrong with them, for people.
pub(super) fn parse(words: &[OsString]) -> Result<Line, String> {
    let mut plain: Vec<String> = Vec::new();
    let (mut address, mut password) = (ADDRESS.to_owned(), None);
    let (mut form, mut wait, mut force) = (Form::Table, None, false);
    let mut parser = Parser::from_args(words.iter().cloned());
    while let Some(arg) = parser.next().map_err(|wrong| wrong.to_string())? {
        let flag = match &arg {
            Arg::Long(name) => format!("--{name}"),
            Arg::Short(letter) => format!("-{letter}"),
            Arg::Value(word) => {
                plain.push(word.to_str().ok_or("a word is not UTF-8 text")?.to_owned());
                continue;
            }
        };
        let mut value = || -> Result<String, String> {
            let value = parser.value().map_err(|wrong| wrong.to_string())?;
            value.into_string().map_err(|_| format!("the value of {flag} is not UTF-8 text"))
        };
        match &*flag {
            "--help" | "-h" => return Ok(Line::Help),
            "--addr" | "-a" => address = value()?,
            "--password" => password = Some(value()?),
            "-o" | "--output" => form = form_of(&value()?)?,
            "--wait" => wait = Some(seconds(&value()?)?),
            "--force" => force = true,
            _ => return Err(format!("unknown option {flag}")),
        }
    }
    if plain == ["help"] || plain.is_empty() {
        return Ok(Line::Help);
    }
    let words = command(&plain, force)?;
    if wait.is_some() && words[1] != "DRAIN" {
        return Err("--wait belongs to 'node drain'".to_owned());
    }
    Ok(Line::Ask(Asked { address, password, form, wait, words }))
}

fn form_of(word: &str) -> Result<Form, String> {
    match word {
        "table" => Ok(Form::Table),
        "json" => Ok(Form::Json),
        other => Err(format!("-o is table or json, not '{other}'")),
    }
}

fn seconds(word: &str) -> Result<Duration, String> {
    let seconds = word.parse::<u32>().map_err(|_| format!("--wait takes seconds, not '{word}'"))?;
    Ok(Duration::from_secs(seconds.into()))
}

/// The command of the server for `node ...`.
fn command(plain: &[String], force: bool) -> Result<Vec<String>, String> {
    let words: Vec<&str> = plain.iter().map(String::as_str).collect();
    let command: &[&str] = match words[..] {
        ["node", "list"] => &["NODE", "LIST"],
        ["node", "add", address] => &["NODE", "ADD", address],
        ["node", "drain", id] => &["NODE", "DRAIN", id],
        ["node", "remove", id] if force => &["NODE", "REMOVE", id, "FORCE"],
        ["node", "remove", id] => &["NODE", "REMOVE", id],
        ["node", "promote", id] => &["NODE", "PROMOTE", id],
        ["node", "add"] => return Err("'node add' is followed by host:port".to_owned()),
        ["node", "drain" | "remove" | "promote"] => {
            return Err(format!("'node {}' is followed by the id of a node", words[1]));
        }
        ["node", "list" | "add" | "drain" | "remove" | "promote", ..] => {
            let extra = words.last().copied().unwrap_or_default();
            return Err(format!("unexpected word '{extra}'"));
        }
        ["node", other, ..] => return Err(format!("unknown command 'node {other}'")),
        ["node"] => return Err("'node' is followed by a command".to_owned()),
        _ => return Err(format!("unknown command '{}'", words[0])),
    };
    if force && command[1] != "REMOVE" {
        return Err("--force belongs to 'node remove'".to_owned());
    }
    Ok(command.iter().map(ToString::to_string).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Line, String> {
        let words: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
        parse(&words)
    }

    fn asked(line: &str) -> Asked {
        match parsed(line).unwrap() {
            Line::Ask(asked) => asked,
            Line::Help => panic!("{line}"),
        }
    }

    #[test]
    fn options_stand_anywhere() {
        let whole = asked("--addr a:1 node -o json remove 7 --force --password x");
        assert_eq!(whole.words, ["NODE", "REMOVE", "7", "FORCE"]);
        assert_eq!((&*whole.address, whole.form), ("a:1", Form::Json));
        assert_eq!(whole.password.as_deref(), Some("x"));
        let short = asked("node list");
        assert_eq!((&*short.address, short.form), (ADDRESS, Form::Table));
        assert!(short.is_list());
        assert_eq!(asked("node drain 7 --wait 9").wait, Some(Duration::from_secs(9)));
    }

    #[test]
    fn help_is_there_for_whoever_asks_or_says_nothing() {
        for line in ["", "help", "--help", "node -h"] {
            assert_eq!(parsed(line), Ok(Line::Help), "{line}");
        }
    }

    #[test]
    fn what_means_nothing_is_refused_by_name() {
        for (line, text) in [
            ("nodes", "unknown command 'nodes'"),
            ("node", "'node' is followed by a command"),
            ("node lst", "unknown command 'node lst'"),
            ("node add", "'node add' is followed by host:port"),
            ("node drain", "'node drain' is followed by the id of a node"),
            ("node drain a b", "unexpected word 'b'"),
            ("node list --force", "--force belongs to 'node remove'"),
            ("node list --wait 1", "--wait belongs to 'node drain'"),
            ("node list -o xml", "-o is table or json, not 'xml'"),
            ("node list --foo", "unknown option --foo"),
            ("node drain a --wait x", "--wait takes seconds, not 'x'"),
        ] {
            assert_eq!(parsed(line), Err(text.to_owned()), "{line}");
        }
    }
}
