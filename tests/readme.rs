//! The sessions shown in the README are run, and must say what is shown.
//!
//! A fenced block marked `console` holds lines that start with the prompt of
//! redis-cli and the replies below them. `...` in a shown reply stands for anything.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use lockstep_tests::{Server, tool, workspace};

const PROMPT: &str = "127.0.0.1:6379> ";

/// A command and the reply that is shown for it.
#[derive(Debug)]
struct Shown {
    command: String,
    reply: Vec<String>,
}

/// The sessions of the README.
fn sessions() -> Vec<Vec<Shown>> {
    let text = fs::read_to_string(workspace().join("README.md")).unwrap_or_default();
    let mut sessions = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.trim() != "```console" {
            continue;
        }
        let mut session: Vec<Shown> = Vec::new();
        for line in lines.by_ref().take_while(|line| line.trim() != "```") {
            match (line.strip_prefix(PROMPT), session.last_mut()) {
                (Some(command), _) => {
                    session.push(Shown { command: command.to_owned(), reply: Vec::new() });
                }
                (None, Some(last)) => last.reply.push(line.trim_end().to_owned()),
                (None, None) => {}
            }
        }
        if !session.is_empty() {
            sessions.push(session);
        }
    }
    sessions
}

/// What redis-cli prints for a command at a terminal.
fn said(server: &Server, session: &[Shown]) -> Vec<Vec<String>> {
    let mut child = Command::new("redis-cli")
        .args(["-p", &server.port().to_string(), "--no-raw"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let queued = queued(session);
    for (number, shown) in session.iter().enumerate() {
        writeln!(input, "{}", shown.command).unwrap();
        if !queued[number] {
            writeln!(input, "ECHO end-of-reply-{number}").unwrap();
        }
    }
    drop(input);
    let output = child.wait_with_output().unwrap();
    let output = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut lines = output.lines();
    let reply = |(number, queued)| {
        let end = format!("\"end-of-reply-{number}\"");
        let count = if queued { 1 } else { usize::MAX };
        let reply = lines.by_ref().take(count).take_while(|line| *line != end);
        reply.map(|line| line.trim_end().to_owned()).filter(|line| !line.is_empty()).collect()
    };
    queued.into_iter().enumerate().map(reply).collect()
}

/// Which commands are answered with one line and followed by no other: MULTI, and
/// what is queued behind it.
fn queued(session: &[Shown]) -> Vec<bool> {
    let mut open = false;
    let is_queued = |shown: &Shown| {
        open = (open || shown.command == "MULTI") && shown.command != "EXEC";
        open
    };
    session.iter().map(is_queued).collect()
}

/// Whether the line fits, `...` standing for anything.
fn fits(shown: &str, said: &str) -> bool {
    let mut parts = shown.split("...");
    let Some(mut rest) = parts.next().and_then(|first| said.strip_prefix(first)) else {
        return false;
    };
    let mut open = false;
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = if part.is_empty() { "" } else { &rest[at + part.len()..] };
        open = part.is_empty();
    }
    open || rest.is_empty()
}

#[test]
fn the_sessions_in_the_readme_are_true() {
    if !tool("redis-cli") {
        return;
    }
    let sessions = sessions();
    assert!(!sessions.is_empty(), "the README shows no session");
    for session in sessions {
        let server = Server::lockstep(&[]);
        for (shown, said) in session.iter().zip(said(&server, &session)) {
            let same = shown.reply.len() == said.len()
                && shown.reply.iter().zip(&said).all(|(shown, said)| fits(shown, said));
            assert!(same, "{}\n  shown {:?}\n  said  {said:?}", shown.command, shown.reply);
        }
    }
}

#[test]
fn dots_stand_for_anything() {
    assert!(fits("(integer) 1", "(integer) 1"));
    assert!(fits("1) \"0-1...\"", "1) \"0-1-1\""));
    assert!(fits("...", "anything"));
    assert!(!fits("(integer) 1", "(integer) 12"));
    assert!(!fits("a...c", "abcd"));
}
