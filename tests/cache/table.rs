//! The table of properties names every one of them, and tests that exist.

use crate::locks::table;

#[test]
fn every_property_has_a_row_and_every_test_in_it_exists() {
    table::check(include_str!("README.md"), (1..=27).map(|number| format!("P{number}")));
}
