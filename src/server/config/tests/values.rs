//! What each kind of value takes and how it is read.

use crate::config::special::addresses;
use crate::config::{OutputClass, OutputLimit, Setting, Settings, event};

fn refusal(name: &str, value: &str) -> String {
    let row = Setting::named(name).unwrap().row();
    row.parse(name, value, row.default).unwrap_err().to_string()
}

fn set_then_get(name: &str, value: &str) -> String {
    let settings = Settings::default();
    settings.set(name, value).unwrap();
    settings.get(&[name])[0].1.clone()
}

#[test]
fn a_switch_takes_yes_and_no_in_any_letter_case() {
    assert_eq!(set_then_get("latency-tracking", "NO"), "no");
    assert_eq!(refusal("latency-tracking", "maybe"), "argument must be 'yes' or 'no'");
    assert_eq!(refusal("latency-tracking", ""), "argument must be 'yes' or 'no'");
}

#[test]
fn an_integer_takes_plain_numbers_only() {
    for wrong in
        ["abc", "", "0x10", " 100", "+100", "0100", "1.5", "-", "-0", "99999999999999999999"]
    {
        let text = refusal("maxclients", wrong);
        assert_eq!(text, "argument couldn't be parsed into an integer", "{wrong:?}");
    }
}

#[test]
fn an_integer_out_of_range_hears_the_range() {
    let range = "argument must be between 1 and 4294967295 inclusive";
    assert_eq!(refusal("maxclients", "0"), range);
    assert_eq!(refusal("maxclients", "99999999999999"), range);
    let range = "argument must be between -1 and 9223372036854775807 inclusive";
    assert_eq!(refusal("slowlog-log-slower-than", "-5"), range);
}

#[test]
fn a_negative_number_is_kept_and_reads_as_zero_where_none_is_due() {
    let settings = Settings::default();
    settings.set("slowlog-log-slower-than", "-1").unwrap();
    assert_eq!(settings.signed(Setting::SlowlogLogSlowerThan), -1);
    assert_eq!(settings.number(Setting::SlowlogLogSlowerThan), 0);
    assert_eq!(settings.print(Setting::SlowlogLogSlowerThan), "-1");
}

#[test]
fn bytes_have_decimal_and_binary_units() {
    for (given, bytes) in [
        ("10k", "10000"),
        ("10kb", "10240"),
        ("2M", "2000000"),
        ("2mb", "2097152"),
        ("1g", "1000000000"),
        ("1GB", "1073741824"),
        ("7b", "7"),
        ("", "0"),
        ("99999999999999999999", "18446744073709551615"),
        ("18446744073709551615gb", "18446744073709551615"),
    ] {
        assert_eq!(set_then_get("maxmemory", given), bytes, "{given}");
    }
}

#[test]
fn what_is_not_bytes_is_refused() {
    for wrong in ["abc", "-1", "5%", "1.5gb", "10 mb", "10kbb", "mb"] {
        assert_eq!(refusal("maxmemory", wrong), "argument must be a memory value", "{wrong}");
    }
    assert_eq!(
        refusal("proto-max-bulk-len", "1kb"),
        "argument must be between 1048576 and 9223372036854775807 inclusive"
    );
}

#[test]
fn memory_of_clients_may_be_a_share() {
    assert_eq!(set_then_get("maxmemory-clients", "5%"), "5%");
    assert_eq!(set_then_get("maxmemory-clients", "1mb"), "1048576");
    let too_much = "percentage argument must be less or equal to 100";
    assert_eq!(refusal("maxmemory-clients", "105%"), too_much);
    let neither = "argument must be a memory or percent value";
    assert_eq!(refusal("maxmemory-clients", "x%"), neither);
    assert_eq!(refusal("maxmemory-clients", "x"), neither);
}

#[test]
fn a_word_is_taken_in_any_letter_case() {
    assert_eq!(set_then_get("maxmemory-policy", "ALLKEYS-LRU"), "allkeys-lru");
    assert_eq!(
        refusal("maxmemory-policy", "foo"),
        "argument(s) must be one of the following: volatile-lru, volatile-lfu, volatile-random, \
         volatile-ttl, allkeys-lru, allkeys-lfu, allkeys-random, noeviction"
    );
}

#[test]
fn fsync_has_redis_words_under_redis_name() {
    let settings = Settings::default();
    settings.set("appendfsync", "no").unwrap();
    assert_eq!(settings.word(Setting::Fsync), "never");
    assert_eq!(settings.get(&["fsync"])[0].1, "never");
    assert_eq!(settings.get(&["appendfsync"])[0].1, "no");
    assert_eq!(
        refusal("appendfsync", "foo"),
        "argument(s) must be one of the following: everysec, always, no"
    );
    assert_eq!(
        refusal("fsync", "foo"),
        "argument(s) must be one of the following: everysec, always, never"
    );
}

