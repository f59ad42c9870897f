//! The TOML file: settings by name at the top level.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{ConfigError, Given, Layers, Origin, known, unknown};

/// How large a file may be.
const FILE_BYTES_MAX: u64 = 1 << 20;

impl Layers {
    /// Adds the settings of the TOML file at `path`.
    pub fn file(&mut self, path: &Path) {
        let too_large = std::fs::metadata(path).is_ok_and(|data| data.len() > FILE_BYTES_MAX);
        if too_large {
            let error = std::io::Error::other(format!("larger than {FILE_BYTES_MAX} bytes"));
            return self.unreadable(path, &error);
        }
        match std::fs::read_to_string(path) {
            Ok(text) => self.file_text(path, &text),
            Err(error) => self.unreadable(path, &error),
        }
    }

    /// Adds the settings of a TOML file that holds `text`.
    pub fn file_text(&mut self, path: &Path, text: &str) {
        self.files.push(path.display().to_string());
        let given = self.read_toml(path, text);
        self.file.extend(given);
    }

    pub(super) fn read_toml(&mut self, path: &Path, text: &str) -> Vec<Given> {
        let place = Place { path: path.into(), text };
        let table = match DeTable::parse(text) {
            Ok(table) => table.into_inner(),
            Err(error) => {
                self.errors.push(place.not_toml(&error));
                return Vec::new();
            }
        };
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        let mut read = Vec::new();
        for (key, value) in entries {
            match place.entry(key.get_ref(), key.span(), value) {
                Ok(given) => read.push(given),
                Err(error) => self.errors.push(error),
            }
        }
        read
    }
}

/// A file, to say where in it something stands.
struct Place<'a> {
    path: Arc<Path>,
    text: &'a str,
}

impl Place<'_> {
    fn entry(
        &self,
        key: &str,
        span: Range<usize>,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<Given, ConfigError> {
        if value.get_ref().is_table() {
            return Err(ConfigError {
                place: self.name(span.start),
                problem: format!("'{key}' is a section"),
                hint: Some("settings stand at the top of the file, as name = value".to_owned()),
            });
        }
        let Some((setting, name)) = known(key) else {
            return Err(unknown(self.name(span.start), key));
        };
        let raw = plain(value.get_ref()).ok_or_else(|| ConfigError {
            place: self.name(value.span().start),
            problem: format!("wrong value for '{name}': {}", value.get_ref().type_str()),
            hint: Some("write text, a whole number, true or false, or a list of these".to_owned()),
        })?;
        Ok(Given { setting, name, raw, origin: self.origin(value.span().start) })
    }

    fn not_toml(&self, error: &toml::de::Error) -> ConfigError {
        let at = error.span().map_or(0, |span| span.start);
        ConfigError {
            place: self.name(at),
            problem: error.message().lines().collect::<Vec<_>>().join(", "),
            hint: self.redis_line(at),
        }
    }

    /// A hint for a line in the form of redis.conf.
    fn redis_line(&self, at: usize) -> Option<String> {
        let (line, _) = self.position(at);
        let mut words = self.text.lines().nth(line - 1)?.split_whitespace();
        let (_, name) = known(words.next()?)?;
        let value = words.collect::<Vec<_>>().join(" ");
        (!value.starts_with('=')).then(|| format!("this file is TOML: {name} = {value:?}"))
    }

    fn origin(&self, at: usize) -> Origin {
        let (line, column) = self.position(at);
        Origin::File { path: self.path.clone(), line, column }
    }

    fn name(&self, at: usize) -> String {
        super::place(&self.origin(at))
    }

    /// Line and column of a byte, both from 1; columns count characters.
    fn position(&self, at: usize) -> (usize, usize) {
        let mut at = at.min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        let before = &self.text[..at];
        let line_at = before.rfind('\n').map_or(0, |newline| newline + 1);
        (before.matches('\n').count() + 1, before[line_at..].chars().count() + 1)
    }
}

/// The value as a flag would give it: lists are words behind each other.
fn plain(value: &DeValue<'_>) -> Option<String> {
    Some(match value {
        DeValue::String(text) => text.to_string(),
        DeValue::Boolean(true) => "yes".to_owned(),
        DeValue::Boolean(false) => "no".to_owned(),
        DeValue::Integer(number) => {
            i128::from_str_radix(number.as_str(), number.radix()).ok()?.to_string()
        }
        DeValue::Float(number) => number.as_str().to_owned(),
        DeValue::Array(values) => {
            let words: Option<Vec<String>> = values.iter().map(|v| plain(v.get_ref())).collect();
            words?.join(" ")
        }
        DeValue::Datetime(_) | DeValue::Table(_) => return None,
    })
}
