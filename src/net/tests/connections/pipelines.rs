//! Many commands at once, large ones, and messages between.

use lockstep_commands::Protocol;
use lockstep_net::Closed;

use crate::server::{Server, text};

#[tokio::test]
async fn a_hundred_thousand_commands_in_one_write_are_answered_in_order() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    for number in 0..100_000 {
        client.send(&["ECHO", &number.to_string()]);
    }
    // All is written before the first reply is read.
    client.flush().await.unwrap();
    for number in 0..100_000 {
        assert_eq!(text(&client.receive().await.unwrap()), number.to_string());
    }
}

#[tokio::test]
async fn replies_that_come_later_keep_the_order() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    for name in ["PING", "DEFER", "ECHO", "DEFERSETTLE", "ECHO", "DEFER", "DEFER", "PING"] {
        client.send(&[name, name]);
    }
    client.flush().await.unwrap();
    for reply in ["PONG", "DEFER", "ECHO", "DEFERSETTLE", "ECHO", "DEFER", "DEFER", "PONG"] {
        assert_eq!(text(&client.receive().await.unwrap()), reply);
    }
}

#[tokio::test]
async fn a_long_pipeline_of_settles_is_answered_in_order() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    for number in 0..20_000 {
        client.send(&["DEFERSETTLE", &number.to_string()]);
    }
    client.flush().await.unwrap();
    for number in 0..20_000 {
        assert_eq!(text(&client.receive().await.unwrap()), number.to_string());
    }
}

#[tokio::test]
async fn large_words_come_back_whole() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    for len in [1, 16_383, 32_768, 65_536, 100_000, 1_000_000, 20_000_000] {
        let word = vec![b'a' + (len % 26) as u8; len];
        client.send(&[b"PING".as_slice()]);
        client.send(&[b"ECHO".as_slice(), &word]);
        client.send(&[b"PING".as_slice()]);
        client.flush().await.unwrap();
        assert_eq!(text(&client.receive().await.unwrap()), "PONG");
        assert!(text(&client.receive().await.unwrap()).as_bytes() == word, "{len} bytes");
        assert_eq!(text(&client.receive().await.unwrap()), "PONG");
    }
}

#[tokio::test]
async fn commands_may_come_byte_by_byte() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    for byte in b"*2\r\n$4\r\nECHO\r\n$2\r\nab\r\nPING\r\n" {
        client.send_raw(&[*byte]);
        client.flush().await.unwrap();
        tokio::task::yield_now().await;
    }
    assert_eq!(text(&client.receive().await.unwrap()), "ab");
    assert_eq!(text(&client.receive().await.unwrap()), "PONG");
}

#[tokio::test]
async fn a_client_that_only_shuts_down_its_side_gets_all_replies() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    for _ in 0..3 {
        client.send(&["BIG", "10000000"]);
        client.send(&["DEFER", "a"]);
    }
    client.finish().await.unwrap();
    let expected = 3 * ("$10000000\r\n\r\n".len() + 10_000_000 + "$1\r\na\r\n".len());
    assert_eq!(client.rest().await.unwrap().len(), expected);
    assert_eq!(server.closed().await, Closed::ByClient);
}

#[tokio::test]
async fn commands_behind_quit_are_not_executed() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    client.send_raw(b"DEFER a\r\nQUIT\r\nPING\r\n");
    client.flush().await.unwrap();
    assert_eq!(client.rest().await.unwrap(), b"$1\r\na\r\n$2\r\nOK\r\n");
    assert_eq!(server.closed().await, Closed::ByHandler);
}

#[tokio::test]
async fn messages_come_to_a_client_that_waits() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    client.hello().await.unwrap();
    client.ask(&["SUBSCRIBE"]).await.unwrap();
    for number in 0..10 {
        server.stage.channel.send(number.to_string().into_bytes()).unwrap();
        assert_eq!(text(&client.push().await.unwrap()), format!("message {number}"));
        assert_eq!(text(&client.ask(&["PING"]).await.unwrap()), "PONG");
    }
}

#[tokio::test]
async fn messages_come_to_a_client_that_never_pauses() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    client.hello().await.unwrap();
    client.ask(&["SUBSCRIBE"]).await.unwrap();
    server.stage.channel.send(b"now".to_vec()).unwrap();
    let pipeline = "PING\r\n".repeat(200_000);
    client.send_raw(pipeline.as_bytes());
    client.flush().await.unwrap();
    for _ in 0..200_000 {
        client.receive().await.unwrap();
    }
    assert_eq!(text(&client.push().await.unwrap()), "message now");
}

#[tokio::test]
async fn bytes_are_counted() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    client.expect(Protocol::Resp2);
    let id = text(&client.ask(&["ID"]).await.unwrap()).parse().unwrap();
    client.send_raw(b"PING\r\n");
    client.flush().await.unwrap();
    client.receive().await.unwrap();
    let link = server.connections.get(id).unwrap();
    let total = &server.connections.traffic;
    for traffic in [&link.traffic, total] {
        let relaxed = std::sync::atomic::Ordering::Relaxed;
        assert_eq!(traffic.bytes_in.load(relaxed), 12 + 6);
        assert_eq!(traffic.bytes_out.load(relaxed), 7 + 10);
    }
}
