//! Replies come in the order of the commands.

use lockstep_tests::{Client, Server, Value};

use super::{pipeline, send, texts, wait_for_blocked};

#[test]
fn a_write_in_one_pipeline_with_a_command_that_waits_is_answered_first() {
    let server = Server::lockstep(&[]);
    let mut client = server.client();
    let mut other = server.client();
    send(&mut client, &["SET a 1", "QPOP q BLOCK 0", "SET a 2", "GET a"]);
    assert_eq!(client.reply().unwrap().text(), "OK");
    wait_for_blocked(&mut other, 1);
    assert_eq!(other.call("GET a").text(), "1", "what stands behind the wait waits, too");
    other.call("QPUSH q hello");
    assert_eq!(client.reply().unwrap().items()[1].text(), "hello");
    assert_eq!(client.reply().unwrap().text(), "OK");
    assert_eq!(client.reply().unwrap().text(), "2");
}

#[test]
fn reads_writes_refusals_and_the_nodes_own_answers_keep_their_places() {
    let server = Server::lockstep(&[]);
    let mut client = server.client();
    let lines = [
        "GET a",
        "SET a 1",
        "GET a",
        "PING",
        "INCR a",
        "NOPE",
        "GET",
        "SELECT 1",
        "GET a",
        "SET a x",
        "INCR a",
        "CLIENT GETNAME",
        "SELECT 0",
        "GET a",
        "ECHO e",
        "MULTI",
        "GET a",
        "INCR a",
        "EXEC",
        "GET a",
        "DISCARD",
        "STRLEN a",
        "LOCK l",
        "UNLOCK l",
        "QPUSH q m",
        "QLEN q",
        "DBSIZE",
    ];
    let replies = texts(&mut client, &lines);
    let shown: Vec<&str> = replies.iter().map(|text| text.split(' ').next().unwrap()).collect();
    assert_eq!(
        shown,
        [
            "", "OK", "1", "PONG", "2", "ERR", "ERR", "OK", "", "OK", "ERR", "", "OK", "2", "e",
            "OK", "QUEUED", "QUEUED", "", "3", "ERR", "1", "1", "1", "0-1", "1", "1",
        ]
    );
}

#[test]
fn each_reply_is_in_the_protocol_of_its_time() {
    let server = Server::lockstep(&[]);
    let mut client = server.client();
    send(&mut client, &["SET a 1", "GET nil", "HELLO 3", "GET nil", "HELLO 2", "GET nil", "RESET"]);
    let mut replies = (0..7).map(|_| client.receive().unwrap());
    let nils: Vec<Vec<u8>> = [1, 1, 1].into_iter().filter_map(|skip| replies.nth(skip)).collect();
    assert_eq!(nils, [&b"$-1\r\n"[..], b"_\r\n", b"$-1\r\n"]);
}

#[test]
fn commands_without_replies_leave_no_gap_and_no_rest() {
    let server = Server::lockstep(&[]);
    let mut client = server.client();
    send(
        &mut client,
        &[
            "SET a 1",
            "CLIENT REPLY SKIP",
            "SET a 2",
            "GET a",
            "CLIENT REPLY OFF",
            "SET a 3",
            "GET a",
            "CLIENT REPLY ON",
            "GET a",
        ],
    );
    let replies: Vec<String> = (0..4).map(|_| client.reply().unwrap().text()).collect();
    assert_eq!(replies, ["OK", "2", "OK", "3"]);
}

#[test]
fn what_stands_in_front_of_quit_is_answered() {
    let server = Server::lockstep(&[]);
    let mut client = server.client();
    send(&mut client, &["SET a 1", "LOCK l", "GET a", "QUIT", "SET a 2"]);
    assert_eq!(client.rest().unwrap(), b"+OK\r\n:1\r\n$1\r\n1\r\n+OK\r\n");
    assert_eq!(server.client().call("GET a").text(), "1");
}

#[test]
fn with_several_shards_a_pipeline_happens_in_its_order() {
    let server = Server::lockstep(&["--shards", "4"]);
    let mut client = server.client();
    for round in 0..50 {
        // The queue's message must never be there before the key.
        let key = format!("SET done:{round} 1");
        let push = format!("QPUSH {{q{round}}} m");
        send(&mut client, &[&key, &push, "LOCK door", "GET a", "SET a 1", "UNLOCK door"]);
        let mut other = server.client();
        let pop = other.call(&format!("QPOP {{q{round}}} BLOCK 0"));
        assert_eq!(pop.items()[1].text(), "m");
        assert_eq!(other.call(&format!("GET done:{round}")).text(), "1");
        let replies: Vec<Value> = (0..6).map(|_| client.reply().unwrap()).collect();
        assert!(replies.iter().all(|reply| !reply.is_error()), "{replies:?}");
    }
    let stats = client.call("LOCKINFO STATS");
    assert_eq!(stats.field("grants").and_then(Value::int), Some(50));
    let elsewhere = pipeline(
        &mut client,
        &["MULTI", "SET a 1", "LOCK x1", "LOCK x2", "LOCK x3", "LOCK x4", "EXEC"],
    );
    assert!(elsewhere[6].text().starts_with("CROSSSLOT "), "{:?}", elsewhere[6]);
    let stats = pipeline(&mut client, &["MULTI", "PING", "LOCKINFO STATS", "EXEC"]);
    assert_eq!(stats[3].items()[1].field("grants").and_then(Value::int), Some(50));
}

