//! Files and servers of Redis 7.

use lockstep_tests::{Server, needed, printed, tool, wait_for};

use super::{address, comes_back, fill, import, imported, line, redis, saved, text};

const LIBRARY: &str =
    "#!lua name=lib\nredis.register_function('hello', function() return 'hi' end)";

/// Values of all types, small and large, in several databases.
fn commands() -> Vec<Vec<String>> {
    let mut all: Vec<Vec<String>> = Vec::new();
    let mut add = |words: Vec<String>| all.push(words);
    let word = |text: &str| text.to_owned();
    let words = |line: &str| -> Vec<String> { line.split(' ').map(str::to_owned).collect() };
    for line in [
        "SET int 12345",
        "SET negative -129",
        "SET large 123456789012",
        "SET float 3.14159",
        "SETBIT bits 100000 1",
        "PFADD distinct a b c d",
        "SADD ints 1 2 3 -70000",
        "SADD wide 1 9223372036854775807 -9223372036854775808",
        "SADD words a b c",
        "RPUSH list a 1 -70000 x",
        "HSET hash a 1 b 22222222222 c x",
        "ZADD sorted 1 a -2.5 b inf c -inf d 1e300 e",
        "GEOADD places 13.361389 38.115556 Palermo 15.087269 37.502669 Catania",
        "XADD stream 1-1 f v g w",
        "XADD stream 2-0 f v g w",
        "XADD stream 3-0 other 1",
        "XDEL stream 2-0",
        "XGROUP CREATE stream group 0",
        "XREADGROUP GROUP group one COUNT 1 STREAMS stream >",
        "XREADGROUP GROUP group two COUNT 5 STREAMS stream >",
        "XGROUP CREATE stream idle $",
        "XGROUP CREATECONSUMER stream idle nobody",
        "SET soon x PX 100000",
        "SET later y PXAT 4102444800000",
        "SET gone x PX 60",
        "RPUSH dying a b",
        "PEXPIREAT dying 4102444800001",
    ] {
        add(words(line));
    }
    add(vec![word("SET"), word("\0\u{ff}\r\nkey"), "\0\u{1}\r\n".repeat(7)]);
    add(vec![word("SET"), word(""), word("")]);
    add(vec![word("SET"), word("packed"), "abcabc".repeat(5000)]);
    add(vec![word("SET"), word("long"), "0123456789".repeat(600_000)]);
    for (command, key, step) in [
        ("RPUSH", "long list", 1),
        ("SADD", "large set", 1),
        ("SADD", "many ints", 1),
        ("HSET", "large hash", 2),
        ("ZADD", "large sorted", 2),
    ] {
        for part in 0..20 {
            let mut row = vec![word(command), word(key)];
            for number in part * 100..(part + 1) * 100 {
                match (command, step) {
                    (_, 1) if key == "many ints" => row.push((number * 7919).to_string()),
                    (_, 1) => row.push(format!("element-{number}-{}", "x".repeat(number % 90))),
                    ("ZADD", _) => {
                        row.extend([format!("{}.5", number % 77), format!("member{number}")])
                    }
                    _ => row.extend([format!("field{number}"), "v".repeat(number % 300)]),
                }
            }
            add(row);
        }
    }
    for number in 0..500 {
        add(vec![
            word("XADD"),
            word("long stream"),
            format!("{}-0", number + 1),
            format!("f{}", number % 3),
            "v".repeat(number % 50),
        ]);
    }
    for db in [3, 15] {
        add(vec![word("SELECT"), db.to_string()]);
        for number in 0..3000 {
            add(vec![word("SET"), format!("key:{number}"), format!("{db}-{number}")]);
        }
    }
    add(words("SELECT 0"));
    all
}

/// Settings that choose how Redis packs values.
const PACKINGS: [&[&str]; 3] = [
    &[],
    &[
        "list-max-listpack-size 3",
        "hash-max-listpack-entries 1",
        "zset-max-listpack-entries 1",
        "set-max-intset-entries 1",
        "stream-node-max-entries 7",
        "list-compress-depth 1",
    ],
    &[
        "list-max-listpack-size -5",
        "hash-max-listpack-value 100000",
        "hash-max-listpack-entries 100000",
        "zset-max-listpack-entries 100000",
        "set-max-intset-entries 100000",
        "rdbcompression no",
    ],
];

