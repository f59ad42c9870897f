//! MULTI, EXEC and WATCH.

use lockstep_tests::{Client, Server, Value, wait_for};

use super::{pipeline, texts};

#[test]
fn what_may_not_be_there_does_not_spoil_and_what_is_wrong_does() {
    let server = Server::lockstep(&[]);
    let mut client = server.client();
    for (wrong, runs) in [("MULTI", true), ("WATCH a", true), ("SET a", false), ("NOPE", false)] {
        let replies = pipeline(&mut client, &["MULTI", "SET a 1", wrong, "EXEC"]);
        assert!(replies[2].is_error(), "{replies:?}");
        assert_eq!(!replies[3].is_error(), runs, "{replies:?}");
        assert_eq!(client.call("EXEC").text(), "ERR EXEC without MULTI");
    }
}

#[test]
fn every_end_of_a_transaction_forgets_the_watched_keys() {
    let server = Server::lockstep(&[]);
    let mut client = server.client();
    for end in [&["EXEC"][..], &["DISCARD"], &["NOPE", "EXEC"], &["RESET"]] {
        let mut lines = vec!["WATCH a", "SET a 1", "MULTI"];
        lines.extend(end);
        pipeline(&mut client, &lines);
        let replies = pipeline(&mut client, &["MULTI", "PING", "EXEC"]);
        assert_eq!(replies[2].items().len(), 1, "after {end:?}: {replies:?}");
    }
    let replies = pipeline(&mut client, &["WATCH a", "SET a 2", "MULTI", "PING", "EXEC"]);
    assert_eq!(replies[4], Value::Nil);
}

#[test]
fn a_watched_key_that_ends_by_its_deadline_has_changed() {
    let server = Server::lockstep(&[]);
    let mut client = server.client();
    // On a slow machine it may be over before it is watched.
    let watched = (5..15).any(|doublings| {
        let set = format!("SET a 1 PX {}", 1 << doublings);
        let replies = pipeline(&mut client, &["UNWATCH", &set, "WATCH a", "EXISTS a"]);
        replies[3] == Value::Int(1)
    });
    assert!(watched, "a key that lives for 16 s is there when it is watched");
    pipeline(&mut client, &["MULTI", "SET b 1"]);
    let mut other = server.client();
    wait_for("the end of the key", || other.call("EXISTS a") == Value::Int(0));
    assert_eq!(client.call("EXEC"), Value::Nil);
    assert_eq!(client.call("EXISTS b"), Value::Int(0));
}

#[test]
fn a_transaction_may_use_several_databases() {
    let server = Server::lockstep(&[]);
    let mut client = server.client();
    let lines = ["MULTI", "SET a 0", "SELECT 3", "SET a 3", "SELECT 99", "GET a", "EXEC", "GET a"];
    let replies = pipeline(&mut client, &lines);
    assert_eq!(replies[6].items()[4].text(), "3");
    assert_eq!(replies[7].text(), "3", "the database stays selected");
    assert_eq!(texts(&mut client, &["SELECT 0", "GET a"]), ["OK", "0"]);
}

#[test]
fn inside_a_transaction_nothing_waits_and_the_node_answers_in_its_place() {
    let server = Server::lockstep(&[]);
    let mut client = server.client();
    server.client().call("LOCK door OWNER other");
    let lines = [
        "MULTI",
        "QPOP q BLOCK 0",
        "LOCK door BLOCK 0",
        "CLIENT SETNAME me",
        "CLIENT GETNAME",
        "CONFIG GET maxmemory",
        "WAIT 1 0",
        "PING",
        "EXEC",
    ];
    let replies = pipeline(&mut client, &lines);
    let items = replies[8].items();
    assert_eq!(items[0..2], [Value::Nil, Value::Nil]);
    assert_eq!(items[3].text(), "me");
    assert_eq!(items[4].field("maxmemory").map(Value::text).as_deref(), Some("0"));
    assert_eq!((items[5].int(), items[6].text().as_str()), (Some(0), "PONG"));
}

#[test]
fn debug_is_as_closed_inside_a_transaction_as_outside() {
    let server = Server::lockstep(&[]);
    let replies = pipeline(&mut server.client(), &["MULTI", "DEBUG DIGEST", "EXEC"]);
    assert!(replies[1].text().starts_with("ERR DEBUG command not allowed."), "{replies:?}");
    assert!(replies[2].text().starts_with("EXECABORT "), "{replies:?}");
    let server = Server::lockstep(&["--enable-debug-command", "local"]);
    let replies = pipeline(&mut server.client(), &["MULTI", "DEBUG DIGEST", "EXEC"]);
    assert_eq!(replies[2].items()[0].text().len(), 40);
}

