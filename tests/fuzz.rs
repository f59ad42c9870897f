//! Any bytes at all, without a fuzzer: mutated seeds, the same ones every time.
//!
//! `TEST_INPUTS` says how many per target (20,000), `TEST_SEED` which. With ten
//! million each: `TEST_INPUTS=10000000 cargo test --release -p lockstep-tests fuzz`.
//! `bench/fuzz` has the same targets for libFuzzer.

use lockstep_core::wire::Wire;
use lockstep_core::{Db, Op, keys, locks};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

const INPUTS: u64 = 20_000;
const BYTES_MAX: usize = 4096;
/// Numbers that lengths and counts go wrong at.
const EDGES: &[&[u8]] = &[
    &[0],
    &[0xff],
    &[0x7f],
    &[0x80],
    b"-1",
    b"0",
    b"9223372036854775807",
    b"99999999999999999999",
    &[0xff, 0xff, 0xff, 0xff, 0x0f],
    &[0xff; 10],
    b"\r\n",
    b"\n",
    b"\"",
];

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Feeds mutated seeds to a target.
fn stress(seeds: &[Vec<u8>], target: impl Fn(&[u8])) {
    let mut random = SmallRng::seed_from_u64(number("TEST_SEED", 1));
    let mut bytes = Vec::new();
    for _ in 0..number("TEST_INPUTS", INPUTS) {
        bytes.clear();
        bytes.extend_from_slice(one_of::<Vec<u8>>(seeds, &mut random));
        for _ in 0..random.random_range(0..8) {
            mutate(&mut bytes, seeds, &mut random);
        }
        bytes.truncate(BYTES_MAX);
        target(&bytes);
    }
}

fn one_of<'a, T>(all: &'a [T], random: &mut SmallRng) -> &'a T {
    &all[random.random_range(0..all.len())]
}

fn mutate(bytes: &mut Vec<u8>, seeds: &[Vec<u8>], random: &mut SmallRng) {
    let at = random.random_range(0..=bytes.len());
    match random.random_range(0..7) {
        0 if at < bytes.len() => bytes[at] ^= 1 << random.random_range(0..8_u32),
        1 if at < bytes.len() => bytes[at] = random.random(),
        2 => bytes.insert(at, random.random()),
        3 => {
            let end = random.random_range(at..=bytes.len().min(at + 16));
            bytes.drain(at..end);
        }
        4 => drop(bytes.splice(at..at, one_of(EDGES, random).iter().copied())),
        5 => {
            let other = one_of::<Vec<u8>>(seeds, random);
            let part = &other[random.random_range(0..=other.len())..];
            drop(bytes.splice(at..at, part.iter().copied()));
        }
        _ => bytes.truncate(at),
    }
}

#[test]
fn requests_decode_the_same_in_any_pieces() {
    let texts = [
        "\x00*3\r\n$3\r\nSET\r\n$1\r\na\r\n$5\r\nhello\r\n*1\r\n$4\r\nPING\r\n",
        "\x09GET a\r\n\r\n SET \"a\\x41\" 'b'\r\n",
        "\x01*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n",
        "\x1e*-1\r\n*0\r\n*1\r\n$0\r\n\r\nPOST / HTTP/1.1\r\nHost: x\r\n",
        "\x7e",
    ];
    let seeds: Vec<Vec<u8>> = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    stress(&seeds, lockstep_net::fuzz::request);
}

#[test]
fn any_segment_is_read_or_refused() {
    stress(&[Vec::new(), vec![0; 4096], (0..=255).collect()], lockstep_storage::fuzz::log_segment);
}

#[test]
fn any_snapshot_is_read_or_refused() {
    stress(&[Vec::new(), vec![0; 512], (0..=255).collect()], lockstep_storage::fuzz::snapshot);
}

#[test]
fn any_configuration_is_taken_or_refused() {
    let texts = [
        "port = 7000\nmaxmemory = \"2gb\"\nrequirepass = \"secret\"\n",
        "save = \"900 1 300 10\"\nclient-output-buffer-limit = \"normal 0 0 0\"\nfsync = \"always\"\n",
        "[table]\nx = [1, 2.5, \"three\"]\n# a comment\nbind = \"127.0.0.1 ::1\"\n",
        "100mb",
        "allkeys-lru",
    ];
    let seeds: Vec<Vec<u8>> = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    stress(&seeds, lockstep::config::fuzz::config);
}

#[test]
fn an_operation_that_decodes_is_written_as_itself() {
    let db = Db::default();
    let ops = [
        Op::Tick {},
        Op::Key { op: keys::Op::Get { db, key: b"key" } },
        Op::Key { op: keys::Op::MGet { db, keys: vec![b"a", b"bc"] } },
        Op::Key { op: keys::Op::MSet { db, pairs: vec![(b"a", b"1")], only_new: true } },
        Op::Lock {
            op: locks::Op::Renew {
                name: b"l",
                owner: locks::Owner::Named { name: b"o" },
                token: None,
                lease_ms: 5,
                rule: locks::Rule::Any {},
            },
        },
    ];
    let seeds = ops.iter().map(|op| {
        let mut bytes = Vec::new();
        op.put(&mut bytes);
        bytes
    });
    stress(&seeds.collect::<Vec<_>>(), |bytes| {
        let mut input = bytes;
        let Ok(op) = Op::take(&mut input) else { return };
        let mut again = Vec::new();
        op.put(&mut again);
        assert_eq!(Op::take(&mut again.as_slice()), Ok(op));
    });
}
