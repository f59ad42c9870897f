//! A page of INFO while it is written.

use std::fmt::{Display, Write};

/// A page of INFO: sections of `name:value` lines.
#[derive(Debug, Default)]
pub struct Page {
    text: String,
}

impl Page {
    /// Begins a section.
    pub fn section(&mut self, title: &str) {
        if !self.text.is_empty() {
            self.text.push_str("\r\n");
        }
        self.push(format_args!("# {title}"));
    }

    /// Adds a line.
    pub fn line(&mut self, name: impl Display, value: impl Display) {
        self.push(format_args!("{name}:{value}"));
    }

    /// Adds several lines.
    pub fn lines<V: Display>(&mut self, lines: impl IntoIterator<Item = (&'static str, V)>) {
        lines.into_iter().for_each(|(name, value)| self.line(name, value));
    }

    /// Adds lines that are always zero here but that tools look for.
    pub fn zeros(&mut self, names: &[&str]) {
        names.iter().for_each(|name| self.line(name, 0));
    }

    /// Adds a number of bytes, once as it is and once for people.
    pub fn bytes(&mut self, name: &str, bytes: u64) {
        self.line(name, bytes);
        self.line(format_args!("{name}_human"), human(bytes));
    }

    /// What was written.
    pub fn into_text(self) -> String {
        self.text
    }

    fn push(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = self.text.write_fmt(line);
        self.text.push_str("\r\n");
    }
}

/// A number of bytes for people: `918.83K`.
pub fn human(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["K", "M", "G", "T", "P", "E"];
    if bytes < 1024 {
        return format!("{bytes}B");
    }
    let mut value = bytes as f64 / 1024.0;
    let mut units = UNITS.iter();
    let mut unit = units.next();
    while value >= 1024.0 {
        value /= 1024.0;
        unit = units.next();
    }
    format!("{value:.2}{}", unit.unwrap_or(&"E"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_set_apart() {
        let mut page = Page::default();
        page.section("A");
        page.line("x", 1);
        page.section("B");
        assert_eq!(page.into_text(), "# A\r\nx:1\r\n\r\n# B\r\n");
    }

    #[test]
    fn bytes_are_shown_for_people() {
        let shown = [0, 1023, 1024, 940_880, 25_276_510_208].map(human);
        assert_eq!(shown, ["0B", "1023B", "1.00K", "918.83K", "23.54G"]);
    }
}
