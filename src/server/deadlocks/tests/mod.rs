//! Tests of the detector.

#![allow(clippy::unwrap_used)]

mod model;
mod oracle;
mod random;
mod rules;
mod world;
