//! `lockstep check-config`.

use std::process::ExitCode;

use super::{Given, print, tell, tell_all};
use crate::config::{Origin, Setting, Settings};

/// Says whether a node would start with these settings.
pub(super) fn check(given: &Given) -> ExitCode {
    match given.all_layers().settle() {
        Ok(settings) => {
            for note in settings.notes() {
                tell(&format!("note: {note}"));
            }
            print(&verdict(&settings))
        }
        Err(errors) => tell_all(&errors),
    }
}

fn verdict(settings: &Settings) -> String {
    let set = |setting: &Setting| {
        !matches!(settings.origin(*setting), Origin::Default | Origin::Derived(_))
    };
    let count = Setting::all().filter(set).count();
    let from = match settings.sources() {
        [] => "nothing but defaults".to_owned(),
        sources => sources.join(", "),
    };
    format!("ok: {count} settings from {from}\n")
}
