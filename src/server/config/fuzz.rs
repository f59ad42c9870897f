//! Entry points for fuzzing: any bytes give a result, never a panic.

use std::path::Path;

use super::layers::Layers;
use super::settings::Settings;
use super::table::ROWS;

/// Reads `bytes` as a configuration file, then as a value of every setting.
pub fn config(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut layers = Layers::default();
    layers.file_text(Path::new("fuzz.toml"), &text);
    match layers.settle() {
        Ok(settings) => assert_eq!(settings.get(&["port"]).len(), 1),
        Err(errors) => assert!(errors.iter().all(|error| !error.to_string().is_empty())),
    }
    value_of_every_setting(&text);
}

/// A value that is taken prints as something that is taken again and means the same.
fn value_of_every_setting(text: &str) {
    let defaults = Settings::default();
    for row in ROWS {
        let current = defaults.print(row.setting);
        let Ok(value) = row.parse(row.name, text, &current) else { continue };
        let printed = row.print(row.name, &value);
        let again = row.parse(row.name, &printed, &current);
        assert_eq!(again.as_ref(), Ok(&value), "{} = {text:?}", row.name);
    }
}
