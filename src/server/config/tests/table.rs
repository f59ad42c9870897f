//! What holds of every row.

use std::collections::HashSet;
use std::path::Path;

use crate::config::table::ROWS;
use crate::config::{Group, Setting, Settings};

#[test]
fn every_default_is_taken_by_its_own_row() {
    for row in ROWS {
        let taken = row.parse(row.name, row.default, "");
        assert!(taken.is_ok(), "{}: {taken:?}", row.name);
    }
}

#[test]
fn every_default_prints_as_something_that_reads_back_as_the_same() {
    let settings = Settings::default();
    for row in ROWS {
        let value = row.parse(row.name, row.default, "").unwrap();
        let printed = settings.print(row.setting);
        assert_eq!(row.parse(row.name, &printed, "").as_ref(), Ok(&value), "{}", row.name);
    }
}

#[test]
fn every_row_says_what_it_does_in_a_sentence() {
    for row in ROWS {
        assert!(row.doc.ends_with('.') && row.doc.len() > 4, "{}", row.name);
    }
}

#[test]
fn every_name_is_there_once_and_is_found_in_any_letter_case() {
    let mut seen = HashSet::new();
    for row in ROWS {
        for name in [Some(row.name), row.alias].into_iter().flatten() {
            assert!(seen.insert(name), "{name} twice");
            assert_eq!(Setting::named(&name.to_uppercase()), Some(row.setting));
        }
    }
}

#[test]
fn every_row_stands_at_its_own_place() {
    for (at, row) in ROWS.iter().enumerate() {
        assert_eq!(row.setting as usize, at);
        assert_eq!(row.setting.row().name, row.name);
    }
}

#[test]
fn every_group_has_settings() {
    for group in Group::ALL {
        assert!(ROWS.iter().any(|row| row.group == group), "{group:?}");
    }
}

#[test]
fn every_setting_that_the_redis_test_suite_changes_can_change() {
    let settings = Settings::default();
    for name in [
        "save",
        "appendonly",
        "aof-use-rdb-preamble",
        "appendfsync",
        "list-max-ziplist-size",
        "list-max-listpack-size",
        "list-compress-depth",
        "set-max-intset-entries",
        "hash-max-ziplist-entries",
        "hash-max-ziplist-value",
        "hash-max-listpack-entries",
        "hash-max-listpack-value",
        "zset-max-ziplist-entries",
        "zset-max-ziplist-value",
        "zset-max-listpack-entries",
        "zset-max-listpack-value",
        "hll-sparse-max-bytes",
        "stream-node-max-entries",
        "stream-node-max-bytes",
        "notify-keyspace-events",
        "slowlog-log-slower-than",
        "slowlog-max-len",
        "lua-time-limit",
        "busy-reply-threshold",
        "latency-monitor-threshold",
        "latency-tracking",
        "maxmemory",
        "maxmemory-policy",
        "maxmemory-clients",
        "client-output-buffer-limit",
        "client-query-buffer-limit",
        "proto-max-bulk-len",
        "tracking-table-max-keys",
        "hz",
        "timeout",
        "requirepass",
        "min-replicas-to-write",
        "min-slaves-to-write",
        "active-defrag-cycle-min",
        "active-defrag-cycle-max",
        "active-defrag-threshold-lower",
        "active-defrag-threshold-upper",
        "active-defrag-ignore-bytes",
        "active-defrag-max-scan-fields",
        "activedefrag",
        "replica-serve-stale-data",
        "oom-score-adj",
    ] {
        let now = settings.get(&[name]);
        assert_eq!(now.len(), 1, "{name}");
        assert_eq!(settings.set(name, &now[0].1), Ok(()), "{name}");
    }
}

#[test]
fn databases_prints_as_a_number_for_exporters() {
    let settings = Settings::default();
    assert_eq!(settings.get(&["databases"])[0].1.parse(), Ok(16));
}

#[test]
fn every_setting_that_acts_is_read_somewhere() {
    let mut code = String::new();
    read_all(Path::new(env!("CARGO_MANIFEST_DIR")), &mut code);
    for row in ROWS.iter().filter(|row| !matches!(row.group, Group::Remembered | Group::Limits)) {
        let read = format!("Setting::{:?}", row.setting);
        let helpers = ["Bind", "ClientOutputBufferLimit", "PeerPort", "Seeds"];
        let named = code.contains(&read) || helpers.contains(&&read["Setting::".len()..]);
        assert!(named, "nobody reads {}", row.name);
    }
}

/// Appends all code of the server but this module's.
fn read_all(dir: &Path, code: &mut String) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("config") {
            read_all(&path, code);
        } else if path.extension().is_some_and(|end| end == "rs") {
            code.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
}
