//! The floors of the house: a crate uses only those below it.

use std::collections::BTreeSet;
use std::fs;

use lockstep_tests::workspace;

/// Folder, name, the crates of ours it may use, crates of others it may not use.
const FLOORS: &[(&str, &str, &[&str], &[&str])] = &[
    ("src/core", "lockstep-core", &[], OUTSIDE_WORLD),
    (
        "src/script",
        "lockstep-script",
        &["lockstep-commands", "lockstep-core"],
        &["tokio", "rand", "tracing", "metrics", "openraft", "hyper", "socket2", "tempfile"],
    ),
    ("commands", "lockstep-commands", &["lockstep-core"], OUTSIDE_WORLD),
    ("src/storage", "lockstep-storage", &["lockstep-core"], &["openraft", "hyper", "socket2"]),
    ("src/net", "lockstep-net", &["lockstep-commands", "lockstep-core"], &["openraft"]),
    (
        "src/raft",
        "lockstep-raft",
        &["lockstep-core", "lockstep-storage"],
        &["redis-protocol", "hyper", "socket2"],
    ),
    ("src/cache", "lockstep-cache", &["lockstep-core"], &["openraft", "hyper", "socket2"]),
    (
        "src/server",
        "lockstep",
        &[
            "lockstep-cache",
            "lockstep-commands",
            "lockstep-core",
            "lockstep-net",
            "lockstep-raft",
            "lockstep-script",
            "lockstep-storage",
        ],
        &["openraft"],
    ),
];

/// What pure code must not reach for: sockets, clocks, random numbers, disks, logs.
const OUTSIDE_WORLD: &[&str] =
    &["tokio", "rand", "tracing", "metrics", "openraft", "hyper", "socket2", "libc", "tempfile"];

fn manifest(folder: &str) -> toml::Table {
    let text = fs::read_to_string(workspace().join(folder).join("Cargo.toml")).unwrap();
    text.parse().unwrap()
}

fn names(manifest: &toml::Table, section: &str) -> BTreeSet<String> {
    let section = manifest.get(section).and_then(toml::Value::as_table);
    section.map(|table| table.keys().cloned().collect()).unwrap_or_default()
}

#[test]
fn a_crate_uses_only_the_floors_below_it() {
    for (folder, name, below, never) in FLOORS {
        let manifest = manifest(folder);
        assert_eq!(manifest["package"]["name"].as_str(), Some(*name), "{folder}");
        for used in names(&manifest, "dependencies") {
            let ours = used.starts_with("lockstep");
            assert!(!ours || below.contains(&used.as_str()), "{name} uses {used}");
            assert!(!never.contains(&used.as_str()), "{name} uses {used}");
        }
    }
}

#[test]
fn nobody_uses_the_tests_or_the_benchmarks() {
    for (folder, name, ..) in FLOORS {
        let manifest = manifest(folder);
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for used in names(&manifest, section) {
                assert!(
                    !["lockstep-tests", "lockstep-sim", "lockstep-bench"].contains(&used.as_str()),
                    "{name}"
                );
            }
        }
    }
}

#[test]
fn every_crate_of_the_workspace_has_a_floor() {
    let members = manifest("");
    let members = members["workspace"]["members"].as_array().unwrap();
    for member in members.iter().filter_map(toml::Value::as_str) {
        let known = FLOORS.iter().any(|(folder, ..)| *folder == member);
        assert!(
            known || ["tests", "tests/sim", "bench"].contains(&member),
            "{member} stands on no floor"
        );
    }
}

#[test]
fn every_crate_keeps_the_lints_of_the_workspace() {
    for (folder, ..) in FLOORS.iter().copied().chain([("tests", "", &[][..], &[][..])]) {
        let manifest = manifest(folder);
        let kept = manifest.get("lints").and_then(|lints| lints.get("workspace"));
        assert_eq!(kept.and_then(toml::Value::as_bool), Some(true), "{folder}");
    }
}
