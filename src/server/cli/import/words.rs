//! The words behind `lockstep import`.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::{Arg, Parser};

/// What the words ask for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// The help.
    Help,
    /// An import.
    Import(Asked),
}

/// An import.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub from: From,
    /// `host:port` of the target.
    pub to: String,
    pub user: Option<String>,
    pub password: Option<String>,
    /// What is there is replaced.
    pub replace: bool,
    /// Nothing is written.
    pub dry_run: bool,
}

/// Where the keys come from.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum From {
    /// A file.
    File(PathBuf),
    /// A server.
    Server(Address),
}

/// A server.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Address {
    /// `host:port`.
    pub place: String,
    pub user: Option<String>,
    pub password: Option<String>,
    /// The database; none: all of them.
    pub db: Option<u64>,
}

const PORT: &str = "6379";
const TARGET: &str = "127.0.0.1:6379";
const TARGET_PASSWORD: &str = "REDISCLI_AUTH";
const SOURCE_PASSWORD: &str = "LOCKSTEP_FROM_PASSWORD";

/// Reads the words.
///
/// # Errors
/// What is wrong with them, for people.
pub(super) fn parse(words: &[OsString]) -> Result<Line, String> {
    let (mut file, mut server, mut to) = (None, None, TARGET.to_owned());
    let (mut user, mut password, mut from_password) = (None, None, None);
    let (mut replace, mut dry_run) = (false, false);
    let mut parser = Parser::from_args(words.iter().cloned());
    while let Some(arg) = parser.next().map_err(|wrong| wrong.to_string())? {
        let flag = match &arg {
            Arg::Long(name) => format!("--{name}"),
            Arg::Short(letter) => format!("-{letter}"),
            Arg::Value(word) if word == "help" => return Ok(Line::Help),
            Arg::Value(word) => {
                return Err(format!("unexpected word '{}'", word.to_string_lossy()));
            }
        };
        let mut value = || parser.value().map_err(|wrong| wrong.to_string());
        let text = |value: OsString| {
            value.into_string().map_err(|_| format!("the value of {flag} is not UTF-8 text"))
        };
        match &*flag {
            "--help" | "-h" => return Ok(Line::Help),
            "--rdb" => file = Some(PathBuf::from(value()?)),
            "--from" => server = Some(address(&text(value()?)?)?),
            "--to" => to = with_port(&text(value()?)?)?,
            "--user" => user = Some(text(value()?)?),
            "--password" => password = Some(text(value()?)?),
            "--from-password" => from_password = Some(text(value()?)?),
            "--replace" => replace = true,
            "--dry-run" => dry_run = true,
            _ => return Err(format!("unknown option {flag}")),
        }
    }
    let from = match (file, server) {
        (Some(file), None) => From::File(file),
        (None, Some(mut server)) => {
            let given = server.password.take().or(from_password);
            server.password = given.or_else(|| environment(SOURCE_PASSWORD));
            From::Server(server)
        }
        (None, None) if words.is_empty() => return Ok(Line::Help),
        (None, None) => return Err("--rdb or --from says where the keys come from".to_owned()),
        (Some(_), Some(_)) => return Err("--rdb and --from exclude each other".to_owned()),
    };
    let password = password.or_else(|| environment(TARGET_PASSWORD));
    Ok(Line::Import(Asked { from, to, user, password, replace, dry_run }))
}

fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|word| !word.is_empty())
}

/// `redis://[[user]:password@]host[:port][/db]`, or `host[:port]`.
fn address(text: &str) -> Result<Address, String> {
    if text.starts_with("rediss://") {
        return Err("rediss:// (TLS) is not supported: put a tunnel in front of it".to_owned());
    }
    let rest = text.strip_prefix("redis://").unwrap_or(text);
    let (who, place) = match rest.rsplit_once('@') {
        Some((who, place)) => (Some(who), place),
        None => (None, rest),
    };
    let (place, db) = match place.split_once('/') {
        Some((place, "")) => (place, None),
        Some((place, db)) => {
            let number = db.parse().map_err(|_| format!("'{db}' is no number of a database"))?;
            (place, Some(number))
        }
        None => (place, None),
    };
    let (user, password) = match who.map(|who| who.split_once(':').unwrap_or(("", who))) {
        Some((user, password)) => (Some(decoded(user)?), Some(decoded(password)?)),
        None => (None, None),
    };
    let user = user.filter(|user| !user.is_empty());
    Ok(Address { place: with_port(place)?, user, password, db })
}

