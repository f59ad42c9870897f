//! Strings that Redis 7.0.15 made, and a plain model of the counters.

#![allow(clippy::unwrap_used)]

use super::hash::place_of;
use super::*;
use crate::chance::{Chance, with_seeds};

const SPARSE_MAX: u64 = 3_000;

fn counted<'a>(elements: impl IntoIterator<Item = &'a str>) -> Sketch {
    let mut sketch = Sketch::new();
    for element in elements {
        sketch.add(element.as_bytes(), SPARSE_MAX).unwrap();
    }
    sketch
}

fn counters(sketch: &Sketch) -> Counters {
    sketch.counters().unwrap()
}

/// What the counters of elements are, by the book.
fn by_the_book(elements: &[Vec<u8>]) -> Counters {
    let mut counters = [0; REGISTERS];
    for element in elements {
        let (register, run) = place_of(element);
        counters[register] = run.max(counters[register]);
    }
    counters
}

fn element(chance: &mut Chance) -> Vec<u8> {
    let len = chance.below(20) as usize;
    (0..len).map(|_| chance.next() as u8).collect()
}

#[test]
fn strings_are_those_of_redis() {
    let mut none = Sketch::new();
    none.forget_count();
    assert_eq!(none.into_bytes(), b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80\x7f\xff");
    let three = b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80\x60\xf3\x80\x50\xb1\x84\x4b\xfb\x80\x42\x5a";
    assert_eq!(counted(["a", "b", "c"]).into_bytes(), three);
}

#[test]
fn an_element_that_was_counted_changes_nothing() {
    let mut sketch = counted(["a", "b", "c"]);
    assert!(!sketch.add(b"b", SPARSE_MAX).unwrap());
    assert!(sketch.add(b"d", SPARSE_MAX).unwrap());
    assert_eq!(sketch.count(), Ok(4));
    assert_eq!(Sketch::new().count(), Ok(0));
    assert_eq!(count_all(&[]), Ok(0));
}

#[test]
fn sparse_and_dense_strings_hold_the_same_counters() {
    with_seeds(20, |chance| {
        let elements: Vec<Vec<u8>> = (0..chance.below(3_000)).map(|_| element(chance)).collect();
        let (mut sparse, mut dense) = (Sketch::new(), Sketch::new());
        dense.make_dense().unwrap();
        let max = chance.pick(&[18, 100, SPARSE_MAX, u64::MAX]);
        for element in &elements {
            let changed = sparse.add(element, max).unwrap();
            assert_eq!(dense.add(element, 0).unwrap(), changed);
        }
        assert!(sparse.is_dense() || sparse.bytes.len() as u64 <= max.max(18));
        let expected = by_the_book(&elements);
        assert_eq!(counters(&sparse), expected);
        assert_eq!(counters(&dense), expected);
        sparse.forget_count();
        dense.forget_count();
        assert_eq!(sparse.count(), dense.count());
        sparse.make_dense().unwrap();
        assert_eq!(sparse.bytes, dense.bytes);
    });
}

#[test]
fn a_count_is_kept_as_redis_keeps_it() {
    let mut sketch = counted(["a", "b", "c"]);
    let count = sketch.count_to_keep().unwrap();
    sketch.keep_count(count);
    let three = b"HYLL\x01\0\0\0\x03\0\0\0\0\0\0\0\x60\xf3\x80\x50\xb1\x84\x4b\xfb\x80\x42\x5a";
    assert_eq!(sketch.bytes, three);
    assert_eq!((sketch.count(), sketch.count_to_keep()), (Ok(3), None));
}

#[test]
fn the_estimate_is_near() {
    let mut sketch = Sketch::new();
    for number in 0..100_000_u32 {
        sketch.add(&number.to_le_bytes(), SPARSE_MAX).unwrap();
        if number.is_multiple_of(9_999) && number > 0 {
            sketch.forget_count();
            let error = sketch.count().unwrap() as f64 / f64::from(number + 1) - 1.0;
            assert!(error.abs() < 0.03, "{number}: {error}");
        }
    }
    assert!(sketch.is_dense());
}

#[test]
fn what_is_merged_was_counted_by_any() {
    with_seeds(20, |chance| {
        let mut all = Vec::new();
        let mut sketches = Vec::new();
        for _ in 0..chance.below(4) {
            let mut sketch = Sketch::new();
            for _ in 0..chance.pick(&[0, 10, 500, 4_000]) {
                let element = element(chance);
                sketch.add(&element, SPARSE_MAX).unwrap();
                all.push(element);
            }
            sketches.push(sketch);
        }
        let to = sketches.pop();
        let together: Vec<Sketch> = to.iter().chain(&sketches).cloned().collect();
        let merged = merge(to, &sketches, SPARSE_MAX).unwrap();
        assert_eq!(counters(&merged), by_the_book(&all));
        assert_eq!(merged.count(), count_all(&together));
    });
}

#[test]
fn damaged_strings_are_refused_and_never_panic() {
    for bytes in [
        &b""[..],
        b"HYLL",
        b"HYLX\x01\0\0\0\0\0\0\0\0\0\0\x80",
        b"HYLL\x02\0\0\0\0\0\0\0\0\0\0\x80",
    ] {
        assert_eq!(Sketch::of(bytes).err(), Some(Fault::NoSketch), "{bytes:?}");
    }
    // A sparse one without runs, and a dense one that is too short.
    let nothing = Sketch::of(b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80").unwrap();
    assert_eq!(nothing.count(), Err(Fault::BadSketch));
    assert_eq!(nothing.clone().add(b"a", SPARSE_MAX), Err(Fault::BadSketch));
    assert_eq!(Sketch::of(b"HYLL\0\0\0\0\0\0\0\0\0\0\0\x80").err(), Some(Fault::NoSketch));
    with_seeds(500, |chance| {
        let mut bytes = Sketch::new().into_bytes();
        let mut sketch = Sketch::of(&bytes).unwrap();
        for _ in 0..chance.below(50) {
            sketch.add(&element(chance), SPARSE_MAX).unwrap();
        }
        bytes = sketch.into_bytes();
        for _ in 0..1 + chance.below(4) {
            let at = chance.below(bytes.len() as u64) as usize;
            bytes[at] = chance.next() as u8;
        }
        bytes.truncate(chance.below(bytes.len() as u64 + 1) as usize);
        let Ok(mut damaged) = Sketch::of(&bytes) else { return };
        // Whatever they say.
        let _ = (damaged.count(), damaged.clone().make_dense());
        let _ = merge(Some(damaged.clone()), &[counted(["a"])], SPARSE_MAX);
        for _ in 0..20 {
            let _ = damaged.add(&element(chance), SPARSE_MAX);
        }
    });
}

#[test]
fn runs_are_shown_as_redis_shows_them() {
    let shown = counted(["a", "b", "c"]).runs().unwrap();
    assert_eq!(shown, "Z:8436 v:1,1 Z:4274 v:2,1 Z:3068 v:1,1 Z:603");
    let cut = Sketch::of(b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80\x40").unwrap();
    assert_eq!(cut.runs(), Err(Fault::BadSketch));
    let mut long = b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80".to_vec();
    long.resize(1 << 20, 0);
    assert_eq!(Sketch::of(&long).unwrap().runs(), Err(Fault::BadSketch));
}
