//! Functions in Redis and here, byte by byte, and payloads that go from one to the other.

use lockstep_tests::{Client, Server, needed, request, tool};

/// Code of libraries, behind their first line.
const BODIES: &[&str] = &[
    "redis.register_function('f', function(k,a) return 1 end)",
    "redis.register_function('f', 1)",
    "redis.register_function(1, function() end)",
    "redis.register_function({}, function() end)",
    "redis.register_function('f')",
    "redis.register_function()",
    "redis.register_function(1,2,3)",
    "redis.register_function(1)",
    "redis.register_function{}",
    "redis.register_function{function_name='f'}",
    "redis.register_function{callback=function() end}",
    "redis.register_function{function_name={},callback=function() end}",
    "redis.register_function{function_name='f',callback=1}",
    "redis.register_function{function_name='f',callback=function() end,description={}}",
    "redis.register_function{function_name='f',callback=function() end,description=1}",
    "redis.register_function{function_name='f',callback=function() end,flags=1}",
    "redis.register_function{function_name='f',callback=function() end,flags={'x'}}",
    "redis.register_function{function_name='f',callback=function() end,flags={{}}}",
    "redis.register_function{function_name='f',callback=function() end,flags={'NO-writes','allow-oom'}}",
    "redis.register_function{function_name='f',callback=function() end,foo=1}",
    "redis.register_function{[1]=2}",
    "redis.register_function{[{}]=2}",
    "redis.register_function{FUNCTION_NAME='f',Callback=function() end}",
    "redis.register_function('a-b',function() end)",
    "redis.register_function('',function() end)",
    "redis.register_function('f',function() end) redis.register_function('f',function() end)",
    "return 1",
    "x=1",
    "return math.random()",
    "redis.call('get','x')",
    "redis.foo=1",
    "error('x')",
    "error({err='x y'})",
    "error({})",
    "error()",
    "local t=nil\nt.x=1",
    "this is bad",
    "redis.log(1,'x')",
    "redis.log()",
    "redis.setresp(3)",
    "return redis.REDIS_VERSION",
    "x x",
    "local r=redis redis.register_function('f',function() return r.call('ping') end)",
    "local r=redis redis.register_function('f',function() return r.register_function('g',function() end) end)",
    "redis.register_function('f',function() return redis.register_function('g',function() end) end)",
    "redis.register_function('f',function() return redis.replicate_commands() end)",
    "redis.register_function('f',function() return redis.breakpoint() end)",
    "redis.register_function('f',function() return redis.nosuch end)",
    "redis.register_function('f',function() redis.x=1 end)",
    "redis.register_function('f',function() x=1 end)",
    "redis.register_function('f',function() return KEYS end)",
    "redis.register_function('f',function() return {type(_G),type(pairs),type(math.random),type(cjson),type(redis.set_repl),type(redis.debug),type(redis.acl_check_cmd),type(redis.REPL_ALL),type(redis.LOG_DEBUG),type(loadstring),type(os.clock)} end)",
    "redis.register_function('f',function() error('oops') end)",
    "redis.register_function('f',function() return redis.call('nosuch') end)",
    "redis.register_function('f',function() error({err='MY x'}) end)",
    "redis.register_function('f',function() local t=nil\n return t.x end)",
    "local n=0 redis.register_function('f',function() n=n+1 return n end)",
    "redis.register_function('f',function(k,a,c) return {k,a,c,#k,#a} end)",
    "redis.register_function('f',function(...) return {select('#',...)} end)",
    "redis.register_function('f',function() return redis.pcall('nosuch') end)",
    "redis.register_function('f',function() return {err='x'} end)",
    "redis.register_function('F',function() return 1 end)",
    "redis.register_function('f',function() return redis.call('eval','return 1',0) end)",
    "redis.register_function('f',function() return redis.call('set','k1','v') end)",
    "redis.register_function{function_name='f',flags={'no-writes'},callback=function() return redis.call('set','k1','v') end}",
    "redis.register_function{function_name='f',flags={'no-writes'},callback=function() return redis.call('get','k1') end}",
    "redis.register_function('f',function() redis.setresp(3) return redis.call('hgetall','h') end)",
    "redis.register_function('f',error)",
    "redis.register_function('f',function() return 1 end,1)",
    "local a=redis.register_function\na('f',function() return 1 end)",
    "\n\nredis.register_function('f',\nfunction()\nreturn redis.nosuch()\nend)",
    "pcall(1)",
    "_G.x=1",
    "redis = 1",
    "local f = function() return pcall(function() return math.floor(1) end) end redis.register_function('f', f)",
    "error({err='-x'})",
    "redis.register_function('f'..string.rep('x',5), function() end)",
    "local x <const> = 1",
    "redis.register_function(\"f\\0g\",function() return 1 end)",
    "redis.register_function('f',function() return redis.status_reply('x') end)",
    "redis.register_function('f',function() return redis.error_reply('x') end)",
    "\x1bLua",
];

