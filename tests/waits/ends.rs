//! How waits end on one node: by what others do, by themselves, by connections that end.

use lockstep_tests::Server;

use super::{send, wait_for, wait_for_blocked};

#[test]
fn what_stands_behind_a_wait_waits_too() {
    let server = Server::lockstep(&[]);
    let (mut client, mut other) = (server.client(), server.client());
    send(&mut client, &["BLPOP l 0", "RPUSH l own", "LLEN l"]);
    wait_for_blocked(&mut other, 1);
    assert_eq!(other.call("EXISTS l").text(), "0");
    other.call("RPUSH l other");
    assert_eq!(client.reply().unwrap().items()[1].text(), "other");
    assert_eq!(client.reply().unwrap().text(), "1");
    assert_eq!(client.reply().unwrap().text(), "1");
}

#[test]
fn who_waits_is_shown() {
    let server = Server::lockstep(&[]);
    let (mut client, mut other) = (server.client(), server.client());
    send(&mut client, &["BLPOP l k 0"]);
    wait_for_blocked(&mut other, 1);
    let list = other.call("CLIENT LIST TYPE normal").text();
    let waiting = list.lines().find(|line| line.contains("cmd=blpop")).unwrap();
    assert!(waiting.contains(" flags=b "), "{waiting}");
    assert!(other.call("INFO clients").text().contains("total_blocking_keys:2\r\n"));
}

#[test]
fn a_client_that_goes_away_is_forgotten_and_the_next_one_is_served() {
    let server = Server::lockstep(&[]);
    let (gone, mut client, mut other) = (server.client(), server.client(), server.client());
    let mut gone = gone;
    send(&mut gone, &["BLPOP l 0"]);
    wait_for_blocked(&mut other, 1);
    send(&mut client, &["BLPOP l 0"]);
    wait_for_blocked(&mut other, 2);
    drop(gone);
    wait_for_blocked(&mut other, 1);
    wait_for("the shard knows of it", || {
        other.call("INFO clients").text().contains("total_blocking_keys:1\r\n")
    });
    other.call("RPUSH l x y");
    assert_eq!(client.reply().unwrap().items()[1].text(), "x");
    assert_eq!(other.call("LRANGE l 0 -1").items()[0].text(), "y");
}

/// Whoever goes away while elements come loses none of them: what it never got is back.
#[test]
fn no_element_goes_with_a_client_that_goes_away() {
    let server = Server::lockstep(&[]);
    let mut other = server.client();
    for round in 0..40 {
        let mut gone = server.client();
        send(&mut gone, &[&format!("BLPOP l{round} 0")]);
        wait_for_blocked(&mut other, 1);
        drop(gone);
        other.call(&format!("RPUSH l{round} x"));
        wait_for("nobody waits", || {
            other.call("INFO clients").text().contains("total_blocking_keys:0\r\n")
        });
        wait_for("it is back", || other.call(&format!("LLEN l{round}")).int() == Some(1));
    }
}

#[test]
fn a_node_that_stops_says_so() {
    let mut server = Server::lockstep(&[]);
    let (mut client, mut other) = (server.client(), server.client());
    send(&mut client, &["BLPOP l 0"]);
    wait_for_blocked(&mut other, 1);
    server.stop();
    let reply = client.reply().unwrap();
    assert!(reply.text().starts_with("UNBLOCKED "), "{reply:?}");
}

/// Waits are a part of the state, but their connections are not: a restart ends both.
#[test]
fn a_restart_ends_all_waits() {
    let mut server = Server::lockstep(&[]);
    let (mut client, mut other) = (server.client(), server.client());
    send(&mut client, &["BLPOP l 0"]);
    wait_for_blocked(&mut other, 1);
    server.kill();
    server.restart();
    let mut other = server.client();
    other.call("RPUSH l x");
    assert_eq!(other.call("LLEN l").int(), Some(1));
}
