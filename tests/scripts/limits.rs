//! What limits of scripts say when they are reached.

use lockstep_tests::Server;

use super::eval;

#[test]
fn a_script_stops_where_its_steps_and_its_memory_end() {
    let limits = ["--fsync", "never", "--script-steps-max", "100000", "--script-memory-max", "1mb"];
    let server = Server::lockstep(&limits);
    let mut client = server.client();
    let stopped = eval(&mut client, "redis.call('set','k','v') while true do end", &["0"]).text();
    assert!(stopped.contains("script-steps-max"), "{stopped}");
    let body = "local t = {} for i = 1, 1e5 do t[i] = i end return #t";
    let stopped = eval(&mut client, body, &["0"]).text();
    assert!(stopped.contains("script-memory-max"), "{stopped}");
    assert_eq!(client.call("GET k").text(), "v", "what it has written stays");
    client.call("CONFIG SET script-memory-max 64mb script-steps-max 10000000");
    assert_eq!(eval(&mut client, body, &["0"]).int(), Some(100_000));
}

#[test]
fn more_scripts_than_the_limit_are_not_remembered() {
    let server = Server::lockstep(&["--fsync", "never", "--script-cache-max", "200"]);
    let mut client = server.client();
    let loaded = client.call_words(&["SCRIPT", "LOAD", "return 1"]).text();
    assert_eq!(loaded, "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
    let long = format!("return '{}'", "x".repeat(200));
    let refused = client.call_words(&["SCRIPT", "LOAD", &long]).text();
    assert!(refused.contains("script-cache-max"), "{refused}");
    assert_eq!(eval(&mut client, &long, &["0"]).text().len(), 200);
    assert_eq!(client.call(&format!("EVALSHA {loaded} 0")).int(), Some(1));
}

#[test]
fn where_there_are_to_be_none_there_are_none() {
    let server = Server::lockstep(&["--fsync", "never", "--scripting", "no"]);
    let mut client = server.client();
    let refused = eval(&mut client, "return 1", &["0"]).text();
    assert!(refused.starts_with("ERR scripts are not available"), "{refused}");
    assert!(client.call("SCRIPT FLUSH").is_error());
}

#[test]
fn where_memory_is_full_commands_of_scripts_that_add_something_are_refused() {
    let server = Server::lockstep(&["--fsync", "never"]);
    let mut client = server.client();
    client.call("SET k v");
    client.call("CONFIG SET maxmemory 1");
    let read = "return redis.call('get','k')";
    assert_eq!(eval(&mut client, read, &["0"]).text(), "v");
    assert_eq!(client.call_words(&["EVAL_RO", read, "0"]).text(), "v");
    let write = "return redis.call('set','k','w')";
    assert!(eval(&mut client, write, &["0"]).text().starts_with("OOM"));
    assert!(eval(&mut client, "#!lua\nreturn 1", &["0"]).text().starts_with("OOM"));
    assert_eq!(client.call("GET k").text(), "v");
    let allowed = format!("#!lua flags=allow-oom\n{write}");
    assert_eq!(eval(&mut client, &allowed, &["0"]).text(), "OK");
    let counts = client.call("INFO commandstats").text();
    let of_set = counts.lines().find(|line| line.starts_with("cmdstat_set:")).unwrap();
    assert!(of_set.contains("calls=2,") && of_set.contains("rejected_calls=1,"), "{of_set}");
    let errors = client.call("INFO errorstats").text();
    assert!(errors.contains("errorstat_OOM:count=2\r\n"), "counted once each: {errors}");
}
