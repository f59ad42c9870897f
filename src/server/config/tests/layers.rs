//! Where values come from and which wins.

use std::ffi::OsString;
use std::path::Path;

use crate::config::{Layers, Setting, Settings};

fn from_file(text: &str) -> Result<Settings, Vec<String>> {
    let mut layers = Layers::default();
    layers.file_text(Path::new("lockstep.toml"), text);
    settle(&layers)
}

fn from_environment(variables: &[(&str, &str)]) -> Result<Settings, Vec<String>> {
    let mut layers = Layers::default();
    layers.environment(pairs(variables));
    settle(&layers)
}

fn from_flags(flags: &[(&str, &str)]) -> Result<Settings, Vec<String>> {
    let mut layers = Layers::default();
    for (name, value) in flags {
        layers.flag(name, value);
    }
    settle(&layers)
}

fn settle(layers: &Layers) -> Result<Settings, Vec<String>> {
    layers.settle().map_err(|errors| errors.iter().map(ToString::to_string).collect())
}

fn pairs(variables: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
    variables.iter().map(|(name, value)| (name.into(), value.into())).collect()
}

#[test]
fn flags_win_over_the_environment_the_environment_over_overrides_these_over_the_file() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("overrides.toml"), "timeout = 3\nhz = 3\nmaxclients = 3\n")
        .unwrap();
    let file = format!("timeout = 2\nhz = 2\nmaxclients = 2\nport = 2\ndir = {:?}\n", dir.path());
    let mut layers = Layers::default();
    layers.file_text(Path::new("lockstep.toml"), &file);
    layers.environment(pairs(&[("LOCKSTEP_TIMEOUT", "4"), ("LOCKSTEP_HZ", "4")]));
    layers.flag("timeout", "5");
    layers.overrides();
    let settings = layers.settle().unwrap();
    let seen = [Setting::Timeout, Setting::Hz, Setting::Maxclients, Setting::Port]
        .map(|setting| (settings.number(setting), settings.origin(setting).to_string()));
    let overrides = format!("{}:3", dir.path().join("overrides.toml").display());
    let wanted = [
        (5, "flag --timeout"),
        (4, "environment LOCKSTEP_HZ"),
        (3, &overrides),
        (2, "lockstep.toml:4"),
    ];
    assert_eq!(seen, wanted.map(|(value, origin)| (value, origin.to_owned())));
}

#[test]
fn the_sources_of_values_are_listed_in_order() {
    let mut layers = Layers::default();
    layers.file_text(Path::new("a.toml"), "");
    layers.environment(pairs(&[("LOCKSTEP_TIMEOUT", "4"), ("HOME", "/")]));
    layers.flag("hz", "5");
    assert_eq!(layers.settle().unwrap().sources(), ["a.toml", "environment", "flags"]);
}

#[test]
fn a_file_takes_all_forms_of_toml_values() {
    let settings = from_file(
        "maxmemory = '100mb'\nport = 6_380\nprotected-mode = false\n\
         bind = ['127.0.0.1', '::1']\nsave = [[900, 1], [300, 10]]\nhz = 0x20\n",
    );
    let settings = settings.unwrap();
    assert_eq!(settings.number(Setting::Maxmemory), 100 << 20);
    assert_eq!(settings.port(Setting::Port), 6380);
    assert!(!settings.flag(Setting::ProtectedMode));
    assert_eq!(&*settings.text(Setting::Bind), "127.0.0.1 ::1");
    assert_eq!(&*settings.text(Setting::Save), "900 1 300 10");
    assert_eq!(settings.number(Setting::Hz), 32);
}

#[test]
fn an_unknown_name_is_refused_with_its_place_and_what_may_be_meant() {
    let errors = from_file("port = 1\n\n  maxmemry = 1\n").unwrap_err();
    assert_eq!(
        errors,
        ["lockstep.toml:3:3: unknown setting 'maxmemry'; did you mean 'maxmemory'?"]
    );
    let errors = from_file("tls-port = 1\n").unwrap_err();
    assert_eq!(errors, ["lockstep.toml:1:1: unknown setting 'tls-port'"]);
}

#[test]
fn a_wrong_value_is_refused_with_its_place_and_its_range() {
    let errors = from_file("# é\nport = 70000\n").unwrap_err();
    assert_eq!(
        errors,
        [
            "lockstep.toml:2:8: wrong value '70000' for 'port': argument must be between 0 and 65535 inclusive"
        ]
    );
}

#[test]
fn columns_count_characters() {
    let errors = from_file("\"é\" = 1\n\"ééé\"=[2020-01-01]").unwrap_err();
    assert_eq!(errors.len(), 2);
    assert!(errors[1].starts_with("lockstep.toml:2:1: "), "{errors:?}");
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let errors = from_file("hz = 'x'\nfoo = 1\ntimeout = 1.5\n").unwrap_err();
    assert_eq!(errors.len(), 3, "{errors:?}");
}

#[test]
fn a_value_that_a_higher_layer_covers_must_still_be_right() {
    let mut layers = Layers::default();
    layers.file_text(Path::new("lockstep.toml"), "port = 'x'");
    layers.flag("port", "1");
    assert!(layers.settle().is_err());
}

