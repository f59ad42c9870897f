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
