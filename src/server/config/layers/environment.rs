//! The environment: `LOCKSTEP_MAXMEMORY` is `maxmemory`.

use std::ffi::OsString;

use super::{ConfigError, Given, Layers, Origin, known, unknown};

const PREFIX: &str = "LOCKSTEP_";
/// The variable that names the TOML file.
pub const CONFIG_FILE: &str = "LOCKSTEP_CONFIG";
/// Behind the name of a secret: the value is the first line of this file.
const FROM_FILE: &str = "_FILE";
/// Names that are for tests and builds, and beginnings of such names.
const FOR_TOOLS: [&str; 4] = ["BIN", "BLESS", "COMMIT", "SEED"];
const FOR_TOOLS_FROM: [&str; 4] = ["BENCH_", "DIFFERENTIAL", "KILL", "TEST_"];

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
        let for_tools = FOR_TOOLS.contains(&short)
            || FOR_TOOLS_FROM.iter().any(|beginning| short.starts_with(beginning));
        if variable == CONFIG_FILE || for_tools {
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
            return self.unknown_variable(variable, &name);
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

impl Layers {
    /// A misspelt setting is refused. What is far from all settings may be somebody
    /// else's, who shares the environment: it is noted.
    fn unknown_variable(&mut self, variable: &str, name: &str) {
        let error = unknown(format!("environment {variable}"), name);
        if error.hint.is_some() {
            self.errors.push(error);
        } else {
            self.notes.push(format!("{variable} is no setting; ignored"));
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
