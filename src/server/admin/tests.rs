//! The admin port over a real socket.
#![allow(clippy::unwrap_used)]

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::health::Check;
use super::pages::Pages;
use super::server::{Limits, Server};

const LIMITS: Limits = Limits { connections_max: 64, header_timeout: Duration::from_secs(5) };

/// A server whose shards are led or not.
async fn server(led: bool, limits: Limits) -> (Server, SocketAddr) {
    let check = |name, fine| Check { name, fine, found: format!("found {fine}") };
    let pages = Pages {
        metrics: Box::new(|| "up 1\n".to_owned()),
        live: Box::new(move || vec![check("log", true)]),
        ready: Box::new(move || vec![check("log", true), check("shards", led)]),
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = Server::start(vec![listener], pages, limits);
    let address = server.addresses()[0];
    (server, address)
}

/// Sends `request` and reads until the server closes.
async fn exchange(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

async fn ask(address: SocketAddr, method: &str, path: &str) -> String {
    let request = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    exchange(address, &request).await
}

/// Head and body.
fn parts(answer: &str) -> (&str, &str) {
    answer.split_once("\r\n\r\n").unwrap()
}

#[tokio::test]
async fn metrics_have_the_content_type_that_scrapers_insist_on() {
    let (_server, address) = server(true, LIMITS).await;
    let answer = ask(address, "GET", "/metrics").await;
    let (head, body) = parts(&answer);
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(head.contains("content-type: text/plain; version=0.0.4; charset=utf-8\r\n"), "{head}");
    assert_eq!(body, "up 1\n");
}

#[tokio::test]
async fn a_ready_node_answers_200_and_ok() {
    let (_server, address) = server(true, LIMITS).await;
    for path in ["/livez", "/readyz", "/healthz"] {
        let answer = ask(address, "GET", path).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{path}: {answer}");
        assert_eq!(parts(&answer).1, "ok\n", "{path}");
    }
}

#[tokio::test]
async fn a_node_that_is_not_ready_answers_503_with_what_is_wrong_and_still_lives() {
    let (_server, address) = server(false, LIMITS).await;
    for path in ["/readyz", "/healthz"] {
        let answer = ask(address, "GET", path).await;
        assert!(answer.starts_with("HTTP/1.1 503 "), "{path}: {answer}");
        assert_eq!(parts(&answer).1, "failed\n- shards: found false\n", "{path}");
    }
    assert!(ask(address, "GET", "/livez").await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn verbose_lists_every_check() {
    let (_server, address) = server(false, LIMITS).await;
    let answer = ask(address, "GET", "/readyz?verbose").await;
    let body = "failed\n+ log: found true\n- shards: found false\n";
    assert_eq!(parts(&answer).1, body);
}

#[tokio::test]
async fn an_unknown_path_is_answered_with_the_known_ones() {
    let (_server, address) = server(true, LIMITS).await;
    let answer = ask(address, "GET", "/").await;
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
    for path in ["/metrics", "/livez", "/readyz", "/healthz"] {
        assert!(answer.contains(path), "{answer}");
    }
}

#[tokio::test]
async fn head_is_answered_without_a_body_and_other_methods_are_refused() {
    let (_server, address) = server(true, LIMITS).await;
    let answer = ask(address, "HEAD", "/metrics").await;
    let (head, body) = parts(&answer);
    assert!(head.contains("content-length: 5"), "{head}");
    assert_eq!(body, "");
    let answer = ask(address, "POST", "/metrics").await;
    assert!(answer.starts_with("HTTP/1.1 405 "), "{answer}");
    assert!(answer.contains("allow: GET, HEAD\r\n"), "{answer}");
}

#[tokio::test]
async fn two_requests_fit_one_connection() {
    let (_server, address) = server(true, LIMITS).await;
    let answer = exchange(
        address,
        "GET /livez HTTP/1.1\r\nHost: x\r\n\r\nGET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    );
    assert_eq!(answer.await.matches("HTTP/1.1 200 OK").count(), 2);
}

#[tokio::test]
async fn a_client_that_sends_no_request_is_closed() {
    let limits = Limits { header_timeout: Duration::from_millis(50), ..LIMITS };
    let (_server, address) = server(true, limits).await;
    for unfinished in ["", "GET /metr", "GET /metrics HTTP/1.1\r\nHost: x\r\n"] {
        let answer = exchange(address, unfinished);
        let answer = tokio::time::timeout(Duration::from_secs(10), answer).await.unwrap();
        assert!(!answer.contains("200 OK"), "{unfinished:?}: {answer}");
    }
}

#[tokio::test]
async fn a_client_that_keeps_its_connection_and_asks_no_more_is_closed() {
    let limits = Limits { header_timeout: Duration::from_millis(50), ..LIMITS };
    let (_server, address) = server(true, limits).await;
    let answer = exchange(address, "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n");
    let answer = tokio::time::timeout(Duration::from_secs(10), answer).await.unwrap();
    assert!(answer.contains("200 OK"), "{answer}");
}

#[tokio::test]
async fn one_connection_too_many_is_closed_and_a_freed_place_is_given_again() {
    let limits = Limits { connections_max: 2, ..LIMITS };
    let (_server, address) = server(true, limits).await;
    let first = TcpStream::connect(address).await.unwrap();
    let _second = TcpStream::connect(address).await.unwrap();
    let mut third = TcpStream::connect(address).await.unwrap();
    let mut nothing = Vec::new();
    third.read_to_end(&mut nothing).await.unwrap();
    assert_eq!(nothing, b"");
    drop(first);
    let mut tries = 0;
    loop {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        let mut answer = Vec::new();
        let sent = stream.write_all(request).await;
        if sent.is_ok() && stream.read_to_end(&mut answer).await.is_ok() && !answer.is_empty() {
            break;
        }
        tries += 1;
        assert!(tries < 1000, "the place is never free again");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_head_that_is_too_long_is_refused() {
    let (_server, address) = server(true, LIMITS).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "y".repeat(20_000));
    // The server may close before it has read all.
    let _ = stream.write_all(request.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(!String::from_utf8_lossy(&answer).contains("200 OK"));
}

#[tokio::test]
async fn a_stopped_server_takes_no_connection() {
    let (server, address) = server(true, LIMITS).await;
    let mut open = TcpStream::connect(address).await.unwrap();
    assert!(ask(address, "GET", "/livez").await.contains("200"));
    server.stop().await;
    assert!(TcpStream::connect(address).await.is_err());
    let mut rest = Vec::new();
    open.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, b"", "open connections end too");
}
