//! The same stories at redis-server 7.0.15 and here, byte by byte.

use std::collections::BTreeMap;

use lockstep_tests::{Client, Server, Value, needed, request, tool};

/// Each line: the connection, and the words it sends. A line in brackets has an answer that
/// differs on purpose. `'` stands around a word with blanks.
const STORIES: &[&str] = &[include_str!("users.txt"), include_str!("denied.txt")];

#[test]
fn users_are_made_shown_and_denied_as_in_redis() {
    if !needed(tool("redis-server"), "redis-server") {
        return;
    }
    let mut differ = Vec::new();
    for story in STORIES {
        let servers = [Server::redis(&[]), Server::lockstep(&["--fsync", "never"])];
        let mut both = servers.iter().map(|server| (server, BTreeMap::new())).collect::<Vec<_>>();
        for line in story.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (line, compared) = match line.strip_prefix('[') {
                Some(line) => (line.trim_end_matches(']'), false),
                None => (line, true),
            };
            let (who, words) = line.split_once(' ').expect("a connection and words");
            let words = split(&words.replace("\\n", "\n"));
            let told: Vec<Vec<u8>> = both
                .iter_mut()
                .map(|(server, clients)| {
                    let client: &mut Client =
                        clients.entry(who.to_owned()).or_insert_with(|| server.client());
                    client.send(&request(&words)).unwrap();
                    // One that was closed shows nothing.
                    client.receive().unwrap_or_default()
                })
                .collect();
            if compared && words_of(&told[0]) != words_of(&told[1]) {
                differ.push(format!("{line}\n{}\n{}", shown(&told[0]), shown(&told[1])));
            }
        }
    }
    assert!(differ.is_empty(), "{}", differ.join("\n\n"));
}

/// The words of a reply in an order of their own: Redis tells single commands in no order.
fn words_of(reply: &[u8]) -> Vec<&[u8]> {
    let mut words: Vec<&[u8]> =
        reply.split(|byte| byte.is_ascii_whitespace() || *byte == b')').collect();
    words.sort_unstable();
    words
}

fn split(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for letter in line.chars() {
        match letter {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            letter => words.last_mut().unwrap().push(letter),
        }
    }
    words
}

fn shown(reply: &[u8]) -> String {
    match reply {
        [] => "closed".to_owned(),
        reply => format!("{:?}", Value::of(reply)),
    }
}
