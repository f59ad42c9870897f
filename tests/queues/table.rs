//! The table of properties names every one of them, and tests that exist.

use crate::locks::table;

#[test]
fn every_property_has_a_row_and_every_test_in_it_exists() {
    let numbered = |letter: char, last: u8| (1..=last).map(move |n| format!("{letter}{n}"));
    let properties = numbered('S', 22).chain(numbered('L', 9)).chain(numbered('D', 5));
    table::check(include_str!("README.md"), properties);
}
