//! What scripts cannot do: harm, and differ.

use lockstep_core::scripts::Terms;

use super::Bench;
use crate::Lua;

const STEPS: &str = "-ERR the script was stopped: it takes more than script-steps-max steps";
const MEMORY: &str = "-ERR the script was stopped: it needs more than script-memory-max bytes";

#[test]
fn scripts_without_end_are_stopped() {
    let mut bench = Bench::new();
    let scripts = [
        "while true do end",
        "while true do pcall(function() while true do end end) end",
        "local function f() return f() end f()",
        "while true do redis.call('ping') end",
        "return string.find(string.rep('a', 100000), string.rep('.-', 50) .. 'b')",
        "return string.rep('', 2147483647)",
        "local s = string.rep('x', 1000000) while true do s = s:upper() end",
        "local t = {} for i=1,10000 do t[i]=i end while true do table.insert(t, 1, 0) table.remove(t, 1) end",
        "local t = {} for i=1,100000 do t[i]=i end while true do table.sort(t) end",
        "while true do coroutine.wrap(function() for i=1,100 do end end)() end",
        "coroutine.wrap(function() while true do pcall(function() while true do end end) end end)()",
        "while true do collectgarbage() end",
        "setmetatable({}, {__index=function(t) while true do end end}).x()",
        "return ('x'):gsub('x', function() while true do end end)",
        "for s in string.gmatch(string.rep('x', 1000000), '.') do end for s in string.gmatch(string.rep('x', 1000000), '.') do end",
        "return string.rep('x', 100000):gsub('', string.rep('y', 1000))",
    ];
    for script in scripts {
        let given = bench.eval(script);
        assert!(
            given.starts_with(STEPS)
                || given.starts_with(MEMORY)
                || given.is_empty()
                || given.contains("not enough memory"),
            "{script}: {}",
            &given[..given.len().min(300)]
        );
    }
    assert_eq!(bench.value("1"), ":1");
}

#[test]
fn scripts_without_measure_are_stopped() {
    let mut bench = Bench::new();
    let scripts = [
        "local t = {} for i=1,1e9 do t[i] = i end",
        "local s = 'x' while true do s = s .. s end",
        "return string.rep('x', 100000000)",
        "local t = {} while true do t[#t+1] = string.rep('x', 10000) end",
        "local t = {} for i=1,100000 do t[i]='xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' end return table.concat(t)",
        "return unpack({}, 1, 1e7)",
        "return redis.call('mget', unpack({}, 1, 7999))",
        "local a = {} for i=1,1e6 do a = {a} end return a",
    ];
    for script in scripts {
        let given = bench.eval(script);
        assert!(given.starts_with('-'), "{script}: {}", &given[..given.len().min(300)]);
    }
    assert_eq!(bench.value("1"), ":1");
}

#[test]
fn a_stop_by_memory_can_be_caught_and_one_by_steps_cannot() {
    let mut bench = Bench::new();
    let body = "local ok = pcall(function() local t = {} while true do t[#t+1] = #t .. string.rep('x', 100000) end end) return {ok, 1}";
    assert_eq!(bench.eval(body), "[nil :1]");
    let body = "pcall(function() while true do end end) redis.call('set','k','v')";
    assert!(bench.eval(body).starts_with(STEPS));
    assert_eq!(bench.value("redis.call('get','k')"), "nil");
}

#[test]
fn there_is_no_way_out() {
    let mut bench = Bench::new();
    for name in [
        "io", "os", "debug", "package", "require", "module", "dofile", "loadfile", "print",
        "newproxy",
    ] {
        let given = bench.eval(&format!("return type({name})"));
        let gone = given.contains("nonexistent global variable") || given == "nil";
        assert!(gone, "{name}: {given}");
    }
    let compiled = "return {loadstring('\\27Lua')}";
    assert_eq!(bench.eval(compiled), "[]");
    assert_eq!(
        bench.value("{load(coroutine.wrap(function() coroutine.yield('\\27Lua') end))}"),
        "[]"
    );
    assert_eq!(bench.value("loadstring('return 1 + 1')()"), ":2");
    assert_eq!(bench.eval("local p = {'return ', '3'} local i = 0 return load(function() i = i + 1 return p[i] end)()"), ":3");
}

#[test]
fn globals_stay_as_they_are() {
    let mut bench = Bench::new();
    for body in [
        "x = 1",
        "_G.x = 1",
        "redis = 1",
        "setmetatable(_G, {})",
        "rawset(_G, 'x', 1)",
        "string.x = 1",
        "table.insert = nil",
        "redis.call = nil",
        "rawset(redis, 'call', 1)",
        "setmetatable(redis, {})",
        "getmetatable(_G).__index = {}",
    ] {
        let given = bench.eval(body);
        let refused = given.contains("Attempt to modify a readonly table");
        assert!(given.starts_with('-') && refused, "{body}: {given}");
    }
    // What a script does to what stands behind ends with it.
    assert_eq!(bench.eval("getmetatable('').__index.x = 1 return string.x"), ":1");
    assert_eq!(bench.value("string.x"), "nil");
    assert_eq!(bench.value("redis.call('ping')"), "+PONG");
}

