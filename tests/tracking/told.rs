//! What a client that tracks the keys it reads is told.

use std::io::{Read, Write};
use std::net::TcpStream;

use lockstep_tests::{Value, wait_for};

use super::{hears_nothing, send, server, these, told, tracker};

#[test]
fn a_key_that_was_read_is_told_of_once_when_it_changes() {
    let server = server(&[]);
    let (mut reader, mut writer) = (tracker(&server, ""), server.client());
    for read in ["GET k", "EXISTS x k", "STRLEN k", "TTL k", "TYPE k", "GETRANGE k 0 1", "TOUCH k"]
    {
        reader.call(read);
        writer.call("SET k 1");
        assert_eq!(told(&mut reader), these("k"), "{read}");
        writer.call("SET k 2");
        hears_nothing(&mut reader);
    }
}

#[test]
fn whatever_changes_a_key_is_told() {
    let server = server(&[]);
    let (mut reader, mut writer) = (tracker(&server, ""), server.client());
    for write in [
        "APPEND k x",
        "INCR n",
        "DEL k",
        "MSET k 1 y 2",
        "EXPIRE k 100",
        "GETDEL k",
        "SETRANGE k 3 x",
        "RENAME k l",
        "RENAME l k",
        "COPY n k REPLACE",
        "MOVE k 3",
        "SET k 1",
        "GETEX k EX 100",
        "UNLINK k",
    ] {
        reader.call("MGET k n");
        writer.call(write);
        let key = if write.starts_with("INCR") { "n" } else { "k" };
        assert_eq!(told(&mut reader), these(key), "{write}");
        // So that the other key is read anew as well.
        writer.call("MSET k 1 n 1");
        told(&mut reader);
    }
    for idle in ["SET k 2 NX", "DEL nothing", "PERSIST k", "GETEX k", "GET k", "SETRANGE k 9"] {
        reader.call("GET k");
        writer.call(idle);
        hears_nothing(&mut reader);
    }
}

#[test]
fn what_a_client_does_itself_is_told_behind_the_reply() {
    let server = server(&[]);
    let mut client = tracker(&server, "");
    client.call("GET k");
    assert_eq!(client.call("SET k 1"), Value::Simple("OK".into()));
    assert_eq!(told(&mut client), these("k"));
    // In a pipeline as well, and behind a read of the old value.
    client.call("GET k");
    send(&mut client, &["GET k", "SET k 2", "PING"]);
    assert_eq!(client.reply().unwrap().text(), "1");
    assert_eq!(client.reply().unwrap().text(), "OK");
    let (next, last) = (client.reply().unwrap(), client.reply().unwrap());
    let push = if matches!(next, Value::Push(_)) { next } else { last };
    assert_eq!(super::keys(&push), these("k"));
}

#[test]
fn a_client_that_has_the_reply_to_its_write_has_heard_of_it() {
    let server = server(&[]);
    let mut stream = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
    // Each is one write of the server.
    let mut ask = |line: &str| {
        stream.write_all(format!("{line}\r\n").as_bytes()).unwrap();
        let mut piece = [0; 4096];
        let count = stream.read(&mut piece).unwrap();
        String::from_utf8_lossy(&piece[..count]).into_owned()
    };
    ask("HELLO 3");
    ask("CLIENT TRACKING ON");
    for value in 0..20 {
        ask("GET k");
        let pushed = ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n";
        assert_eq!(ask(&format!("SET k {value}")), format!("+OK\r\n{pushed}"));
    }
}

#[test]
fn a_transaction_is_answered_before_it_is_told_what_it_changed() {
    let server = server(&[]);
    let (mut client, mut other) = (tracker(&server, ""), server.client());
    other.call("MSET x 1 y 2");
    client.call("GET x");
    send(&mut client, &["MULTI", "SET x 5", "GET y", "EXEC"]);
    (0..3).for_each(|_| drop(client.reply().unwrap()));
    let done = client.reply().unwrap();
    assert_eq!(done.items().iter().map(Value::text).collect::<Vec<_>>(), ["OK", "2"]);
    assert_eq!(told(&mut client), these("x"));
    other.call("SET y 3");
    assert_eq!(told(&mut client), these("y"), "what EXEC read is remembered");
    client.call("MGET x y");
    send(&mut other, &["MULTI", "SET x 1", "SET y 1", "SET x 2", "EXEC"]);
    assert_eq!((told(&mut client), told(&mut client)), (these("x"), these("y")));
    hears_nothing(&mut client);
}

#[test]
fn all_is_void_when_databases_are_flushed_or_exchanged() {
    let server = server(&[]);
    let (mut reader, mut writer) = (tracker(&server, ""), server.client());
    for flush in ["FLUSHALL", "FLUSHDB", "FLUSHALL ASYNC", "SWAPDB 0 1"] {
        reader.call("GET k");
        writer.call(flush);
        assert_eq!(told(&mut reader), None, "{flush}");
        writer.call("SET k 1");
        hears_nothing(&mut reader);
    }
    reader.call("GET k");
    assert_eq!(reader.call("FLUSHALL").text(), "OK");
    assert_eq!(told(&mut reader), None);
}

