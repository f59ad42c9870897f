//! Entry points for fuzzing: any bytes give a result, never a panic.

use std::collections::HashSet;
use std::mem::discriminant;
use std::path::Path;
use std::sync::LazyLock;

use super::layers::Layers;
use super::row::Row;
use super::table::ROWS;

/// One setting of every kind.
static KINDS: LazyLock<Vec<&Row>> = LazyLock::new(|| {
    let mut seen = HashSet::new();
    ROWS.iter().filter(|row| seen.insert(discriminant(&row.kind))).collect()
});

/// Words that lead deep into the readers, for those who make inputs.
pub const WORDS: [&str; 64] = [
    "port",
    "maxmemory",
    "=",
    " ",
    "\n",
    "\"",
    "'",
    "'''",
    "\"\"\"",
    "[",
    "]",
    "{",
    "}",
    ",",
    "1",
    "0",
    "-",
    "5%",
    "10kb",
    "GB",
    "yes",
    "no",
    "true",
    "bind",
    "127.0.0.1",
    "*",
    "::1",
    "normal 1 2 3",
    "replica",
    "pubsub",
    "KEA",
    "g$lshzxet",
    "save",
    "900 1",
    "#",
    ".",
    "\\",
    "\\u00e9",
    "é",
    "\0",
    "\r\n",
    "1_000",
    "0x1F",
    "1e5",
    "inf",
    "nan",
    "2020-01-01",
    "notify-keyspace-events",
    "client-output-buffer-limit",
    "99999999999999999999999",
    "latency-tracking-info-percentiles",
    "99.9",
    "oom-score-adj-values",
    "-2000",
    "fsync",
    "never",
    "appendfsync",
    "always",
    "hz",
    "\u{feff}",
    "+",
    "_",
    "loglevel",
    "dir",
];

/// Reads `bytes` as a configuration file, and as a value of every kind of setting.
pub fn config(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut layers = Layers::default();
    layers.file_text(Path::new("fuzz.toml"), &text);
    match layers.settle() {
        Ok(settings) => assert_eq!(settings.get(&["port"]).len(), 1),
        Err(errors) => assert!(errors.iter().all(|error| !error.to_string().is_empty())),
    }
    for row in KINDS.iter() {
        prints_as_what_it_was_read_from(row, &text);
    }
}

/// A value that is taken prints as something that is taken again and means the same.
fn prints_as_what_it_was_read_from(row: &Row, text: &str) {
    let Ok(value) = row.parse(row.name, text, row.default) else { return };
    let printed = row.print(row.name, &value);
    let again = row.parse(row.name, &printed, row.default);
    assert_eq!(again.as_ref(), Ok(&value), "{} = {text:?}", row.name);
}
