//! Entries that are added where their block stands.

use super::*;
use crate::chance::{Chance, with_seeds};

type Fields = Vec<(Vec<u8>, Vec<u8>)>;

fn pairs(fields: &Fields) -> Vec<Pair<'_>> {
    fields.iter().map(|(name, value)| (&name[..], &value[..])).collect()
}

/// What the last block has to be behind an entry: made anew, byte by byte.
fn wanted(stream: &Stream, id: Id, fields: &[Pair<'_>], layout: Layout) -> (Id, Vec<u8>) {
    let open = stream.last_block().filter(|block| block.has_room(fields, layout));
    open.map_or_else(
        || (id, block::begin(fields)),
        |block| (block.id, block.with(id, fields).expect("it is a block")),
    )
}

fn add(stream: &mut Stream, id: Id, fields: &[Pair<'_>], layout: Layout) {
    let (first, bytes) = wanted(stream, id, fields, layout);
    stream.add(id, fields, layout);
    let last = stream.last_block().expect("there is one");
    assert!(last.id == first && last.bytes == bytes, "behind {id:?}");
}

fn chosen(chance: &mut Chance) -> Fields {
    let mut text = |names: bool| match chance.below(4) {
        0 if !names => vec![b'v'; chance.below(400) as usize],
        1 => chance.below(1 << 40).to_string().into_bytes(),
        _ => vec![b'a' + chance.below(2) as u8],
    };
    let mut pair = || (text(true), text(false));
    let first = pair();
    if first.1.len() == 1 { vec![first, pair()] } else { vec![first] }
}

fn ids(stream: &Stream) -> Vec<Id> {
    stream.entries(Id::MIN).map(|entry| entry.id).collect()
}

#[test]
fn a_block_that_grows_is_the_one_that_would_be_made_anew() {
    with_seeds(60, |chance| {
        let entries_max = [0, 1, 3, 100, 200][chance.below(5) as usize];
        let bytes_max = [0, 60, 300, 4096, 20_000][chance.below(5) as usize];
        let layout = Layout { entries_max, bytes_max };
        let (mut stream, mut model) = (Stream::default(), Vec::new());
        let mut before = (stream.clone(), model.clone());
        for ms in 1..=300 {
            let id = Id { ms, seq: chance.below(3) };
            add(&mut stream, id, &pairs(&chosen(chance)), layout);
            model.push(id);
            if chance.below(10) == 0 {
                let gone = model.remove(chance.below(model.len() as u64) as usize);
                assert!(stream.delete(gone));
            }
            if chance.below(50) == 0 {
                assert_eq!(ids(&before.0), before.1, "somebody else looks at it");
                before = (stream.clone(), model.clone());
            }
        }
        assert_eq!((ids(&stream), stream.len()), (model.clone(), model.len() as u64));
        let blocks = stream.blocks_from(0);
        let size = |block: Block<'_>| {
            assert!(block.checked().is_some());
            TreeEntry { key: &block.id.key(), value: block.bytes }.size()
        };
        assert_eq!(blocks.map(size).sum::<usize>(), stream.blocks.size());
    });
}

#[test]
fn a_block_grows_past_every_length_of_its_count() {
    let layout = Layout { entries_max: 0, bytes_max: 0 };
    let mut stream = Stream::default();
    for ms in 1..=4_200 {
        add(&mut stream, Id { ms, seq: 0 }, &[(b"f", b"v")], layout);
    }
    assert_eq!((stream.block_count(), ids(&stream).len()), (1, 4_200));
}

#[test]
fn a_block_grows_whose_count_stands_there_in_a_long_form() {
    let (id, fields): (Id, [Pair<'_>; 1]) = (Id { ms: 1, seq: 0 }, [(b"f", b"v")]);
    let mut bytes = block::begin(&fields);
    // One, as 16 bits.
    bytes.splice(6..8, [0xF1, 1, 0, 3]);
    bytes[0] = bytes.len() as u8;
    let mut stream = Stream::default();
    assert!(stream.push_block(Block { id, bytes: &bytes }));
    let layout = Layout { entries_max: 0, bytes_max: 0 };
    (2..=9).for_each(|ms| add(&mut stream, Id { ms, seq: 0 }, &fields, layout));
    assert!(stream.last_block().is_some_and(|block| block.checked().is_some()));
    assert_eq!((stream.block_count(), ids(&stream).len()), (1, 9));
}