#[test]
fn the_number_of_queued_commands_is_shown_until_the_transaction_ends() {
    let server = Server::lockstep(&[]);
    let (mut client, mut other) = (server.client(), server.client());
    let id = client.call("CLIENT ID").int().unwrap();
    let mut shown = || other.call(&format!("CLIENT LIST ID {id}")).text();
    for (line, queued) in
        [("MULTI", 0), ("PING", 1), ("RESET", -1), ("MULTI", 0), ("NOPE", 0), ("EXEC", -1)]
    {
        client.call(line);
        let list = shown();
        assert!(list.contains(&format!(" multi={queued} ")), "{line}: {list}");
    }
}

/// What INFO tells of the changes of keys.
fn changes(client: &mut Client) -> String {
    let info = client.call("INFO persistence").text();
    let line = info.lines().find(|line| line.starts_with("rdb_changes_since_last_save:"));
    line.unwrap_or_else(|| panic!("{info}")).to_owned()
}

#[test]
fn the_first_count_behind_a_change_is_a_write_and_the_next_ones_are_reads() {
    let server = Server::lockstep(&["--fsync", "never"]);
    let mut client = server.client();
    let is_old = |client: &mut Client| client.call("GETBIT h 120").int() == Some(1);
    client.call("PFADD h a b");
    assert!(is_old(&mut client));
    client.call("WATCH h");
    assert_eq!(client.call("PFCOUNT h").int(), Some(2));
    assert!(!is_old(&mut client));
    // Redis says so, too: the value has changed.
    assert_eq!(pipeline(&mut client, &["MULTI", "PING", "EXEC"])[2], Value::Nil);
    let before = changes(&mut client);
    for _ in 0..3 {
        assert_eq!(client.call("PFCOUNT h").int(), Some(2));
    }
    assert_eq!(changes(&mut client), before);
    client.call("PFADD h c");
    // Where nothing is written it is counted.
    let in_transaction = pipeline(&mut client, &["MULTI", "PFCOUNT h", "EXEC"]);
    assert_eq!(in_transaction[2].items()[0].int(), Some(3));
    for run in ["EVAL", "EVAL_RO"] {
        let script = "return redis.call('PFCOUNT', KEYS[1])";
        assert_eq!(client.call_words(&[run, script, "1", "h"]).int(), Some(3));
    }
    let behind_a_write = pipeline(&mut client, &["PFADD h d", "PFCOUNT h"]);
    assert_eq!(behind_a_write[1].int(), Some(4));
    assert!(is_old(&mut client));
    assert_eq!(client.call("PFCOUNT h").int(), Some(4));
    assert!(!is_old(&mut client));
}

#[test]
fn what_is_refused_unread_and_what_fails_in_exec_is_counted_as_in_redis() {
    let server = Server::lockstep(&[]);
    let mut client = server.client();
    let stats = |client: &mut Client| {
        let info = client.call("INFO commandstats").text();
        let counts = |name: &str| {
            let start = format!("cmdstat_{name}:");
            let line = info.lines().find_map(|line| line.strip_prefix(&start)).unwrap_or("none");
            let shown = |part: &&str| !part.starts_with("usec");
            line.split(',').filter(shown).collect::<Vec<_>>().join(" ")
        };
        ["set", "auth", "select", "exec"].map(|name| format!("{name} {}", counts(name)))
    };
    client.call("CONFIG RESETSTAT");
    pipeline(&mut client, &["SET a", "MULTI", "SET", "EXEC"]);
    pipeline(&mut client, &["MULTI", "SELECT 0", "AUTH a", "SET a 1", "EXEC"]);
    assert_eq!(
        stats(&mut client),
        [
            "set calls=1 rejected_calls=2 failed_calls=0",
            "auth calls=1 rejected_calls=0 failed_calls=1",
            "select calls=1 rejected_calls=0 failed_calls=0",
            "exec calls=2 rejected_calls=0 failed_calls=1",
        ]
    );
    let errors = client.call("INFO errorstats").text();
    assert!(errors.contains("errorstat_ERR:count=3\r\n"), "{errors}");
    assert!(errors.contains("errorstat_EXECABORT:count=1\r\n"), "{errors}");
}
