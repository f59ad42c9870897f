//! Where values come from before the node runs, and in which order they count.

mod environment;
mod file;
mod nearest;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use environment::CONFIG_FILE;
pub(crate) use nearest::{nearest, setting as nearest_setting};

use super::cluster;
use super::rewrite::OVERRIDES;
use super::row::When;
use super::settings::Settings;
use super::table::Setting;

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The table of settings.
    Default,
    /// A line of a file.
    File {
        /// Which file.
        path: Arc<Path>,
        /// Which line, from 1.
        line: usize,
        /// Which column, from 1.
        column: usize,
    },
    /// A variable of the environment.
    Environment(String),
    /// A flag of the command line.
    Flag(&'static str),
    /// CONFIG SET.
    Runtime,
    /// Another value.
    Derived(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File { path, line, .. } => write!(f, "{}:{line}", path.display()),
            Origin::Environment(name) => write!(f, "environment {name}"),
            Origin::Flag(name) => write!(f, "flag --{name}"),
            Origin::Runtime => f.write_str("CONFIG SET"),
            Origin::Derived(rule) => f.write_str(rule),
        }
    }
}

/// Something wrong in a layer, with the place and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// Where it stands.
    pub place: String,
    /// What is wrong.
    pub problem: String,
    /// What may be meant.
    pub hint: Option<String>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.problem)?;
        match &self.hint {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ConfigError {}

/// One value that a layer gives.
#[derive(Clone, Debug)]
struct Given {
    setting: Setting,
    /// The name it was given under.
    name: &'static str,
    raw: String,
    origin: Origin,
}

/// The layers above the defaults, on their way to [`Settings`].
#[derive(Debug, Default)]
pub struct Layers {
    file: Vec<Given>,
    overrides: Vec<Given>,
    environment: Vec<Given>,
    flags: Vec<Given>,
    files: Vec<String>,
    errors: Vec<ConfigError>,
    notes: Vec<String>,
}

impl Layers {
    /// Adds the flag `--name value`.
    pub fn flag(&mut self, name: &str, value: &str) {
        let Some((setting, name)) = known(name) else {
            return self.errors.push(unknown(format!("flag --{name}"), name));
        };
        let origin = Origin::Flag(name);
        self.flags.push(Given { setting, name, raw: value.to_owned(), origin });
    }

    /// Adds what CONFIG REWRITE kept in the data directory that the other layers name.
    pub fn overrides(&mut self) {
        let path = Path::new(&self.dir()).join(OVERRIDES);
        match std::fs::read_to_string(&path) {
            Ok(text) => self.overrides_text(&path, &text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => self.unreadable(&path, &error),
        }
    }

    /// The data directory, as far as the layers name one.
    pub fn dir(&self) -> PathBuf {
        let mut given = self.file.iter().chain(&self.environment).chain(&self.flags);
        let last = given.rfind(|given| given.setting == Setting::Dir);
        last.map_or(Setting::Dir.row().default, |given| &given.raw).into()
    }

    /// Lays the layers over the defaults.
    ///
    /// # Errors
    /// Everything that is wrong in any layer, also where a higher one covers it.
    pub fn settle(&self) -> Result<Settings, Vec<ConfigError>> {
        let mut settings = Settings::default();
        let mut errors = self.errors.clone();
        for given in self.given() {
            if let Err(error) = lay(&settings, given) {
                errors.push(error);
            }
        }
        derive_ports(&settings);
        cluster::derive(&settings);
        errors.extend(cluster::check(&settings));
        settings.sources = self.sources();
        settings.notes.clone_from(&self.notes);
        if errors.is_empty() { Ok(settings) } else { Err(errors) }
    }

    /// The layers that say something, in the order in which they count.
    fn sources(&self) -> Vec<String> {
        let layers = [("environment", &self.environment), ("flags", &self.flags)];
        let speaking = layers.iter().filter(|(_, given)| !given.is_empty());
        self.files.iter().cloned().chain(speaking.map(|(name, _)| (*name).to_owned())).collect()
    }

    fn given(&self) -> impl Iterator<Item = &Given> {
        let kept = self.file.iter().chain(&self.overrides);
        kept.chain(&self.environment).chain(&self.flags)
    }

    fn overrides_text(&mut self, path: &Path, text: &str) {
        self.files.push(path.display().to_string());
        for given in self.read_toml(path, text) {
            if given.setting.row().when == When::Run {
                self.overrides.push(given);
            } else {
                self.errors.push(fixed_at_start(&given));
            }
        }
    }

    fn unreadable(&mut self, path: &Path, error: &std::io::Error) {
        self.errors.push(ConfigError {
            place: path.display().to_string(),
            problem: format!("cannot be read: {error}"),
            hint: None,
        });
    }
}

fn lay(settings: &Settings, given: &Given) -> Result<(), ConfigError> {
    let row = given.setting.row();
    let current = settings.text(given.setting);
    match row.parse(given.name, &given.raw, &current) {
        Ok(value) => {
            settings.store(given.setting, &value, given.origin.clone());
            Ok(())
        }
        Err(refusal) => {
            let shown = if row.secret() { String::new() } else { format!(" '{}'", given.raw) };
            Err(ConfigError {
                place: place(&given.origin),
                problem: format!("wrong value{shown} for '{}': {refusal}", given.name),
                hint: None,
            })
        }
    }
}

/// Ports that nobody named follow the port for clients; off where there is no room.
fn derive_ports(settings: &Settings) {
    let port = settings.number(Setting::Port);
    let rules =
        [(Setting::AdminPort, 1_000, "port + 1000"), (Setting::PeerPort, 10_000, "port + 10000")];
    for (setting, distance, rule) in rules {
        let free = settings.origin(setting) == Origin::Default;
        if free && settings.origin(Setting::Port) != Origin::Default {
            let derived = if port == 0 { 0 } else { port + distance };
            let derived = if derived > u64::from(u16::MAX) { 0 } else { derived };
            settings.store(setting, &super::Value::Number(derived), Origin::Derived(rule));
        }
    }
}

/// The setting called `name`, and which of its names that is.
fn known(name: &str) -> Option<(Setting, &'static str)> {
    let setting = Setting::named(name)?;
    let row = setting.row();
    let alias = row.alias.filter(|alias| alias.eq_ignore_ascii_case(name));
    Some((setting, alias.unwrap_or(row.name)))
}

fn unknown(place: String, name: &str) -> ConfigError {
    let hint = nearest_setting(name).map(|near| format!("did you mean '{near}'?"));
    ConfigError { place, problem: format!("unknown setting '{name}'"), hint }
}

fn fixed_at_start(given: &Given) -> ConfigError {
    ConfigError {
        place: place(&given.origin),
        problem: format!("'{}' is fixed at start", given.name),
        hint: Some("set it in the configuration file, the environment or a flag".to_owned()),
    }
}

/// The origin as an error names it, with the column.
fn place(origin: &Origin) -> String {
    match origin {
        Origin::File { path, line, column } => format!("{}:{line}:{column}", path.display()),
        _ => origin.to_string(),
    }
}
