//! The sections Cache and Coherence: what this node keeps, and what keeping it equal
//! costs.

use super::page::Page;
use crate::Node;
use crate::config::Setting;

/// What belongs to the section Coherence; all others are of Cache.
const COHERENCE: &[&str] = &[
    "requests",
    "confirmed",
    "probes",
    "pushes",
    "gates",
    "held_us",
    "hidden",
    "flushes",
    "callbacks",
    "lent",
    "wire_messages",
    "malformed",
    "sessions",
];

fn fill_with(node: &Node, page: &mut Page, prefix: &str, coherence: bool) {
    for (name, number) in node.cache.numbers() {
        if COHERENCE.contains(&name) == coherence {
            page.line(format_args!("{prefix}_{name}"), number);
        }
    }
}

pub(super) fn fill(node: &Node, page: &mut Page) {
    for setting in [Setting::CacheReadMode, Setting::CacheWriteMode, Setting::CachePolicy] {
        page.line(setting.name().replace('-', "_"), node.settings.word(setting));
    }
    fill_with(node, page, "cache", false);
}

pub(super) fn fill_coherence(node: &Node, page: &mut Page) {
    fill_with(node, page, "coherence", true);
}
