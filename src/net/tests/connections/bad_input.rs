//! What a client may send wrong, and what it gets.

use std::sync::atomic::Ordering::SeqCst;

use lockstep_net::{Closed, ConnectionLimits};

use crate::server::Server;

/// Everything the server answers to `request`, and why it closed. The request
/// ends the connection, or a QUIT behind it does.
async fn answer(server: &Server, request: impl AsRef<[u8]>) -> (String, Closed) {
    let mut client = server.connect().await;
    client.send_raw(request.as_ref());
    client.flush().await.unwrap();
    let rest = client.rest().await.unwrap();
    (String::from_utf8(rest).unwrap(), server.closed().await)
}

#[tokio::test]
async fn malformed_input_is_answered_and_ends_the_connection() {
    let server = Server::start().await;
    let long = "1".repeat(65_536);
    for (request, text) in [
        ("SET \"a\r\n", "unbalanced quotes in request"),
        ("SET 'a'b\r\n", "unbalanced quotes in request"),
        ("*+1\r\n", "invalid multibulk length"),
        ("* 1\r\n", "invalid multibulk length"),
        ("*01\r\n", "invalid multibulk length"),
        ("*abc\r\n", "invalid multibulk length"),
        ("*2147483648\r\n", "invalid multibulk length"),
        ("*1\r\n:4\r\n", "expected '$', got ':'"),
        ("*1\r\n$-1\r\n", "invalid bulk length"),
        ("*1\r\n$abc\r\n", "invalid bulk length"),
        ("*1\r\n$536870913\r\n", "invalid bulk length"),
        (&format!("a{long}"), "too big inline request"),
        (&format!("*{long}"), "too big mbulk count string"),
        (&format!("*1\r\n${long}"), "too big bulk count string"),
        (&"*1\r\n".repeat(100_000), "expected '$', got '*'"),
    ] {
        let answer = answer(&server, request).await;
        let expected = format!("-ERR Protocol error: {text}\r\n");
        assert_eq!(answer, (expected, Closed::ProtocolError), "{:.30?}", request);
    }
    let counters = &server.connections.counters;
    assert_eq!(counters.protocol_errors.load(SeqCst), 15);
}

#[tokio::test]
async fn odd_but_legal_input_is_served() {
    let server = Server::start().await;
    for (request, reply) in [
        ("\r\n\n  \nPING\nQUIT\n", "$4\r\nPONG\r\n$2\r\nOK\r\n"),
        ("  ECHO \"a\\x41\\n b\" \r\nQUIT\r\n", "$5\r\naA\n b\r\n$2\r\nOK\r\n"),
        ("*0\r\n*-1\r\n*-10\r\nPING\r\nQUIT\r\n", "$4\r\nPONG\r\n$2\r\nOK\r\n"),
        ("*2\r\n$4\r\nECHOxx$1\r\nayyQUIT\r\n", "$1\r\na\r\n$2\r\nOK\r\n"),
        (
            "*1\r\n$0\r\n\r\nQUIT\r\n",
            "-ERR unknown command '', with args beginning with: \r\n$2\r\nOK\r\n",
        ),
        (
            "foo bar baz\r\nQUIT\r\n",
            "-ERR unknown command 'foo', with args beginning with: 'bar' 'baz' \r\n$2\r\nOK\r\n",
        ),
    ] {
        assert_eq!(answer(&server, request).await, (reply.to_owned(), Closed::ByHandler));
    }
}

#[tokio::test]
async fn more_than_a_million_words_may_be_announced() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    client.send_raw(b"*1048577\r\n$4\r\nPING\r\n");
    client.flush().await.unwrap();
    for _ in 1..1_048_577 {
        client.send_raw(b"$1\r\na\r\n");
    }
    client.flush().await.unwrap();
    assert_eq!(crate::server::text(&client.receive().await.unwrap()), "PONG");
}

#[tokio::test]
async fn commands_before_malformed_input_are_answered_first() {
    let server = Server::start().await;
    let (replies, _) = answer(&server, "DEFER a\r\nDEFER b\r\n*x\r\nPING\r\n").await;
    assert_eq!(replies, "$1\r\na\r\n$1\r\nb\r\n-ERR Protocol error: invalid multibulk length\r\n");
}

#[tokio::test]
async fn browsers_are_closed_without_a_word() {
    let server = Server::start().await;
    for request in
        ["POST / HTTP/1.1\r\nHost: a\r\n", "GET / HTTP/1.1\r\nHost: a\r\n", "hOsT: a\r\n"]
    {
        let mut client = server.connect().await;
        client.send_raw(request.as_bytes());
        client.flush().await.unwrap();
        // It may even be reset: what was sent behind is not read.
        assert_eq!(client.rest().await.unwrap_or_default(), b"");
        assert_eq!(server.closed().await, Closed::CrossProtocol);
    }
    assert_eq!(server.connections.counters.cross_protocol.load(SeqCst), 3);
}

#[tokio::test]
async fn strangers_have_narrow_limits_until_they_authenticate() {
    let server = Server::start_with(ConnectionLimits::default(), true).await;
    let long = "a".repeat(16_385);
    for (request, text) in [
        ("*11\r\n", "unauthenticated multibulk length"),
        ("*1\r\n$16385\r\n", "unauthenticated bulk length"),
        (&long, "too big inline request"),
    ] {
        let (replies, _) = answer(&server, request).await;
        assert_eq!(replies, format!("-ERR Protocol error: {text}\r\n"));
    }
    let request = format!("AUTH x\r\n*2\r\n$4\r\nECHO\r\n$16385\r\n{long}\r\nQUIT\r\n");
    let (replies, _) = answer(&server, request).await;
    assert_eq!(replies, format!("$16385\r\n{long}\r\n$2\r\nOK\r\n"));
}

#[tokio::test]
async fn a_command_beyond_the_query_buffer_ends_the_connection_without_a_word() {
    let server = Server::start().await;
    server.connections.limits.query_bytes_max.store(1 << 20, SeqCst);
    let mut client = server.connect().await;
    client.send_raw(b"PING\r\n*2\r\n$4\r\nECHO\r\n$2000000\r\n");
    client.flush().await.unwrap();
    client.rest().await.unwrap_or_default();
    assert_eq!(server.closed().await, Closed::QueryLimit);
}

#[tokio::test]
async fn a_new_word_limit_holds_for_open_connections() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    client.ask(&["PING"]).await.unwrap();
    server.connections.limits.word_bytes_max.store(100, SeqCst);
    client.send_raw(b"*2\r\n$4\r\nECHO\r\n$101\r\n");
    client.flush().await.unwrap();
    assert_eq!(client.rest().await.unwrap(), b"-ERR Protocol error: invalid bulk length\r\n");
}

#[tokio::test]
async fn a_handler_that_panics_ends_its_connection_only() {
    let server = Server::start().await;
    let mut other = server.connect().await;
    other.ask(&["PING"]).await.unwrap();
    let mut client = server.connect().await;
    client.send(&["PANIC"]);
    client.flush().await.unwrap();
    client.rest().await.unwrap_or_default();
    other.ask(&["PING"]).await.unwrap();
    crate::server::until(|| (server.connections.len() == 1).then_some(())).await;
}
