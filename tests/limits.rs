//! What a client can get wrong on the wire: the same answers as Redis, and never
//! more than its own connection lost.

use std::io::ErrorKind;
use std::time::Duration;

use lockstep_tests::{Client, Kind, Server, request, tool, wait_for};

const BOTH: [Kind; 2] = [Kind::Redis, Kind::Lockstep];

/// Everything a server says to these bytes, to the end of the connection.
fn answer(server: &Server, bytes: &[u8]) -> Vec<u8> {
    let mut client = server.client();
    client.patience(Duration::from_secs(10));
    // A server that has had enough may close before all is sent.
    let _ = client.send(bytes);
    client.finish();
    client.rest().unwrap()
}

fn long(byte: u8, count: usize) -> Vec<u8> {
    vec![byte; count]
}

/// Name and bytes.
fn bad_input() -> Vec<(&'static str, Vec<u8>)> {
    let plain: &[(&str, &str)] = &[
        ("an empty line", "\r\nPING\r\n"),
        ("a line feed alone", "PING\n"),
        ("empty lines before and between", "\n\r\n\nPING\n\n\nPING\r\n"),
        ("leading blanks", "   PING  \r\n"),
        ("only blanks", "   \r\nPING\r\n"),
        ("quotes", "ECHO \"a\\x41\\n b\"\r\n"),
        ("single quotes", "ECHO 'it\\'s \\n'\r\n"),
        ("quotes that are glued", "ECHO \"a\"b\r\nPING\r\n"),
        ("quotes that are open", "ECHO \"abc\r\nPING\r\n"),
        ("single quotes that are open", "ECHO 'abc\r\nPING\r\n"),
        ("no words", "*0\r\n*1\r\n$4\r\nPING\r\n"),
        ("minus one words", "*-1\r\n*1\r\n$4\r\nPING\r\n"),
        ("minus ten words", "*-10\r\n*1\r\n$4\r\nPING\r\n"),
        ("a count with plus", "*+1\r\n$4\r\nPING\r\n"),
        ("a count with a blank", "* 1\r\n$4\r\nPING\r\n"),
        ("a count with a zero before", "*01\r\n$4\r\nPING\r\n"),
        ("letters for a count", "*abc\r\n$4\r\nPING\r\n"),
        ("no count", "*\r\n$4\r\nPING\r\n"),
        ("a count beyond 31 bits", "*2147483648\r\n$4\r\nPING\r\n"),
        ("a count beyond 64 bits", "*99999999999999999999\r\n"),
        ("many words announced, few sent", "*1048577\r\n$4\r\nPING\r\n"),
        ("a number for a word", "*1\r\n:4\r\n"),
        ("a line for a word", "*1\r\nPING\r\n"),
        ("an empty line for a word", "*1\r\n\r\n"),
        ("a length of minus one", "*1\r\n$-1\r\n"),
        ("letters for a length", "*1\r\n$abc\r\n"),
        ("no length", "*1\r\n$\r\n"),
        ("a length with plus", "*1\r\n$+4\r\nPING\r\n"),
        ("a length beyond 512 MiB", "*1\r\n$536870913\r\n"),
        ("a length beyond 64 bits", "*1\r\n$99999999999999999999\r\n"),
        ("other bytes behind a word", "*1\r\n$4\r\nPINGxxPING\r\n"),
        ("an empty command name", "*1\r\n$0\r\n\r\nPING\r\n"),
        ("an empty command name with words", "*2\r\n$0\r\n\r\n$1\r\na\r\n"),
        ("an unknown command", "FOO bar baz\r\n"),
        ("a binary command name", "*1\r\n$4\r\n\x01\r\n\x7f\r\n"),
        ("the wrong arity", "GET\r\nSET a\r\nPING a b\r\n"),
        ("an unknown subcommand", "CLIENT FOO\r\nCONFIG foo bar\r\n"),
        ("the wrong arity of a subcommand", "CLIENT SETNAME\r\nOBJECT ENCODING\r\n"),
        ("nested arrays", "*1\r\n*1\r\n*1\r\n"),
        ("a web form", "POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nSET a b\r\n"),
        ("a web page", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        ("commands behind QUIT", "PING\r\nQUIT\r\nPING\r\n"),
        ("half a command", "*2\r\n$3\r\nGET\r\n$3\r\nab"),
        ("nothing", ""),
    ];
    let mut all: Vec<_> =
        plain.iter().map(|(name, text)| (*name, text.as_bytes().to_vec())).collect();
    all.push(("a line that does not end", long(b'a', 70_000)));
    all.push(("a count that does not end", [b"*".to_vec(), long(b'1', 70_000)].concat()));
    all.push(("a length that does not end", [b"*1\r\n$".to_vec(), long(b'1', 70_000)].concat()));
    all.push(("5,000 PINGs", b"PING\r\n".repeat(5_000)));
    all.push(("5,000 PINGs as arrays", request(&["PING"]).repeat(5_000)));
    all.push(("nested arrays, a million deep", b"*1\r\n".repeat(1_000_000)));
    all.push(("long words of an unknown command", {
        request(&[long(b'x', 200), long(b'y', 100), long(b'z', 100)])
    }));
    all.push(("many words of an unknown command", request(&vec!["word"; 100])));
    all.push(("line breaks in an unknown command", request(&["a\r\nb", "c\nd"])));
    all
}

#[test]
fn bad_input_gets_the_answer_that_redis_gives() {
    if !tool("redis-server") {
        return;
    }
    let servers = BOTH.map(|kind| Server::start(kind, &["--proto-max-bulk-len", "536870912"]));
    let mut differences = Vec::new();
    for (name, bytes) in bad_input() {
        let [redis, lockstep] = [0, 1].map(|at: usize| answer(&servers[at], &bytes));
        if redis != lockstep {
            let shown = |bytes: &[u8]| bytes[..bytes.len().min(300)].escape_ascii().to_string();
            differences.push(format!(
                "{name}\n  redis    {}\n  lockstep {}",
                shown(&redis),
                shown(&lockstep)
            ));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert_eq!(servers[1].client().call("PING").text(), "PONG");
}

#[test]
fn a_stranger_may_send_little_before_the_password() {
    if !tool("redis-server") {
        return;
    }
    let servers = BOTH.map(|kind| Server::start(kind, &["--requirepass", "secret"]));
    for bytes in [
        request(&["PING"]),
        request(&["GET", "a"]),
        request(&["FOO"]),
        request(&["GET"]),
        b"*11\r\n".to_vec(),
        b"*2\r\n$4\r\nAUTH\r\n$16385\r\n".to_vec(),
        request(&["AUTH", "wrong"]),
        request(&["AUTH", "default", "wrong"]),
        request(&["HELLO", "3"]),
        request(&["HELLO", "3", "AUTH", "default", "wrong"]),
        [request(&["AUTH", "secret"]), request(&["SET", "a", "b"])].concat(),
        [request(&["AUTH", "default", "secret"]), request(&["RESET"]), request(&["GET", "a"])]
            .concat(),
        [request(&["MULTI"]), request(&["EXEC"]), request(&["QUIT"])].concat(),
    ] {
        let [redis, lockstep] = [0, 1].map(|at: usize| answer(&servers[at], &bytes));
        assert_eq!(
            lockstep.escape_ascii().to_string(),
            redis.escape_ascii().to_string(),
            "to {}",
            bytes.escape_ascii()
        );
    }
}

#[test]
fn one_client_too_many_is_told_so() {
    if !tool("redis-server") {
        return;
    }
    for kind in BOTH {
        let server = Server::start(kind, &["--maxclients", "8"]);
        let mut held: Vec<Client> = Vec::new();
        let refusal = (0..20).find_map(|_| {
            let mut client = server.client();
            match client.try_call(&["PING"]) {
                Ok(reply) if reply.is_error() => Some(reply.text()),
                Ok(_) => {
                    held.push(client);
                    None
                }
                Err(problem) => panic!("{kind:?}: {problem}"),
            }
        });
        assert_eq!(refusal.as_deref(), Some("ERR max number of clients reached"), "{kind:?}");
        held.pop();
        wait_for("a place is free again", || {
            server.client().try_call(&["PING"]).is_ok_and(|reply| reply.text() == "PONG")
        });
    }
}

#[test]
fn an_idle_connection_is_closed_in_silence() {
    let server = Server::lockstep(&["--fsync", "never", "--timeout", "1"]);
    let mut client = server.client();
    assert_eq!(client.call("PING").text(), "PONG");
    client.patience(Duration::from_secs(20));
    assert_eq!(client.rest().unwrap(), b"");
}

#[test]
fn a_query_beyond_the_buffer_ends_the_connection() {
    let server = Server::lockstep(&["--fsync", "never", "--client-query-buffer-limit", "1048576"]);
    let mut client = server.client();
    let sent = client.send(b"*2\r\n$4\r\nECHO\r\n$8000000\r\n");
    let more = sent.and_then(|()| client.send(&long(b'x', 4_000_000)));
    let ended = more.is_err()
        || matches!(client.receive(), Err(problem) if problem.kind() != ErrorKind::WouldBlock);
    assert!(ended);
    assert_eq!(server.client().call("PING").text(), "PONG");
}

#[test]
fn a_reader_that_does_not_read_is_let_go() {
    let server = Server::lockstep(&["--fsync", "never"]);
    let mut other = server.client();
    let set =
        other.call_words(&["CONFIG", "SET", "client-output-buffer-limit", "normal 1048576 0 0"]);
    assert!(!set.is_error(), "{set:?}");
    assert_eq!(other.call_words(&[&b"SET"[..], b"big", &long(b'x', 500_000)]).text(), "OK");
    let mut slow = server.client();
    let sent = slow.send(&request(&["GET", "big"]).repeat(100));
    let clients = |other: &mut Client| other.call("CLIENT LIST").text().lines().count();
    if sent.is_ok() {
        wait_for("the slow reader is gone", || clients(&mut other) == 1);
    }
    assert_eq!(other.call("PING").text(), "PONG");
}

#[test]
fn a_value_beyond_the_limit_is_refused_before_it_arrives() {
    let server = Server::lockstep(&["--fsync", "never", "--proto-max-bulk-len", "1048576"]);
    let said = answer(&server, b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1048577\r\n");
    assert_eq!(said, b"-ERR Protocol error: invalid bulk length\r\n");
    let mut client = server.client();
    assert_eq!(
        client.call("SETRANGE a 1048576 x").text(),
        "ERR string exceeds maximum allowed size (proto-max-bulk-len)"
    );
}
