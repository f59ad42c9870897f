//! What is remembered, what is refused, and how errors are told.

use lockstep_commands::scripting::answer;
use lockstep_core::scripts::{
    ALL_SLOTS, HAS_READ, IS_COUNTED, NO_REPLICAS, NO_ROOM, Op, Script, Terms, sha1,
};
use lockstep_core::{Fault, Outcome};

use super::{Bench, shown, terms, without_sha};

#[test]
fn errors_say_where_they_were_raised() {
    let mut bench = Bench::new();
    let known = [
        (
            "\nreturn redis.call('nosuch')",
            "-ERR Unknown Redis command called from script script: SHA, on @user_script:2.",
        ),
        ("error('oops')", "-ERR user_script:1: oops script: SHA, on @user_script:1."),
        ("error({err='MY oops'})", "-MY oops script: SHA, on @user_script:1."),
        (
            "local t = nil\nreturn t.x",
            "-ERR user_script:2: attempt to index local 't' (a nil value) script: SHA, on \
             @user_script:2.",
        ),
        (
            "x = 1",
            "-ERR user_script:1: Attempt to modify a readonly table script: SHA, on @user_script:1.",
        ),
        (
            "return redis.call('incr',KEYS[1])",
            "-ERR Lua redis lib command arguments must be strings or integers script: SHA, on \
             @user_script:1.",
        ),
    ];
    for (body, error) in known {
        assert_eq!(without_sha(&bench.eval(body), body), error, "{body}");
    }
}

#[test]
fn what_does_not_compile_is_refused_and_not_remembered() {
    let mut bench = Bench::new();
    let error = "-ERR Error compiling script (new function): user_script:1: '=' expected near \
                 '<eof>'";
    assert_eq!(
        bench.eval("return 1 x"),
        error.replace("'=' expected near '<eof>'", "'<eof>' expected near 'x'")
    );
    assert_eq!(bench.eval("x"), error);
    let binary = bench.eval("\x1bLua");
    assert!(binary.starts_with("-ERR Error compiling script"), "{binary}");
    assert!(bench.shard.scripts().is_empty());
}

#[test]
fn scripts_are_remembered_until_they_are_flushed() {
    let mut bench = Bench::new();
    let sha = sha1(b"return 7").hex();
    let named = |bench: &mut Bench| {
        let terms = bench.terms;
        let script = Script::Named { sha: sha.as_bytes() };
        bench.apply(Op::Run { script, keys: vec![], args: vec![], terms })
    };
    assert_eq!(named(&mut bench), Fault::NoScript.into());
    let load = Op::Load { body: b"return 7", bytes_max: 1000 };
    assert_eq!(bench.apply(load), Outcome::Bytes(sha.clone().into_bytes()));
    let script = Script::Named { sha: sha.as_bytes() };
    assert_eq!(shown(&bench.run(script, &[], &[])), ":7");
    let capitals = sha.to_uppercase();
    let script = Script::Named { sha: capitals.as_bytes() };
    assert_eq!(shown(&bench.run(script, &[], &[])), ":7");
    let exists = Op::Exists { shas: vec![sha.as_bytes(), b"x"] };
    assert_eq!(bench.apply(exists), Outcome::List(vec![Outcome::Int(1), Outcome::Int(0)]));
    assert_eq!(bench.apply(Op::Flush {}), Outcome::Ok);
    assert_eq!(named(&mut bench), Fault::NoScript.into());
    bench.value("7");
    assert_eq!(
        named(&mut bench),
        bench.apply(Op::Run {
            script: Script::Text { body: b"return 7" },
            keys: vec![],
            args: vec![],
            terms: bench.terms,
        })
    );
}

#[test]
fn more_scripts_than_there_is_room_for_run_and_are_not_remembered() {
    let mut bench = Bench::new();
    let Terms::Of { cache_max, .. } = &mut bench.terms;
    *cache_max = 100;
    assert_eq!(bench.value("1"), ":1");
    assert_eq!(bench.value("2"), ":2");
    assert_eq!(bench.shard.scripts().len(), 1);
    let load = Op::Load { body: b"return 2", bytes_max: 100 };
    assert_eq!(bench.apply(load), Fault::ScriptsFull.into());
}

#[test]
fn who_must_not_write_does_not() {
    let mut bench = Bench::new();
    let refused = "-ERR Write commands are not allowed from read-only scripts.";
    let flagged = "#!lua flags=no-writes\nreturn redis.call('set','k','v')";
    assert!(bench.eval(flagged).starts_with(refused));
    let Terms::Of { read_only, .. } = &mut bench.terms;
    *read_only = true;
    assert!(bench.value("redis.call('set','k','v')").starts_with(refused));
    assert!(bench.value("redis.call('publish','k','v')").starts_with(refused));
    assert_eq!(bench.value("redis.call('get','k')"), "nil");
    let unflagged = "#!lua\nreturn 1";
    let text = "-ERR Can not execute a script with write flag using *_ro command.";
    assert_eq!(bench.eval(unflagged), text);
    assert_eq!(bench.eval("#!lua flags=no-writes\nreturn 1"), ":1");
}

#[test]
fn where_keys_are_spread_only_those_of_the_slot_are_there() {
    let mut bench = Bench::new();
    let Terms::Of { spread, .. } = &mut bench.terms;
    *spread = true;
    let body = "return redis.call('set',ARGV[1],'v')";
    assert_eq!(bench.eval_with(body, &["{t}a"], &["{t}b"]), "+OK");
    let refused = "-ERR Script attempted to access a non local key in a cluster node";
    assert!(bench.eval_with(body, &["{t}a"], &["x"]).starts_with(refused));
    assert!(bench.eval_with(body, &[], &["x"]).starts_with(refused));
    let several = "return redis.call('mset','x',1,'y',2)";
    assert!(bench.eval(several).starts_with(refused));
    let no_cluster = "#!lua flags=no-cluster\nreturn 1";
    let text = "-ERR Can not run script on cluster, 'no-cluster' flag is set.";
    assert_eq!(bench.eval(no_cluster), text);
}

