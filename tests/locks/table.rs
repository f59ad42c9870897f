//! The table of properties names every one of them, and tests that exist.

use std::path::Path;

/// What stands in backquotes in a row.
fn quoted(row: &str) -> impl Iterator<Item = &str> {
    row.split('`').skip(1).step_by(2)
}

fn exists(root: &Path, named: &str) -> bool {
    let (file, test) = match named.split_once(": ") {
        Some((file, test)) => (file, format!("fn {test}(")),
        None => (named, String::new()),
    };
    std::fs::read_to_string(root.join(file)).is_ok_and(|text| text.contains(&test))
}

/// Looks whether a table has a row for every property, each with tests that exist.
pub fn check(table: &str, properties: impl Iterator<Item = String>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let rows: Vec<&str> = table.lines().filter(|line| line.starts_with("| ")).skip(2).collect();
    for property in properties {
        let start = format!("| {property} ");
        let row = rows.iter().find(|row| row.starts_with(&start));
        let row = row.unwrap_or_else(|| panic!("{property} is missing"));
        let tests: Vec<&str> = quoted(row).filter(|named| named.contains('/')).collect();
        assert!(!tests.is_empty() || row.contains("none yet"), "{row}");
        for test in tests {
            assert!(exists(root, test), "{property}: there is no {test}");
        }
    }
}

#[test]
fn every_property_has_a_row_and_every_test_in_it_exists() {
    let numbered = |letter: char, last: u8| (1..=last).map(move |n| format!("{letter}{n}"));
    check(include_str!("README.md"), numbered('S', 23).chain(numbered('L', 19)));
}
