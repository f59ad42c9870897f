//! Strings.

pub mod get;