#[test]
fn text_that_is_not_toml_is_refused_with_its_place() {
    let errors = from_file("port = 1\nhz = \n").unwrap_err();
    assert!(errors[0].starts_with("lockstep.toml:2:6: "), "{errors:?}");
}

#[test]
fn a_line_of_redis_conf_gets_a_hint() {
    let errors = from_file("# x\nmaxmemory 100mb\n").unwrap_err();
    assert!(errors[0].ends_with("this file is TOML: maxmemory = \"100mb\""), "{errors:?}");
}

#[test]
fn sections_and_dates_are_refused() {
    let errors = from_file("[server]\nport = 1\n").unwrap_err();
    assert!(errors[0].contains("'server' is a section"), "{errors:?}");
    let errors = from_file("port = 2020-01-01\n").unwrap_err();
    assert!(errors[0].starts_with("lockstep.toml:1:8: wrong value for 'port'"), "{errors:?}");
}

#[test]
fn a_file_that_is_not_there_is_an_error() {
    let mut layers = Layers::default();
    layers.file(Path::new("/nonexistent/lockstep.toml"));
    let errors = settle(&layers).unwrap_err();
    assert!(errors[0].starts_with("/nonexistent/lockstep.toml: cannot be read"), "{errors:?}");
}

#[test]
fn a_variable_names_a_setting_with_underscores() {
    let settings = from_environment(&[("LOCKSTEP_MAXMEMORY_POLICY", "allkeys-lfu")]).unwrap();
    assert_eq!(settings.word(Setting::MaxmemoryPolicy), "allkeys-lfu");
}

#[test]
fn a_misspelt_variable_is_refused() {
    let errors = from_environment(&[("LOCKSTEP_REQUIREPAS", "x")]).unwrap_err();
    assert_eq!(
        errors,
        [
            "environment LOCKSTEP_REQUIREPAS: unknown setting 'requirepas'; did you mean 'requirepass'?"
        ]
    );
}

#[test]
fn a_variable_that_is_far_from_all_settings_is_noted_and_ignored() {
    let settings = from_environment(&[("LOCKSTEP_DASHBOARD_URL", "x")]).unwrap();
    assert_eq!(settings.notes(), ["LOCKSTEP_DASHBOARD_URL is no setting; ignored"]);
}

#[test]
fn variables_that_kubernetes_makes_are_noted_and_ignored() {
    let mut layers = Layers::default();
    layers.environment(pairs(&[
        ("LOCKSTEP_PORT", "tcp://10.0.0.1:6379"),
        ("LOCKSTEP_PORT_6379_TCP_ADDR", "10.0.0.1"),
        ("LOCKSTEP_SERVICE_HOST", "10.0.0.1"),
        ("LOCKSTEP_SERVICE_PORT_REDIS", "6379"),
    ]));
    let settings = layers.settle().unwrap();
    assert_eq!(settings.notes().len(), 4);
    assert_eq!(settings.port(Setting::Port), 6379);
}

#[test]
fn variables_of_tests_and_tools_are_left_alone() {
    for name in ["LOCKSTEP_TEST_SEED", "LOCKSTEP_BLESS", "LOCKSTEP_BIN", "LOCKSTEP_COMMIT"] {
        assert_eq!(from_environment(&[(name, "1")]).unwrap().notes(), [""; 0], "{name}");
    }
}

#[test]
fn a_secret_may_come_from_a_file_and_is_never_shown() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("password");
    std::fs::write(&path, "canary\n").unwrap();
    let path = path.to_str().unwrap();
    let settings = from_environment(&[("LOCKSTEP_REQUIREPASS_FILE", path)]).unwrap();
    assert_eq!(&*settings.text(Setting::Requirepass), "canary");
    assert!(from_environment(&[("LOCKSTEP_PORT_FILE", path)]).is_ok(), "a service link");
    let settings = from_environment(&[("LOCKSTEP_TIMEOUT_FILE", path)]).unwrap();
    assert_eq!(settings.number(Setting::Timeout), 0, "not a secret");
}

#[test]
fn an_unknown_flag_is_refused() {
    let errors = from_flags(&[("maxclient", "1")]).unwrap_err();
    assert_eq!(
        errors,
        ["flag --maxclient: unknown setting 'maxclient'; did you mean 'maxclients'?"]
    );
}

#[test]
fn the_admin_and_peer_ports_follow_the_port() {
    let ports = |flags: &[(&str, &str)]| {
        let settings = from_flags(flags).unwrap();
        (settings.port(Setting::AdminPort), settings.port(Setting::PeerPort))
    };
    assert_eq!(ports(&[]), (7379, 16379));
    assert_eq!(ports(&[("port", "7000")]), (8000, 17000));
    assert_eq!(ports(&[("port", "7000"), ("admin-port", "0")]), (0, 17000));
    assert_eq!(ports(&[("port", "65000")]), (0, 0), "no room above");
    assert_eq!(ports(&[("port", "0")]), (0, 0));
}

#[test]
fn overrides_cannot_hold_what_is_fixed_at_start() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("overrides.toml"), "port = 3\n").unwrap();
    let mut layers = Layers::default();
    layers.flag("dir", dir.path().to_str().unwrap());
    layers.overrides();
    let errors = settle(&layers).unwrap_err();
    assert!(errors[0].contains("'port' is fixed at start"), "{errors:?}");
}