#[test]
fn save_points_are_pairs() {
    assert_eq!(set_then_get("save", "900 1  300 10"), "900 1 300 10");
    for wrong in ["abc", "1 1 2", "0 1", "1 -1"] {
        assert_eq!(refusal("save", wrong), "Invalid save parameters", "{wrong}");
    }
}

#[test]
fn output_limits_keep_the_classes_that_are_not_named() {
    let settings = Settings::default();
    settings.set("client-output-buffer-limit", "normal 1mb 2kb 3 replica 1 2 3").unwrap();
    assert_eq!(
        settings.print(Setting::ClientOutputBufferLimit),
        "normal 1048576 2048 3 slave 1 2 3 pubsub 33554432 8388608 60"
    );
    let normal = OutputLimit { hard_bytes: 1 << 20, soft_bytes: 2048, soft_seconds: 3 };
    assert_eq!(settings.output_limit(OutputClass::Normal), normal);
    assert_eq!(settings.output_limit(OutputClass::PubSub).soft_seconds, 60);
}

#[test]
fn wrong_output_limits_are_refused() {
    for (value, text) in [
        ("abc", "Wrong number of arguments in buffer limit configuration."),
        ("normal 1 2", "Wrong number of arguments in buffer limit configuration."),
        ("foo 1 2 3", "Invalid client class specified in buffer limit configuration."),
        (
            "pubsub 1 x 3",
            "Error in hard, soft or soft_seconds setting in buffer limit configuration.",
        ),
        (
            "pubsub 1 2 -3",
            "Error in hard, soft or soft_seconds setting in buffer limit configuration.",
        ),
    ] {
        assert_eq!(refusal("client-output-buffer-limit", value), text, "{value}");
    }
}

#[test]
fn events_print_in_the_order_of_redis() {
    for (given, printed) in [
        ("KEA", "AKE"),
        ("KxgEl", "glxKE"),
        ("KA$", "AK"),
        ("KEAnm", "AnKEm"),
        ("nmdtK", "tdnKm"),
        ("K", "K"),
        ("", ""),
    ] {
        assert_eq!(set_then_get("notify-keyspace-events", given), printed, "{given}");
    }
    let text = "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.";
    assert_eq!(refusal("notify-keyspace-events", "abc"), text);
}

#[test]
fn events_read_as_bits() {
    let settings = Settings::default();
    settings.set("notify-keyspace-events", "Kx").unwrap();
    let bits = settings.number(Setting::NotifyKeyspaceEvents);
    assert_eq!(bits, event::KEYSPACE | event::EXPIRED);
}

#[test]
fn hz_is_pulled_into_its_range() {
    assert_eq!(set_then_get("hz", "1000"), "500");
    assert_eq!(set_then_get("hz", "0"), "1");
}

#[test]
fn percentiles_lie_between_0_and_100() {
    assert_eq!(set_then_get("latency-tracking-info-percentiles", "50.0 99 99.99"), "50 99 99.99");
    assert_eq!(
        refusal("latency-tracking-info-percentiles", "50 200"),
        "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]"
    );
    assert_eq!(
        refusal("latency-tracking-info-percentiles", "50 abc"),
        "Invalid latency-tracking-info-percentiles parameters"
    );
    assert_eq!(
        refusal("latency-tracking-info-percentiles", "NaN"),
        "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]"
    );
}

#[test]
fn oom_scores_are_three_small_numbers() {
    assert_eq!(refusal("oom-score-adj-values", "1 2"), "wrong number of arguments");
    assert_eq!(
        refusal("oom-score-adj-values", "0 200 9999"),
        "Invalid oom-score-adj-values, elements must be between -2000 and 2000."
    );
}

#[test]
fn addresses_are_numbers_names_or_stars() {
    let row = Setting::Bind.row();
    assert!(row.parse("bind", "* -::* 10.0.0.1 ::1 localhost node-1.local", "").is_ok());
    for wrong in ["", "127.0.0.1:6379", "a b/c", "--x", "tcp://h", "-"] {
        assert_eq!(refusal("bind", wrong), "Failed to bind to specified addresses.", "{wrong}");
    }
}

#[test]
fn by_default_loopback_is_bound_and_its_ipv6_form_may_be_missing() {
    assert_eq!(addresses(&Settings::default()), ["127.0.0.1", "-::1"]);
}

#[test]
fn any_bytes_are_safe_as_a_configuration() {
    let seeds: [&[u8]; 8] = [
        b"port = 1",
        b"\xff\xfe",
        b"maxmemory = \"1\xf0\x9f\x98\x80\"",
        b"[a]\nb=1",
        b"save = [[900, 1], [300, 10]]",
        b"bind = [\"*\", {a=1}]",
        b"5%",
        b"normal 1 1 1",
    ];
    for seed in seeds {
        for cut in 0..=seed.len() {
            crate::config::fuzz::config(&seed[..cut]);
        }
    }
}
