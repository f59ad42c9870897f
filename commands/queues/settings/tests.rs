#![allow(clippy::unwrap_used)]

use lockstep_core::queues::SETTING_NAMES;
use lockstep_core::wire::Wire;

use super::*;
use crate::table::by_name;

fn words(line: &'static str) -> Vec<&'static [u8]> {
    line.split(' ').map(str::as_bytes).collect()
}

fn take_all(line: &'static str) -> Result<Vec<Setting<'static>>, BadArgs> {
    let words = words(line).leak();
    let (mut args, mut given) = (Args::new(words, 0), Vec::new());
    while !args.is_empty() {
        take(b"{q}", &mut given, &mut args)?;
    }
    Ok(given)
}

fn refusal(line: &'static str) -> String {
    take_all(line).unwrap_err().0.into_owned()
}

#[test]
fn the_table_stands_in_the_order_of_the_tags() {
    let names: Vec<_> = TABLE.iter().map(|row| row.name.to_ascii_lowercase()).collect();
    assert_eq!(names, SETTING_NAMES);
    for row in TABLE {
        let words = words(row.default);
        let setting = row.take(&mut Args::new(&words, 0)).unwrap();
        let mut bytes = Vec::new();
        setting.put(&mut bytes);
        assert_eq!(bytes[0], row.tag(), "{}", row.name);
    }
}

#[test]
fn every_default_is_read_to_its_end() {
    for row in TABLE {
        let words = words(row.default);
        let mut args = Args::new(&words, 0);
        row.take(&mut args).unwrap();
        assert!(args.is_empty(), "{}", row.name);
        assert!(row.meaning.ends_with('.'), "{}", row.name);
    }
}

#[test]
fn the_usage_of_qcreate_names_them_all() {
    let usage = by_name(b"qcreate").unwrap().spec.usage;
    for row in TABLE {
        let value = row.value.replace("queue", "dead-letter-queue");
        let plain = format!("[{} {value}]", row.name);
        let grouped = format!("[{} <{value}>]", row.name);
        assert!(usage.contains(&plain) || usage.contains(&grouped), "{} {value}", row.name);
    }
}

#[test]
fn settings_come_in_any_order_and_case() {
    let given = take_all("vt 5000 ORDER pri Groups Required maxlen 10").unwrap();
    let groups = Setting::Groups { how: lockstep_core::queues::Grouping::Required {} };
    let order = Setting::Order { how: lockstep_core::queues::Order::Priority {} };
    let all = [Setting::Lease { ms: 5000 }, order, groups, Setting::LengthMax { count: 10 }];
    assert_eq!(given, all);
}

#[test]
fn values_of_several_words_may_end_early() {
    let backoff = |line| take_all(line).unwrap()[0];
    let of = |linear, jitter| Setting::Backoff { min_ms: 10, max_ms: 100, linear, jitter };
    assert_eq!(backoff("backoff 10 100"), of(false, 20));
    assert_eq!(backoff("backoff 10 100 linear"), of(true, 20));
    assert_eq!(backoff("backoff 10 100 EXP 0"), of(false, 0));
    assert_eq!(backoff("backoff 10 100 50"), of(false, 50));
    let rate = take_all("backoff 10 100 rate 5 vt 1 dlq self partitions auto").unwrap();
    assert_eq!(rate[1], Setting::Rate { count: 5, per_ms: 1000 });
    assert_eq!(rate[3], Setting::DeadLetters { queue: b"" });
    assert_eq!(rate[4], Setting::Partitions { count: 0 });
    assert_eq!(take_all("rate 5 60000").unwrap(), [Setting::Rate { count: 5, per_ms: 60_000 }]);
    assert_eq!(take_all("rate 0").unwrap(), [Setting::Rate { count: 0, per_ms: 0 }]);
}

#[test]
fn every_value_that_does_not_fit_is_told_what_fits() {
    for row in TABLE.iter().filter(|row| !matches!(row.kind, Kind::DeadLetters)) {
        for bad in ["x", "-1", "99999999999999999999", ""] {
            let words: [&[u8]; 1] = [bad.as_bytes()];
            let text = format!("ERR {} must be {}", row.name, row.rule);
            assert_eq!(row.take(&mut Args::new(&words, 0)).unwrap_err().0, text);
        }
    }
    assert_eq!(refusal("vt 0"), "ERR VT must be a number of milliseconds from 1 to 43200000");
    assert_eq!(refusal("order up"), "ERR ORDER must be FIFO, LIFO or PRI");
    assert_eq!(
        refusal("partitions 1025"),
        "ERR PARTITIONS must be a number from 1 to 1024, or AUTO"
    );
}

#[test]
fn numbers_stay_within_their_bounds() {
    for row in TABLE {
        let Kind::Number { min, max, .. } = row.kind else { continue };
        let take = |number: u64| {
            let word = number.to_string();
            row.take(&mut Args::new(&[word.as_bytes()], 0)).is_ok()
        };
        assert!(take(min) && take(max) && !take(max + 1), "{}", row.name);
        assert!(min == 0 || !take(min - 1), "{}", row.name);
        assert!(row.rule.contains(&format!("from {min} to {max}")), "{}", row.name);
    }
    assert!(refusal("backoff 100 10").starts_with("ERR BACKOFF must be two times"));
    assert!(refusal("backoff 1 86400001").starts_with("ERR BACKOFF must be two times"));
    assert!(refusal("backoff 1 2 101").starts_with("ERR BACKOFF must be two times"));
    assert!(refusal("rate 5 0").starts_with("ERR RATE must be"));
}

#[test]
fn what_is_not_known_or_said_twice_is_refused() {
    assert_eq!(refusal("foo 1"), "ERR a queue has no setting 'foo'");
    assert_eq!(refusal("vt 1 VT 2"), "ERR a setting is given twice");
    assert_eq!(refusal("vt"), "ERR syntax error");
}

#[test]
fn the_dead_stay_in_the_same_slot() {
    let text = "CROSSSLOT the other queue must be in the same slot: \
                give both names the same {hash tag}";
    assert_eq!(refusal("dlq elsewhere"), text);
    assert_eq!(take_all("dlq {q}dead").unwrap(), [Setting::DeadLetters { queue: b"{q}dead" }]);
}

#[test]
fn the_page_shows_every_setting() {
    let page = page();
    for row in TABLE {
        assert!(page.contains(&format!("| {} |", row.name)));
    }
}
