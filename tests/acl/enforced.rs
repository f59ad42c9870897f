//! What a user may not do is denied on every road.

use std::time::Duration;

use lockstep_tests::{send, wait_for, wait_for_blocked};

use super::{CHANNEL, COMMAND, KEY, allowed, denied, is_closed, log_in, server, set_user};

#[test]
fn the_log_tells_what_was_denied_to_whom_and_how_often() {
    let server = server(&["--acllog-max-len", "3"]);
    let mut admin = server.client();
    set_user(&mut admin, "me on >pw ~a +get +subscribe +multi +exec +@scripting");
    let mut me = log_in(&server, "me");
    denied(&mut me, "SET a 1", COMMAND);
    denied(&mut me, "SET a 2", COMMAND);
    denied(&mut me, "GET x", KEY);
    denied(&mut me, "SUBSCRIBE c", CHANNEL);
    allowed(&mut me, "MULTI");
    denied(&mut me, "GET y", KEY);
    assert!(server.client().call("AUTH me wrong").text().starts_with("WRONGPASS"));
    let shown = |log: lockstep_tests::Value| -> Vec<String> {
        let text = |entry: &lockstep_tests::Value, name| {
            let field = entry.field(name).unwrap();
            field.int().map_or_else(|| field.text(), |number| number.to_string())
        };
        let line = |entry| {
            ["count", "reason", "context", "object", "username"].map(|it| text(entry, it)).join(" ")
        };
        log.items().iter().map(line).collect()
    };
    let log = admin.call("ACL LOG");
    let client = log.items()[1].field("client-info").unwrap().text();
    assert!(client.contains(" cmd=get user=me "), "{client}");
    assert_eq!(
        shown(log),
        ["1 auth toplevel AUTH me", "1 key multi y me", "1 channel toplevel c me"][..],
        "no more than acllog-max-len"
    );
    denied(&mut log_in(&server, "me"), "GET x", KEY);
    denied(&mut log_in(&server, "me"), "GET x", KEY);
    assert_eq!(shown(admin.call("ACL LOG 1")), ["2 key toplevel x me"]);
    let stats = admin.call("INFO stats").text();
    for line in ["auth:1", "cmd:2", "key:4", "channel:1"] {
        assert!(stats.contains(&format!("acl_access_denied_{line}\r\n")), "{stats}");
    }
    admin.call("ACL LOG RESET");
    assert_eq!(admin.call("ACL LOG").items().len(), 0);
}

#[test]
fn the_log_tells_what_scripts_were_denied() {
    let server = server(&[]);
    let mut admin = server.client();
    set_user(&mut admin, "me on >pw ~a +eval +get +multi +exec");
    let mut me = log_in(&server, "me");
    let refused = |me: &mut lockstep_tests::Client, script: &str| {
        assert!(me.call_words(&["EVAL", script, "0"]).is_error(), "{script}");
    };
    refused(&mut me, "return redis.call('incr', 'a')");
    refused(&mut me, "return redis.call('get', 'x')");
    // What is not for scripts at all has nothing to do with the user.
    refused(&mut me, "return redis.call('multi')");
    let log = admin.call("ACL LOG");
    let shown: Vec<_> = log
        .items()
        .iter()
        .map(|entry| {
            ["reason", "context", "object", "username"]
                .map(|name| entry.field(name).unwrap().text())
                .join(" ")
        })
        .collect();
    assert_eq!(shown, ["key lua x me", "command lua incr me"]);
    let client = log.items()[0].field("client-info").unwrap().text();
    assert!(client.contains(" user=me "), "{client}");
}

#[test]
fn who_loses_a_channel_or_is_deleted_loses_the_connection() {
    let server = server(&[]);
    let mut admin = server.client();
    set_user(&mut admin, "me on >pw +@all &a* &b*");
    let [mut on_a, mut on_b, mut on_pattern, mut on_shard, mut idle] =
        std::array::from_fn(|_| log_in(&server, "me"));
    allowed(&mut on_a, "SUBSCRIBE a1");
    allowed(&mut on_b, "SUBSCRIBE b1");
    allowed(&mut on_pattern, "PSUBSCRIBE a*");
    allowed(&mut on_shard, "SSUBSCRIBE a2");
    set_user(&mut admin, "me resetchannels &b* &c*");
    assert!(is_closed(&mut on_a) && is_closed(&mut on_pattern) && is_closed(&mut on_shard));
    admin.call("PUBLISH b1 still");
    assert_eq!(on_b.reply().unwrap().items()[2].text(), "still");
    assert_eq!(allowed(&mut idle, "PING").text(), "PONG");
    assert_eq!(admin.call("ACL DELUSER me nobody").int(), Some(1));
    assert!(is_closed(&mut idle) && is_closed(&mut on_b));
    assert!(server.client().call("AUTH me pw").text().starts_with("WRONGPASS"));
}

