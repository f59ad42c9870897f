//! What is said when something is not as it should be.

use std::fs;

use lockstep_tests::{Server, needed, printed, request, tool};

use super::{address, import, redis, saved, text};

#[test]
fn a_file_or_a_server_that_is_not_there_is_said_so() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.rdb");
    let nowhere = format!("127.0.0.1:{}", lockstep_tests::free_port());
    let output = import(&["--rdb", text(&missing), "--to", &nowhere]);
    assert_eq!(output.status.code(), Some(1));
    assert!(printed(&output).contains("missing.rdb cannot be opened"), "{}", printed(&output));
    fs::write(&missing, b"hello, this is no such file").unwrap();
    let output = import(&["--rdb", text(&missing), "--to", &nowhere]);
    assert!(printed(&output).contains("does not begin as an RDB file"), "{}", printed(&output));
    fs::write(&missing, b"REDIS0010\xff\0\0\0\0\0\0\0\0").unwrap();
    let output = import(&["--rdb", text(&missing), "--to", &nowhere]);
    assert_eq!(output.status.code(), Some(3));
    assert!(printed(&output).contains("does not answer"), "{}", printed(&output));
    let output = import(&["--from", &nowhere, "--dry-run"]);
    assert_eq!(output.status.code(), Some(3));
    let output = import(&["--from", &nowhere, "--rdb", "x"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn what_stands_before_the_damage_comes_and_the_rest_is_said_to_be_missing() {
    if !needed(tool("redis-server"), "redis-server") {
        return;
    }
    let (redis, lockstep) = (redis(), Server::lockstep(&["--fsync", "never"]));
    let mut client = redis.client();
    let sets: Vec<u8> =
        (0..2000).flat_map(|number| request(&["SET", &format!("k{number}"), "value"])).collect();
    client.send(&sets).unwrap();
    (0..2000).for_each(|_| assert_eq!(client.reply().unwrap().text(), "OK"));
    let file = saved(&redis);
    let whole = fs::read(&file).unwrap();
    fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    let output = import(&["--rdb", text(&file), "--to", &address(&lockstep)]);
    assert_eq!(output.status.code(), Some(1));
    assert!(printed(&output).contains("the file ends too early"), "{}", printed(&output));
    let came = lockstep.client().call("DBSIZE").int().unwrap();
    assert!((800..1200).contains(&came), "{came}");
    let mut bent = whole.clone();
    let at = bent.len() - 20;
    bent[at] ^= 1;
    fs::write(&file, &bent).unwrap();
    let words = ["--rdb", text(&file), "--to", &address(&lockstep), "--replace"];
    let output = import(&words);
    assert_eq!(output.status.code(), Some(1));
    assert!(printed(&output).contains("damaged at byte"), "{}", printed(&output));
}

#[test]
fn values_that_the_target_refuses_are_lost_and_named() {
    let lockstep = Server::lockstep(&["--fsync", "never"]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.rdb");
    // A list whose ziplist is none, a value of a module, and one that is fine.
    let body = b"REDIS0009\x0a\x03bad\x03xxx\x07\x03mod\x81\0\0\0\0\0\0\0\0\0\0\x03fin\x01v\
        \xfe\x40\x63\0\x03far\x01v\xff\0\0\0\0\0\0\0\0";
    fs::write(&file, body).unwrap();
    let output = import(&["--rdb", text(&file), "--to", &address(&lockstep)]);
    assert_eq!(output.status.code(), Some(1));
    let said = printed(&output);
    for what in ["Bad data format: 'bad'", "the module 'AAAAAAAAA': 'mod'", "database 99"] {
        assert!(said.contains(what), "{what}: {said}");
    }
    assert_eq!(lockstep.client().call("GET fin").text(), "v");
}
