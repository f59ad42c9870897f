//! Telling another connection.

use lockstep_tests::{Client, Server, Value, wait_for};

use super::{hears_nothing, server, these, told};

/// A client that listens in RESP2 and one that has it told.
fn pair(server: &Server, mode: &str) -> (Client, Client) {
    let (mut listener, mut reader) = (server.client(), server.client());
    let id = listener.call("CLIENT ID").int().unwrap();
    listener.call("SUBSCRIBE __redis__:invalidate");
    assert_eq!(reader.call(&format!("CLIENT TRACKING ON REDIRECT {id} {mode}")).text(), "OK");
    assert_eq!(reader.call("CLIENT GETREDIR"), Value::Int(id));
    assert!(reader.call("CLIENT INFO").text().contains(&format!(" redir={id} ")));
    (listener, reader)
}

/// The keys of the next message.
fn message(listener: &mut Client) -> Option<Vec<String>> {
    let message = listener.reply().unwrap();
    let parts = message.items();
    assert_eq!(
        (parts[0].text(), parts[1].text()),
        ("message".into(), "__redis__:invalidate".into())
    );
    (parts[2] != Value::Nil).then(|| parts[2].items().iter().map(Value::text).collect())
}

#[test]
fn another_connection_is_told_by_a_message_on_its_channel() {
    let server = server(&[]);
    let (mut listener, mut reader) = pair(&server, "");
    let mut writer = server.client();
    reader.call("MGET a b");
    writer.call("SET a 1");
    assert_eq!(message(&mut listener), these("a"));
    reader.call("SET b 1");
    assert_eq!(message(&mut listener), these("b"), "the reader's own write, too");
    reader.call("GET a");
    writer.call("FLUSHALL");
    assert_eq!(message(&mut listener), None);
    hears_nothing(&mut reader);
}

#[test]
fn several_may_have_one_told_and_one_that_speaks_resp3_is_pushed() {
    let server = server(&[]);
    let mut listener = server.client();
    listener.call("HELLO 3");
    let id = listener.call("CLIENT ID").int().unwrap();
    let (mut a, mut b, mut writer) = (server.client(), server.client(), server.client());
    a.call(&format!("CLIENT TRACKING ON REDIRECT {id}"));
    b.call(&format!("CLIENT TRACKING ON REDIRECT {id} BCAST PREFIX y"));
    a.call("GET x");
    writer.call("MSET x 1 y 1");
    assert_eq!((told(&mut listener), told(&mut listener)), (these("x"), these("y")));
}

#[test]
fn a_redirect_that_is_broken_is_told_to_the_client() {
    let server = server(&[]);
    let (listener, mut reader) = pair(&server, "");
    let (mut writer, id) = (server.client(), reader.call("CLIENT GETREDIR"));
    reader.call("HELLO 3");
    drop(listener);
    wait_for("the listener is gone", || !writer.call("CLIENT LIST").text().contains(" sub=1 "));
    reader.call("GET a");
    writer.call("SET a 1");
    let broken = Value::Push(vec![Value::Bulk(b"tracking-redir-broken".to_vec()), id]);
    assert_eq!(reader.reply().unwrap(), broken);
    assert!(reader.call("CLIENT INFO").text().contains(" flags=tR "));
    let info = reader.call("CLIENT TRACKINGINFO");
    let flags = info.field("flags").unwrap().items();
    assert!(flags.iter().any(|flag| flag.text() == "broken_redirect"), "{info:?}");
    reader.call("CLIENT TRACKING ON");
    assert!(reader.call("CLIENT INFO").text().contains(" flags=t "));
    reader.call("GET a");
    writer.call("SET a 2");
    assert_eq!(told(&mut reader), these("a"));
}

#[test]
fn who_speaks_resp2_and_has_nobody_told_is_told_nothing() {
    let server = server(&[]);
    let (mut reader, mut writer) = (server.client(), server.client());
    reader.call("CLIENT TRACKING ON");
    reader.call("GET a");
    writer.call("SET a 1");
    hears_nothing(&mut reader);
    reader.call("HELLO 3");
    reader.call("GET a");
    writer.call("SET a 2");
    assert_eq!(told(&mut reader), these("a"));
}

#[test]
fn what_was_said_stands_before_the_end_of_listening() {
    let server = server(&[]);
    let (mut listener, mut reader) = pair(&server, "");
    reader.call("GET a");
    server.client().call("SET a 1");
    super::send(&mut listener, &["UNSUBSCRIBE", "PING"]);
    assert_eq!(message(&mut listener), these("a"));
    assert_eq!(listener.reply().unwrap().items()[0].text(), "unsubscribe");
    assert_eq!(listener.reply().unwrap().text(), "PONG");
    // ... and before another protocol.
    let mut reader = super::tracker(&server, "");
    reader.call("GET a");
    server.client().call("SET a 2");
    super::send(&mut reader, &["HELLO 2", "PING"]);
    assert_eq!(told(&mut reader), these("a"));
    assert!(matches!(reader.reply().unwrap(), Value::Array(_)));
    assert_eq!(reader.reply().unwrap().text(), "PONG");
}