fn with_port(place: &str) -> Result<String, String> {
    let bracketed = place.ends_with(']');
    match place.rsplit_once(':') {
        _ if place.is_empty() => Err("there is no host in the address".to_owned()),
        Some((host, port)) if !bracketed => match port.parse::<u16>() {
            Ok(_) if !host.is_empty() => Ok(place.to_owned()),
            _ => Err(format!("'{place}' is not HOST:PORT")),
        },
        _ => Ok(format!("{place}:{PORT}")),
    }
}

/// Text of an address with `%41` for `A`.
fn decoded(text: &str) -> Result<String, String> {
    let wrong = || "a percent sign in the address is not followed by two digits".to_owned();
    let mut parts = text.split('%');
    let mut out = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2).ok_or_else(wrong)?;
        out.push(u8::from_str_radix(digits, 16).map_err(|_| wrong())?);
        out.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(out).map_err(|_| "the address is not UTF-8 text".to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Line, String> {
        let words: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
        parse(&words)
    }

    fn server(text: &str) -> (String, Option<String>, Option<String>, Option<u64>) {
        let Address { place, user, password, db } = address(text).unwrap();
        (place, user, password, db)
    }

    #[test]
    fn a_file_goes_to_this_machine_unless_something_else_is_said() {
        let Line::Import(asked) = parsed("--rdb a.rdb --password x").unwrap() else { panic!() };
        assert_eq!((&asked.from, &*asked.to), (&From::File("a.rdb".into()), TARGET));
        assert!(!asked.replace && !asked.dry_run);
        let line = "--replace --to h --dry-run --rdb a --user u --password p";
        let Line::Import(asked) = parsed(line).unwrap() else { panic!() };
        assert_eq!((&*asked.to, asked.user.as_deref()), ("h:6379", Some("u")));
        assert!(asked.replace && asked.dry_run);
    }

    #[test]
    fn addresses_are_those_of_redis() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(server("h"), ("h:6379".to_owned(), None, None, None));
        assert_eq!(server("redis://h:1/"), ("h:1".to_owned(), None, None, None));
        assert_eq!(server("redis://[::1]/3"), ("[::1]:6379".to_owned(), None, None, Some(3)));
        let full = ("h:1".to_owned(), some("u"), some("p:@/"), Some(0));
        assert_eq!(server("redis://u:p:%40%2F@h:1/0"), full);
        assert_eq!(server("redis://:p@h"), ("h:6379".to_owned(), None, some("p"), None));
    }

    #[test]
    fn what_means_nothing_is_refused_by_name() {
        for (line, text) in [
            ("--replace", "--rdb or --from says where the keys come from"),
            ("--rdb a --from b", "--rdb and --from exclude each other"),
            ("--from redis://h/x", "'x' is no number of a database"),
            ("--from redis://", "there is no host in the address"),
            ("--from h:x", "'h:x' is not HOST:PORT"),
            ("--rdb a --to :1", "':1' is not HOST:PORT"),
            ("--from redis://:%4@h", "a percent sign in the address is not followed by two digits"),
            ("--rdb a b", "unexpected word 'b'"),
            ("--foo", "unknown option --foo"),
        ] {
            assert_eq!(parsed(line), Err(text.to_owned()), "{line}");
        }
        assert!(parsed("--from rediss://h").unwrap_err().contains("TLS"));
        assert_eq!((parsed(""), parsed("--help")), (Ok(Line::Help), Ok(Line::Help)));
    }
}
