//! CONFIG SET: several values at once, all or none.

use std::fmt;

use super::layers::Origin;
use super::row::{Group, Refusal, Value, When};
use super::settings::Settings;
use super::table::Setting;

/// Why CONFIG SET is refused; printed as Redis prints it, code included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingError {
    /// There is no such setting.
    Unknown(String),
    /// The setting is fixed at start.
    Immutable(&'static str),
    /// The setting is fixed at start, and Redis protects it.
    Protected(&'static str),
    /// The setting is named twice.
    Duplicate(&'static str),
    /// The value is not taken.
    Refused(&'static str, Refusal),
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, why): (&str, &dyn fmt::Display) = match self {
            SettingError::Unknown(name) => {
                return write!(
                    f,
                    "ERR Unknown option or number of arguments for CONFIG SET - '{name}'"
                );
            }
            SettingError::Immutable(name) => (name, &"can't set immutable config"),
            SettingError::Protected(name) => (name, &"can't set protected config"),
            SettingError::Duplicate(name) => (name, &"duplicate parameter"),
            SettingError::Refused(name, refusal) => (name, refusal),
        };
        write!(f, "ERR CONFIG SET failed (possibly related to argument '{name}') - {why}")
    }
}

impl std::error::Error for SettingError {}

/// A change that can be made.
struct Change {
    setting: Setting,
    value: Value,
}

impl Settings {
    /// Sets one value at run time.
    ///
    /// # Errors
    /// Why the value stays as it is.
    pub fn set(&self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Result<(), SettingError> {
        self.set_all(&[(name, value)])
    }

    /// Sets several values at run time, all or none, and tells the listeners.
    ///
    /// # Errors
    /// Why all values stay as they are.
    pub fn set_all<N, V>(&self, pairs: &[(N, V)]) -> Result<(), SettingError>
    where
        N: AsRef<[u8]>,
        V: AsRef<[u8]>,
    {
        let changing = self.changing.lock();
        let changes = self.changes(pairs)?;
        for change in &changes {
            self.store(change.setting, &change.value, Origin::Runtime);
        }
        drop(changing);
        for change in &changes {
            self.tell(change.setting);
        }
        Ok(())
    }

    fn changes<N, V>(&self, pairs: &[(N, V)]) -> Result<Vec<Change>, SettingError>
    where
        N: AsRef<[u8]>,
        V: AsRef<[u8]>,
    {
        let named = names(pairs.iter().map(|(name, _)| name.as_ref()))?;
        let changes = named.into_iter().zip(pairs);
        let mut accepted = Vec::with_capacity(pairs.len());
        for ((setting, name), (_, value)) in changes {
            let value = self.accept(setting, name, value.as_ref());
            if setting.row().when == When::Start {
                self.stays(setting, name, value)?;
                continue;
            }
            let value = value.map_err(|refusal| SettingError::Refused(name, refusal))?;
            accepted.push(Change { setting, value });
        }
        Ok(accepted)
    }

    /// What is fixed at start may be given the value that it has: so whoever writes back all
    /// that CONFIG GET gave is not refused for it.
    fn stays(
        &self,
        setting: Setting,
        name: &'static str,
        value: Result<Value, Refusal>,
    ) -> Result<(), SettingError> {
        match value {
            Ok(value) if value == self.value(setting) => Ok(()),
            Ok(_) if setting == Setting::Port => Err(SettingError::Refused(name, PORT_STAYS)),
            _ if setting == Setting::Bind => Err(SettingError::Refused(name, ADDRESSES_STAY)),
            _ => Err(SettingError::Immutable(name)),
        }
    }

    fn accept(&self, setting: Setting, name: &str, value: &[u8]) -> Result<Value, Refusal> {
        // What is not UTF-8 is no number and no word either, which is the better answer.
        let text = String::from_utf8_lossy(value);
        let accepted = setting.row().parse(name, &text, &self.text(setting))?;
        if text.as_bytes() == value { Ok(accepted) } else { Err(NOT_UTF8) }
    }
}

const PORT_STAYS: Refusal =
    Refusal::of("Unable to listen on this port: that of a node is chosen when it starts");
const ADDRESSES_STAY: Refusal =
    Refusal::of("Failed to bind to specified addresses: those of a node are chosen when it starts");
const NOT_UTF8: Refusal = Refusal::of("argument must be UTF-8 text");

/// Whether Redis refuses to set this, also to what it is already.
fn is_immutable_in_redis(setting: Setting) -> bool {
    use Setting::{ClusterEnabled, Databases, DisableThp, EnableDebugCommand};
    setting.row().group == Group::Remembered
        || matches!(setting, ClusterEnabled | Databases | DisableThp | EnableDebugCommand)
}

/// The settings of these names, each of which may change now, or be given the value it has.
fn names<'a>(
    names: impl Iterator<Item = &'a [u8]>,
) -> Result<Vec<(Setting, &'static str)>, SettingError> {
    let mut found: Vec<(Setting, &'static str)> = Vec::new();
    for asked in names {
        let (setting, name) = known(asked)?;
        match setting.row().when {
            When::Run => {}
            When::Start if is_immutable_in_redis(setting) => {
                return Err(SettingError::Immutable(name));
            }
            When::Start => {}
            When::Protected => return Err(SettingError::Protected(name)),
        }
        if found.contains(&(setting, name)) {
            return Err(SettingError::Duplicate(name));
        }
        found.push((setting, name));
    }
    Ok(found)
}

/// The setting, and which of its names was used.
fn known(asked: &[u8]) -> Result<(Setting, &'static str), SettingError> {
    let asked = String::from_utf8_lossy(asked);
    let Some(setting) = Setting::named(&asked) else {
        return Err(SettingError::Unknown(asked.into_owned()));
    };
    let row = setting.row();
    let by_alias = row.alias.filter(|alias| alias.eq_ignore_ascii_case(&asked));
    Ok((setting, by_alias.unwrap_or(row.name)))
}
