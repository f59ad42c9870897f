//! Trees against plain models.

use std::collections::BTreeMap;

use super::super::pack::Entry;
use super::{Tree, TreeNode};
use crate::chance::{Chance, with_seeds};

fn entry<'a>(key: &'a [u8], value: &'a [u8]) -> Entry<'a> {
    Entry { key, value }
}

fn key(chance: &mut Chance, range: u64) -> Vec<u8> {
    format!("a common beginning {}", chance.below(range)).into_bytes()
}

/// Mostly short, sometimes longer than a leaf.
fn value(chance: &mut Chance) -> Vec<u8> {
    let len = if chance.once_in(200) { 5_000 } else { chance.below(40) };
    vec![b'v'; len as usize]
}

fn check_keyed(tree: &Tree, model: &BTreeMap<Vec<u8>, Vec<u8>>) {
    let wanted: Vec<_> = model.iter().map(|(key, value)| entry(key, value)).collect();
    assert_eq!(tree.from(0).collect::<Vec<_>>(), wanted);
    let mut back: Vec<_> = tree.back_from(usize::MAX).collect();
    back.reverse();
    assert_eq!(back, wanted);
    assert_eq!(tree.len(), wanted.len());
    assert_eq!(tree.size, wanted.iter().map(Entry::size).sum::<usize>());
}

#[test]
fn a_tree_with_keys_does_what_a_sorted_map_does() {
    with_seeds(6, |chance| {
        let (mut tree, mut model) = (Tree::default(), BTreeMap::new());
        let range = chance.pick(&[50, 500, 3_000]);
        let mut growing = true;
        for step in 0..3_000 {
            growing ^= chance.once_in(500);
            let key = key(chance, range);
            if chance.below(10) < if growing { 8 } else { 2 } {
                let value = value(chance);
                let new = model.insert(key.clone(), value.clone()).is_none();
                assert_eq!(tree.put(entry(&key, &value)), new);
            } else if model.remove(&key).is_some() {
                tree.remove(&key);
            }
            assert_eq!(tree.get(&key), model.get(&key).map(Vec::as_slice));
            let rank = model.range(..key.clone()).count();
            assert_eq!(tree.rank(&key), (rank, model.contains_key(&key)));
            assert_eq!(tree.count_while(|other| other < &key[..]), rank);
            if step % 250 == 0 {
                check_keyed(&tree, &model);
            }
        }
        check_keyed(&tree, &model);
    });
}

#[test]
fn a_tree_without_keys_does_what_a_vector_does() {
    with_seeds(6, |chance| {
        let (mut tree, mut model) = (Tree::default(), Vec::<Vec<u8>>::new());
        for step in 0..3_000 {
            let len = model.len() as u64;
            let position = match chance.below(4) {
                0 => 0,
                1 => len,
                _ => chance.below(len + 1),
            } as usize;
            match chance.below(10) {
                0..=5 => {
                    let value = value(chance);
                    tree.insert_at(position, entry(b"", &value));
                    model.insert(position, value);
                }
                6 if position < model.len() => {
                    let value = value(chance);
                    tree.set_at(position, &value);
                    model[position] = value;
                }
                7 if chance.once_in(20) => {
                    let count = chance.below(200) as usize;
                    tree.remove_range(position, count);
                    model.drain(position..model.len().min(position + count));
                }
                _ => {
                    tree.remove_range(position, 1);
                    model.drain(position..model.len().min(position + 1));
                }
            }
            let there = tree.nth(position).map(|entry| entry.value);
            assert_eq!(there, model.get(position).map(Vec::as_slice));
            if step % 250 == 0 {
                let from: Vec<_> = tree.from(position).map(|entry| entry.value).collect();
                assert_eq!(from, model[position.min(model.len())..]);
                let mut back: Vec<_> = tree.back_from(position).map(|entry| entry.value).collect();
                back.reverse();
                assert_eq!(back, model[..position.min(model.len())]);
            }
        }
        tree.remove_range(0, usize::MAX);
        assert_eq!((tree.len(), tree.size), (0, 0));
    });
}

#[test]
fn a_copy_keeps_what_was_there_and_shares_the_rest() {
    let mut tree = Tree::default();
    for number in 0..50_000_u32 {
        tree.put(entry(&number.to_be_bytes(), b"value"));
    }
    let copy = tree.clone();
    for number in (0..50_000_u32).step_by(7) {
        tree.remove(&number.to_be_bytes());
    }
    assert_eq!(copy.len(), 50_000);
    assert!(copy.from(0).zip(0_u32..).all(|(entry, number)| entry.key == number.to_be_bytes()));
}

#[test]
fn entries_that_come_in_a_row_fill_their_leaves() {
    for front in [false, true] {
        let mut tree = Tree::default();
        for _ in 0..20_000 {
            let position = if front { 0 } else { tree.len() };
            tree.insert_at(position, entry(b"", b"eight by"));
        }
        let (mut parts, mut leaves) = (vec![tree.into_node()], 0);
        while let Some(node) = parts.pop() {
            leaves += usize::from(matches!(node, TreeNode::Leaf(_)));
            parts.extend(node.into_parts());
        }
        assert!(leaves < 420, "{leaves} leaves of half a kilobyte for 200 kilobytes");
    }
}
