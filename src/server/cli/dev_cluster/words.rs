//! The words behind `lockstep dev-cluster`.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::{Arg, Parser};

use crate::config::Setting;

/// A cluster has at most so many founders.
const COUNT_MAX: usize = 9;
/// Settings that every node has its own value of.
const OWN: [&str; 5] = ["seeds", "expect", "dir", "admin-port", "peer-port"];

/// What the words ask for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// The help.
    Help,
    /// A cluster.
    Run(Plan),
}

/// What cluster to run.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub count: usize,
    pub dir: PathBuf,
    /// The port of the first node; none: any that is free.
    pub port: Option<u16>,
    /// Flags for every node.
    pub flags: Vec<(String, String)>,
}

impl Plan {
    /// Whether clients see a cluster.
    pub(super) fn in_cluster_mode(&self) -> bool {
        let mut last = self.flags.iter().rev();
        last.find(|(name, _)| name == "cluster-enabled").is_some_and(|(_, value)| value == "yes")
    }
}

/// Reads the words.
///
/// # Errors
/// What is wrong with them, for people.
pub(super) fn parse(words: &[OsString]) -> Result<Line, String> {
    let (mut count, mut flags) = (None, Vec::new());
    let (mut dir, mut port) = (PathBuf::from("lockstep-dev"), None);
    let mut parser = Parser::from_args(words.iter().cloned());
    while let Some(arg) = parser.next().map_err(|wrong| wrong.to_string())? {
        let name = match arg {
            Arg::Short('h') => return Ok(Line::Help),
            Arg::Long(name) => name.to_owned(),
            Arg::Value(word) if count.is_none() => {
                count = Some(count_of(&word.to_string_lossy())?);
                continue;
            }
            other => return Err(other.unexpected().to_string()),
        };
        if name == "help" {
            return Ok(Line::Help);
        }
        let value = parser.value().map_err(|wrong| wrong.to_string())?;
        match &*name {
            "dir" => dir = value.into(),
            "port" => {
                let port_of = |word: &str| word.parse::<u16>().ok().filter(|port| *port > 0);
                let word = value.to_string_lossy();
                port = Some(port_of(&word).ok_or_else(|| format!("--port {word} is no port"))?);
            }
            own if OWN.contains(&own) => return Err(format!("--{own} is chosen for every node")),
            _ if Setting::named(&name).is_none() => return Err(format!("unknown flag --{name}")),
            _ => flags.push((name, value.to_string_lossy().into_owned())),
        }
    }
    Ok(Line::Run(Plan { count: count.unwrap_or(3), dir, port, flags }))
}

fn count_of(word: &str) -> Result<usize, String> {
    let count = word.parse::<usize>().ok().filter(|count| (1..=COUNT_MAX).contains(count));
    count.ok_or_else(|| format!("'{word}' is no number of nodes from 1 to {COUNT_MAX}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Line, String> {
        let words: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
        parse(&words)
    }

    #[test]
    fn three_nodes_go_without_saying() {
        let plan =
            Plan { count: 3, dir: PathBuf::from("lockstep-dev"), port: None, flags: Vec::new() };
        assert_eq!(parsed(""), Ok(Line::Run(plan)));
    }

    #[test]
    fn settings_go_to_every_node() {
        let Ok(Line::Run(plan)) =
            parsed("5 --dir /d --port 8001 --cluster-enabled yes --fsync never")
        else {
            panic!("a plan");
        };
        assert_eq!((plan.count, plan.port, &*plan.dir), (5, Some(8001), "/d".as_ref()));
        assert_eq!(plan.flags[1], ("fsync".to_owned(), "never".to_owned()));
        assert!(plan.in_cluster_mode());
    }

    #[test]
    fn what_means_nothing_is_refused_by_name() {
        for (line, text) in [
            ("0", "'0' is no number of nodes from 1 to 9"),
            ("ten", "'ten' is no number of nodes from 1 to 9"),
            ("3 4", "unexpected argument \"4\""),
            ("--port 0", "--port 0 is no port"),
            ("--seeds a:1", "--seeds is chosen for every node"),
            ("--sharts 8", "unknown flag --sharts"),
        ] {
            assert_eq!(parsed(line), Err(text.to_owned()), "{line}");
        }
        assert_eq!(parsed("3 --help"), Ok(Line::Help));
    }
}
