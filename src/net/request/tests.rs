#![allow(clippy::unwrap_used)]

use std::time::Instant;

use super::{Decoded, Decoder};
use crate::Limits;
use crate::fuzz::{self, Random, Requests};

/// The commands in `bytes`, and what ended them. Whole, byte by byte, and at every
/// single cut it has to be the same.
fn decode(bytes: &[u8]) -> Requests {
    decode_with(bytes, &Limits::default())
}

fn decode_with(bytes: &[u8], limits: &Limits) -> Requests {
    let whole = fuzz::decode(&[bytes], limits);
    let single: Vec<_> = bytes.chunks(1).collect();
    assert_eq!(whole, fuzz::decode(&single, limits), "byte by byte");
    if bytes.len() < 1000 {
        for cut in 0..bytes.len() {
            let (front, back) = bytes.split_at(cut);
            assert_eq!(whole, fuzz::decode(&[front, back], limits), "cut at {cut}");
        }
    }
    whole
}

/// The commands with blanks between the words.
fn commands(bytes: impl AsRef<[u8]>) -> Vec<String> {
    let requests = decode(bytes.as_ref());
    assert_eq!(requests.end, None);
    let show = |words: &Vec<Vec<u8>>| {
        let words: Vec<_> = words.iter().map(|word| word.escape_ascii().to_string()).collect();
        words.join(" ")
    };
    requests.commands.iter().map(show).collect()
}

/// The error text behind `ERR Protocol error: `.
fn refusal_with(bytes: impl AsRef<[u8]>, limits: &Limits) -> String {
    let requests = decode_with(bytes.as_ref(), limits);
    assert!(requests.commands.is_empty());
    match requests.end {
        Some(Decoded::Malformed(bad)) => {
            bad.0.strip_prefix("ERR Protocol error: ").unwrap().to_owned()
        }
        end => panic!("{end:?} for {:?}", bytes.as_ref().escape_ascii().to_string()),
    }
}

fn refusal(bytes: impl AsRef<[u8]>) -> String {
    refusal_with(bytes, &Limits::default())
}

const STRANGER: Limits =
    Limits { word_bytes_max: 512 << 20, query_bytes_max: 1 << 30, authenticated: false };

#[test]
fn arrays_of_bulk_strings_are_commands() {
    assert_eq!(commands("*2\r\n$3\r\nGET\r\n$1\r\na\r\n*1\r\n$4\r\nPING\r\n"), ["GET a", "PING"]);
}

#[test]
fn empty_words_are_words() {
    assert_eq!(commands("*2\r\n$0\r\n\r\n$0\r\n\r\n"), [" "]);
}

#[test]
fn words_may_hold_any_bytes() {
    assert_eq!(commands("*2\r\n$1\r\n\0\r\n$4\r\n\r\n*1\r\n"), [r"\x00 \r\n*1"]);
}

#[test]
fn lines_are_commands_with_either_line_end() {
    assert_eq!(commands("PING\r\nSET a  b\nGET\ta\r\n"), ["PING", "SET a b", "GET a"]);
}

#[test]
fn empty_lines_are_ignored() {
    assert_eq!(commands("\r\n\n  \r\n PING\r\n\r\n"), ["PING"]);
}

