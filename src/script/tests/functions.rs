//! Libraries and their functions.

use lockstep_core::Outcome;
use lockstep_core::scripts::Op;
use lockstep_core::scripts::functions::{self, Limits};

use super::{Bench, MEMORY_MAX, STEPS_MAX, shown};
use crate::Lua;

impl Bench {
    fn load(&mut self, body: &str, steps_max: u64, memory_max: u64) -> String {
        let code = format!("#!lua name=l\n{body}");
        let limits = Limits::Of { steps_max, memory_max, bytes_max: 1 << 20 };
        let op = functions::Op::Load { code: code.as_bytes(), replace: true, limits };
        match self.apply(Op::Function { op }) {
            Outcome::Bytes(name) => String::from_utf8(name).unwrap(),
            Outcome::Refused { text, .. } => String::from_utf8(text).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    fn fcall(&mut self, function: &str, args: &[&[u8]]) -> String {
        let (args, terms) = (args.to_vec(), self.terms);
        let op = Op::Call { function: function.as_bytes(), keys: vec![b"k"], args, terms };
        shown(&self.reply(op))
    }
}

const COUNTS: &str = "local n = 0 redis.register_function('f', function(keys, args) n = n + 1 \
    return {n, keys[1], args[1] or 'none', tostring(args)} end)";

#[test]
fn a_call_finds_nothing_that_an_earlier_one_left() {
    let mut bench = Bench::new();
    assert_eq!(bench.load(COUNTS, STEPS_MAX, MEMORY_MAX), "l");
    let first = bench.fcall("f", &[b"x"]);
    assert!(first.starts_with("[:1 k x table"), "{first}");
    bench.value("1");
    assert_eq!(bench.fcall("f", &[b"x"]), first);
}

#[test]
fn replicas_that_loaded_at_other_times_give_the_same() {
    let mut one = Bench::new();
    one.load(COUNTS, STEPS_MAX, MEMORY_MAX);
    // Another interpreter, which knows the library from a snapshot only, and forgets it.
    let chunks: Vec<Vec<u8>> = one.shard.freeze().chunks().collect();
    let mut other = Bench::with(&Lua::new().unwrap());
    other.shard = lockstep_core::Shard::restore(chunks).unwrap();
    other.shard.use_engine(Lua::new().unwrap());
    assert_eq!(one.shard.state_digest(), other.shard.state_digest());
    for round in 0..100 {
        let body = format!("return {round}");
        assert_eq!(one.eval(&body), other.eval(&body));
        if round % 10 == 0 {
            assert_eq!(one.fcall("f", &[]), other.fcall("f", &[]));
        }
    }
    assert_eq!(one.shard.state_digest(), other.shard.state_digest());
}

#[test]
fn loading_is_stopped_by_counts_and_leaves_nothing() {
    let mut bench = Bench::new();
    assert_eq!(bench.load(COUNTS, STEPS_MAX, MEMORY_MAX), "l");
    for (body, what) in [
        ("while true do end", "takes more than script-steps-max steps"),
        ("local t = {} local i = 1 while true do t[i] = {i} i = i + 1 end", "script-memory-max"),
        ("local s = 'x' while true do s = s .. s end", "script-memory-max"),
    ] {
        let refused = bench.load(body, 20_000_000, 1 << 20);
        assert!(refused.starts_with("Error registering functions: FUNCTION LOAD"), "{refused}");
        assert!(refused.contains(what), "{refused}");
    }
    assert!(bench.fcall("f", &[]).starts_with("[:1"));
    assert_eq!(bench.shard.libraries().len(), 1);
}

#[test]
fn a_function_that_is_stopped_leaves_what_it_wrote() {
    let mut bench = Bench::new();
    let body = "redis.register_function('f', function(keys) redis.call('incr', keys[1]) \
        while true do end end)";
    bench.load(body, STEPS_MAX, MEMORY_MAX);
    let stopped = bench.fcall("f", &[]);
    assert!(stopped.contains("script-steps-max"), "{stopped}");
    assert_eq!(bench.value("redis.call('get', 'k')"), "1");
}

#[test]
fn functions_see_globals_and_the_code_around_them_does_not() {
    let mut bench = Bench::new();
    let body = "redis.register_function('f', function() return {type(math), type(pairs), \
        type(redis.call), type(redis.register_function), type(redis.breakpoint)} end)";
    bench.load(body, STEPS_MAX, MEMORY_MAX);
    assert_eq!(bench.fcall("F", &[]), "[table function function nil nil]");
    for name in ["math", "pairs", "KEYS", "cjson", "_G", "string"] {
        let refused = bench.load(&format!("local x = {name}"), STEPS_MAX, MEMORY_MAX);
        let due = format!("Script attempted to access nonexistent global variable '{name}'");
        assert!(refused.ends_with(&due), "{refused}");
    }
    assert!(bench.fcall("f", &[]).contains("table"), "it is there as before");
    assert_eq!(bench.value("type(redis.breakpoint)"), "function");
}
