//! The environment: `LOCKSTEP_MAXMEMORY` is `maxmemory`.

use std::ffi::OsString;

use super::{ConfigError, Given, Layers, Origin, known, unknown};

const PREFIX: &str = "LOCKSTEP_";
/// The variable that names the TOML file.
pub const CONFIG_FILE: &str = "LOCKSTEP_CONFIG";
/// Behind the name of a secret: the value is the first line of this file.
const FROM_FILE: &str = "_FILE";
/// Beginnings of names that are for tests and tools.
const FOR_TOOLS: [&str; 3] = ["TEST_", "BENCH_", "BLESS"];

impl Layers {
    /// Adds the settings among `variables`.
    pub fn environment(&mut self, variables: impl IntoIterator<Item = (OsString, OsString)>) {
        let mut variables: Vec<_> = variables.into_iter().filter_map(ours).collect();
        variables.sort();
        for (variable, value) in variables {
            self.variable(&variable, value);
        }
    }

    fn variable(&mut self, variable: &str, value: OsString) {
        let Some(value) = value.to_str() else {
            return self.errors.push(ConfigError {
                place: format!("environment {variable}"),
                problem: "the value is not UTF-8 text".to_owned(),
                hint: None,
            });
        };
        let short = &variable[PREFIX.len()..];
        if variable == CONFIG_FILE || FOR_TOOLS.iter().any(|tool| short.starts_with(tool)) {
            return;
        }
        if made_by_kubernetes(short, value) {
            let note = format!("{variable} looks like a service link of Kubernetes; ignored");
            return self.notes.push(note);
        }
        self.named(variable, short, value);
    }

    fn named(&mut self, variable: &str, short: &str, value: &str) {
        let name = short.to_ascii_lowercase().replace('_', "-");
        let origin = Origin::Environment(variable.to_owned());
        if let Some((setting, name)) = known(&name) {
            return self.environment.push(Given { setting, name, raw: value.to_owned(), origin });
        }
        let secret =
            short.strip_suffix(FROM_FILE).map(|s| s.to_ascii_lowercase().replace('_', "-"));
        let secret = secret.and_then(|name| known(&name)).filter(|(s, _)| s.row().secret());
        let Some((setting, name)) = secret else {
            return self.errors.push(unknown(format!("environment {variable}"), &name));
        };
        match std::fs::read_to_string(value) {
            Ok(text) => {
                let raw = text.lines().next().unwrap_or_default().to_owned();
                self.environment.push(Given { setting, name, raw, origin });
            }
            Err(error) => self.unreadable(value.as_ref(), &error),
        }
    }
}

/// The variable with its name as text, if it is one of ours.
fn ours((name, value): (OsString, OsString)) -> Option<(String, OsString)> {
    let name = name.into_string().ok()?;
    name.starts_with(PREFIX).then_some((name, value))
}

/// Kubernetes gives every pod variables for a service that is called `lockstep`.
fn made_by_kubernetes(short: &str, value: &str) -> bool {
    short.starts_with("SERVICE_HOST")
        || short.starts_with("SERVICE_PORT")
        || (short.starts_with("PORT") && (short != "PORT" || value.contains("://")))
}
