//! From Lua to replies and back.

use super::Bench;

#[test]
fn values_become_replies() {
    let mut bench = Bench::new();
    let known = [
        ("1", ":1"),
        ("3.99", ":3"),
        ("-3.99", ":-3"),
        ("'x'", "x"),
        ("true", ":1"),
        ("false", "nil"),
        ("nil", "nil"),
        ("{1,2,3,nil,4}", "[:1 :2 :3]"),
        ("{1,{2,'a'},false}", "[:1 [:2 a] nil]"),
        ("{}", "[]"),
        ("{ok='fine\\r\\n!'}", "+fine  !"),
        ("{err='MY error'}", "-MY error"),
        ("{double=3.5}", ",3.5"),
        ("{big_number='123'}", "(123"),
        ("{verbatim_string={format='mkd',string='x'}}", "=mkd:x"),
        ("{map={a=1}}", "{a=:1}"),
        ("{set={a=true}}", "~[a]"),
        (
            "print",
            "-ERR user_script:1: Script attempted to access nonexistent global variable 'print'",
        ),
        ("redis.error_reply('MY error')", "-MY error"),
        ("redis.error_reply('word')", "-ERR word"),
        ("redis.error_reply('-MY error')", "-MY error"),
        ("redis.status_reply('fine')", "+fine"),
        ("redis.error_reply()", "-ERR wrong number or type of arguments"),
        ("redis.sha1hex('')", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
        ("function() end", "nil"),
    ];
    for (expression, reply) in known {
        let given = bench.value(expression);
        assert!(
            given == reply || given.starts_with(&format!("{reply} script: ")),
            "{expression}: {given}"
        );
    }
}

#[test]
fn replies_become_values() {
    let mut bench = Bench::new();
    let known = [
        ("redis.call('set','k','v')", "+OK"),
        ("redis.call('set','k','v').ok", "OK"),
        ("redis.call('get','k')", "v"),
        ("redis.call('get','none') == false", ":1"),
        ("redis.call('incr','n') + 1", ":2"),
        ("type(redis.call('incr','n'))", "number"),
        ("redis.call('rpush','l',1,2.5,1e20)", ":3"),
        ("redis.call('lrange','l',0,-1)", "[1 2.5 1e+20]"),
        ("redis.call('hset','h','a','1','b','2')", ":2"),
        ("redis.call('hgetall','h')", "[a 1 b 2]"),
        ("redis.call('zadd','z',1.5,'m')", ":1"),
        ("redis.call('zscore','z','m')", "1.5"),
        ("redis.call('zrange','z',0,-1,'withscores')", "[m 1.5]"),
        ("redis.call('ping')", "+PONG"),
        ("redis.call('echo','x')", "x"),
        ("redis.call('time')", "[1000 0]"),
        ("redis.pcall('incr','k').err", "ERR value is not an integer or out of range"),
        ("redis.pcall('get')", "-ERR Wrong number of args calling Redis command from script"),
        ("redis.pcall('nosuch')", "-ERR Unknown Redis command called from script"),
        ("redis.pcall('subscribe','a')", "-ERR This Redis command is not allowed from script"),
        (
            "redis.pcall('lock','a','px','100')",
            "-ERR This Redis command is not allowed from script",
        ),
        ("redis.pcall('info')", "-ERR This Redis command is not allowed from script"),
        ("redis.pcall()", "-ERR Please specify at least one argument for this redis lib call"),
        (
            "redis.pcall('set','a',{})",
            "-ERR Lua redis lib command arguments must be strings or integers",
        ),
        (
            "{pcall(redis.call,'lpush','k','x')}",
            "[nil WRONGTYPE Operation against a key holding the wrong kind of value]",
        ),
        ("redis.call('publish','c','m')", ":0"),
    ];
    for (expression, reply) in known {
        assert_eq!(bench.value(expression), reply, "{expression}");
    }
    assert_eq!(bench.effects.len(), 1);
}

#[test]
fn resp3_shows_more() {
    let mut bench = Bench::new();
    bench.eval(
        "redis.call('hset','h','a','1') redis.call('sadd','s','m') redis.call('zadd','z',1.5,'m')",
    );
    let known = [
        ("redis.call('hgetall','h').map.a", "1"),
        ("redis.call('hgetall','h')", "{a=1}"),
        ("redis.call('smembers','s').set.m", "#true"),
        ("redis.call('smembers','s')", "~[m]"),
        ("redis.call('zscore','z','m').double", ":1"),
        ("redis.call('zscore','z','m')", ",1.5"),
        ("redis.call('get','none') == nil", "#true"),
        ("true", "#true"),
        ("false", "#false"),
    ];
    for (expression, reply) in known {
        let given = bench.eval(&format!("redis.setresp(3) return {expression}"));
        assert_eq!(given, reply, "{expression}");
    }
    let refused = bench.value("redis.setresp(4)");
    assert!(refused.starts_with("-ERR RESP version must be 2 or 3."), "{refused}");
}

#[test]
fn replies_have_a_depth_that_they_do_not_pass() {
    let mut bench = Bench::new();
    let deep = bench.eval("local a = {} local b = {a} a[1] = b return a");
    assert!(deep.contains("-ERR reached lua stack limit"), "{}", &deep[deep.len() - 100..]);
}

#[test]
fn keys_and_arguments_are_globals() {
    let mut bench = Bench::new();
    let given = bench.eval_with("return {#KEYS,KEYS[1],#ARGV,ARGV[2]}", &["k"], &["a", "b"]);
    assert_eq!(given, "[:1 k :2 b]");
}