#[test]
fn a_monitor_sees_commands_in_the_order_they_ran_and_where() {
    let server = Server::lockstep(&[]);
    let mut monitor = server.client();
    monitor.call("MONITOR");
    let lines = ["SELECT 2", "MULTI", "SET a 1", "GET a", "EXEC", "RESET", "PING"];
    pipeline(&mut server.client(), &lines);
    let seen: Vec<String> = lines.iter().map(|_| seen(&mut monitor)).collect();
    assert_eq!(
        seen,
        ["2 SELECT 2", "2 MULTI", "2 SET a 1", "2 GET a", "2 EXEC", "0 RESET", "0 PING"]
    );
}

#[test]
fn a_monitor_sees_the_commands_of_a_script_behind_it_but_not_those_that_were_refused() {
    let server = Server::lockstep(&[]);
    let mut monitor = server.client();
    monitor.call("MONITOR");
    let script = "redis.pcall('nosuch') redis.pcall('multi') redis.call('select',3) \
                  redis.pcall('lpush','a','x') return redis.call('set','a','1')";
    let read = "return redis.call('get','a')";
    let mut client = server.client();
    client.call_words(&["EVAL", script, "0"]);
    client.call_words(&["EVAL_RO", read, "0"]);
    client.call("PING");
    let all: Vec<String> = (0..7).map(|_| seen(&mut monitor)).collect();
    let shown = |script: &str| script.replace('"', "");
    assert_eq!(
        all,
        [
            format!("0 EVAL {} 0", shown(script)),
            "3 lua select 3".to_owned(),
            "3 lua lpush a x".to_owned(),
            "3 lua set a 1".to_owned(),
            format!("0 EVAL_RO {} 0", shown(read)),
            "0 lua get a".to_owned(),
            "0 PING".to_owned(),
        ]
    );
}

/// The next line that a monitor is told: the database, `lua` for those of scripts, the words.
fn seen(monitor: &mut Client) -> String {
    let line = monitor.reply().unwrap().text();
    let (_, rest) = line.split_once('[').unwrap();
    let (place, words) = rest.split_once("] ").unwrap();
    let (db, address) = place.split_once(' ').unwrap();
    let lua = if address == "lua" { " lua" } else { "" };
    format!("{db}{lua} {}", words.replace('"', ""))
}

/// How many entries a lone node has applied.
fn applied(client: &mut Client) -> u64 {
    let info = client.call("INFO replication").text();
    let line = info.lines().find_map(|line| line.strip_prefix("master_repl_offset:"));
    line.unwrap().parse().unwrap()
}

#[test]
fn locks_of_one_pipeline_go_to_all_shards_at_once_and_are_answered_in_order() {
    let server = Server::lockstep(&["--shards", "8"]);
    let (mut client, mut other) = (server.client(), server.client());
    other.call("LOCK l:7");
    let before = applied(&mut other);
    for (word, held) in [("LOCK", ""), ("LOCKRENEW", "0"), ("UNLOCK", "0")] {
        let more = if word == "LOCKRENEW" { " PX 60000" } else { "" };
        let lines: Vec<String> = (0..200).map(|at| format!("{word} l:{at}{more}")).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        for (at, text) in texts(&mut client, &lines).iter().enumerate() {
            assert_eq!(text == held, at == 7, "{word} l:{at}: {text}");
        }
    }
    let entries = applied(&mut other) - before;
    assert!(entries < 200, "{entries} entries for 600 commands over 8 shards");
}

#[test]
fn what_is_no_lock_command_keeps_its_place_among_those_of_other_shards() {
    let server = Server::lockstep(&["--shards", "8"]);
    let (mut client, mut other) = (server.client(), server.client());
    let mut later = 0;
    for round in 0..50 {
        let names: Vec<String> = (0..8).map(|at| format!("UNLOCK l:{at}")).collect();
        let take: Vec<String> = (0..8).map(|at| format!("LOCK l:{at}")).collect();
        let set = format!("SET x {round}");
        let mut lines: Vec<&str> = take.iter().map(String::as_str).collect();
        lines.push(&set);
        lines.extend(names.iter().map(String::as_str));
        send(&mut client, &lines);
        let token: i64 = other.call("LOCK l:3 BLOCK 5000").text().parse().unwrap();
        let seen = other.call("GET x").text();
        other.call("UNLOCK l:3");
        let replies: Vec<String> = lines.iter().map(|_| client.reply().unwrap().text()).collect();
        // Whoever gets a lock later sees what was written under it.
        if replies[3].parse().is_ok_and(|first: i64| first < token) {
            assert_eq!(seen, round.to_string());
            later += 1;
        }
    }
    assert!(later > 0, "the other one was never second");
}
