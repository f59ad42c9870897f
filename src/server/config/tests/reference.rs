//! The reference page.

use crate::config::reference;
use crate::config::table::ROWS;

#[test]
fn the_committed_page_is_the_one_made_from_the_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/config/README.md");
    let made = reference::markdown();
    if std::env::var_os("LOCKSTEP_BLESS").is_some() {
        std::fs::write(path, &made).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(committed == made, "run this test with LOCKSTEP_BLESS=1 to write {path} anew");
}

#[test]
fn the_help_names_every_setting() {
    let help = reference::help();
    for row in ROWS {
        assert!(help.contains(row.name), "{}", row.name);
    }
    assert!(help.lines().all(|line| line.len() <= 200), "lines fit a terminal");
}
