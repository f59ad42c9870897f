//! What COMMAND tells about the commands that both servers have.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_tests::{Client, Server, Value, tool};

/// Where in an entry of COMMAND INFO things stand.
const NAME: usize = 0;
const ARITY: usize = 1;
const FLAGS: usize = 2;
const FIRST_KEY: usize = 3;
const KEY_STEP: usize = 5;
const ACL: usize = 6;
const KEY_SPECS: usize = 8;
const SUBCOMMANDS: usize = 9;

/// Every command and subcommand by name.
fn entries(client: &mut Client) -> BTreeMap<String, Vec<Value>> {
    let mut all = BTreeMap::new();
    let commands = client.call("COMMAND");
    let mut rest: Vec<Value> = commands.items().to_vec();
    while let Some(entry) = rest.pop() {
        let fields = entry.items().to_vec();
        rest.extend(fields[SUBCOMMANDS].items().iter().cloned());
        all.insert(fields[NAME].text(), fields);
    }
    all
}

fn set(value: &Value) -> BTreeSet<String> {
    value.items().iter().map(Value::text).collect()
}

/// A key specification with its flags in order.
fn key_specs(entry: &[Value]) -> Vec<String> {
    let spec = |spec: &Value| {
        let field = |name| spec.field(name).cloned().unwrap_or(Value::Nil);
        format!("{:?} {:?} {:?}", set(&field("flags")), field("begin_search"), field("find_keys"))
    };
    entry[KEY_SPECS].items().iter().map(spec).collect()
}

#[test]
fn shared_commands_are_described_as_redis_describes_them() {
    if !tool("redis-server") {
        return;
    }
    let (redis, lockstep) = (Server::redis(&[]), Server::lockstep(&["--fsync", "never"]));
    let (theirs, ours) = (entries(&mut redis.client()), entries(&mut lockstep.client()));
    let mut differences = Vec::new();
    let mut shared = 0;
    for (name, our) in &ours {
        let Some(their) = theirs.get(name) else { continue };
        shared += 1;
        for field in [ARITY].into_iter().chain(FIRST_KEY..=KEY_STEP) {
            if our[field] != their[field] {
                differences.push(format!("{name}: {:?}, Redis {:?}", our[field], their[field]));
            }
        }
        for field in [FLAGS, ACL] {
            if set(&our[field]) != set(&their[field]) {
                differences.push(format!("{name}: {:?}, Redis {:?}", our[field], their[field]));
            }
        }
        if key_specs(our) != key_specs(their) {
            differences.push(format!("{name}: {:?}, Redis {:?}", key_specs(our), key_specs(their)));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert!(shared > 100, "only {shared} commands and subcommands are shared");
}

#[test]
fn the_count_is_that_of_the_list() {
    let server = Server::lockstep(&["--fsync", "never"]);
    let mut client = server.client();
    let count = client.call("COMMAND COUNT").int().unwrap();
    assert_eq!(client.call("COMMAND").items().len() as i64, count);
}

#[test]
fn an_unknown_command_has_no_info() {
    let server = Server::lockstep(&["--fsync", "never"]);
    let infos = server.client().call("COMMAND INFO get nosuchcommand set");
    assert_eq!(infos.items()[1], Value::Nil);
    assert_eq!((infos.items()[0].items()[0].text(), infos.items().len()), ("get".to_owned(), 3));
}
