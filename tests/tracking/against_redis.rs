//! The same commands to redis-server and to Lockstep give the same bytes.

use lockstep_tests::{Client, Server, tool};

use super::send;

/// Who sends which lines, and how many replies and pushes come back on which connection.
type Step = (usize, &'static [&'static str], &'static [(usize, usize)]);

/// What may be said, and what not.
const WORDS: &[&str] = &[
    "CLIENT TRACKING",
    "CLIENT TRACKING foo",
    "CLIENT TRACKING on foo",
    "CLIENT TRACKING off foo",
    "CLIENT TRACKING on REDIRECT",
    "CLIENT TRACKING on REDIRECT x",
    "CLIENT TRACKING on REDIRECT 0",
    "CLIENT TRACKING on REDIRECT -1",
    "CLIENT TRACKING on REDIRECT 99999",
    "CLIENT TRACKING off REDIRECT 99999",
    "CLIENT TRACKING foo REDIRECT 99999",
    "CLIENT TRACKING on PREFIX",
    "CLIENT TRACKING on PREFIX a",
    "CLIENT TRACKING on BCAST OPTIN",
    "CLIENT TRACKING on OPTOUT BCAST",
    "CLIENT TRACKING on OPTIN OPTOUT",
    "CLIENT TRACKING off OPTIN OPTOUT BCAST PREFIX a NOLOOP",
    "CLIENT TRACKINGINFO",
    "CLIENT TRACKINGINFO x",
    "CLIENT GETREDIR",
    "CLIENT GETREDIR x",
    "CLIENT CACHING",
    "CLIENT CACHING yes",
    "CLIENT CACHING foo",
    "CLIENT CACHING yes x",
    "CLIENT TRACKING on",
    "CLIENT CACHING yes",
    "CLIENT CACHING no",
    "CLIENT CACHING foo",
    "CLIENT TRACKINGINFO",
    "CLIENT GETREDIR",
    "CLIENT TRACKING on BCAST",
    "CLIENT TRACKING on OPTIN",
    "CLIENT TRACKINGINFO",
    "CLIENT CACHING no",
    "CLIENT CACHING foo",
    "CLIENT CACHING yes",
    "CLIENT TRACKINGINFO",
    "CLIENT TRACKINGINFO",
    "PING",
    "CLIENT TRACKINGINFO",
    "CLIENT TRACKING on OPTOUT",
    "CLIENT TRACKING on NOLOOP",
    "CLIENT TRACKINGINFO",
    "CLIENT TRACKING on OPTOUT NOLOOP",
    "CLIENT CACHING yes",
    "CLIENT CACHING no",
    "CLIENT TRACKINGINFO",
    "CLIENT TRACKING off",
    "CLIENT TRACKING on BCAST PREFIX a PREFIX ab",
    "CLIENT TRACKING on BCAST PREFIX a PREFIX a",
    "CLIENT TRACKINGINFO",
    "CLIENT TRACKING on BCAST PREFIX foo PREFIX bar",
    "CLIENT TRACKING on BCAST PREFIX fo",
    "CLIENT TRACKING on BCAST PREFIX foo",
    "CLIENT TRACKINGINFO",
    "CLIENT TRACKING on BCAST",
    "CLIENT TRACKING on BCAST PREFIX zz",
    "CLIENT TRACKINGINFO",
    "CLIENT TRACKING on PREFIX q",
    "CLIENT TRACKING on",
    "RESET",
    "CLIENT TRACKINGINFO",
    "CLIENT GETREDIR",
];