#[test]
fn all_replicas_give_the_same() {
    let (one, two) = (Lua::new().unwrap(), Lua::new().unwrap());
    let (mut one, mut two) = (Bench::with(&one), Bench::with(&two));
    // One of them has run much else.
    for number in 0..50 {
        let (used, _) = (
            one.eval(&format!("local t = {{}} for i=1,{number}000 do t[i] = {{}} end return #t")),
            (),
        );
        assert!(used.starts_with(':'), "{used}");
    }
    two.shard = Bench::new().shard;
    let two_engine = Lua::new().unwrap();
    two.shard.use_engine(two_engine);
    for _ in 0..50 {
        two.eval("return 1");
    }
    let scripts = [
        "local t, s = {}, {} for i=1,1000 do t[{}] = i end for k, v in pairs(t) do s[#s+1] = v end return s",
        "local t, s = {}, {} for i=1,1000 do t[function() end] = i end for k, v in pairs(t) do s[#s+1] = v end return s",
        "local t, s = {}, {} for i=1,1000 do t['k' .. i] = i t[i * 1.5] = i t[coroutine.create(tostring)] = i end for k, v in pairs(t) do s[#s+1] = v end return s",
        "return {tostring({}), tostring(redis.call), tostring(function() end), tostring(coroutine.create(function() end))}",
        "return tostring(math.random()) .. math.random(10) .. math.random(5, 7)",
        "return collectgarbage('count') * 1024",
        "local s = {} for i=1,2000 do s[i] = tostring({}) end return table.concat(s)",
        "local t = setmetatable({}, {__mode='k'}) for i=1,5000 do t[{}] = i end local n = 0 for k in pairs(t) do n = n + 1 end return n",
        "redis.call('sadd','s',1,2,3,4,5,'a','b') return {redis.call('spop','s'), redis.call('srandmember','s')}",
        "return redis.call('time')",
        "local t = {} while true do t[#t+1] = {} end",
    ];
    for script in scripts {
        let (first, second) = (one.eval(script), two.eval(script));
        assert_eq!(first, second, "{script}");
        assert!(!first.contains("nonexistent"), "{first}");
    }
    assert_eq!(one.shard.seq(), two.shard.seq());
    assert_eq!(one.shard.keys().state_digest(), two.shard.keys().state_digest());
}

#[test]
fn random_numbers_differ_from_call_to_call_and_can_be_seeded() {
    let mut bench = Bench::new();
    let draw = "tostring(math.random())";
    assert_ne!(bench.value(draw), bench.value(draw));
    let seeded = "math.randomseed(7) return tostring(math.random())";
    assert_eq!(bench.eval(seeded), bench.eval(seeded));
    for _ in 0..100 {
        let drawn: i64 = bench.value("math.random(3)")[1..].parse().unwrap();
        assert!((1..=3).contains(&drawn));
    }
}

#[test]
fn where_a_script_stops_depends_on_the_terms_alone() {
    let mut bench = Bench::new();
    let Terms::Of { steps_max, .. } = &mut bench.terms;
    *steps_max = 20_000;
    let body = "redis.call('del','n') while true do redis.call('incr','n') end";
    assert!(bench.eval(body).starts_with(STEPS));
    let first = bench.value("redis.call('get','n')");
    bench.eval("local t = {} for i=1,1000 do t[i] = {} end");
    assert!(bench.eval(body).starts_with(STEPS));
    assert_eq!(bench.value("redis.call('get','n')"), first);
    assert!(first.parse::<u64>().unwrap() > 100, "{first}");
}

#[test]
fn libraries_are_stopped_like_all_else() {
    let mut bench = Bench::new();
    let scripts = [
        "local s = string.rep('[', 200000) while true do pcall(cjson.decode, s) end",
        "return struct.pack('c2000000000', 'x')",
        "return struct.unpack('c2000000000', 'x')",
        "local t = {} for i = 1, 1e5 do t[i] = i end while true do cmsgpack.pack(t) end",
        "local t = {} for i = 1, 1e5 do t[i] = i end while true do cjson.encode(t) end",
        "return cmsgpack.unpack(string.rep('\\145', 100000))",
        "return cmsgpack.unpack('\\221\\255\\255\\255\\255')",
        "return cmsgpack.unpack(string.rep('\\1', 100000))",
        "return cjson.encode(string.rep('\\1', 3000000))",
        "local s = cjson.encode(string.rep('x', 1000000)) while true do cjson.decode(s) end",
    ];
    for script in scripts {
        let given = bench.eval(script);
        assert!(given.starts_with('-'), "{script}: {}", &given[..given.len().min(300)]);
    }
    assert_eq!(bench.value("cjson.encode({1})"), "[1]");
}

#[test]
fn what_libraries_are_told_lasts_as_long_as_the_script() {
    let mut bench = Bench::new();
    assert_eq!(bench.eval("return cjson.encode_max_depth(3)"), ":3");
    assert_eq!(bench.value("cjson.encode_max_depth()"), ":1000");
}