/// Whole libraries, most of them with something wrong in the first line.
const WHOLE: &[&str] = &[
    "",
    "#!lua",
    "#!\nx",
    "#!lua\nx",
    "#!lua name=\nx",
    "#!lua name=a name=b\nx",
    "#!lua foo\nx",
    "#!foo name=a\nx",
    "#!LUA name=a\nredis.register_function('f',function() end)",
    "#!lua name=a-b\nx",
    "#!lua NAME=q1\nredis.register_function('f',function() end)",
    "#!lua name=\"q2\"\nredis.register_function('f',function() end)",
    "#!lua \"name=q3\"\nredis.register_function('f',function() end)",
    "#!lua name=a\"b\nx",
    "#! lua name=a\nx",
    "return 1",
    "#!lua name=x\r\nredis.register_function('f',function() end)",
    "#!lua flags=no-writes name=x\nx",
];

const ONE: &str = "#!lua name=one\nredis.register_function('f', function() return 'one' end)";
const OTHER: &str = "#!lua name=other\nredis.register_function('F', function() return 2 end)";
const FLAGGED: &str = "#!lua name=flagged\nredis.register_function{function_name='g', \
    description='what it is', flags={'allow-cross-slot-keys','no-writes','no-cluster',\
    'allow-stale','allow-oom'}, callback=function(keys, args) return {keys, args} end}";

/// Commands in an order that makes a story.
const STORY: &[&[&str]] = &[
    &["FUNCTION"],
    &["FUNCTION", "NOSUCH"],
    &["FUNCTION", "LIST"],
    &["FUNCTION", "STATS"],
    &["FUNCTION", "DUMP"],
    &["FUNCTION", "KILL"],
    &["FUNCTION", "LOAD"],
    &["FUNCTION", "LOAD", "x", ONE],
    &["FUNCTION", "LOAD", "REPLACE"],
    &["FUNCTION", "LOAD", "REPLACE", ONE],
    &["FUNCTION", "LOAD", ONE],
    &["FUNCTION", "LOAD", OTHER],
    &["FUNCTION", "LIST"],
    &["FUNCTION", "LIST", "WITHCODE"],
    &["FUNCTION", "LIST", "WITHCODE", "LIBRARYNAME", "ONE"],
    &["FUNCTION", "LIST", "LIBRARYNAME", "x*"],
    &["FUNCTION", "LIST", "WITHCODE", "WITHCODE"],
    &["FUNCTION", "LIST", "LIBRARYNAME"],
    &["FUNCTION", "LIST", "LIBRARYNAME", "a", "LIBRARYNAME", "b"],
    &["FUNCTION", "DUMP"],
    &["FCALL", "F", "0"],
    &["FCALL", "f", "1", "k", "a"],
    &["FCALL", "f"],
    &["FCALL", "f", "x"],
    &["FCALL", "f", "-1"],
    &["FCALL", "f", "2", "a"],
    &["FCALL", "nosuch", "0"],
    &["FCALL_RO", "f", "0"],
    &["FUNCTION", "DELETE", "nosuch"],
    &["FUNCTION", "DELETE", "One"],
    &["FUNCTION", "DELETE", "one"],
    &["FCALL", "f", "0"],
    &["FUNCTION", "LOAD", FLAGGED],
    &["FUNCTION", "LIST"],
    &["FUNCTION", "STATS"],
    &["FUNCTION", "STATS", "x"],
    &["FCALL_RO", "g", "2", "k", "l", "a"],
    &["FCALL", "g", "0"],
    &["COMMAND", "GETKEYS", "FCALL", "g", "2", "k", "l", "a"],
    &["COMMAND", "GETKEYS", "FCALL_RO", "g", "1", "k"],
    &["EVAL", "return redis.call('fcall', 'g', 0)", "0"],
    &["MULTI"],
    &["FCALL", "g", "1", "k"],
    &["FUNCTION", "LOAD", ONE],
    &["FCALL", "f", "0"],
    &["FUNCTION", "STATS"],
    &["FUNCTION", "DELETE", "one"],
    &["FCALL", "f", "0"],
    &["FCALL", "g", "x"],
    &["EXEC"],
    &["FUNCTION", "RESTORE"],
    &["FUNCTION", "RESTORE", "x"],
    &["FUNCTION", "RESTORE", "x", "y"],
    &["FUNCTION", "RESTORE", "x", "FLUSH", "z"],
    &["FUNCTION", "FLUSH", "x"],
    &["FUNCTION", "FLUSH", "ASYNC", "x"],
    &["FUNCTION", "FLUSH", "sync"],
    &["FUNCTION", "LIST"],
];

fn ask(client: &mut Client, words: &[&[u8]]) -> String {
    client.send(&request(words)).unwrap();
    client.receive().unwrap().escape_ascii().to_string()
}

/// What one of them answers otherwise than the other one.
struct Pair {
    theirs: Client,
    ours: Client,
    differences: Vec<String>,
}

impl Pair {
    fn ask(&mut self, words: &[&str]) {
        let bytes: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
        let (due, given) = (ask(&mut self.theirs, &bytes), ask(&mut self.ours, &bytes));
        if due != given {
            self.differences.push(format!("{words:?}\n  redis {due}\n  ours  {given}"));
        }
    }
}