#[test]
fn where_one_shard_has_every_slot_keys_of_others_are_there_for_who_may_cross() {
    let mut bench = Bench::new();
    let Terms::Of { spread, .. } = &mut bench.terms;
    *spread = true;
    bench.terms = bench.terms.noted(ALL_SLOTS);
    let body = "redis.call('set','x','v') return redis.call('set','y','v')";
    assert_eq!(bench.eval(body), "+OK");
    assert_eq!(bench.eval_with(body, &["z"], &[]), "+OK");
    let refused = "-ERR Script attempted to access keys that do not hash to the same slot";
    let flagged = |flags: &str| format!("#!lua{flags}\n{body}");
    assert!(bench.eval(&flagged("")).starts_with(refused));
    assert!(bench.eval_with(&flagged(""), &["y"], &[]).starts_with(refused));
    assert_eq!(bench.eval(&flagged(" flags=allow-cross-slot-keys")), "+OK");
    let one = "#!lua\nredis.call('set','x','v') return redis.call('get','x')";
    assert_eq!(bench.eval(one), "v");
    let several = "return redis.call('mset','x',1,'y',2)";
    assert!(bench.eval(several).starts_with("-ERR Script attempted to access a non local key"));
}

#[test]
fn a_script_that_fails_leaves_what_it_has_written() {
    let mut bench = Bench::new();
    bench.eval("redis.call('set','k','v') error('x')");
    assert_eq!(bench.value("redis.call('get','k')"), "v");
}

#[test]
fn select_is_for_the_script_alone() {
    let mut bench = Bench::new();
    assert_eq!(bench.eval("redis.call('select',3) return redis.call('set','k','v')"), "+OK");
    assert_eq!(bench.value("redis.call('get','k')"), "nil");
    assert_eq!(bench.eval("redis.call('select',3) return redis.call('get','k')"), "v");
}

#[test]
fn without_enough_replicas_what_writes_is_refused() {
    let mut bench = Bench::new();
    bench.terms = terms().noted(NO_REPLICAS);
    let refused = "-NOREPLICAS Not enough good replicas to write.";
    assert!(bench.value("redis.call('set','k','v')").starts_with(refused));
    assert_eq!(bench.value("redis.call('get','k')"), "nil");
    assert!(bench.eval("#!lua\nreturn 1").starts_with(refused));
    assert_eq!(bench.eval("#!lua flags=no-writes\nreturn 1"), ":1");
}

#[test]
fn without_room_commands_that_add_something_are_refused() {
    let mut bench = Bench::new();
    bench.terms = terms().noted(NO_ROOM);
    let refused = "OOM command not allowed when used memory > 'maxmemory'.";
    let body = "return redis.call('set','k','v')";
    let error = format!("-{refused} script: SHA, on @user_script:1.");
    assert_eq!(without_sha(&bench.eval(body), body), error);
    let shown = refused.replace('\'', "\\'");
    assert_eq!(bench.eval("return redis.pcall('set','k','v').err"), shown);
    assert_eq!(bench.eval("return redis.call('del','k')"), ":0");
    assert_eq!(bench.eval("redis.call('get','k') return redis.pcall('set','k','v').err"), shown);
    // It has begun to write.
    assert_eq!(bench.eval("redis.call('del','k') return redis.call('set','k','v')"), "+OK");
    assert_eq!(bench.eval("#!lua\nreturn 1"), format!("-{refused}"));
    assert_eq!(bench.eval("#!lua flags=no-writes\nreturn 1"), ":1");
    let body = "#!lua flags=allow-oom\nreturn redis.call('set','k','v')";
    assert_eq!(bench.eval(body), "+OK");
}

#[test]
fn a_run_tells_whether_it_read_and_whether_its_error_was_counted() {
    let mut bench = Bench::new();
    let mut notes = |body: &str| {
        let script = Script::Text { body: body.as_bytes() };
        let (keys, args, terms) = (Vec::new(), Vec::new(), bench.terms);
        answer::notes(&bench.apply(Op::Run { script, keys, args, terms }))
    };
    assert_eq!(notes("return redis.call('set','k','v')"), 0);
    assert_eq!(notes("return redis.call('get','k')"), HAS_READ);
    assert_eq!(notes("return redis.call('lpush','k','v')"), IS_COUNTED);
    assert_eq!(notes("return redis.pcall('llen','k')"), IS_COUNTED | HAS_READ);
    assert_eq!(notes("redis.pcall('lpush','k','v') return 1"), 0);
    assert_eq!(notes("return redis.error_reply('MY own')"), 0);
    assert_eq!(notes("return nosuch"), 0);
}

#[test]
fn a_script_that_takes_long_says_so_once_in_the_middle_and_a_short_one_never() {
    use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
    static SAID: AtomicU32 = AtomicU32::new(0);
    let lua = crate::Lua::new().unwrap();
    lua.when_long(|| _ = SAID.fetch_add(1, SeqCst));
    let mut bench = Bench::with(&lua);
    bench.eval("for i = 1, 1000 do end");
    assert_eq!(SAID.load(SeqCst), 0);
    for runs in 1..=2 {
        bench.eval("for i = 1, 1500000 do end");
        assert_eq!(SAID.load(SeqCst), runs);
    }
    // One that is stopped takes as long.
    bench.eval("while true do end");
    assert_eq!(SAID.load(SeqCst), 3);
}
