//! CONFIG REWRITE: what was set at run time survives the next start.
//!
//! Only these values are written, to a file of our own in the data directory.
//! The user's file is never touched.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use super::layers::Origin;
use super::settings::Settings;
use super::table::Setting;

/// The name of the file in the data directory.
pub const OVERRIDES: &str = "overrides.toml";
const TEMPORARY: &str = "overrides.toml.new";
const HEAD: &str = "# Written by CONFIG REWRITE: values that were set while the node ran.\n\
                    # They stand above the configuration file, below the environment and flags.\n";

impl Settings {
    /// Writes the values set at run time, now or in an earlier life, to the data directory.
    ///
    /// # Errors
    /// What the disk says; the old file is then still there.
    pub fn rewrite(&self) -> io::Result<()> {
        let changing = self.changing.lock();
        let text = self.overrides();
        let dir = self.text(Setting::Dir);
        replace(Path::new(&*dir), &text)?;
        drop(changing);
        Ok(())
    }

    /// The content of the file.
    fn overrides(&self) -> String {
        let mut text = HEAD.to_owned();
        for setting in Setting::all().filter(|setting| self.overridden(*setting)) {
            let value = toml::Value::String(self.print(setting));
            text.push_str(&format!("{} = {value}\n", setting.name()));
        }
        text
    }

    fn overridden(&self, setting: Setting) -> bool {
        match self.origin(setting) {
            Origin::Runtime => true,
            Origin::File { path, .. } => path.file_name().is_some_and(|name| name == OVERRIDES),
            _ => false,
        }
    }
}

/// Puts `text` in the place of the old file, whole or not at all.
fn replace(dir: &Path, text: &str) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    let temporary = dir.join(TEMPORARY);
    let mut file = private(&temporary)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&temporary, dir.join(OVERRIDES))?;
    File::open(dir)?.sync_all()
}

/// The file may hold the password: only its owner may read it.
fn private(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    File::options().write(true).create(true).truncate(true).mode(0o600).open(path)
}
