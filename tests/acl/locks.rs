//! No command of the locks reveals or changes one outside of the user's patterns.

use lockstep_tests::Value;

use super::{COMMAND, KEY, allowed, denied, log_in, server, set_user};

/// A call of each command with a lock that is not the user's.
const OF_OTHERS: &[&str] = &[
    "LOCK theirs",
    "LOCK theirs SHARED BLOCK 1",
    "UNLOCK theirs",
    "UNLOCK theirs OWNER boss",
    "MLOCK 1 theirs",
    "MLOCK 2 mine theirs",
    "MLOCK 2 theirs mine BLOCK 1",
    "MUNLOCK 2 mine theirs",
    "MUNLOCK 1 theirs OWNER boss",
    "LOCKRENEW theirs PX 1000",
    "LOCKCONVERT theirs SHARED",
    "LOCKCANCEL theirs",
    "LOCKCHECK theirs TOKEN 1",
    "LOCKASSERT theirs TOKEN 1",
    "LOCKKILL theirs ALL",
    "LOCKINFO KEY theirs",
    "LOCKINFO WAITERS theirs",
    "LOCKINFO OWNER boss",
    "LOCKINFO GRAPH",
    "LOCKINFO DEADLOCKS",
    "SEMACQUIRE theirs LIMIT 3",
    "SEMRELEASE theirs",
    "FENCE theirs",
    "LATCHSET theirs 3",
    "LATCHDOWN theirs",
    "LATCHWAIT theirs",
    "LATCHGET theirs",
    "SESSION LIST 0",
    "SESSION INFO other",
    "SESSION DESTROY other",
];

/// Commands that name no lock and tell of none.
const OF_NOBODY: &[&str] = &[
    "lockinfo|help",
    "lockinfo|stats",
    "lockscan",
    "session|create",
    "session|attach",
    "session|detach",
    "session|keepalive",
    "session|help",
];

#[test]
fn s23_no_command_reveals_or_changes_a_lock_outside_of_the_patterns() {
    for shards in ["1", "3"] {
        let server = server(&["--shards", shards]);
        let mut admin = server.client();
        set_user(&mut admin, "me on >pw +@all ~mine");
        let token = admin.call("LOCK theirs OWNER boss PX 60000");
        let before = admin.call("LOCKINFO KEY theirs");
        let mut me = log_in(&server, "me");
        for line in OF_OTHERS {
            denied(&mut me, line, KEY);
            // Also in a transaction and in a script.
            allowed(&mut me, "MULTI");
            let queued = me.call(line);
            let told = me.call("EXEC");
            let refused = queued.is_error() || told.items().iter().all(Value::is_error);
            assert!(refused, "{line}: {queued:?} {told:?}");
        }
        let now = admin.call("LOCKINFO KEY theirs");
        let fixed = ["owner", "token", "mode"];
        for name in fixed {
            assert_eq!(now.field(name), before.field(name), "{name}");
        }
        assert_eq!(admin.call("LOCKCHECK theirs TOKEN 1 OWNER boss").is_error(), token.is_error());
        // What is its own it may do all with.
        allowed(&mut me, "LOCK mine");
        assert_eq!(scanned(&mut me), ["mine"]);
        assert_eq!(scanned(&mut admin), ["mine", "theirs"]);
        allowed(&mut me, "LOCKINFO KEY mine");
        allowed(&mut me, "MUNLOCK 1 mine");
        allowed(&mut me, "MLOCK 1 mine");
        allowed(&mut me, "LOCKINFO STATS");
    }
}

#[test]
fn every_command_of_the_locks_is_looked_at() {
    let named = |name: &str| {
        let words = name.to_ascii_uppercase().replace('|', " ");
        OF_OTHERS.iter().any(|line| *line == words || line.starts_with(&format!("{words} ")))
    };
    for command in lockstep_commands::table::each() {
        let spec = command.spec;
        let is_lock = spec.acl.contains(&"@lock") && command.subcommands.is_empty();
        assert!(!is_lock || named(spec.name) || OF_NOBODY.contains(&spec.name), "{}", spec.name);
    }
}

#[test]
fn a_session_that_a_connection_is_attached_to_is_its_own() {
    let server = server(&[]);
    let mut admin = server.client();
    set_user(&mut admin, "me on >pw +@all ~mine");
    let mut me = log_in(&server, "me");
    let id = allowed(&mut me, "SESSION CREATE TTL 60000").text();
    allowed(&mut me, &format!("SESSION ATTACH {id}"));
    allowed(&mut me, &format!("SESSION INFO {id}"));
    allowed(&mut me, &format!("SESSION DESTROY {id}"));
    set_user(&mut admin, "other on >pw ~* +@all -@lock");
    denied(&mut log_in(&server, "other"), "LOCK mine", COMMAND);
    set_user(&mut admin, "reader on >pw %R~* +@lock");
    let mut reader = log_in(&server, "reader");
    allowed(&mut reader, "LOCKINFO GRAPH");
    allowed(&mut reader, "LOCKINFO KEY mine");
    denied(&mut reader, "LOCK mine", KEY);
}

fn scanned(client: &mut lockstep_tests::Client) -> Vec<String> {
    let (mut names, mut cursor) = (Vec::new(), "0".to_owned());
    loop {
        let told = client.call(&format!("LOCKSCAN {cursor} COUNT 1"));
        cursor = told.items()[0].text();
        names.extend(told.items()[1].items().iter().map(Value::text));
        if cursor == "0" {
            names.sort();
            return names;
        }
    }
}