#[test]
fn inline_words_may_be_quoted() {
    assert_eq!(
        commands(r#"SET "a\x41\n b" 'it\'s \n'"#.to_owned() + "\r\n"),
        [r"SET aA\n b it\'s \\n"]
    );
    assert_eq!(
        commands("a\"b c\" \"\" '' \"\\\\ \\q \\r\\t\\a\\b\"\n"),
        [r"ab c   \\ q \r\t\x07\x08"]
    );
    assert_eq!(commands(r#"a "\xfF\xg1\x""#.to_owned() + "\n"), [r"a \xffxg1x"]);
}

#[test]
fn unbalanced_quotes_are_refused() {
    for line in ["SET \"a", "SET 'a", "SET \"a\"b", "SET 'a'b", "SET \"a\\\"", "\""] {
        assert_eq!(refusal(format!("{line}\r\n")), "unbalanced quotes in request");
    }
}

#[test]
fn empty_arrays_are_ignored_and_the_next_command_is_served() {
    for count in ["0", "-1", "-10"] {
        assert_eq!(commands(format!("*{count}\r\nPING\r\n")), ["PING"]);
    }
}

#[test]
fn counts_are_read_by_the_strict_rules() {
    for count in ["+1", " 1", "01", "abc", "", "1 ", "-0", "2147483648", "99999999999999999999"] {
        assert_eq!(refusal(format!("*{count}\r\n")), "invalid multibulk length", "{count}");
    }
}

#[test]
fn lengths_are_read_by_the_strict_rules() {
    for length in ["-1", "abc", "", "+1", "01", "536870913", "99999999999999999999"] {
        assert_eq!(refusal(format!("*1\r\n${length}\r\n")), "invalid bulk length", "{length}");
    }
}

#[test]
fn a_word_needs_its_length() {
    assert_eq!(refusal("*1\r\n:4\r\n"), "expected '$', got ':'");
    assert_eq!(refusal("*1\r\nPING\r\n"), "expected '$', got 'P'");
    assert_eq!(refusal("*2\r\n$1\r\na\r\n*1\r\n"), "expected '$', got '*'");
}

#[test]
fn nested_arrays_are_refused_at_the_second() {
    assert_eq!(refusal("*1\r\n".repeat(1000)), "expected '$', got '*'");
}

#[test]
fn the_two_bytes_behind_a_word_are_not_looked_at() {
    assert_eq!(commands("*2\r\n$1\r\naXY$1\r\nbZZ*1\r\n$4\r\nPING\r\n"), ["a b", "PING"]);
}

#[test]
fn many_words_may_be_announced_and_cost_nothing() {
    let mut decoder = Decoder::new();
    let decoded = decoder.decode(b"*2147483647\r\n$1\r\na\r\n", &Limits::default());
    assert_eq!(decoded, Decoded::Incomplete);
    assert!(decoder.spans.capacity() < 16);
}

#[test]
fn lines_that_do_not_end_are_refused() {
    let long = "1".repeat(65_536);
    assert_eq!(refusal(format!("a{long}")), "too big inline request");
    assert_eq!(refusal(format!("*{long}")), "too big mbulk count string");
    assert_eq!(refusal(format!("*1\r\n${long}")), "too big bulk count string");
    assert_eq!(commands(format!("{long}\n")).len(), 1);
    assert_eq!(refusal(format!("{long}1\n")), "too big inline request");
}

#[test]
fn lines_with_a_zero_byte_do_not_end() {
    let long = "A".repeat(65_536);
    assert_eq!(refusal(format!("\0{long}\n")), "too big inline request");
    assert_eq!(refusal(format!("*\0{long}\r\n")), "too big mbulk count string");
    assert_eq!(refusal(format!("*1\r\n$\0{long}\r\n")), "too big bulk count string");
    assert_eq!(refusal(format!("*1\r\n\x004\r\n{long}")), "too big bulk count string");
}

#[test]
fn strangers_get_ten_words_of_sixteen_kilobytes() {
    assert_eq!(refusal_with("*11\r\n", &STRANGER), "unauthenticated multibulk length");
    assert_eq!(refusal_with("*1\r\n$16385\r\n", &STRANGER), "unauthenticated bulk length");
    let word = "a".repeat(16_384);
    let request = format!("*2\r\n$4\r\nAUTH\r\n$16384\r\n{word}\r\n");
    assert_eq!(fuzz::decode(&[request.as_bytes()], &STRANGER).commands.len(), 1);
    let long = "a".repeat(16_385);
    assert_eq!(refusal_with(long, &STRANGER), "too big inline request");
}

#[test]
fn strangers_get_thirty_two_kilobytes_in_all() {
    let word = format!("$16000\r\n{}\r\n", "a".repeat(16_000));
    let requests = decode_with(format!("*3\r\n{word}{word}{word}").as_bytes(), &STRANGER);
    assert_eq!(requests.end, Some(Decoded::TooLong));
}

#[test]
fn browsers_are_turned_away() {
    for request in
        ["POST / HTTP/1.1\r\n", "post\r\n", "Host: a\r\n", "HOST:\n", "*1\r\n$4\r\nPOST\r\n"]
    {
        assert_eq!(decode(request.as_bytes()).end, Some(Decoded::CrossProtocol), "{request}");
    }
    let requests = decode(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(requests.commands.len(), 1);
    assert_eq!(requests.end, Some(Decoded::CrossProtocol));
}

#[test]
fn a_command_beyond_the_query_buffer_is_refused_as_soon_as_it_shows() {
    let limits = Limits { query_bytes_max: 100, ..Limits::default() };
    let mut decoder = Decoder::new();
    assert_eq!(decoder.decode(b"*2\r\n$90\r\n", &limits), Decoded::TooLong);
}

#[test]
fn a_pipeline_longer_than_the_query_buffer_is_no_command_beyond_it() {
    let limits = Limits { query_bytes_max: 100, ..Limits::default() };
    let requests = fuzz::decode(&["PING\r\n".repeat(1000).as_bytes()], &limits);
    assert_eq!((requests.commands.len(), requests.end), (1000, None));
}

#[test]
fn a_million_words_in_small_pieces_cost_no_more_than_in_one() {
    let mut request = b"*1000000\r\n".to_vec();
    request.extend_from_slice(&b"$3\r\nabc\r\n".repeat(1_000_000));
    let (whole, found) = timed(&[&request]);
    assert_eq!(found, 1);
    let pieces: Vec<_> = request.chunks(1448).collect();
    let (pieces, found) = timed(&pieces);
    assert_eq!(found, 1);
    // Starting over with every piece would cost thousands of times as much.
    assert!(pieces < whole * 20, "{pieces:?} in pieces, {whole:?} whole");
}

/// The time to find the commands in a buffer that grows by `pieces`, and how many
/// there are.
fn timed(pieces: &[&[u8]]) -> (std::time::Duration, usize) {
    let total = pieces.concat();
    let (mut decoder, limits) = (Decoder::new(), Limits::default());
    let (mut len, mut found) = (0, 0);
    let start = Instant::now();
    for piece in pieces {
        len += piece.len();
        found += usize::from(decoder.decode(&total[..len], &limits) == Decoded::Command);
    }
    (start.elapsed(), found)
}

#[test]
fn random_streams_decode_the_same_in_any_pieces() {
    let mut random = Random::new(7);
    for _ in 0..30_000 {
        fuzz::request(&fuzz::stream(&mut random));
    }
}

#[test]
fn random_commands_come_out_as_they_went_in() {
    let mut random = Random::new(11);
    for _ in 0..2000 {
        let mut stream = Vec::new();
        let commands: Vec<_> = (0..5).map(|_| random.append_array(&mut stream)).collect();
        let pieces: Vec<_> = stream.chunks(1 + random.below(20)).collect();
        assert_eq!(fuzz::decode(&pieces, &Limits::default()).commands, commands);
    }
}
