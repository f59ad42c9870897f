//! Random values of every kind, mostly sensible, sometimes at the edge.

use std::time::{SystemTime, UNIX_EPOCH};

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

/// Words that are wrong in many places.
const ODD: &[&str] = &[
    "",
    "abc",
    "1.5",
    " 1",
    "1 ",
    "+1",
    "-0",
    "01",
    "0x10",
    "nan",
    "inf",
    "-inf",
    "1e3",
    "-1",
    "0",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "18446744073709551616",
    "4294967296",
    "NX",
    "XX",
    "EX",
    "PX",
    "GET",
    "KEEPTTL",
    "REPLACE",
    "GT",
    "LT",
    "MATCH",
    "COUNT",
];

const KEYS: &[&[u8]] =
    &[b"a", b"b", b"c", b"d", b"key:1", b"key:2", b"{tag}x", b"{tag}y", b"", b"\x00\xff\r\n", b"K"];

const VALUES: &[&[u8]] = &[
    b"",
    b"0",
    b"1",
    b"-1",
    b"10",
    b"3.0",
    b"5.25",
    b"-2.5e2",
    b"abc",
    b"ABCabc",
    b"hello world",
    b"9223372036854775806",
    b"-9223372036854775807",
    b"\x00\x01\xfe\xff",
    b"line\r\nbreak",
    b" 7",
    b"ohmytext",
    b"mynewtext",
    b"12345678901234567890",
    b"00012",
];

const FIELDS: &[&[u8]] = &[b"f", b"g", b"h", b"i", b"count", b"", b"\x00\xff"];

/// The last one is longer than what stands in a small set or sorted set.
const ELEMENTS: &[&[u8]] =
    &[b"a", b"b", b"c", b"1", b"2", b"10", b"-7", b"", b"\xff\x00", b"x y", &[b'm'; 70]];

const NAMES: &[&[u8]] = &[b"g", b"h", b"c", b"12", b""];

const SCORES: &[&str] =
    &["1", "2", "-1.5", "0", "3", "inf", "-inf", "0.1", "1e3", "nan", "x", "0x10", "1e-7"];

const BORDERS: &[&str] = &["(1", "2", "-inf", "+inf", "(0.1", "(x", "3", "(-1.5", "nan"];

const LEXES: &[&str] = &["-", "+", "[a", "(a", "[c", "(1", "[", "(", "[x y", "a"];

const FLOATS: &[&str] = &[
    "0.5", "-0.25", "3", "1e2", "2.5e-1", "+4", "0", "-0", "1e400", "nan", "inf", "-inf", "abc",
    "", " 1", "1 ", "0x1p2", "1.5.5", "5.",
];

const RADII: &[&str] = &["0", "1", "20", "50.5", "200", "3000", "50000"];

const PATTERNS: &[&str] =
    &["*", "a*", "?", "[a-c]", "[^a]", "key:*", "*x", "\\a", "[", "[a", "{tag}*", "", "a", "*:?"];

/// A source of random words.
pub struct Words<'a> {
    random: SmallRng,
    payloads: &'a [Vec<u8>],
    now_ms: i64,
}

impl<'a> Words<'a> {
    /// With this seed; `payloads` are what DUMP gives.
    pub fn new(seed: u64, payloads: &'a [Vec<u8>]) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let random = SmallRng::seed_from_u64(seed);
        Self { random, payloads, now_ms: now.as_millis() as i64 }
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.random.random_bool(probability)
    }

    /// From 1 to `max`.
    pub fn up_to(&mut self, max: u32) -> u32 {
        self.random.random_range(1..=max)
    }

