//! Settings: one table, the layers they come from, and the values in force.
//!
//! Later layers win: defaults, the TOML file, `overrides.toml` in the data
//! directory (what CONFIG REWRITE kept), the environment (`LOCKSTEP_*`), flags,
//! and at run time CONFIG SET. The environment stands above the overrides so
//! that whoever starts the node can always correct what was set while it ran.

pub mod change;
mod cluster;
pub mod fuzz;
pub mod layers;
pub mod reference;
pub mod rewrite;
pub mod row;
pub mod seeds;
pub mod settings;
pub mod special;
pub mod table;
#[cfg(test)]
mod tests;

pub use change::SettingError;
pub use layers::{ConfigError, Layers, Origin};
pub use row::{Group, Kind, Refusal, Row, Unit, Value, When};
pub use settings::Settings;
pub use special::{OutputClass, OutputLimit, event};
pub use table::Setting;
