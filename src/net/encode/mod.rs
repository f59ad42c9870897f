//! From replies to bytes, in RESP2 and RESP3.
//!
//! Everything is written here and not by the encoders of redis-protocol, for three
//! reasons. Its maps and sets are hash maps, which lose the order, and its RESP2
//! has no null array. Its doubles are not printed as Redis prints them. And it
//! measures and fills a buffer with zeros first: a bulk string of 64 bytes costs
//! 33 ns with it and 10 ns here, a number 39 and 10 (`examples/speed.rs`). The
//! client decodes with the crate, so that each checks the other.

#[cfg(test)]
mod tests;

use bytes::BytesMut;
use lockstep_commands::{Protocol, Reply};

use lockstep_commands::double::format_digits;
pub use lockstep_commands::double::format_double;

/// Appends a reply.
pub fn reply(out: &mut BytesMut, protocol: Protocol, reply: &Reply) {
    let three = protocol == Protocol::Resp3;
    match reply {
        Reply::Ok => out.extend_from_slice(b"+OK\r\n"),
        Reply::Simple(line) => simple(out, line),
        Reply::Line(line) => simple(out, line),
        Reply::Bulk(bytes) => bulk(out, bytes),
        Reply::Int(number) => int(out, *number),
        Reply::Nil => nil(out, protocol),
        Reply::NilArray if three => nil(out, protocol),
        Reply::NilArray => out.extend_from_slice(b"*-1\r\n"),
        Reply::Bool(true) if three => out.extend_from_slice(b"#t\r\n"),
        Reply::Bool(false) if three => out.extend_from_slice(b"#f\r\n"),
        Reply::Bool(yes) => int(out, (*yes).into()),
        Reply::BigNumber(digits) if three => big_number(out, digits),
        Reply::BigNumber(digits) => bulk(out, digits.as_bytes()),
        Reply::VerbatimAs(format, bytes) if three => verbatim(out, *format, bytes),
        Reply::VerbatimAs(_, bytes) => bulk(out, bytes),
        Reply::Double(number) => double(out, protocol, &format_double(*number)),
        Reply::DoubleDigits(number) => double(out, protocol, &format_digits(*number)),
        Reply::DoubleText(number) => bulk(out, format_double(*number).as_bytes()),
        Reply::Array(items) => aggregate(out, protocol, b'*', items),
        Reply::Set(items) => aggregate(out, protocol, if three { b'~' } else { b'*' }, items),
        Reply::Push(items) => aggregate(out, protocol, if three { b'>' } else { b'*' }, items),
        Reply::Several(replies) => {
            replies.iter().for_each(|one| self::reply(out, protocol, one));
        }
        Reply::Map(pairs) => map(out, protocol, pairs),
        Reply::Pairs(pairs) if three => arrays_of_two(out, protocol, pairs),
        Reply::Pairs(pairs) => map(out, protocol, pairs),
        Reply::PairsOrMap(pairs) if three => map(out, protocol, pairs),
        Reply::PairsOrMap(pairs) => arrays_of_two(out, protocol, pairs),
        Reply::Verbatim(text) if three => verbatim(out, *b"txt", text.as_bytes()),
        Reply::Verbatim(text) => bulk(out, text.as_bytes()),
        Reply::Error(bad) => error(out, &bad.0),
        Reply::Silence => {}
    }
}

/// Appends a bulk string.
pub fn bulk(out: &mut BytesMut, bytes: &[u8]) {
    header(out, b'$', bytes.len() as u64);
    out.extend_from_slice(bytes);
    out.extend_from_slice(b"\r\n");
}

/// Appends a number.
pub fn int(out: &mut BytesMut, number: i64) {
    match number {
        0 => out.extend_from_slice(b":0\r\n"),
        1 => out.extend_from_slice(b":1\r\n"),
        number if number < 0 => {
            out.extend_from_slice(b":-");
            digits(out, number.unsigned_abs());
        }
        number => header(out, b':', number.unsigned_abs()),
    }
}

/// Appends nil.
pub fn nil(out: &mut BytesMut, protocol: Protocol) {
    out.extend_from_slice(match protocol {
        Protocol::Resp2 => b"$-1\r\n",
        Protocol::Resp3 => b"_\r\n",
    });
}

fn simple(out: &mut BytesMut, line: &str) {
    out.extend_from_slice(b"+");
    one_line(out, line);
}

fn error(out: &mut BytesMut, text: &str) {
    out.extend_from_slice(b"-");
    one_line(out, text);
}

/// Appends text as one line: line breaks inside would end the reply too early.
fn one_line(out: &mut BytesMut, text: &str) {
    let start = out.len();
    out.extend_from_slice(text.as_bytes());
    for byte in &mut out[start..] {
        if matches!(byte, b'\r' | b'\n') {
            *byte = b' ';
        }
    }
    out.extend_from_slice(b"\r\n");
}

fn double(out: &mut BytesMut, protocol: Protocol, text: &str) {
    match protocol {
        Protocol::Resp2 => bulk(out, text.as_bytes()),
        Protocol::Resp3 => {
            out.extend_from_slice(b",");
            out.extend_from_slice(text.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
    }
}

fn verbatim(out: &mut BytesMut, format: [u8; 3], text: &[u8]) {
    header(out, b'=', text.len() as u64 + 4);
    out.extend_from_slice(&format);
    out.extend_from_slice(b":");
    out.extend_from_slice(text);
    out.extend_from_slice(b"\r\n");
}

fn big_number(out: &mut BytesMut, digits: &str) {
    out.extend_from_slice(b"(");
    one_line(out, digits);
}

fn aggregate(out: &mut BytesMut, protocol: Protocol, sign: u8, items: &[Reply]) {
    header(out, sign, items.len() as u64);
    for item in items {
        reply(out, protocol, item);
    }
}

fn map(out: &mut BytesMut, protocol: Protocol, pairs: &[(Reply, Reply)]) {
    match protocol {
        Protocol::Resp2 => header(out, b'*', pairs.len() as u64 * 2),
        Protocol::Resp3 => header(out, b'%', pairs.len() as u64),
    }
    for (key, value) in pairs {
        reply(out, protocol, key);
        reply(out, protocol, value);
    }
}

fn arrays_of_two(out: &mut BytesMut, protocol: Protocol, pairs: &[(Reply, Reply)]) {
    header(out, b'*', pairs.len() as u64);
    for (first, second) in pairs {
        header(out, b'*', 2);
        reply(out, protocol, first);
        reply(out, protocol, second);
    }
}

/// Appends a sign, a number and a line end.
fn header(out: &mut BytesMut, sign: u8, number: u64) {
    out.extend_from_slice(&[sign]);
    digits(out, number);
}

/// Appends a number and a line end.
fn digits(out: &mut BytesMut, mut number: u64) {
    // 20 digits and the line end.
    let mut text = [0; 22];
    let mut at = text.len() - 2;
    text[at..].copy_from_slice(b"\r\n");
    loop {
        at -= 1;
        text[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&text[at..]);
}