fn two() -> Option<(Server, Server)> {
    needed(tool("redis-server"), "redis-server")
        .then(|| (Server::redis(&[]), Server::lockstep(&["--fsync", "never"])))
}

#[test]
fn functions_give_what_they_give_in_redis() {
    let Some((redis, lockstep)) = two() else { return };
    for hello in ["2", "3"] {
        let (theirs, ours) = (redis.client(), lockstep.client());
        let mut pair = Pair { theirs, ours, differences: Vec::new() };
        pair.ask(&["FUNCTION", "FLUSH"]);
        pair.theirs.call(&format!("HELLO {hello}"));
        pair.ours.call(&format!("HELLO {hello}"));
        let libraries = BODIES.iter().map(|body| format!("#!lua name=t\n{body}"));
        for library in libraries.chain(WHOLE.iter().map(ToString::to_string)) {
            pair.ask(&["FUNCTION", "LOAD", &library]);
            pair.ask(&["FCALL", "f", "1", "k", "a1", "a2"]);
            pair.ask(&["FCALL_RO", "f", "0"]);
            pair.ask(&["FUNCTION", "FLUSH"]);
        }
        STORY.iter().for_each(|words| pair.ask(words));
        assert!(pair.differences.is_empty(), "{}", pair.differences.join("\n"));
    }
}

/// Gives what is dumped here to the other one; what that answers.
fn carry(from: &mut Client, to: &mut Client, policy: &str) -> String {
    let payload = from.call("FUNCTION DUMP").bytes().unwrap().to_vec();
    to.call_words(&[&b"FUNCTION"[..], b"RESTORE", &payload, policy.as_bytes()]).text()
}

#[test]
fn libraries_go_to_redis_and_come_from_there() {
    let Some((redis, lockstep)) = two() else { return };
    let (mut theirs, mut ours) = (redis.client(), lockstep.client());
    // Long enough that Redis packs it.
    let long = format!("{FLAGGED}\n--{}", "long ".repeat(1000));
    for (from, to) in [(&mut theirs, &mut ours), (&mut lockstep.client(), &mut redis.client())] {
        from.call("FUNCTION FLUSH");
        to.call("FUNCTION FLUSH");
        from.call_words(&["FUNCTION", "LOAD", ONE]);
        from.call_words(&["FUNCTION", "LOAD", &long]);
        assert_eq!(carry(from, to, "APPEND"), "OK");
        assert!(carry(from, to, "APPEND").contains("already exists"));
        assert_eq!(carry(from, to, "REPLACE"), "OK");
        to.call_words(&["FUNCTION", "LOAD", &OTHER.replace("'F'", "'h'")]);
        assert_eq!(carry(from, to, "FLUSH"), "OK");
        assert_eq!(to.call("FCALL f 0").text(), "one");
        assert_eq!(to.call("FCALL_RO g 0").items().len(), 2);
        let one = "FUNCTION LIST LIBRARYNAME flagged WITHCODE";
        assert_eq!(from.call(one), to.call(one));
        assert_eq!(from.call("FUNCTION STATS"), to.call("FUNCTION STATS"));
    }
}

#[test]
fn what_a_library_may_take_is_counted() {
    let arguments = ["--fsync", "never", "--script-steps-max", "100000", "--script-memory-max"];
    let arguments = [&arguments[..], &["1mb", "--function-cache-max", "500"]].concat();
    let server = Server::lockstep(&arguments);
    let mut client = server.client();
    let mut load = |body: &str| {
        client.call_words(&["FUNCTION", "LOAD", &format!("#!lua name=l\n{body}")]).text()
    };
    let endless = load("while true do end");
    assert!(endless.contains("more than script-steps-max steps"), "{endless}");
    let large = load("local t = {} for i = 1, 20000 do t[i] = {i} end");
    assert!(large.contains("more than script-memory-max bytes"), "{large}");
    let long = load(&format!("redis.register_function('f', function() end)--{:500}", ""));
    assert!(long.contains("function-cache-max"), "{long}");
    assert_eq!(load("redis.register_function('f', function() while true do end end)"), "l");
    let stopped = client.call("FCALL f 0").text();
    assert!(stopped.contains("script-steps-max"), "{stopped}");
    let info = client.call("INFO memory").text();
    assert!(info.contains("number_of_functions:1\r\nnumber_of_libraries:1\r\n"), "{info}");
}

#[test]
fn libraries_come_back_behind_a_restart_and_a_snapshot() {
    let mut server = Server::lockstep(&[]);
    let mut client = server.client();
    client.call_words(&["FUNCTION", "LOAD", ONE]);
    assert_eq!(client.call("SAVE").text(), "OK");
    client.call_words(&["FUNCTION", "LOAD", FLAGGED]);
    let dump = client.call("FUNCTION DUMP");
    for _ in 0..2 {
        server.kill();
        server.restart();
        let mut client = server.client();
        assert_eq!(client.call("FUNCTION DUMP"), dump);
        assert_eq!(client.call("FCALL f 0").text(), "one");
        assert_eq!(client.call("SAVE").text(), "OK");
    }
}
