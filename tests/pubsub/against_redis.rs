//! The same commands to redis-server and to Lockstep give the same bytes.

use lockstep_tests::{Client, Server, tool};

use super::send;

/// Who sends which lines, and how many replies and messages come back on which
/// connection.
type Step = (usize, &'static [&'static str], &'static [(usize, usize)]);

/// What is said and heard.
const SCRIPT: &[Step] = &[
    (0, &["UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE", "unsubscribe x y"], &[(0, 5)]),
    (0, &["SUBSCRIBE a b a", "PSUBSCRIBE n* ?b", "SSUBSCRIBE s1"], &[(0, 6)]),
    (0, &["PING", "PING hi", "PING a b", "foo", "GET"], &[(0, 5)]),
    (1, &["PUBLISH a m1", "PUBLISH news m2", "PUBLISH bb m3", "PUBLISH zz m"], &[(1, 4), (0, 3)]),
    (1, &["SPUBLISH s1 m4", "SPUBLISH a m5"], &[(1, 2), (0, 1)]),
    (1, &["PUBSUB CHANNELS a*", "PUBSUB NUMSUB", "PUBSUB NUMSUB a zz"], &[(1, 3)]),
    (1, &["PUBSUB NUMPAT", "PUBSUB SHARDCHANNELS", "PUBSUB SHARDCHANNELS x*"], &[(1, 3)]),
    (1, &["PUBSUB SHARDNUMSUB s1 a", "PUBSUB SHARDNUMSUB", "PUBSUB foo"], &[(1, 3)]),
    (1, &["PUBSUB", "PUBSUB NUMPAT x", "PUBSUB CHANNELS a b", "pubsub channels zz*"], &[(1, 4)]),
    (0, &["UNSUBSCRIBE a", "UNSUBSCRIBE b zz", "PUNSUBSCRIBE n*", "PUNSUBSCRIBE"], &[(0, 5)]),
    (0, &["SUNSUBSCRIBE", "UNSUBSCRIBE c", "GET nokey", "PING"], &[(0, 4)]),
    (0, &["MULTI", "SUBSCRIBE q", "PSUBSCRIBE p", "PING"], &[(0, 4)]),
    // The array's own reply, counted with what stands in it.
    (0, &["EXEC"], &[(0, 1)]),
    (0, &["PING", "RESET", "PING", "GET nokey"], &[(0, 4)]),
    (1, &["PUBLISH q x", "PUBLISH p x"], &[(1, 2)]),
    (0, &["MULTI", "SSUBSCRIBE q", "EXEC", "PING"], &[(0, 4)]),
    (0, &["CLIENT REPLY OFF", "SUBSCRIBE z", "SET k v"], &[(0, 1)]),
    (1, &["PUBLISH z 1"], &[(1, 1), (0, 1)]),
    (0, &["RESET"], &[(0, 1)]),
    (0, &["CLIENT REPLY SKIP", "SUBSCRIBE z", "PING", "UNSUBSCRIBE"], &[(0, 3)]),
    (1, &["SUBSCRIBE", "PSUBSCRIBE", "PUBLISH a", "PUBLISH a b c", "SPUBLISH a"], &[(1, 5)]),
    (1, &["MULTI", "PUBLISH z 2", "SPUBLISH z 3", "PUBSUB NUMSUB z", "EXEC"], &[(1, 5)]),
    (0, &["SUBSCRIBE m", "QUIT"], &[(0, 2)]),
];

/// The same for those who speak RESP2 and listen.
const ONLY_LISTENS: &[Step] = &[
    (0, &["SUBSCRIBE a", "GET k", "CLIENT LIST", "MULTI", "HELLO 3"], &[(0, 5)]),
    (0, &["EXEC", "DISCARD", "PUBLISH a x", "PUBSUB NUMPAT", "SET"], &[(0, 5)]),
    (0, &["PSUBSCRIBE b", "UNSUBSCRIBE", "GET k", "PUNSUBSCRIBE", "GET k"], &[(0, 5)]),
    (0, &["SSUBSCRIBE s", "GET k", "SUNSUBSCRIBE s", "GET k"], &[(0, 4)]),
    (0, &["MULTI", "SUBSCRIBE q", "EXEC", "GET k", "RESET", "GET k"], &[(0, 6)]),
];

/// The same for those who speak RESP3, and may do all else beside.
const GOES_ON: &[Step] = &[
    (0, &["SUBSCRIBE a", "PSUBSCRIBE n*", "SSUBSCRIBE s", "SET k v", "GET k"], &[(0, 5)]),
    // One's own message stands before the reply.
    (0, &["PUBLISH a own", "SPUBLISH s own", "PUBLISH new own"], &[(0, 6)]),
    (0, &["SUBSCRIBE c", "GET k", "MULTI", "GET k", "EXEC"], &[(0, 5)]),
    (1, &["PUBLISH a m", "PUBLISH c m"], &[(1, 2), (0, 2)]),
    (0, &["HELLO 3 FOO", "UNSUBSCRIBE a", "PUBLISH a x", "PING"], &[(0, 4)]),
];

/// The bytes that come back of a script, step by step.
fn run(server: &Server, hello: &str, script: &[Step]) -> Vec<String> {
    let mut clients = [server.client(), server.client()];
    clients[0].call(hello);
    let mut seen = Vec::new();
    for (who, lines, replies) in script {
        send(&mut clients[*who], lines);
        for (who, count) in *replies {
            seen.extend((0..*count).map(|_| shown(&mut clients[*who], lines)));
        }
    }
    seen
}

fn shown(client: &mut Client, lines: &[&str]) -> String {
    let received = client.receive().unwrap_or_else(|problem| panic!("{lines:?}: {problem}"));
    format!("{lines:?}: {}", received.escape_ascii())
}

#[test]
fn every_reply_and_every_message_is_that_of_redis() {
    if !tool("redis-server") {
        return;
    }
    let (redis, lockstep) = (Server::redis(&[]), Server::lockstep(&["--fsync", "never"]));
    for (hello, script) in
        [("PING", SCRIPT), ("HELLO 3", SCRIPT), ("PING", ONLY_LISTENS), ("HELLO 3", GOES_ON)]
    {
        let (theirs, ours) = (run(&redis, hello, script), run(&lockstep, hello, script));
        for (theirs, ours) in theirs.iter().zip(&ours) {
            assert_eq!(theirs, ours, "after {hello}");
        }
    }
}

#[test]
fn the_list_of_clients_shows_who_listens_as_redis_does() {
    if !tool("redis-server") {
        return;
    }
    let (redis, lockstep) = (Server::redis(&[]), Server::lockstep(&["--fsync", "never"]));
    let lines = |server: &Server| {
        let (mut listener, mut asker) = (server.client(), server.client());
        send(&mut listener, &["SUBSCRIBE a b", "PSUBSCRIBE p", "SSUBSCRIBE s"]);
        (0..4).for_each(|_| drop(listener.receive().unwrap()));
        let list = asker.call("CLIENT LIST TYPE pubsub").text();
        let fields = list.split(' ').filter(|field| {
            ["flags=", "sub=", "psub=", "ssub="].iter().any(|name| field.starts_with(name))
        });
        let fields: Vec<String> = fields.map(str::to_owned).collect();
        (fields, asker.call("CLIENT KILL TYPE pubsub").text(), asker.call("PUBSUB CHANNELS"))
    };
    assert_eq!(lines(&redis), lines(&lockstep));
}
