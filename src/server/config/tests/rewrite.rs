//! CONFIG REWRITE.

use std::path::Path;

use crate::config::{Layers, Setting, Settings};

fn start(dir: &Path, flags: &[(&str, &str)]) -> Settings {
    let mut layers = Layers::default();
    layers.flag("dir", dir.to_str().unwrap());
    for (name, value) in flags {
        layers.flag(name, value);
    }
    layers.overrides();
    layers.settle().unwrap()
}

fn kept(dir: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(dir.join("overrides.toml")).unwrap();
    text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

#[test]
fn only_what_was_set_at_run_time_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let settings = start(dir.path(), &[("maxclients", "7")]);
    settings.set("maxmemory", "10mb").unwrap();
    settings.set("hz", "20").unwrap();
    settings.rewrite().unwrap();
    assert_eq!(kept(dir.path()), ["maxmemory = \"10485760\"", "hz = \"20\""]);
}

#[test]
fn every_value_that_can_change_survives_a_rewrite_and_a_start() {
    let dir = tempfile::tempdir().unwrap();
    let settings = start(dir.path(), &[]);
    settings.set("requirepass", "a \"b\"\\\n\u{1} 'c'").unwrap();
    settings.set("slowlog-log-slower-than", "-1").unwrap();
    settings.set("appendfsync", "no").unwrap();
    settings.set("client-output-buffer-limit", "normal 1 2 3").unwrap();
    settings.set("notify-keyspace-events", "KEA").unwrap();
    settings.set("save", "900 1").unwrap();
    settings.rewrite().unwrap();
    let again = start(dir.path(), &[]);
    for setting in Setting::all() {
        assert_eq!(again.print(setting), settings.print(setting), "{}", setting.name());
    }
}

#[test]
fn what_an_earlier_life_kept_is_kept_again() {
    let dir = tempfile::tempdir().unwrap();
    let first = start(dir.path(), &[]);
    first.set("timeout", "5").unwrap();
    first.rewrite().unwrap();
    let second = start(dir.path(), &[]);
    second.set("hz", "20").unwrap();
    second.rewrite().unwrap();
    assert_eq!(kept(dir.path()), ["timeout = \"5\"", "hz = \"20\""]);
}

#[test]
fn only_the_owner_can_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let settings = start(dir.path(), &[]);
    settings.rewrite().unwrap();
    let mode = std::fs::metadata(dir.path().join("overrides.toml")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_rewrite_that_fails_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let settings = start(dir.path(), &[]);
    std::fs::create_dir(dir.path().join("overrides.toml")).unwrap();
    assert!(settings.rewrite().is_err());
}
