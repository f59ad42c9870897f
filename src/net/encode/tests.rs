use bytes::BytesMut;
use lockstep_commands::{BadArgs, Protocol, Reply};

use super::reply;

fn both(value: Reply) -> [String; 2] {
    [Protocol::Resp2, Protocol::Resp3].map(|protocol| {
        let mut out = BytesMut::new();
        reply(&mut out, protocol, &value);
        out.escape_ascii().to_string().replace(r"\r\n", " ")
    })
}

fn same(value: Reply, bytes: &str) {
    assert_eq!(both(value), [bytes, bytes]);
}

#[test]
fn simple_replies_are_the_same_in_both_protocols() {
    same(Reply::Ok, "+OK ");
    same(Reply::Simple("PONG"), "+PONG ");
    same(Reply::Line("a b".to_owned()), "+a b ");
    same(Reply::bulk(""), "$0  ");
    same(Reply::bulk("hello world"), "$11 hello world ");
    same(Reply::Silence, "");
}

#[test]
fn numbers_are_written_in_full() {
    for (number, text) in [
        (0, ":0 "),
        (1, ":1 "),
        (-1, ":-1 "),
        (10, ":10 "),
        (i64::MAX, ":9223372036854775807 "),
        (i64::MIN, ":-9223372036854775808 "),
    ] {
        same(Reply::Int(number), text);
    }
}

#[test]
fn nothing_has_two_forms_in_resp2_and_one_in_resp3() {
    assert_eq!(both(Reply::Nil), ["$-1 ", "_ "]);
    assert_eq!(both(Reply::NilArray), ["*-1 ", "_ "]);
}

#[test]
fn doubles_are_bulk_strings_in_resp2() {
    assert_eq!(both(Reply::Double(1.0)), ["$1 1 ", ",1 "]);
    assert_eq!(both(Reply::Double(0.5)), ["$3 0.5 ", ",0.5 "]);
    assert_eq!(both(Reply::Double(f64::NEG_INFINITY)), ["$4 -inf ", ",-inf "]);
    assert_eq!(both(Reply::Double(f64::NAN)), ["$3 nan ", ",nan "]);
}

#[test]
fn aggregates_are_arrays_in_resp2() {
    let items = || vec![Reply::Int(1), Reply::Nil];
    assert_eq!(both(Reply::Array(items())), ["*2 :1 $-1 ", "*2 :1 _ "]);
    assert_eq!(both(Reply::Set(items())), ["*2 :1 $-1 ", "~2 :1 _ "]);
    assert_eq!(both(Reply::Push(items())), ["*2 :1 $-1 ", ">2 :1 _ "]);
    let pairs = vec![(Reply::bulk("b"), Reply::Int(2)), (Reply::bulk("a"), Reply::Int(3))];
    assert_eq!(both(Reply::Map(pairs)), ["*4 $1 b :2 $1 a :3 ", "%2 $1 b :2 $1 a :3 "]);
    assert_eq!(both(Reply::Map(vec![])), ["*0 ", "%0 "]);
}

#[test]
fn text_for_people_is_verbatim_in_resp3() {
    assert_eq!(both(Reply::Verbatim("ab".to_owned())), ["$2 ab ", "=6 txt:ab "]);
}

#[test]
fn line_breaks_do_not_end_an_error() {
    same(Reply::Error(BadArgs("ERR a\r\nb\nc".into())), "-ERR a  b c ");
    same(Reply::Line("a\r\n+b".to_owned()), "+a  +b ");
}
