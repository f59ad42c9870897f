//! `lockstep config show`.

use std::process::ExitCode;

use super::{Given, print, tell_all};
use crate::config::{Setting, Settings};

/// Prints every setting; with `origin`, where its value comes from.
pub(super) fn show(given: &Given, origin: bool) -> ExitCode {
    match given.all_layers().settle() {
        Ok(settings) => print(&lines(&settings, origin)),
        Err(errors) => tell_all(&errors),
    }
}

fn lines(settings: &Settings, origin: bool) -> String {
    let line = |setting: Setting| {
        let value = shown(settings, setting);
        let line = format!("{} = {}", setting.name(), toml::Value::String(value));
        if origin {
            format!("{line:<56} # {}\n", settings.origin(setting))
        } else {
            format!("{line}\n")
        }
    };
    Setting::all().map(line).collect()
}

fn shown(settings: &Settings, setting: Setting) -> String {
    let value = settings.print(setting);
    if setting.row().secret() && !value.is_empty() { "(hidden)".to_owned() } else { value }
}
