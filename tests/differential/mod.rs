//! The same commands to redis-server and to Lockstep must give the same replies.
//!
//! Streams are random and repeatable: `TEST_SEED` chooses them,
//! `TEST_COMMANDS` says how many commands. What may differ stands in
//! [`allowed`], with the reason.

mod allowed;
mod compare;
mod grammar;
mod larger;
mod menu;
mod pair;
mod shrink;
mod stream;
mod words;

use std::collections::BTreeMap;

use lockstep_tests::{needed, tool};

use pair::Pair;
use stream::Stream;

const COMMANDS: usize = 100_000;
/// Commands between two clean slates.
const STREAM_LENGTH: usize = 400;
/// Different findings that are gathered before the test gives up.
const FINDINGS_MAX: usize = 12;

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn random_streams_get_the_replies_that_redis_gives() {
    if !tool("redis-server") {
        return;
    }
    let (seed, commands) = (number("TEST_SEED", 1), number("TEST_COMMANDS", COMMANDS as u64));
    let mut pair = Pair::start();
    let payloads = pair.payloads();
    let mut findings = BTreeMap::new();
    for part in 0..commands.div_ceil(STREAM_LENGTH as u64) {
        let stream = Stream::random(seed.wrapping_add(part), STREAM_LENGTH, &payloads);
        let Some(finding) = pair.run(&stream) else { continue };
        findings.entry(finding.command_name()).or_insert_with(|| {
            let (least, finding) = shrink::shrink(&mut pair, stream, finding);
            format!("seed {}: {finding}\n{least}", seed + part)
        });
        if findings.len() >= FINDINGS_MAX {
            break;
        }
    }
    let shown: Vec<String> = findings.into_values().collect();
    assert!(shown.is_empty(), "{} findings\n\n{}", shown.len(), shown.join("\n\n"));
}

#[test]
fn the_stand_in_for_redis_is_the_version_that_was_promised() {
    if !tool("redis-server") {
        return;
    }
    let version = std::process::Command::new("redis-server").arg("--version").output().unwrap();
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    needed(version.contains("v=7.0."), &format!("redis-server 7.0 (here: {version})"));
}
