//! Tools of other people: in CI they must be there, elsewhere a test may go without.

use std::ffi::OsStr;
use std::process::{Command, Output};

/// Whether this is a CI run (`CI=true`).
pub fn in_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true" || value == "1")
}

/// Whether the test can run. Without the tool it fails in CI and is skipped, with
/// the reason printed, elsewhere.
pub fn needed(there: bool, what: &str) -> bool {
    assert!(there || !in_ci(), "{what} is missing, and CI must have it (.ci/run installs it)");
    if !there {
        eprintln!("SKIPPED: {what} is missing");
    }
    there
}

/// Whether the program can be started at all.
pub fn tool(program: impl AsRef<OsStr>) -> bool {
    let name = program.as_ref().to_owned();
    let there = Command::new(&name).arg("--version").output().is_ok();
    needed(there, &name.to_string_lossy())
}

/// What a program has printed, on both ways.
pub fn printed(output: &Output) -> String {
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    text
}
