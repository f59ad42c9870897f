//! What listening means for the connection that does.

use lockstep_tests::{Server, Value, request, wait_for, words};

use super::{send, subscribe, told};

fn server() -> Server {
    Server::lockstep(&["--fsync", "never"])
}

#[test]
fn what_one_publisher_sends_arrives_in_its_order() {
    const MESSAGES: usize = 20_000;
    let server = server();
    let mut listeners: Vec<_> = (0..5).map(|_| server.client()).collect();
    listeners.iter_mut().for_each(|listener| subscribe(listener, "numbers"));
    let mut publisher = server.client();
    let mut sender = publisher.second_handle();
    let sending = std::thread::spawn(move || {
        for number in 0..MESSAGES {
            sender.send(&request(&["PUBLISH", "numbers", &number.to_string()])).unwrap();
        }
    });
    for _ in 0..MESSAGES {
        assert_eq!(publisher.reply().unwrap(), Value::Int(5));
    }
    sending.join().unwrap();
    for listener in &mut listeners {
        for number in 0..MESSAGES {
            assert_eq!(told(listener)[2], number.to_string());
        }
    }
}

#[test]
fn nothing_is_told_behind_the_end_of_a_subscription() {
    let server = server();
    let (mut publisher, mut listener) = (server.client(), server.client());
    let mut sender = publisher.second_handle();
    let sending = std::thread::spawn(move || {
        (0..5_000).for_each(|_| sender.send(&request(&["PUBLISH", "c", "m"])).unwrap());
    });
    for _ in 0..200 {
        subscribe(&mut listener, "c");
        send(&mut listener, &["UNSUBSCRIBE c", "GET nokey"]);
        let mut next = told(&mut listener);
        while next[0] == "message" {
            next = told(&mut listener);
        }
        assert_eq!(next[..2], ["unsubscribe", "c"]);
        assert_eq!(listener.reply().unwrap(), Value::Nil);
    }
    (0..5_000).for_each(|_| drop(publisher.reply().unwrap()));
    sending.join().unwrap();
}

#[test]
fn a_client_of_resp3_is_told_while_it_waits_for_something_else() {
    let server = server();
    let (mut listener, mut other) = (server.client(), server.client());
    listener.call("HELLO 3");
    subscribe(&mut listener, "c");
    other.call("LOCK k");
    send(&mut listener, &["LOCK k BLOCK 0"]);
    wait_for("it waits", || other.call("INFO clients").text().contains("blocked_clients:1\r\n"));
    assert_eq!(other.call("PUBLISH c m"), Value::Int(1));
    assert_eq!(told(&mut listener), ["message", "c", "m"]);
    other.call("UNLOCK k");
    assert!(matches!(listener.reply().unwrap(), Value::Int(_)));
}

#[test]
fn who_has_gone_listens_no_longer() {
    let server = server();
    let mut publisher = server.client();
    let mut listeners: Vec<_> = (0..50).map(|_| server.client()).collect();
    for listener in &mut listeners {
        send(listener, &["SUBSCRIBE c", "PSUBSCRIBE c*", "SSUBSCRIBE c"]);
        (0..3).for_each(|_| drop(listener.receive().unwrap()));
    }
    assert_eq!(publisher.call("PUBLISH c m"), Value::Int(100));
    listeners.truncate(10);
    wait_for("the others are gone", || publisher.call("PUBLISH c m") == Value::Int(20));
    drop(listeners);
    wait_for("all are gone", || publisher.call("PUBLISH c m") == Value::Int(0));
    assert_eq!(publisher.call("SPUBLISH c m"), Value::Int(0));
    assert_eq!(publisher.call("PUBSUB NUMPAT"), Value::Int(0));
    let stats = publisher.call("INFO stats").text();
    assert!(stats.contains("pubsub_channels:0\r\npubsub_patterns:0\r\n"), "{stats}");
}

#[test]
fn an_idle_listener_is_not_timed_out() {
    let server = Server::lockstep(&["--fsync", "never", "--timeout", "1"]);
    let (mut listener, mut idle) = (server.client(), server.client());
    subscribe(&mut listener, "c");
    assert_eq!(idle.rest().unwrap(), b"", "who does not listen is closed");
    assert_eq!(server.client().call("PUBLISH c m"), Value::Int(1));
    assert_eq!(told(&mut listener)[2], "m");
}

#[test]
fn messages_of_any_bytes_and_size_arrive_whole() {
    let server = server();
    let (mut listener, mut publisher) = (server.client(), server.client());
    let channel: &[u8] = b"\0\r\n\xff";
    listener.send(&request(&[b"SUBSCRIBE", channel])).unwrap();
    listener.receive().unwrap();
    for size in [0, 1, 100_000, 20 << 20] {
        let message = vec![b'\r'; size];
        assert_eq!(publisher.call_words(&[b"PUBLISH", channel, &message]), Value::Int(1));
        let reply = listener.reply().unwrap();
        assert_eq!(reply.items()[1].bytes(), Some(channel));
        assert!(reply.items()[2].bytes() == Some(&message[..]), "{size} bytes");
    }
}

#[test]
fn thousands_listen_to_one_channel() {
    const LISTENERS: usize = 2_000;
    let server = server();
    let mut listeners: Vec<_> = (0..LISTENERS).map(|_| server.client()).collect();
    let wanted = request(&words("SUBSCRIBE c"));
    listeners.iter_mut().for_each(|listener| listener.send(&wanted).unwrap());
    listeners.iter_mut().for_each(|listener| drop(listener.receive().unwrap()));
    let mut publisher = server.client();
    for _ in 0..20 {
        assert_eq!(publisher.call("PUBLISH c hello"), Value::Int(LISTENERS as i64));
    }
    for listener in &mut listeners {
        (0..20).for_each(|_| assert_eq!(told(listener)[2], "hello"));
    }
}
