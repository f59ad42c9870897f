//! Who listens and does not read.

use lockstep_tests::{Server, Value, wait_for};

use super::{subscribe, told};

/// Publishes until the listeners that do not read are closed; the one that reads gets
/// every message.
#[test]
fn a_slow_listener_is_closed_by_its_limit_and_the_others_get_everything() {
    let server =
        Server::lockstep(&["--fsync", "never", "--client-output-buffer-limit", "pubsub 1mb 0 0"]);
    let (mut slow, mut reader) = (server.client(), server.client());
    subscribe(&mut slow, "c");
    subscribe(&mut reader, "c");
    let mut publisher = server.client();
    let message = "x".repeat(100_000);
    let (mut sent, mut told_two) = (0, 0);
    wait_for("the slow listener is closed", || {
        let reached = publisher.call_words(&["PUBLISH", "c", &message]);
        sent += 1;
        told_two += usize::from(reached == Value::Int(2));
        assert_eq!(told(&mut reader)[2].len(), message.len(), "message {sent}");
        reached == Value::Int(1)
    });
    assert!(told_two > 10, "it had room for {told_two} messages only");
    assert!(slow.rest().unwrap().len() < told_two * message.len());
    let stats = publisher.call("INFO stats").text();
    assert!(stats.contains("client_output_buffer_limit_disconnections:1\r\n"), "{stats}");
}
