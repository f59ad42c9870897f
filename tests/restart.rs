//! A server that ends in peace comes back with everything.

use lockstep_tests::{Server, Value, request};

#[test]
fn every_database_and_deadline_comes_back() {
    let mut server = Server::lockstep(&[]);
    let mut client = server.client();
    for database in 0..16 {
        client.call(&format!("SELECT {database}"));
        client.call(&format!("SET name database{database}"));
        client.call(&format!("SET timed soon PXAT {}", 4_102_444_800_000_i64 + database));
    }
    assert!(server.stop().success());
    server.restart();
    let mut client = server.client();
    for database in 0..16 {
        client.call(&format!("SELECT {database}"));
        assert_eq!(client.call("GET name").text(), format!("database{database}"));
        assert_eq!(client.call("PEXPIRETIME timed"), Value::Int(4_102_444_800_000 + database));
        assert_eq!(client.call("DBSIZE"), Value::Int(2));
    }
}

#[test]
fn the_state_is_the_same_after_any_number_of_restarts() {
    let mut server = Server::lockstep(&["--fsync", "never", "--enable-debug-command", "local"]);
    fill(&server, 20_000);
    let digest = server.client().call("DEBUG DIGEST").text();
    assert_eq!(digest.len(), 40);
    for round in 0..4 {
        if round % 2 == 0 {
            assert!(server.stop().success());
        } else {
            // Written long ago, and the last end was in peace.
            server.kill();
        }
        server.restart();
        assert_eq!(server.client().call("DEBUG DIGEST").text(), digest, "round {round}");
    }
}

fn fill(server: &Server, keys: usize) {
    let mut client = server.client();
    let bytes: Vec<u8> = (0..keys)
        .flat_map(|number| request(&["SET", &format!("key:{number}"), &"v".repeat(number % 100)]))
        .collect();
    client.send(&bytes).unwrap();
    (0..keys).for_each(|_| assert_eq!(client.reply().unwrap().text(), "OK"));
}

#[test]
fn a_snapshot_and_the_log_behind_it_make_the_state() {
    let mut server = Server::lockstep(&["--enable-debug-command", "local"]);
    fill(&server, 5_000);
    let mut client = server.client();
    let digest = client.call("DEBUG DIGEST").text();
    assert_eq!((client.call("SAVE").text().as_str(), digest.len()), ("OK", 40));
    for number in 0..100 {
        client.call(&format!("APPEND key:{number} behind"));
        client.call(&format!("DEL key:{}", 1_000 + number));
    }
    let digest = client.call("DEBUG DIGEST").text();
    server.kill();
    server.restart();
    assert_eq!(server.client().call("DEBUG DIGEST").text(), digest);
    assert_eq!(server.client().call("DBSIZE"), Value::Int(4_900));
}

#[test]
fn a_key_that_ended_while_the_server_was_down_is_gone() {
    let mut server = Server::lockstep(&[]);
    server.client().call("SET short lived PX 50");
    server.client().call("SET long lived");
    assert!(server.stop().success());
    std::thread::sleep(std::time::Duration::from_millis(60));
    server.restart();
    assert_eq!(server.client().call("GET short"), Value::Nil);
    assert_eq!(server.client().call("GET long").text(), "lived");
}

#[test]
fn what_was_acknowledged_under_load_survives_a_peaceful_end() {
    let mut server = Server::lockstep(&["--fsync", "never"]);
    let port = server.port();
    let writer = std::thread::spawn(move || {
        let mut client = lockstep_tests::Client::connect(port).unwrap();
        let acknowledged = (1..).take_while(|number| {
            let reply = client.try_call(&["SET", "last", &number.to_string()]);
            matches!(reply, Ok(Value::Simple(_)))
        });
        acknowledged.last().unwrap_or(0)
    });
    lockstep_tests::wait_for("some writes", || {
        server.client().call("GET last").int().is_some_and(|last| last > 100)
    });
    assert!(server.stop().success());
    let acknowledged: i64 = writer.join().unwrap();
    server.restart();
    let last = server.client().call("GET last").int().unwrap();
    assert!((acknowledged..=acknowledged + 1).contains(&last), "{last} of {acknowledged}");
}
