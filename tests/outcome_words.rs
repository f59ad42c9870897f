//! The fixed words of outcomes: all of them have a byte form.

use std::fs;
use std::path::{Path, PathBuf};

use lockstep_core::Outcome;
use lockstep_core::wire::Wire;
use lockstep_tests::workspace;

const FOLDERS: &[&str] = &["src", "commands", "tests", "bench"];

/// All Rust files below a folder, build directories left out.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The words in `Outcome::Word("...")`.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let places = text.match_indices("Outcome::Word(\"");
    places.filter_map(|(at, found)| text[at + found.len()..].split('"').next())
}

#[test]
fn every_word_that_the_sources_name_is_in_the_table() {
    let mut files = Vec::new();
    for folder in FOLDERS {
        sources(&workspace().join(folder), &mut files);
    }
    let mut seen = 0;
    for file in files {
        // The example in the comment above is no word.
        if file.ends_with("outcome_words.rs") {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        for word in words(&text) {
            seen += 1;
            let outcome = Outcome::Word(word.to_owned().leak());
            let mut bytes = Vec::new();
            outcome.put(&mut bytes);
            let back = Outcome::take(&mut &bytes[..]);
            assert_eq!(back, Ok(outcome), "{} names a new word", file.display());
        }
    }
    assert!(seen > 5, "the sources do name words");
}
