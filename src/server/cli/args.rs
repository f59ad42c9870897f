//! Words of the command line become a command.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use lexopt::{Arg, Parser};

use super::{Command, Given};
use crate::config::Setting;
use crate::config::layers::{nearest, nearest_setting};

/// What is wrong with the command line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong(String);

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<lexopt::Error> for Wrong {
    fn from(error: lexopt::Error) -> Wrong {
        Wrong(error.to_string())
    }
}

/// The words that are commands.
const COMMANDS: [&str; 11] = [
    "server",
    "ctl",
    "import",
    "dev-cluster",
    "check-config",
    "healthcheck",
    "config",
    "settings-reference",
    "help",
    "version",
    "show",
];

/// Reads the command line; the first of `args` is the name of the program.
pub(super) fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Command, Wrong> {
    let mut words = Words::default();
    let mut parser = Parser::from_iter(args);
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Short('h') => return Ok(Command::Help { long: false }),
            Arg::Short('v' | 'V') | Arg::Long("version") => return Ok(Command::Version),
            Arg::Long("help") => return Ok(Command::Help { long: true }),
            Arg::Long("config") => words.given.file = Some(parser.value()?.into()),
            Arg::Long("origin") => words.origin = true,
            Arg::Long(name) => {
                let name = name.to_owned();
                words.given.flags.push(flag(&name, &mut parser)?);
            }
            Arg::Value(word) => words.plain.push(word),
            other => return Err(other.unexpected().into()),
        }
    }
    words.command()
}

/// The words of the command line, sorted.
#[derive(Default)]
struct Words {
    plain: Vec<OsString>,
    given: Given,
    origin: bool,
}

impl Words {
    fn command(self) -> Result<Command, Wrong> {
        let texts: Vec<String> =
            self.plain.iter().map(|word| word.to_string_lossy().into_owned()).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        match texts[..] {
            ["config", "show"] => {
                return Ok(Command::ConfigShow { given: self.given, origin: self.origin });
            }
            ["config", ..] => return Err(Wrong("'config' is followed by 'show'".to_owned())),
            _ if self.origin => return Err(Wrong("--origin belongs to 'config show'".to_owned())),
            _ => {}
        }
        match texts[..] {
            [] | ["server"] => Ok(Command::Serve(self.given)),
            ["check-config"] => Ok(Command::CheckConfig(self.given)),
            ["check-config", _] => Ok(Command::CheckConfig(self.with_file(1)?)),
            ["healthcheck"] => Ok(Command::Healthcheck(self.given)),
            ["settings-reference"] => Ok(Command::Reference),
            ["help"] => Ok(Command::Help { long: true }),
            ["version"] => Ok(Command::Version),
            ["server", _] => Ok(Command::Serve(self.with_file(1)?)),
            [word] => match command_near(word) {
                Some(near) => {
                    Err(Wrong(format!("unknown command '{word}'; did you mean '{near}'?")))
                }
                None => Ok(Command::Serve(self.with_file(0)?)),
            },
            [_, second, ..] => Err(Wrong(format!("unexpected word '{second}'"))),
        }
    }

    /// The plain word at `at` is the configuration file.
    fn with_file(self, at: usize) -> Result<Given, Wrong> {
        if self.given.file.is_some() {
            return Err(Wrong("two configuration files".to_owned()));
        }
        Ok(Given { file: self.plain.get(at).map(PathBuf::from), ..self.given })
    }
}

/// The command that a word may mean, unless it looks like a file.
fn command_near(word: &str) -> Option<&'static str> {
    let file = word.contains(['.', '/']);
    if file { None } else { nearest(word, COMMANDS.into_iter()) }
}

/// The flag `--name` with its value, or with its values where it takes several.
fn flag(name: &str, parser: &mut Parser) -> Result<(String, String), Wrong> {
    let Some(setting) = Setting::named(name) else {
        return Err(Wrong(unknown_flag(name)));
    };
    let mut value = text(name, parser.value()?)?;
    if setting.row().takes_several() {
        while let Some(more) = next_value(parser) {
            value = format!("{value} {}", text(name, more)?);
        }
    }
    Ok((name.to_owned(), value))
}

/// The next word, if it is not a flag. Addresses may start with one minus.
fn next_value(parser: &mut Parser) -> Option<OsString> {
    parser.try_raw_args()?.next_if(|word| !word.to_string_lossy().starts_with("--"))
}

fn text(name: &str, value: OsString) -> Result<String, Wrong> {
    value.into_string().map_err(|_| Wrong(format!("the value of --{name} is not UTF-8 text")))
}

fn unknown_flag(name: &str) -> String {
    const OTHERS: [&str; 4] = ["help", "version", "config", "origin"];
    let near = nearest(name, OTHERS.into_iter()).or_else(|| nearest_setting(name));
    match near {
        Some(near) => format!("unknown flag --{name}; did you mean --{near}?"),
        None => format!("unknown flag --{name}"),
    }
}