#[test]
fn who_waits_for_what_is_taken_away_waits_no_longer_and_is_given_nothing() {
    let server = server(&["--shards", "2"]);
    let mut admin = server.client();
    set_user(&mut admin, "me on >pw +@all ~l ~q ~m ~n ~k");
    admin.call("LOCK l");
    admin.call("LOCK m");
    let waits =
        ["LOCK l BLOCK 60000", "QPOP q BLOCK 60000", "BLPOP k 0", "MLOCK 2 m n BLOCK 60000"];
    let mut all = waits.map(|line| {
        let mut client = log_in(&server, "me");
        send(&mut client, &[line]);
        client
    });
    wait_for_blocked(&mut admin, 4);
    set_user(&mut admin, "me resetkeys ~k");
    let [lock, pop, keys, many] = &mut all;
    assert!(is_closed(lock) && is_closed(pop) && is_closed(many));
    for line in ["UNLOCK l", "UNLOCK m"] {
        assert_eq!(admin.call(line).int(), Some(1), "{line}");
    }
    for line in ["LOCKINFO KEY l", "LOCKINFO KEY n", "LOCKINFO KEY m"] {
        wait_for(line, || admin.call("LOCKSCAN 0").items()[1].items().is_empty());
    }
    admin.call("QPUSH q body");
    assert_eq!(admin.call("QLEN q").int(), Some(1), "nobody was given it");
    admin.call("RPUSH k body");
    assert_eq!(keys.reply().unwrap().items()[1].text(), "body", "this one may still wait");
}

#[test]
fn rights_hold_for_connections_that_are_there_at_once() {
    let server = server(&[]);
    let (mut admin, mut me) = (server.client(), server.client());
    set_user(&mut admin, "me on >pw +get ~*");
    assert_eq!(me.call("AUTH me pw").text(), "OK");
    for _ in 0..50 {
        set_user(&mut admin, "me -get");
        denied(&mut me, "GET x", COMMAND);
        set_user(&mut admin, "me +get");
        allowed(&mut me, "GET x");
    }
}

#[test]
fn a_client_that_is_told_of_changes_hears_of_keys_it_may_read_only() {
    let server = server(&[]);
    let mut admin = server.client();
    set_user(&mut admin, "me on >pw +@all ~a* %W~w*");
    let mut me = server.client();
    me.call("HELLO 3 AUTH me pw");
    allowed(&mut me, "CLIENT TRACKING ON BCAST");
    admin.call("MSET x 1 a1 1 w 1 secret 1");
    admin.call("SET a2 1");
    let mut heard = Vec::new();
    while !heard.contains(&"a2".to_owned()) {
        let told = me.reply().unwrap();
        assert_eq!(told.items()[0].text(), "invalidate");
        heard.extend(told.items()[1].items().iter().map(|name| name.text()));
    }
    assert_eq!(heard, ["a1", "a2"]);
    set_user(&mut admin, "me resetkeys ~x*");
    admin.call("MSET a3 1 x3 1");
    assert_eq!(me.reply().unwrap().items()[1].items()[0].text(), "x3");
}

#[test]
fn a_queue_is_reached_by_its_name_only_also_by_the_id_of_a_job() {
    let server = server(&["--shards", "2"]);
    let mut admin = server.client();
    set_user(&mut admin, "me on >pw +@all ~mine");
    let mut me = log_in(&server, "me");
    allowed(&mut me, "QPUSH mine body");
    let job = admin.call("ADDJOB theirs body 0").text();
    // As GETJOB gives it.
    let theirs = job.replace("-0-theirs", "-1-theirs");
    for line in [
        "QPUSH theirs x".to_owned(),
        "QMPUSH theirs MSGS 1 x".to_owned(),
        "QPOP theirs".to_owned(),
        "QMPOP 2 mine theirs".to_owned(),
        "GETJOB NOHANG FROM theirs".to_owned(),
        "QLEN theirs".to_owned(),
        "QINFO theirs".to_owned(),
        "QPEEK theirs 1".to_owned(),
        "QMOVE mine theirs".to_owned(),
        "QMOVE theirs mine".to_owned(),
        "QPURGE theirs".to_owned(),
        "QDESTROY theirs".to_owned(),
        "DEL theirs".to_owned(),
        "TYPE theirs".to_owned(),
        format!("SHOW {theirs}"),
        format!("ACKJOB {theirs}"),
        format!("FASTACK {theirs}"),
        format!("NACK {theirs}"),
        format!("WORKING {theirs}"),
    ] {
        denied(&mut me, &line, KEY);
    }
    assert_eq!(admin.call("QLEN theirs").int(), Some(1));
    assert_eq!(allowed(&mut me, "QLEN mine").int(), Some(1));
    set_user(&mut admin, "other on >pw ~* +@all -@queue");
    denied(&mut log_in(&server, "other"), "QPUSH mine x", COMMAND);
}

#[test]
fn connections_are_listed_and_killed_by_their_user() {
    let server = server(&[]);
    let mut admin = server.client();
    set_user(&mut admin, "me on >pw +@all");
    let [mut one, mut two] = std::array::from_fn(|_| log_in(&server, "me"));
    let list = admin.call("CLIENT LIST").text();
    assert_eq!(list.matches(" user=me ").count(), 2, "{list}");
    assert_eq!(list.matches(" user=default ").count(), 1, "{list}");
    assert_eq!(admin.call("CLIENT KILL USER me").int(), Some(2));
    assert!(is_closed(&mut one) && is_closed(&mut two));
}

#[test]
fn many_wrong_passwords_take_their_time() {
    let server = server(&[]);
    let mut admin = server.client();
    set_user(&mut admin, "me on >pw");
    let begun = std::time::Instant::now();
    let mut clients: Vec<_> = (0..4).map(|_| server.client()).collect();
    for round in 0..6 {
        clients.iter_mut().for_each(|client| send(client, &[&format!("AUTH me wrong{round}")]));
        for client in &mut clients {
            assert!(client.reply().unwrap().text().starts_with("WRONGPASS"));
        }
    }
    let took = begun.elapsed();
    assert!(took >= Duration::from_millis(1_500), "24 guesses in {took:?}");
    let log = admin.call("ACL LOG");
    assert_eq!(log.items()[0].field("count").unwrap().int(), Some(24));
}
