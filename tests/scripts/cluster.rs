//! Scripts over three nodes, while leaders die.

use lockstep_tests::{Client, Cluster, Server, three_nodes, wait_for};

use super::eval;

const COUNT: &str = "redis.call('incr', KEYS[1]) return redis.call('get', KEYS[1])";

/// Calls until a leader is there.
fn insist(client: &mut Client, words: &[&str]) -> String {
    let mut text = String::new();
    wait_for("a leader", || {
        text = client.call_words(words).text();
        !text.starts_with("CLUSTERDOWN") && !text.starts_with("UNCERTAIN")
    });
    text
}

#[test]
fn a_script_runs_through_any_node_and_is_remembered_by_all_after_a_failover() {
    let mut cluster = three_nodes(&[]);
    let leader = cluster.wait_leader(0);
    let others: Vec<usize> = (0..3).filter(|node| *node != leader).collect();
    let mut follower = cluster.client(others[0]);
    let sha = follower.call_words(&["SCRIPT", "LOAD", COUNT]).text();
    for node in 0..3 {
        let mut client = cluster.client(node);
        let counted = client.call(&format!("EVALSHA {sha} 1 n")).text();
        assert_eq!(counted, (node + 1).to_string());
        assert_eq!(client.call(&format!("SCRIPT EXISTS {sha}")).items()[0].int(), Some(1));
    }
    cluster.kill(leader);
    let mut client = cluster.client(others[1]);
    assert_eq!(insist(&mut client, &["EVALSHA", &sha, "1", "n"]), "4");
    // Where EVAL could not follow a refusal: inside MULTI.
    assert_eq!(client.call("MULTI").text(), "OK");
    client.call(&format!("EVALSHA {sha} 1 n"));
    let replies = client.call("EXEC");
    assert_eq!(replies.items()[0].text(), "5");
}

const LIBRARY: &str = "#!lua name=counts\nlocal calls = 0\n\
    redis.register_function('count', function(keys) calls = calls + 1 \
    redis.call('rpush', keys[1] .. ':drawn', math.random(1000000), tostring({})) \
    return {redis.call('incr', keys[1]), calls} end)\n\
    redis.register_function{function_name='look', flags={'no-writes'}, \
    callback=function(keys) return redis.call('get', keys[1]) end}";

#[test]
fn a_library_is_on_every_node_and_its_functions_do_the_same_there() {
    let mut cluster = three_nodes(&["--enable-debug-command", "yes"]);
    let mut number = 0;
    assert_eq!(cluster.client(0).call_words(&["FUNCTION", "LOAD", LIBRARY]).text(), "counts");
    let dump = cluster.client(1).call("FUNCTION DUMP");
    for _ in 0..3 {
        for node in 0..3 {
            number += 1;
            let mut client = cluster.client(node);
            let counted = client.call("FCALL count 1 n");
            // Nothing of an earlier call is left, so replicas cannot differ in that.
            let counts: Vec<_> = counted.items().iter().map(|count| count.int()).collect();
            assert_eq!(counts, [Some(number), Some(1)]);
            assert_eq!(client.call("FCALL_RO look 1 n").text(), number.to_string());
        }
        let leader = cluster.wait_leader(0);
        let due = digest(&cluster, leader);
        cluster.kill(leader);
        let next = (leader + 1) % 3;
        assert_eq!(digest(&cluster, next), due);
        assert_eq!(cluster.client(next).call("FUNCTION DUMP"), dump);
        cluster.restart(leader);
        cluster.wait_ready();
    }
}

#[test]
fn where_keys_are_spread_every_shard_has_the_libraries() {
    let cluster =
        three_nodes(&["--cluster-enabled", "yes", "--cluster-mode", "proxy", "--shards", "4"]);
    let mut client = cluster.client(1);
    assert_eq!(client.call_words(&["FUNCTION", "LOAD", LIBRARY]).text(), "counts");
    for key in ["a", "b", "c", "d", "e", "f", "g", "h"] {
        assert_eq!(client.call(&format!("FCALL count 1 {{{key}}}")).items()[0].int(), Some(1));
    }
    let elsewhere = client.call("FCALL count 2 a b").text();
    assert!(elsewhere.starts_with("CROSSSLOT"), "{elsewhere}");
    let again = client.call_words(&["FUNCTION", "LOAD", LIBRARY]).text();
    assert_eq!(again, "ERR Library 'counts' already exists");
    let restricted = "#!lua name=r\nredis.register_function{function_name='r', \
        flags={'no-cluster'}, callback=function() return 1 end}";
    assert_eq!(client.call_words(&["FUNCTION", "LOAD", restricted]).text(), "r");
    let refused = client.call("FCALL r 0").text();
    assert_eq!(refused, "ERR Can not run script on cluster, 'no-cluster' flag is set.");
    assert_eq!(client.call("FUNCTION LIST").items().len(), 2);
    assert_eq!(client.call("FUNCTION FLUSH").text(), "OK");
    assert_eq!(client.call("FCALL count 1 {a}").text(), "ERR Function not found");
}

