//! Frames and messages without sockets.

use crate::peers::assembly::{Assembly, Message};
use crate::peers::frame::{Damage, Found, HEAD_BYTES, Head, Kind, Seal, Stream};

fn head(kind: Kind, id: u64) -> Head {
    Head { kind, stream: Stream::Data, more: false, given_up: false, id }
}

fn frame(seal: &mut Seal, head: Head, body: &[u8]) -> Vec<u8> {
    [&seal.close(head, body), body].concat()
}

#[test]
fn a_frame_comes_out_as_it_went_in() {
    let (mut out, mut back) = (Seal::new(9), Seal::new(9));
    for id in 0..5 {
        let head = head(Kind::Call, id);
        let bytes = frame(&mut out, head, b"body");
        for len in 0..HEAD_BYTES {
            assert_eq!(back.open(&bytes[..len]), Ok(Found::Part(HEAD_BYTES)));
        }
        for len in HEAD_BYTES..bytes.len() {
            assert_eq!(back.open(&bytes[..len]), Ok(Found::Part(bytes.len())));
        }
        assert_eq!(back.open(&bytes), Ok(Found::Frame(head, b"body", bytes.len())));
    }
}

#[test]
fn every_changed_bit_shows() {
    let bytes = frame(&mut Seal::new(9), head(Kind::Reply, 77), b"a body of some length");
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let damage = Seal::new(9).open(&changed).unwrap_err();
        let expected = if bit / 8 < HEAD_BYTES { Damage::Head } else { Damage::Body };
        assert_eq!(damage, expected, "bit {bit}");
    }
}

#[test]
fn a_frame_that_is_repeated_left_out_or_of_another_connection_shows() {
    let mut seal = Seal::new(9);
    let (first, second) =
        (frame(&mut seal, head(Kind::Tell, 1), b"1"), frame(&mut seal, head(Kind::Tell, 2), b"2"));
    let mut back = Seal::new(9);
    assert!(matches!(back.open(&first), Ok(Found::Frame(..))));
    assert_eq!(back.open(&first), Err(Damage::Head), "repeated");
    assert!(matches!(back.open(&second), Ok(Found::Frame(..))));
    assert_eq!(Seal::new(9).open(&second), Err(Damage::Head), "the first is missing");
    assert_eq!(Seal::new(10).open(&first), Err(Damage::Head), "of another connection");
}

#[test]
fn what_nobody_sends_is_refused_although_its_sums_are_right() {
    let good = Head { more: true, ..head(Kind::Call, 1) };
    let refused = [
        (Head { more: true, ..head(Kind::Ping, 1) }, &b""[..]),
        (head(Kind::Pong, 1), b"x"),
        (Head { more: true, ..head(Kind::Call, 1) }, b""),
        (Head { given_up: true, ..good }, b"x"),
    ];
    for (head, body) in refused {
        let bytes = frame(&mut Seal::new(9), head, body);
        assert_eq!(Seal::new(9).open(&bytes), Err(Damage::Meaning), "{head:?}");
    }
    let long = frame(&mut Seal::new(9), head(Kind::Call, 1), &vec![0; (1 << 20) + 1]);
    assert_eq!(Seal::new(9).open(&long[..HEAD_BYTES]), Err(Damage::Long));
}

#[test]
fn parts_of_different_streams_mix_and_those_of_one_do_not() {
    let mut assembly = Assembly::new(100);
    let part = |stream, id, more| Head { stream, more, ..head(Kind::Call, id) };
    assert_eq!(assembly.take(part(Stream::Large, 1, true), b"one "), Ok(None));
    assert_eq!(assembly.take(part(Stream::Bulk, 2, true), b"two "), Ok(None));
    let small = assembly.take(part(Stream::Data, 3, false), b"three").unwrap().unwrap();
    assert_eq!((small.id, &small.body[..]), (3, &b"three"[..]));
    let large = assembly.take(part(Stream::Large, 1, false), b"end").unwrap().unwrap();
    assert_eq!((large.id, &large.body[..]), (1, &b"one end"[..]));
    assert_eq!(assembly.take(part(Stream::Bulk, 4, false), b"x"), Err(Damage::Meaning));
}

#[test]
fn a_message_that_is_given_up_leaves_nothing_behind() {
    let mut assembly = Assembly::new(100);
    let begin = Head { more: true, ..head(Kind::Call, 1) };
    let end = Head { given_up: true, ..head(Kind::Call, 1) };
    assert_eq!(assembly.take(begin, b"x"), Ok(None));
    assert_eq!(assembly.take(end, b""), Ok(None));
    let next = assembly.take(head(Kind::Call, 2), b"y").unwrap();
    assert_eq!(next.map(|Message { id, .. }| id), Some(2));
    assert_eq!(assembly.take(end, b""), Err(Damage::Meaning), "there is nothing to give up");
}

#[test]
fn a_message_grows_only_to_its_bound() {
    let mut assembly = Assembly::new(10);
    let part = Head { more: true, ..head(Kind::Call, 1) };
    assert_eq!(assembly.take(part, b"12345678"), Ok(None));
    assert_eq!(assembly.take(part, b"901"), Err(Damage::Long));
}

#[test]
fn any_bytes_read_the_same_in_one_piece_and_in_many() {
    let mut random = crate::fuzz::Random::new(5);
    for _ in 0..5_000 {
        crate::fuzz::peer(&crate::fuzz::peer_stream(&mut random));
    }
}