/// What is read, written and told.
const STORY: &[Step] = &[
    (0, &["CLIENT TRACKING on"], &[(0, 1)]),
    (0, &["GET k"], &[(0, 1)]),
    (1, &["SET k 1"], &[(1, 1), (0, 1)]),
    (1, &["SET k 2"], &[(1, 1)]),
    (0, &["MGET x y x"], &[(0, 1)]),
    (1, &["MSET x 1 y 2"], &[(1, 1), (0, 2)]),
    (0, &["GET k"], &[(0, 1)]),
    (0, &["SET k 3"], &[(0, 2)]),
    (0, &["GET x"], &[(0, 1)]),
    (0, &["MULTI", "GET y", "SET x 5", "EXEC"], &[(0, 5)]),
    (1, &["SET y 6"], &[(1, 1), (0, 1)]),
    (0, &["MGET x y"], &[(0, 1)]),
    (1, &["MULTI", "SET x 1", "SET y 1", "SET x 2", "EXEC"], &[(1, 5), (0, 2)]),
    (1, &["FLUSHDB"], &[(1, 1), (0, 1)]),
    (0, &["FLUSHALL"], &[(0, 2)]),
    (0, &["CLIENT TRACKING off"], &[(0, 1)]),
    (0, &["CLIENT TRACKING on BCAST PREFIX a PREFIX b"], &[(0, 1)]),
    (1, &["MSET b2 1 a1 1 b1 1 c 1 a1 2"], &[(1, 1), (0, 2)]),
    (0, &["SET a2 1"], &[(0, 2)]),
    (0, &["CLIENT TRACKING on BCAST NOLOOP"], &[(0, 1)]),
    (0, &["CLIENT TRACKING off"], &[(0, 1)]),
    (0, &["CLIENT REPLY OFF", "CLIENT TRACKING on", "GET k"], &[]),
    (1, &["SET other 1", "SET k 1"], &[(1, 2), (0, 1)]),
];

fn received(client: &mut Client, of: &str) -> String {
    let bytes = client.receive().unwrap_or_else(|problem| panic!("{of}: {problem}"));
    format!("{of}: {}", bytes.escape_ascii())
}

/// The bytes that come back of the words, one by one, and of the story.
fn run(server: &Server, hello: &str) -> Vec<String> {
    let mut clients = [server.client(), server.client()];
    clients[0].call(hello);
    let mut seen = Vec::new();
    for line in WORDS {
        send(&mut clients[0], &[line]);
        seen.push(received(&mut clients[0], line));
    }
    if hello != "HELLO 3" {
        return seen;
    }
    clients[0].call(hello);
    for (who, lines, replies) in STORY {
        send(&mut clients[*who], lines);
        for (who, count) in *replies {
            let of = format!("{lines:?}");
            seen.extend((0..*count).map(|_| received(&mut clients[*who], &of)));
        }
    }
    seen
}

#[test]
fn every_reply_and_every_push_is_that_of_redis() {
    if !tool("redis-server") {
        return;
    }
    let (redis, lockstep) = (Server::redis(&[]), super::server(&[]));
    for hello in ["PING", "HELLO 3"] {
        let (theirs, ours) = (run(&redis, hello), run(&lockstep, hello));
        for (theirs, ours) in theirs.iter().zip(&ours) {
            assert_eq!(theirs, ours, "after {hello}");
        }
    }
}

#[test]
fn info_and_the_list_of_clients_say_what_redis_says() {
    if !tool("redis-server") {
        return;
    }
    let (redis, lockstep) = (Server::redis(&[]), super::server(&[]));
    let look = |server: &Server| {
        let (mut a, mut b, mut observer) = (server.client(), server.client(), server.client());
        a.call("CLIENT TRACKING ON");
        a.call("MGET k l");
        b.call("CLIENT TRACKING ON BCAST PREFIX x PREFIX y");
        let info = observer.call("INFO everything").text();
        let list = observer.call("CLIENT LIST").text();
        let of_info = info.lines().filter(|line| line.starts_with("tracking_"));
        let of_list =
            list.split(' ').filter(|word| word.starts_with("flags=") || word.starts_with("redir="));
        let mut seen: Vec<String> = of_info.chain(of_list).map(str::to_owned).collect();
        seen.sort();
        seen
    };
    assert_eq!(look(&redis), look(&lockstep));
}