#[test]
fn where_one_shard_has_every_slot_scripts_and_transactions_reach_all_keys() {
    let server = Server::lockstep(&["--fsync", "never", "--cluster-enabled", "yes"]);
    let mut client = server.client();
    // Neither declares its keys, which are in several slots.
    let body = "redis.call('set', 'a', 1) return redis.call('incr', 'b')";
    assert_eq!(eval(&mut client, body, &["0"]).int(), Some(1));
    let flagged = format!("#!lua\n{body}");
    let refused = eval(&mut client, &flagged, &["0"]).text();
    let due = "ERR Script attempted to access keys that do not hash to the same slot";
    assert!(refused.starts_with(due), "{refused}");
    assert_eq!(client.call("MULTI").text(), "OK");
    client.call("FLUSHALL");
    client.call("SET c 1");
    assert_eq!(client.call("EXEC").items().len(), 2);
    assert_eq!(client.call("DBSIZE").int(), Some(1));
}

#[test]
fn a_script_that_publishes_is_heard_on_every_node() {
    let cluster = three_nodes(&[]);
    let mut listeners: Vec<Client> = (0..3).map(|node| cluster.client(node)).collect();
    for listener in &mut listeners {
        listener.call("SUBSCRIBE news");
    }
    let body = "return redis.call('publish', 'news', ARGV[1])";
    assert_eq!(eval(&mut cluster.client(1), body, &["0", "hello"]).int(), Some(0));
    for listener in &mut listeners {
        assert_eq!(listener.reply().unwrap().items()[2].text(), "hello");
    }
}

#[test]
fn copies_on_other_nodes_are_gone_before_a_script_is_answered() {
    let cluster = three_nodes(&[]);
    let leader = cluster.wait_leader(0);
    let mut clients: Vec<Client> = (0..3).map(|node| cluster.client(node)).collect();
    for round in 0..50 {
        let value = round.to_string();
        // The name is not declared.
        let body = "return redis.call('set', 'hid' .. 'den', ARGV[1])";
        eval(&mut clients[leader], body, &["0", &value]);
        for client in &mut clients {
            assert_eq!(client.call("GET hidden").text(), value);
            assert_eq!(client.call("GET hidden").text(), value);
        }
    }
}

/// Scripts that depend on whatever could differ from node to node.
const RANDOM: &[&str] = &[
    "for i = 1, 20 do redis.call('sadd', 's', math.random(1000)) end return redis.call('spop', 's')",
    "local t = {} for i = 1, 50 do t[{}] = i end for _, v in pairs(t) do redis.call('rpush', 'order', v) end redis.call('ltrim', 'order', -500, -1)",
    "redis.call('hset', 'h', redis.call('time')[1], tostring({}))",
    "for _, m in ipairs(redis.call('smembers', 's')) do redis.call('zincrby', 'z', m / 3, m) end",
    "redis.call('set', 'e', redis.call('srandmember', 's') or 'x', 'px', 50)",
    "redis.call('xadd', 'x', 'maxlen', 100, '*', 'k', tostring(math.random()))",
    "redis.call('append', 'a', collectgarbage('count')) while true do redis.call('incr', 'stopped') end",
    "local ok, why = pcall(redis.call, 'incr', 'h') redis.call('set', 'why', tostring(why)) error('x')",
    "local t = {} while true do t[#t + 1] = {#t} redis.call('set', 'deep', #t) end",
];

fn digest(cluster: &Cluster, node: usize) -> String {
    insist(&mut cluster.client(node), &["DEBUG", "DIGEST"])
}

#[test]
fn what_scripts_write_is_the_same_on_every_replica() {
    let limits = ["--script-steps-max", "20000", "--script-memory-max", "2mb"];
    let limits = [&limits[..], &["--enable-debug-command", "yes"]].concat();
    let mut cluster = three_nodes(&limits);
    let mut seed = 7_usize;
    for round in 0..3 {
        let mut clients: Vec<Client> = (0..3).map(|node| cluster.client(node)).collect();
        for _ in 0..60 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let body = RANDOM[(seed >> 33) % RANDOM.len()];
            insist(&mut clients[(seed >> 40) % 3], &["EVAL", body, "0"]);
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
        // What one leader says, the next one says, which has run them itself.
        let leader = cluster.wait_leader(0);
        let due = digest(&cluster, leader);
        cluster.kill(leader);
        let next = (leader + 1) % 3;
        assert_eq!(digest(&cluster, next), due, "round {round}");
        cluster.restart(leader);
        cluster.wait_ready();
    }
}
