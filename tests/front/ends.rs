//! Whoever goes away leaves nothing behind, and nobody waits for ever.

use std::time::Duration;

use lockstep_tests::{Client, Server, Value, wait_for};

use super::{send, wait_for_blocked};

fn id(client: &mut Client) -> i64 {
    client.call("CLIENT ID").int().unwrap()
}

#[test]
fn a_connections_locks_pass_on_when_it_ends_in_any_way() {
    let server = Server::lockstep(&[]);
    let mut observer = server.client();
    let ends: [fn(&mut Client, &mut Client, i64); 4] = [
        |client, _, _| client.finish(),
        |client, _, _| assert_eq!(client.call("QUIT").text(), "OK"),
        |client, _, _| assert_eq!(client.call("RESET").text(), "RESET"),
        |_, observer, id| {
            assert_eq!(observer.call(&format!("CLIENT KILL ID {id}")), Value::Int(1));
        },
    ];
    for end in ends {
        let mut holder = server.client();
        let mut waiter = server.client();
        let id = id(&mut holder);
        assert!(holder.call("LOCK door").int().is_some());
        send(&mut waiter, &["LOCK door BLOCK 0"]);
        wait_for_blocked(&mut observer, 1);
        end(&mut holder, &mut observer, id);
        assert!(waiter.reply().unwrap().int().is_some());
        assert_eq!(waiter.call("UNLOCK door"), Value::Int(1));
    }
}

#[test]
fn a_lock_is_free_when_the_client_reads_that_it_was_reset() {
    let server = Server::lockstep(&[]);
    let (mut holder, mut other) = (server.client(), server.client());
    for _ in 0..50 {
        holder.call("LOCK door");
        holder.call("RESET");
        assert!(other.call("LOCK door").int().is_some());
        other.call("UNLOCK door");
    }
}

#[test]
fn a_waiter_that_is_gone_gets_nothing() {
    let server = Server::lockstep(&[]);
    let mut observer = server.client();
    for _ in 0..50 {
        let mut gone = server.client();
        send(&mut gone, &["QPOP q BLOCK 0"]);
        wait_for_blocked(&mut observer, 1);
        drop(gone);
        observer.call("QPUSH q message");
        let mut receipt = String::new();
        wait_for("the message", || {
            let popped = observer.call("QPOP q");
            receipt = popped.items().first().map(Value::text).unwrap_or_default();
            !receipt.is_empty()
        });
        assert_eq!(observer.call(&format!("QACK q {receipt}")), Value::Int(1));
    }
}

#[test]
fn a_waiting_client_can_be_unblocked_and_goes_on() {
    let server = Server::lockstep(&[]);
    let (mut client, mut other) = (server.client(), server.client());
    let id = id(&mut client);
    send(&mut client, &["SET a 1", "QPOP q BLOCK 0", "GET a"]);
    wait_for_blocked(&mut other, 1);
    assert_eq!(other.call(&format!("CLIENT UNBLOCK {id}")), Value::Int(1));
    let replies: Vec<String> = (0..3).map(|_| client.reply().unwrap().text()).collect();
    assert_eq!(replies, ["OK", "", "1"]);
    other.call("LOCK door");
    send(&mut client, &["LOCK door BLOCK 0"]);
    wait_for_blocked(&mut other, 1);
    assert_eq!(other.call(&format!("CLIENT UNBLOCK {id} ERROR")), Value::Int(1));
    assert!(client.reply().unwrap().text().starts_with("UNBLOCKED "));
    assert_eq!(other.call(&format!("CLIENT UNBLOCK {id}")), Value::Int(0));
}

#[test]
fn a_node_with_waiting_and_paused_clients_ends_at_once() {
    let mut server = Server::lockstep(&[]);
    let mut observer = server.client();
    observer.call("LOCK door");
    let mut waiting: Vec<Client> = (0..20).map(|_| server.client()).collect();
    for (number, client) in waiting.iter_mut().enumerate() {
        let line = if number % 2 == 0 { "LOCK door BLOCK 0" } else { "QPOP q BLOCK 0" };
        send(client, &[line]);
    }
    wait_for_blocked(&mut observer, 20);
    observer.call("CLIENT PAUSE 600000 ALL");
    let mut paused = server.client();
    send(&mut paused, &["SET a 1"]);
    let asked = std::time::Instant::now();
    assert!(server.stop().success());
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    for client in &mut waiting {
        let last = client.reply().unwrap().text();
        assert!(last.starts_with("UNBLOCKED the node is stopping"), "{last}");
        assert_eq!(client.rest().unwrap(), b"");
    }
    assert_eq!(paused.rest().unwrap(), b"");
}

#[test]
fn half_a_command_is_nobodys() {
    let server = Server::lockstep(&[]);
    for bytes in [
        &b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$5\r\nab"[..],
        b"*2\r\n$4\r\nLOCK\r\n$4\r\ndoo",
        b"QPUSH q",
    ] {
        let mut client = server.client();
        client.send(b"*2\r\n$4\r\nLOCK\r\n$4\r\nmine\r\n").unwrap();
        assert!(client.reply().unwrap().int().is_some());
        client.send(bytes).unwrap();
        client.finish();
        assert_eq!(client.rest().unwrap(), b"");
    }
    let mut client = server.client();
    assert_eq!(client.call("EXISTS a"), Value::Int(0));
    assert_eq!(client.call("LOCKINFO KEY mine"), Value::Nil);
    assert_eq!(client.call("QLEN q"), Value::Int(0));
}
