//! What the command line means.
#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use super::args::parse;
use super::{Command, Given};

fn read(words: &[&str]) -> Result<Command, String> {
    let words = ["lockstep"].iter().chain(words).map(Into::into);
    parse(words).map_err(|wrong| wrong.to_string())
}

fn given(file: Option<&str>, flags: &[(&str, &str)]) -> Given {
    let flags = flags.iter().map(|(name, value)| (name.to_string(), value.to_string()));
    Given { file: file.map(PathBuf::from), flags: flags.collect() }
}

fn serve(file: Option<&str>, flags: &[(&str, &str)]) -> Result<Command, String> {
    Ok(Command::Serve(given(file, flags)))
}

#[test]
fn no_word_at_all_runs_a_node() {
    assert_eq!(read(&[]), serve(None, &[]));
    assert_eq!(read(&["server"]), serve(None, &[]));
}

#[test]
fn a_flag_takes_its_value_from_the_next_word_or_behind_an_equals_sign() {
    let wanted = serve(None, &[("port", "1"), ("requirepass", ""), ("hz", "2")]);
    assert_eq!(read(&["--port", "1", "--requirepass", "", "--hz=2"]), wanted);
}

#[test]
fn a_value_may_be_negative() {
    let wanted = serve(None, &[("slowlog-log-slower-than", "-1")]);
    assert_eq!(read(&["--slowlog-log-slower-than", "-1"]), wanted);
}

#[test]
fn settings_of_several_words_take_them_up_to_the_next_flag() {
    let wanted = serve(None, &[("bind", "127.0.0.1 -::1"), ("save", "900 1 300 10"), ("hz", "2")]);
    let words = ["--bind", "127.0.0.1", "-::1", "--save", "900", "1", "300", "10", "--hz", "2"];
    assert_eq!(read(&words), wanted);
    assert_eq!(read(&["--save", ""]), serve(None, &[("save", "")]));
}

#[test]
fn the_file_is_a_plain_word_or_behind_config() {
    assert_eq!(read(&["my.toml"]), serve(Some("my.toml"), &[]));
    assert_eq!(read(&["--config", "my.toml"]), serve(Some("my.toml"), &[]));
    assert_eq!(read(&["server", "my.toml", "--hz", "1"]), serve(Some("my.toml"), &[("hz", "1")]));
    assert_eq!(
        read(&["check-config", "my.toml"]),
        Ok(Command::CheckConfig(given(Some("my.toml"), &[])))
    );
    assert_eq!(read(&["a.toml", "--config", "b.toml"]), Err("two configuration files".to_owned()));
}

#[test]
fn commands_are_known_by_their_words() {
    assert_eq!(read(&["check-config"]), Ok(Command::CheckConfig(given(None, &[]))));
    assert_eq!(
        read(&["healthcheck", "--port", "7000"]),
        Ok(Command::Healthcheck(given(None, &[("port", "7000")])))
    );
    assert_eq!(
        read(&["config", "show", "--origin"]),
        Ok(Command::ConfigShow { given: given(None, &[]), origin: true })
    );
    assert_eq!(read(&["settings-reference"]), Ok(Command::Reference));
}

#[test]
fn help_and_version_need_nothing_else() {
    assert_eq!(read(&["-h"]), Ok(Command::Help { long: false }));
    assert_eq!(read(&["--help"]), Ok(Command::Help { long: true }));
    assert_eq!(read(&["help"]), Ok(Command::Help { long: true }));
    for word in ["--version", "-v", "-V", "version"] {
        assert_eq!(read(&[word]), Ok(Command::Version));
    }
}

#[test]
fn what_is_not_known_is_refused_with_what_may_be_meant() {
    for (words, wrong) in [
        (&["--prot", "5"][..], "unknown flag --prot; did you mean --port?"),
        (&["--versio"], "unknown flag --versio; did you mean --version?"),
        (&["--zzzzzz", "5"], "unknown flag --zzzzzz"),
        (&["chek-config"], "unknown command 'chek-config'; did you mean 'check-config'?"),
        (&["config"], "'config' is followed by 'show'"),
        (&["config", "list"], "'config' is followed by 'show'"),
        (&["--origin"], "--origin belongs to 'config show'"),
        (&["healthcheck", "now"], "unexpected word 'now'"),
        (&["--port"], "missing argument for option '--port'"),
    ] {
        assert_eq!(read(words), Err(wrong.to_owned()));
    }
}