#[test]
fn a_key_whose_time_is_over_is_told_of_though_nobody_asks() {
    let server = server(&[]);
    let (mut reader, mut writer) = (tracker(&server, "NOLOOP"), server.client());
    writer.call("SET k 1 PX 150");
    reader.call("GET k");
    assert_eq!(told(&mut reader), these("k"));
    assert_eq!(reader.call("GET k"), Value::Nil);
    // Its own doing, but not its own change: NOLOOP does not hide it.
    reader.call("SET e 1 PX 60");
    reader.call("GET e");
    assert_eq!(told(&mut reader), these("e"));
}

#[test]
fn a_key_that_is_evicted_is_told_of() {
    let server = server(&["--maxmemory-policy", "allkeys-random"]);
    let (mut reader, mut writer) = (tracker(&server, "NOLOOP"), server.client());
    writer.call(&format!("SET victim {}", "v".repeat(10_000)));
    reader.call("GET victim");
    writer.call("CONFIG SET maxmemory 1");
    // Whose write makes room does not matter, the reader's own neither.
    wait_for("the key is evicted", || {
        send(&mut reader, &["SET other 1"]);
        loop {
            match reader.reply().unwrap() {
                Value::Push(parts) => break parts[1].items()[0].text() == "victim",
                _ if writer.call("EXISTS victim") == Value::Int(1) => break false,
                _ => {}
            }
        }
    });
}

#[test]
fn of_more_keys_than_are_remembered_some_are_said_to_have_changed() {
    let server = server(&["--tracking-table-max-keys", "3"]);
    let (mut reader, mut observer) = (tracker(&server, ""), server.client());
    let mut known: Vec<String> = Vec::new();
    for number in 0..10 {
        let key = format!("k{number}");
        assert_eq!(reader.call(&format!("GET {key}")), Value::Nil);
        known.push(key);
        if known.len() > 3 {
            let gone = told(&mut reader).unwrap();
            known.retain(|key| !gone.contains(key));
            assert_eq!(known.len(), 3);
        }
    }
    assert!(observer.call("INFO stats").text().contains("tracking_total_keys:3\r\n"));
    known.sort();
    for key in &known {
        observer.call(&format!("SET {key} 1"));
        assert_eq!(told(&mut reader), these(key));
    }
    observer.call("CONFIG SET tracking-table-max-keys 0");
    (0..10).for_each(|number| drop(reader.call(&format!("GET k{number}"))));
    hears_nothing(&mut reader);
    observer.call("CONFIG SET tracking-table-max-keys 4");
    (0..6).for_each(|_| assert_eq!(told(&mut reader).unwrap().len(), 1));
    hears_nothing(&mut reader);
}

#[test]
fn info_counts_keys_readers_and_clients_and_forgets_those_who_leave() {
    let server = server(&[]);
    let mut observer = server.client();
    let mut info = |section: &str| observer.call(&format!("INFO {section}")).text();
    let (mut a, mut b) = (tracker(&server, ""), tracker(&server, ""));
    let mut c = tracker(&server, "BCAST PREFIX x PREFIX y");
    a.call("MGET k l");
    b.call("GET k");
    let stats = info("stats");
    for line in ["tracking_total_keys:2", "tracking_total_items:3", "tracking_total_prefixes:2"] {
        assert!(stats.contains(&format!("\r\n{line}\r\n")), "{line} in {stats}");
    }
    assert!(info("clients").contains("\r\ntracking_clients:3\r\n"));
    assert!(a.call("CLIENT INFO").text().contains(" flags=t "));
    assert!(c.call("CLIENT INFO").text().contains(" flags=tB "));
    a.call("RESET");
    assert!(a.call("CLIENT INFO").text().contains(" flags=N "));
    c.call("CLIENT TRACKING OFF");
    drop(b);
    wait_for("nobody is told anything", || info("clients").contains("\r\ntracking_clients:0\r\n"));
    let stats = info("stats");
    assert!(stats.contains("tracking_total_prefixes:0\r\n"), "{stats}");
    assert!(stats.contains("tracking_total_keys:0\r\n"), "{stats}");
    drop(c);
}

#[test]
fn who_does_not_read_what_it_is_told_is_closed_and_the_others_are_not() {
    let server = server(&["--client-output-buffer-limit", "normal 1mb 0 0"]);
    let (mut slow, mut quick) = (tracker(&server, "BCAST"), tracker(&server, "BCAST"));
    let mut writer = server.client();
    let key = "k".repeat(60_000);
    wait_for("the slow one is closed", || {
        writer.call_words(&["SET", &key, "1"]);
        assert_eq!(told(&mut quick).unwrap()[0].len(), key.len());
        writer.call("INFO clients").text().contains("\r\ntracking_clients:1\r\n")
    });
    assert!(slow.rest().is_ok());
    writer.call("SET x 1");
    assert_eq!(told(&mut quick), these("x"));
}
