//! Tests of the settings.
#![allow(clippy::unwrap_used)]

mod change;
mod layers;
mod reference;
mod rewrite;
mod table;
mod values;
