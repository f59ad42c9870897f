//! Sets the keys that will be read.

use std::io;

use crate::record::Recorder;
use crate::workload::Workload;
use crate::{Flags, run};

const CLIENTS: usize = 8;
const PIPELINE: usize = 64;

/// Sets every key once.
///
/// # Errors
/// When the server cannot be reached or refuses a SET.
pub fn preload(flags: &Flags) -> io::Result<()> {
    let load = Flags {
        workload: Workload::Load,
        clients: CLIENTS,
        pipeline: PIPELINE,
        rate: None,
        requests: None,
        quiet: true,
        ..flags.clone()
    };
    let seen: Recorder = run::measure(&load)?;
    match seen.errors.keys().next() {
        Some(text) => Err(io::Error::other(format!("while setting the keys: {text}"))),
        None => Ok(()),
    }
}