#[test]
fn files_with_every_type_in_every_packing_come_whole() {
    if !needed(tool("redis-server"), "redis-server") {
        return;
    }
    for settings in PACKINGS {
        let (redis, lockstep) = (redis(), Server::lockstep(&["--fsync", "never"]));
        let mut client = redis.client();
        for setting in settings {
            assert_eq!(client.call(&format!("CONFIG SET {setting}")).text(), "OK");
        }
        fill(&mut client, &commands());
        client.call_words(&["FUNCTION", "LOAD", LIBRARY]);
        wait_for("the end of a key", || client.call("EXISTS gone").int() == Some(0));
        let file = saved(&redis);
        let report = imported(&["--rdb", text(&file), "--to", &address(&lockstep)]);
        let keys = 6000 + client.call("DBSIZE").int().unwrap() as u64;
        assert_eq!(line(&report, "all")[0], keys + 1, "{report}");
        assert_eq!(line(&report, "libraries of functions")[0], 1, "{report}");
        assert_eq!(lockstep.client().call("FCALL hello 0").text(), "hi");
        comes_back(&lockstep, &redis);
        // Once more: all is there.
        let report = imported(&["--rdb", text(&file), "--to", &address(&lockstep)]);
        let [done, _, _, skipped, lost] = line(&report, "all")[..] else { panic!("{report}") };
        assert_eq!((done, skipped, lost), (0, keys + 1, 0), "{report}");
        lockstep.client().call("SET int changed");
        let words = ["--rdb", text(&file), "--to", &address(&lockstep), "--replace"];
        assert_eq!(line(&imported(&words), "all")[0], keys + 1);
        comes_back(&lockstep, &redis);
    }
}

#[test]
fn what_ends_on_the_way_is_counted_and_a_dry_run_writes_nothing() {
    if !needed(tool("redis-server"), "redis-server") {
        return;
    }
    let (redis, lockstep) = (redis(), Server::lockstep(&["--fsync", "never"]));
    let mut client = redis.client();
    client.call("DEBUG SET-ACTIVE-EXPIRE 0");
    client.call("SET short x PX 1");
    client.call("RPUSH stays a");
    let file = saved(&redis);
    std::thread::sleep(std::time::Duration::from_millis(5));
    let words = ["--rdb", text(&file), "--to", &address(&lockstep), "--dry-run"];
    let report = imported(&words);
    assert_eq!(line(&report, "strings"), [0, 0, 1, 0, 0], "{report}");
    assert_eq!(line(&report, "lists")[0], 1, "{report}");
    assert_eq!(lockstep.client().call("DBSIZE").int(), Some(0));
    imported(&words[..4]);
    assert_eq!(lockstep.client().call("KEYS *").items()[0].text(), "stays");
}

#[test]
fn a_server_gives_one_database_or_all_and_shows_its_password() {
    if !needed(tool("redis-server"), "redis-server") {
        return;
    }
    let redis = Server::redis(&["--requirepass", "p@ss", "--enable-debug-command", "yes"]);
    let lockstep = Server::lockstep(&["--fsync", "never", "--requirepass", "word"]);
    let mut client = redis.client();
    client.call("AUTH p@ss");
    fill(&mut client, &commands());
    client.call_words(&["FUNCTION", "LOAD", LIBRARY]);
    let from = |rest: &str| format!("redis://{rest}127.0.0.1:{}", redis.port());
    let to = address(&lockstep);
    for (words, what) in [
        (["--from", &from(""), "--to", &to, "--password", "word"], "NOAUTH"),
        (["--from", &from(":no@"), "--to", &to, "--password", "word"], "WRONGPASS"),
        (["--from", &from(":p%40ss@"), "--to", &to, "--password", "no"], "WRONGPASS"),
    ] {
        let output = import(&words);
        assert_eq!(output.status.code(), Some(1), "{}", printed(&output));
        assert!(printed(&output).contains(what), "{}", printed(&output));
    }
    let output = import(&["--from", &from(":p%40ss@"), "--to", &to]);
    assert!(printed(&output).contains("asks for a password"), "{}", printed(&output));
    let one = format!("{}/3", from("default:p%40ss@"));
    let report = imported(&["--from", &one, "--to", &to, "--password", "word"]);
    assert_eq!(line(&report, "strings")[0], 3000, "{report}");
    let whole = from("");
    let words = ["--from", &whole, "--from-password", "p@ss", "--to", &to, "--password", "word"];
    let report = imported(&words);
    assert_eq!(line(&report, "strings")[3], 3000, "{report}");
    let mut client = redis.client();
    client.call("AUTH p@ss");
    assert_eq!(client.call_words(&["CONFIG", "SET", "requirepass", ""]).text(), "OK");
    let mut ours = lockstep.client();
    ours.call("AUTH word");
    assert_eq!(ours.call_words(&["CONFIG", "SET", "requirepass", ""]).text(), "OK");
    comes_back(&lockstep, &redis);
}