    /// Any of these.
    pub fn one_of<'b, T>(&mut self, all: &'b [T]) -> &'b T {
        &all[self.random.random_range(0..all.len())]
    }

    /// A word that is wrong in many places.
    pub fn odd(&mut self) -> Vec<u8> {
        self.one_of(ODD).as_bytes().to_vec()
    }

    /// A value of this kind; a word in capitals is itself.
    pub fn of_kind(&mut self, kind: &str) -> Vec<u8> {
        match kind {
            "key" => self.one_of(KEYS).to_vec(),
            "value" => self.value(),
            "score" => self.one_of(SCORES).as_bytes().to_vec(),
            "border" => self.one_of(BORDERS).as_bytes().to_vec(),
            "lex" => self.one_of(LEXES).as_bytes().to_vec(),
            "field" => self.one_of(FIELDS).to_vec(),
            "element" | "member" => self.one_of(ELEMENTS).to_vec(),
            "number" => self.number(),
            "id" | "newid" => self.id(kind == "newid"),
            "end" => self.end(),
            "limit" => self.limit(),
            "group" | "consumer" => self.one_of(NAMES).to_vec(),
            "longitude" => self.degrees(180.0),
            "latitude" => self.degrees(86.0),
            "radius" => self.one_of(RADII).as_bytes().to_vec(),
            "weight" => self.one_of(&["3", "12", "-1", "0.5"]).as_bytes().to_vec(),
            "float" => self.one_of(FLOATS).as_bytes().to_vec(),
            "pattern" => self.one_of(PATTERNS).as_bytes().to_vec(),
            "seconds" => self.span(1),
            "millis" => self.span(1_000),
            "at" => self.moment(1_000),
            "atms" => self.moment(1),
            "index" => self.random.random_range(-12..12_i64).to_string().into_bytes(),
            "offset" => self.random.random_range(-1..40_i64).to_string().into_bytes(),
            "small" => self.random.random_range(0..5_i64).to_string().into_bytes(),
            "db" => self.random.random_range(0..4_i64).to_string().into_bytes(),
            "payload" => self.payload(),
            "odd" => self.odd(),
            _ => kind.as_bytes().to_vec(),
        }
    }

    fn value(&mut self) -> Vec<u8> {
        match self.up_to(20) {
            1 => vec![b'x'; self.random.random_range(0..2_000)],
            2 => (0..self.up_to(60)).map(|_| self.random.random()).collect(),
            3 => self.random.random::<i64>().to_string().into_bytes(),
            _ => self.one_of(VALUES).to_vec(),
        }
    }

    /// A place on an axis, seldom beyond its end.
    fn degrees(&mut self, most: f64) -> Vec<u8> {
        let degrees = match self.up_to(4) {
            1 => self.random.random_range(-most..most),
            _ => self.random.random_range(10.0..12.0),
        };
        format!("{degrees:.4}").into_bytes()
    }

    /// The id of an entry; one that is new is seldom too small.
    fn id(&mut self, new: bool) -> Vec<u8> {
        let (ms, seq) = (self.up_to(12), self.up_to(4) - 1);
        let text = match self.up_to(25) {
            1 => return self.odd(),
            2 => "18446744073709551615-18446744073709551614".to_owned(),
            3 => format!("{ms}-18446744073709551615"),
            4 | 5 => format!("{ms}"),
            6..=12 if new => format!("{ms}-*"),
            _ => format!("{ms}-{seq}"),
        };
        text.into_bytes()
    }

    /// An end of a range of ids.
    fn end(&mut self) -> Vec<u8> {
        match self.up_to(5) {
            1 => b"-".to_vec(),
            2 => b"+".to_vec(),
            3 => [b"(".to_vec(), self.id(false)].concat(),
            _ => self.id(false),
        }
    }

    /// What a stream is trimmed to.
    fn limit(&mut self) -> Vec<u8> {
        if self.chance(0.5) { self.id(false) } else { self.up_to(6).to_string().into_bytes() }
    }

    fn number(&mut self) -> Vec<u8> {
        match self.up_to(10) {
            1 => self.random.random::<i64>().to_string().into_bytes(),
            2 => self.odd(),
            _ => self.random.random_range(-100..100_i64).to_string().into_bytes(),
        }
    }

    /// A time to live: far away, so that it does not matter which server was asked
    /// first, or long over.
    fn span(&mut self, per_second: i64) -> Vec<u8> {
        match self.up_to(12) {
            1 => self.odd(),
            2 => b"0".to_vec(),
            3 => (-self.random.random_range(1..1_000_000_i64)).to_string().into_bytes(),
            _ => (self.random.random_range(1_000..10_000_000_i64) * per_second)
                .to_string()
                .into_bytes(),
        }
    }

    fn moment(&mut self, unit_ms: i64) -> Vec<u8> {
        match self.up_to(12) {
            1 => self.odd(),
            2 => b"1".to_vec(),
            3 => ((self.now_ms - 100_000) / unit_ms).to_string().into_bytes(),
            _ => {
                let ahead = self.random.random_range(1_000..10_000_000_i64) * 1_000;
                ((self.now_ms + ahead) / unit_ms).to_string().into_bytes()
            }
        }
    }

    fn payload(&mut self) -> Vec<u8> {
        let all = self.payloads;
        let mut payload = self.one_of(all).clone();
        match self.up_to(8) {
            1 => {
                let at = self.random.random_range(0..payload.len());
                payload[at] ^= 1 << self.random.random_range(0..8_u32);
            }
            2 => payload.truncate(self.random.random_range(0..payload.len())),
            _ => {}
        }
        payload
    }
}
