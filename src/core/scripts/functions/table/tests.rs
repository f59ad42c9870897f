//! Libraries, with an engine that reads their functions from their lines.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::scripts::functions::{Function, name_for};
use crate::scripts::{Call, Source, World};

/// Each line behind the first one is the name of a function, with its flags behind a blank.
#[derive(Debug)]
struct Lines;

impl Engine for Lines {
    fn run(&self, _: &Call<'_>, _: &mut dyn World) -> Outcome {
        unreachable!("nothing is called")
    }

    fn refuses(&self, _: &[u8]) -> Option<Outcome> {
        unreachable!("there are no scripts")
    }

    fn load(&self, source: &Source<'_>) -> Result<Vec<Function>, String> {
        let mut functions = Vec::new();
        for line in source.code.split(|byte| *byte == b'\n').skip(1).filter(|line| !line.is_empty())
        {
            let name = name_for(line, &functions)?;
            functions.push(Function { name, description: None, flags: 1 });
        }
        Ok(functions)
    }
}

const LIMITS: Limits = Limits::Of { steps_max: 1, memory_max: 2, bytes_max: 10_000 };

fn load(libraries: &mut Libraries, code: &str, replace: bool) -> String {
    match libraries.load(code.as_bytes(), replace, LIMITS, &Lines) {
        Ok(name) => name,
        Err(Refusal::Because(why)) => why,
        Err(other) => format!("{other:?}"),
    }
}

fn restore(libraries: &mut Libraries, payload: &[u8], policy: Policy) -> String {
    match libraries.restore_payload(payload, policy, LIMITS, &Lines) {
        Ok(()) => "OK".to_owned(),
        Err(Refusal::Because(why)) => why,
        Err(other) => format!("{other:?}"),
    }
}

fn names(libraries: &Libraries) -> Vec<&str> {
    libraries.iter().map(|library| &*library.name).collect()
}

fn dumped(codes: &[&str]) -> Vec<u8> {
    let mut libraries = Libraries::default();
    for code in codes {
        assert!(!load(&mut libraries, code, false).contains(' '));
    }
    payload::dump(&libraries)
}

#[test]
fn libraries_and_functions_have_names_of_their_own() {
    let mut all = Libraries::default();
    assert_eq!(load(&mut all, "#!lua name=a\nf\ng", false), "a");
    assert_eq!(load(&mut all, "#!lua name=a\nh", false), "Library 'a' already exists");
    assert_eq!(load(&mut all, "#!lua name=b\nF", false), "Function F already exists");
    assert_eq!(load(&mut all, "#!lua name=b\n", false), "No functions registered");
    assert_eq!(
        load(&mut all, "#!lua name=b\nx\nx", false),
        "Function already exists in the library"
    );
    assert_eq!(load(&mut all, "#!lua name=b\nh", false), "b");
    assert_eq!(load(&mut all, "#!lua name=b\ng", true), "Function g already exists");
    assert_eq!(all.find(b"H").unwrap().0.name, "b", "what is refused changes nothing");
    assert_eq!(load(&mut all, "#!lua name=a\nx", true), "a");
    assert!(all.find(b"f").is_none() && all.find(b"x").is_some());
    assert!(all.delete(b"a") && !all.delete(b"a"));
    assert_eq!((all.len(), all.functions()), (1, 1));
    assert!(all.delete(b"b"));
    assert_eq!((all.bytes(), all.functions()), (0, 0));
}

#[test]
fn a_payload_is_restored_whole_or_not_at_all() {
    let payload = dumped(&["#!lua name=a\nf", "#!lua name=b\ng"]);
    let mut all = Libraries::default();
    load(&mut all, "#!lua name=b\nold", false);
    let before = all.state_digest();
    assert_eq!(restore(&mut all, &payload, Policy::Append {}), "Library b already exists");
    assert_eq!((names(&all), all.state_digest()), (vec!["b"], before));
    assert_eq!(restore(&mut all, &payload, Policy::Replace {}), "OK");
    assert_eq!(names(&all), ["a", "b"]);
    assert!(all.find(b"old").is_none());
    load(&mut all, "#!lua name=c\nlast", false);
    let other = dumped(&["#!lua name=d\nlast"]);
    assert_eq!(restore(&mut all, &other, Policy::Replace {}), "Function last already exists");
    assert_eq!(restore(&mut all, &other, Policy::Flush {}), "OK");
    assert_eq!(names(&all), ["d"]);
}

#[test]
fn what_is_no_payload_of_libraries_is_refused() {
    let mut all = Libraries::default();
    let sealed = |body: &[u8]| {
        let mut payload = body.to_vec();
        crate::rdb::seal(&mut payload);
        payload
    };
    for (payload, why) in [
        (b"x".to_vec(), "Damaged"),
        (sealed(&[0, 1, b'a']), "given type is not a function"),
        (sealed(&[246]), "Pre-GA function format not supported"),
        (sealed(&[245, 9, b'a']), "Failed loading library payload"),
        (sealed(&[245, 1, b'a']), "Missing library metadata"),
    ] {
        assert_eq!(restore(&mut all, &payload, Policy::Append {}), why);
    }
    assert_eq!(restore(&mut all, &sealed(&[]), Policy::Append {}), "OK");
}

#[test]
fn more_than_the_limit_is_refused() {
    let mut all = Libraries::default();
    let long = format!("#!lua name=a\n{}", "f".repeat(9_900));
    assert_eq!(load(&mut all, &long, false), "Full");
    assert!(all.is_empty());
    assert_eq!(load(&mut all, "#!lua name=a\nf", false), "a");
    let none = Limits::Of { steps_max: 1, memory_max: 2, bytes_max: 0 };
    assert!(all.load(b"#!lua name=a\ng", true, none, &Lines).is_ok(), "it grows by nothing");
    assert_eq!(all.load(b"#!lua name=b\nh", false, none, &Lines), Err(Refusal::Full));
}

#[test]
fn libraries_are_the_same_behind_a_snapshot() {
    let mut all = Libraries::default();
    for number in 0..40 {
        load(&mut all, &format!("#!lua name=lib{number}\nf{number}\ng{number}"), false);
    }
    let mut again = Libraries::default();
    for chunk in all.freeze().chunks() {
        again.restore(&chunk).unwrap();
    }
    assert_eq!(again.state_digest(), all.state_digest());
    assert_eq!((again.len(), again.functions(), again.bytes()), (40, 80, all.bytes()));
    assert_eq!(again.find(b"G7").unwrap(), all.find(b"g7").unwrap());
    assert!(again.restore(b"\x01x").is_err());
}
