//! CONFIG SET and CONFIG GET.

use std::sync::{Arc, Mutex};

use crate::config::row::When;
use crate::config::{Origin, Setting, Settings};

fn refused(pairs: &[(&str, &str)]) -> String {
    Settings::default().set_all(pairs).unwrap_err().to_string()
}

#[test]
fn refusals_are_those_of_redis() {
    for (name, value, text) in [
        (
            "maxmemory",
            "abc",
            "ERR CONFIG SET failed (possibly related to argument 'maxmemory') - argument must be a memory value",
        ),
        (
            "MAXMEMORY",
            "abc",
            "ERR CONFIG SET failed (possibly related to argument 'maxmemory') - argument must be a memory value",
        ),
        (
            "databases",
            "5",
            "ERR CONFIG SET failed (possibly related to argument 'databases') - can't set immutable config",
        ),
        (
            "port",
            "1",
            "ERR CONFIG SET failed (possibly related to argument 'port') - Unable to listen on this port: that of a node is chosen when it starts",
        ),
        (
            "bind",
            "999.999.999.999",
            "ERR CONFIG SET failed (possibly related to argument 'bind') - Failed to bind to specified addresses: those of a node are chosen when it starts",
        ),
        (
            "shards",
            "7",
            "ERR CONFIG SET failed (possibly related to argument 'shards') - can't set immutable config",
        ),
        (
            "shards",
            "x",
            "ERR CONFIG SET failed (possibly related to argument 'shards') - can't set immutable config",
        ),
        (
            "dir",
            "/",
            "ERR CONFIG SET failed (possibly related to argument 'dir') - can't set protected config",
        ),
        ("FOO", "1", "ERR Unknown option or number of arguments for CONFIG SET - 'FOO'"),
    ] {
        assert_eq!(refused(&[(name, value)]), text);
    }
    assert_eq!(
        refused(&[("maxmemory", "1mb"), ("maxmemory", "2mb")]),
        "ERR CONFIG SET failed (possibly related to argument 'maxmemory') - duplicate parameter"
    );
}

#[test]
fn what_is_fixed_at_start_may_be_set_to_what_it_is() {
    let settings = Settings::default();
    let mut heard = 0;
    for (name, value) in settings.get(&["*"]) {
        let setting = Setting::named(&name).unwrap();
        match settings.set(&name, &value) {
            Ok(()) => heard += 1,
            // Those that Redis does not take, either.
            Err(refused) => {
                assert!(refused.to_string().contains("can't set"), "{name} to {value:?}: {refused}")
            }
        }
        if setting.row().when == When::Start {
            assert_eq!(settings.origin(setting), Origin::Default, "{name}");
        }
    }
    assert!(heard > 150, "{heard}");
    for name in ["port", "bind", "shards", "seeds", "announce-host", "cluster-secret-file"] {
        settings.set(name, settings.print(Setting::named(name).unwrap())).unwrap();
    }
    assert!(settings.set("databases", "16").is_err());
}

#[test]
fn an_alias_is_named_as_it_was_asked_for() {
    assert_eq!(
        refused(&[("lua-time-limit", "x")]),
        "ERR CONFIG SET failed (possibly related to argument 'lua-time-limit') - argument couldn't be parsed into an integer"
    );
}

#[test]
fn of_several_values_all_are_set_or_none() {
    let settings = Settings::default();
    assert!(settings.set_all(&[("maxmemory", "1mb"), ("maxclients", "x")]).is_err());
    assert_eq!(settings.number(Setting::Maxmemory), 0);
    settings.set_all(&[("maxmemory", "1mb"), ("maxclients", "7")]).unwrap();
    assert_eq!(settings.number(Setting::Maxmemory), 1 << 20);
    assert_eq!(settings.number(Setting::Maxclients), 7);
}

#[test]
fn a_value_that_is_not_text_is_refused() {
    let settings = Settings::default();
    assert!(settings.set("requirepass", b"\xff").is_err());
    let number = settings.set("timeout", b"\xff").unwrap_err().to_string();
    assert!(number.ends_with("argument couldn't be parsed into an integer"), "{number}");
    assert_eq!(&*settings.text(Setting::Requirepass), "");
}

#[test]
fn listeners_hear_of_a_change_once_and_only_if_it_happens() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let settings = Settings::default();
    let ear = heard.clone();
    settings.watch(move |settings, setting| {
        ear.lock().unwrap().push((setting, settings.print(setting)));
    });
    settings.set("loglevel", "debug").unwrap();
    settings.set("loglevel", "nonsense").unwrap_err();
    assert_eq!(*heard.lock().unwrap(), [(Setting::Loglevel, "debug".to_owned())]);
}

#[test]
fn a_changed_value_knows_that_it_was_changed() {
    let settings = Settings::default();
    assert_eq!(settings.origin(Setting::Timeout), Origin::Default);
    settings.set("timeout", "5").unwrap();
    assert_eq!(settings.origin(Setting::Timeout), Origin::Runtime);
}

#[test]
fn get_takes_patterns_and_plain_names_in_any_letter_case() {
    let settings = Settings::default();
    let names = |patterns: &[&str]| -> Vec<String> {
        settings.get(patterns).into_iter().map(|(name, _)| name).collect()
    };
    assert_eq!(names(&["LOGLEVEL"]), ["LOGLEVEL"]);
    assert_eq!(names(&["MAXMEMORY-S*"]), ["maxmemory-samples"]);
    assert_eq!(names(&["timeout", "time*"]), ["timeout"]);
    assert_eq!(names(&["nope"]), [""; 0]);
    let all = settings.get(&["*"]);
    assert!(all.len() > Setting::COUNT, "aliases too");
    assert!(!all.iter().any(|(name, _)| name == "key-load-delay"), "by its name only");
    assert_eq!(names(&["key-load-*"]), [""; 0]);
    assert_eq!(names(&["Key-Load-Delay"]), ["Key-Load-Delay"]);
}

#[test]
fn an_alias_and_its_setting_are_one_value() {
    let settings = Settings::default();
    settings.set("lua-time-limit", "10").unwrap();
    assert_eq!(settings.get(&["busy-reply-threshold"])[0].1, "10");
}

#[test]
fn secrets_do_not_show_in_debug_output() {
    let settings = Settings::default();
    settings.set("requirepass", "canary").unwrap();
    settings.set("timeout", "9").unwrap();
    let shown = format!("{settings:?}");
    assert!(shown.contains("timeout") && !shown.contains("canary"), "{shown}");
}
