//! What decoding a request and encoding a reply cost, in nanoseconds.
//!
//! `cargo run --release -p lockstep-net --example speed`

use std::hint::black_box;
use std::time::Instant;

use bytes::BytesMut;
use lockstep_commands::{Protocol, Reply};
use lockstep_net::request::WordSpace;
use lockstep_net::{Decoded, Decoder, Limits, encode};
use redis_protocol::{resp2, resp3};

/// How often a measurement is taken; the best one counts, because the others had
/// company.
const ROUNDS: usize = 15;

fn main() {
    requests();
    replies();
}

fn requests() {
    println!("decoding, per command:");
    let value = "x".repeat(64);
    for (name, request) in [
        ("GET key", array(&["GET", "key:000000000042"])),
        ("SET key value", array(&["SET", "key:000000000042", &value])),
        ("PING inline", b"PING\r\n".to_vec()),
        ("MSET of 10", array(&[&["MSET"][..], &["key:000000000042"; 20]].concat())),
    ] {
        let pipeline = request.repeat(1000);
        println!("  {name:24} {:6.1} ns", best(1000, || decode(&pipeline)));
        if request[0] == b'*' {
            let cost = best(1000, || decode_with_crate(&pipeline));
            println!("  {:24} {cost:6.1} ns", "  redis-protocol, ranges");
        }
    }
}

fn decode(pipeline: &[u8]) {
    let (mut decoder, mut space) = (Decoder::new(), WordSpace::new());
    let limits = Limits::default();
    let mut at = 0;
    while decoder.decode(&pipeline[at..], &limits) == Decoded::Command {
        space.with(&decoder, &pipeline[at..], |words| {
            black_box(words);
        });
        at += decoder.consumed();
    }
    assert_eq!(at, pipeline.len());
}

fn decode_with_crate(pipeline: &[u8]) {
    let mut at = 0;
    while let Ok(Some((frame, len))) = resp2::decode::decode_range(&pipeline[at..]) {
        black_box(frame);
        at += len;
    }
    assert_eq!(at, pipeline.len());
}

fn replies() {
    println!("encoding, per reply:");
    let value = vec![b'x'; 64];
    let list = Reply::Array((0..10).map(|_| Reply::Bulk(value.clone())).collect());
    for (name, reply) in [
        ("ok", Reply::Ok),
        ("bulk of 64 bytes", Reply::Bulk(value.clone())),
        ("int 123456", Reply::Int(123_456)),
        ("nil", Reply::Nil),
        ("array of 10 bulks", list),
        ("double 0.1", Reply::Double(0.1)),
    ] {
        let mut out = BytesMut::with_capacity(1 << 20);
        let cost = best(1000, || {
            out.clear();
            for _ in 0..1000 {
                encode::reply(&mut out, Protocol::Resp3, black_box(&reply));
            }
        });
        println!("  {name:24} {cost:6.1} ns");
    }
    let bulk = resp2::types::BorrowedFrame::BulkString(&value);
    println!("  {:24} {:6.1} ns", "bulk, redis-protocol", with_crate(&bulk));
    let int = resp2::types::BorrowedFrame::Integer(123_456);
    println!("  {:24} {:6.1} ns", "int, redis-protocol", with_crate(&int));
    let bulk = resp3::types::BorrowedFrame::BlobString { data: &value, attributes: None };
    let mut out = BytesMut::with_capacity(1 << 20);
    let cost = best(1000, || {
        out.clear();
        for _ in 0..1000 {
            let encode = resp3::encode::complete::extend_encode_borrowed;
            encode(&mut out, black_box(&bulk), false).expect("the buffer grows");
        }
    });
    println!("  {:24} {cost:6.1} ns", "bulk, redis-protocol 3");
}

fn with_crate(frame: &resp2::types::BorrowedFrame<'_>) -> f64 {
    let mut out = BytesMut::with_capacity(1 << 20);
    best(1000, || {
        out.clear();
        for _ in 0..1000 {
            let encode = resp2::encode::extend_encode_borrowed;
            encode(&mut out, black_box(frame), false).expect("the buffer grows");
        }
    })
}

fn array(words: &[&str]) -> Vec<u8> {
    let mut request = format!("*{}\r\n", words.len());
    for word in words {
        request.push_str(&format!("${}\r\n{word}\r\n", word.len()));
    }
    request.into_bytes()
}

/// The least time of one of `count` things that `run` does, in nanoseconds.
fn best(count: usize, mut run: impl FnMut()) -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for _ in 0..20 {
            run();
        }
        best = best.min(start.elapsed().as_nanos() as f64 / (20 * count) as f64);
    }
    best
}
