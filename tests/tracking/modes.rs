//! Which keys a client wants to be told of.

use super::{hears_nothing, send, server, these, told, tracker};

#[test]
fn with_optin_only_keys_behind_caching_yes_are_remembered() {
    let server = server(&[]);
    let (mut reader, mut writer) = (tracker(&server, "OPTIN"), server.client());
    reader.call("GET a");
    reader.call("CLIENT CACHING yes");
    // A command of CLIENT's own does not count as the next one.
    reader.call("CLIENT ID");
    reader.call("MGET b c");
    reader.call("GET d");
    writer.call("MSET a 1 b 1 c 1 d 1");
    assert_eq!((told(&mut reader), told(&mut reader)), (these("b"), these("c")));
    hears_nothing(&mut reader);
    // All of a transaction counts as one.
    reader.call("CLIENT CACHING yes");
    send(&mut reader, &["MULTI", "GET a", "GET b", "EXEC", "GET c"]);
    (0..5).for_each(|_| drop(reader.reply().unwrap()));
    writer.call("MSET a 2 b 2 c 2");
    assert_eq!((told(&mut reader), told(&mut reader)), (these("a"), these("b")));
    hears_nothing(&mut reader);
    send(&mut reader, &["MULTI", "GET a", "CLIENT CACHING yes", "GET b", "EXEC", "GET c"]);
    (0..6).for_each(|_| drop(reader.reply().unwrap()));
    writer.call("MSET a 3 b 3 c 3");
    assert_eq!(told(&mut reader), these("b"));
    hears_nothing(&mut reader);
}

#[test]
fn with_optout_all_keys_but_those_behind_caching_no_are_remembered() {
    let server = server(&[]);
    let (mut reader, mut writer) = (tracker(&server, "OPTOUT"), server.client());
    reader.call("GET a");
    reader.call("CLIENT CACHING no");
    reader.call("GET b");
    reader.call("GET c");
    writer.call("MSET a 1 b 1 c 1");
    assert_eq!((told(&mut reader), told(&mut reader)), (these("a"), these("c")));
    hears_nothing(&mut reader);
}

#[test]
fn with_noloop_a_client_is_not_told_of_what_it_changes_itself() {
    let server = server(&[]);
    let mut other = server.client();
    let (mut reader, mut listener) = (tracker(&server, "NOLOOP"), tracker(&server, "BCAST NOLOOP"));
    reader.call("GET a");
    reader.call("SET a 1");
    hears_nothing(&mut reader);
    assert_eq!(told(&mut listener), these("a"));
    listener.call("MSET a 2 b 2");
    send(&mut listener, &["MULTI", "SET a 3", "EXEC"]);
    (0..3).for_each(|_| drop(listener.reply().unwrap()));
    hears_nothing(&mut listener);
    reader.call("GET a");
    other.call("SET a 4");
    assert_eq!((told(&mut reader), told(&mut listener)), (these("a"), these("a")));
}

#[test]
fn a_broadcast_tells_of_all_keys_with_a_prefix_read_or_not() {
    let server = server(&[]);
    let mut writer = server.client();
    let mut all = tracker(&server, "BCAST");
    let mut some = tracker(&server, "BCAST PREFIX user: PREFIX book:");
    writer.call("SET other 1");
    assert_eq!(told(&mut all), these("other"));
    writer.call("SET user:1 1");
    assert_eq!((told(&mut all), told(&mut some)), (these("user:1"), these("user:1")));
    // Again and again, and all of one command together.
    writer.call("MSET user:2 1 book:9 1 user:1 2 x 1");
    assert_eq!(told(&mut all), these("book:9 user:1 user:2 x"));
    assert_eq!((told(&mut some), told(&mut some)), (these("book:9"), these("user:1 user:2")));
    writer.call("DEL x");
    assert_eq!(told(&mut all), these("x"));
    hears_nothing(&mut some);
    some.call("CLIENT TRACKING ON BCAST PREFIX x");
    writer.call("SET x 1");
    assert_eq!(told(&mut some), these("x"), "prefixes add up");
    writer.call("FLUSHALL");
    assert_eq!(told(&mut all), these("x"));
    assert_eq!((told(&mut all), told(&mut some)), (None, None));
}

#[test]
fn a_client_that_turns_to_another_mode_is_not_told_of_what_it_read_before() {
    let server = server(&[]);
    let (mut reader, mut writer) = (tracker(&server, ""), server.client());
    reader.call("GET a");
    reader.call("CLIENT TRACKING OFF");
    reader.call("CLIENT TRACKING ON BCAST PREFIX b");
    writer.call("MSET a 1 b 1");
    assert_eq!(told(&mut reader), these("b"));
    hears_nothing(&mut reader);
    reader.call("CLIENT TRACKING OFF");
    writer.call("SET b 2");
    hears_nothing(&mut reader);
}
