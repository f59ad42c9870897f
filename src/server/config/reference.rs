//! The settings as a page to read: the reference in Markdown, and the long help.

use super::row::{Group, Kind, Row, When};
use super::table::ROWS;

const HEAD: &str = "# Settings

This page is made from the table in `table.rs` by `lockstep settings-reference`; a test keeps it equal.

Later layers win: the defaults below, the TOML file (`--config FILE` or `LOCKSTEP_CONFIG`),
`overrides.toml` in the data directory (what `CONFIG REWRITE` kept), the environment, flags, and at
run time `CONFIG SET`. A setting is called the same everywhere:

| where | how |
| --- | --- |
| file | `maxmemory = \"100mb\"` |
| environment | `LOCKSTEP_MAXMEMORY=100mb`; `LOCKSTEP_REQUIREPASS_FILE=/run/secrets/password` reads a secret from a file |
| flag | `--maxmemory 100mb` |
| running node | `CONFIG SET maxmemory 100mb` |

Bytes take `kb`, `mb`, `gb` (1,024) and `k`, `m`, `g` (1,000). \"at start\" means that `CONFIG SET`
refuses the setting. `lockstep config show --origin` says where each value comes from.
";

/// The reference page.
pub fn markdown() -> String {
    let mut page = HEAD.to_owned();
    for group in Group::ALL {
        page.push_str(&format!("\n## {}\n\n", group.title()));
        page.push_str("| setting | takes | default | when | what it does |\n");
        page.push_str("| --- | --- | --- | --- | --- |\n");
        for row in of(group) {
            page.push_str(&line(row));
        }
    }
    page
}

/// The long help: every setting that acts, with default and variable.
pub fn help() -> String {
    let mut text = String::new();
    for group in Group::ALL.into_iter().filter(|group| *group != Group::Remembered) {
        text.push_str(&format!("\n{}:\n", group.title()));
        for row in of(group) {
            text.push_str(&help_entry(row));
        }
    }
    let remembered: Vec<&str> = of(Group::Remembered).map(|row| row.name).collect();
    text.push_str(&format!("\n{}:\n", Group::Remembered.title()));
    text.push_str(&wrapped(&remembered.join(", "), 2));
    text
}

fn of(group: Group) -> impl Iterator<Item = &'static Row> {
    ROWS.iter().filter(move |row| row.group == group)
}

fn line(row: &Row) -> String {
    let alias = row.alias.map(|alias| format!(", `{alias}`")).unwrap_or_default();
    let default = if row.default.is_empty() { "empty" } else { &format!("`{}`", row.default) };
    let when = if row.when == When::Run { "any time" } else { "at start" };
    format!("| `{}`{alias} | {} | {default} | {when} | {} |\n", row.name, takes(row), row.doc)
}

fn help_entry(row: &Row) -> String {
    let default = if row.default.is_empty() { "empty" } else { row.default };
    let head = format!("  --{} <{}>", row.name, takes(row).replace('`', ""));
    let facts = format!("default: {default}, environment: {}", row.env_name());
    format!("{head}\n{}{}", wrapped(row.doc, 6), wrapped(&facts, 6))
}

/// What the setting takes, in a few words.
fn takes(row: &Row) -> String {
    match row.kind {
        Kind::Switch => "`yes` or `no`".to_owned(),
        Kind::Integer { min, max, unit } => {
            let unit = unit.word();
            let blank = if unit.is_empty() { "" } else { " " };
            format!("{}{blank}{unit}", range(min.into(), max.into(), i64::MAX.into()))
        }
        Kind::Clamped { min, max } => range(min.into(), max.into(), i64::MAX.into()),
        Kind::Bytes { min, max } if min == max => "fixed".to_owned(),
        Kind::Bytes { min, max } => {
            format!("{} bytes", range(min.into(), max.into(), i64::MAX.into()))
        }
        Kind::BytesOrPercent => "bytes or percent".to_owned(),
        Kind::Word { words, .. } => words.join(", "),
        Kind::Text => "text".to_owned(),
        Kind::Secret => "text, kept out of logs and listings".to_owned(),
        Kind::Addresses => "addresses".to_owned(),
        Kind::Seeds => "addresses of nodes".to_owned(),
        Kind::Host => "a host".to_owned(),
        Kind::SavePoints => "seconds and changes, in pairs".to_owned(),
        Kind::OutputLimits => "class, bytes, bytes, seconds; repeated".to_owned(),
        Kind::Events => "letters".to_owned(),
        Kind::Percentiles => "numbers from 0 to 100".to_owned(),
        Kind::OomScores => "three numbers from -2000 to 2000".to_owned(),
    }
}

/// A range; one that ends at `endless` has no end.
fn range(min: i128, max: i128, endless: i128) -> String {
    if max >= endless { format!("{min} and more") } else { format!("{min} to {max}") }
}

/// `text` in lines that fit a terminal, each behind `indent` blanks.
fn wrapped(text: &str, indent: usize) -> String {
    const COLUMNS: usize = 96;
    let mut lines = String::new();
    let mut column = usize::MAX;
    for word in text.split(' ') {
        if column.saturating_add(word.len() + 1) > COLUMNS {
            lines.push_str(if lines.is_empty() { "" } else { "\n" });
            lines.push_str(&" ".repeat(indent));
            lines.push_str(word);
            column = indent + word.len();
        } else {
            lines.push(' ');
            lines.push_str(word);
            column += word.len() + 1;
        }
    }
    lines.push('\n');
    lines
}
