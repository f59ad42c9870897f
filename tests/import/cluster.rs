//! Into three nodes.

use lockstep_tests::{needed, three_nodes, tool};

use super::{fill, import, imported, line, redis, saved, text};

#[test]
fn values_too_large_for_one_command_come_in_pieces() {
    if !needed(tool("redis-server"), "redis-server") {
        return;
    }
    let redis = redis();
    let mut client = redis.client();
    let mut commands: Vec<Vec<String>> = Vec::new();
    for number in 0..200 {
        let long = format!("{number}-{}", "x".repeat(900));
        for (command, key) in
            [("RPUSH", "list"), ("SADD", "set"), ("ZADD", "sorted"), ("HSET", "hash")]
        {
            let mut words = vec![command.to_owned(), key.to_owned()];
            match command {
                "ZADD" => words.push(format!("{}.25", 200 - number)),
                "HSET" => words.push(format!("field{number}")),
                _ => {}
            }
            words.push(long.clone());
            commands.push(words);
        }
    }
    commands.push(vec!["SET".into(), "small".into(), "v".into()]);
    commands.push(vec!["PEXPIREAT".into(), "list".into(), "4102444800000".into()]);
    fill(&mut client, &commands);
    let file = saved(&redis);
    let cluster = three_nodes(&["--cluster-command-bytes-max", "64kb"]);
    let to = format!("127.0.0.1:{}", cluster.port(1));
    let report = imported(&["--rdb", text(&file), "--to", &to]);
    assert_eq!(line(&report, "all")[0], 5, "{report}");
    let mut ours = cluster.client(2);
    for read in
        ["LRANGE list 0 -1", "ZRANGE sorted 0 -1 WITHSCORES", "PEXPIRETIME list", "GET small"]
    {
        assert_eq!(ours.call(read), client.call(read), "{read}");
    }
    for (read, step) in [("SMEMBERS set", 1), ("HGETALL hash", 2)] {
        let [one, other] = [&mut ours, &mut client].map(|client| {
            let all = client.call(read);
            let mut rows: Vec<Vec<String>> = all
                .items()
                .chunks(step)
                .map(|row| row.iter().map(lockstep_tests::Value::text).collect())
                .collect();
            rows.sort();
            rows
        });
        assert_eq!(one, other, "{read}");
    }
    let report = imported(&["--rdb", text(&file), "--to", &to]);
    assert_eq!(line(&report, "all")[3], 5, "{report}");
    let report = imported(&["--rdb", text(&file), "--to", &to, "--replace"]);
    assert_eq!(line(&report, "all")[0], 5, "{report}");
    assert_eq!(ours.call("LLEN list").int(), Some(200));
    // A string has no pieces.
    client.call_words(&["SET", "string", &"0123456789".repeat(10_000)]);
    client.call("CONFIG SET rdbcompression no");
    let output = import(&["--rdb", text(&saved(&redis)), "--to", &to]);
    let said = lockstep_tests::printed(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("cluster-command-bytes-max is 65536") && said.contains("'string'"),
        "{said}"
    );
}

#[test]
fn where_keys_are_spread_each_goes_to_its_node() {
    if !needed(tool("redis-server"), "redis-server") {
        return;
    }
    let redis = redis();
    let mut client = redis.client();
    let mut commands: Vec<Vec<String>> = (0..3000)
        .map(|number| vec!["SET".to_owned(), format!("key:{number}"), number.to_string()])
        .collect();
    commands.push(vec!["SELECT".into(), "1".into()]);
    commands.push(vec!["SET".into(), "elsewhere".into(), "v".into()]);
    fill(&mut client, &commands);
    client.call_words(&[
        "FUNCTION",
        "LOAD",
        "#!lua name=l\nredis.register_function('f', function() return 1 end)",
    ]);
    let file = saved(&redis);
    let cluster = three_nodes(&["--cluster-enabled", "yes", "--shards", "6"]);
    let to = format!("127.0.0.1:{}", cluster.port(0));
    let output = import(&["--rdb", text(&file), "--to", &to]);
    let said = lockstep_tests::printed(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("database 1: ERR SELECT is not allowed in cluster mode"), "{said}");
    let report = String::from_utf8(output.stdout).unwrap();
    assert_eq!(line(&report, "strings")[..5], [3000, line(&report, "strings")[1], 0, 0, 1]);
    let keys: i64 = (0..3).map(|node| cluster.client(node).call("DBSIZE").int().unwrap()).sum();
    assert_eq!(keys, 3000);
    for node in 0..3 {
        assert_eq!(cluster.client(node).call("FCALL f 0").int(), Some(1));
    }
}
