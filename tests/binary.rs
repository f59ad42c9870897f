//! The server that is tested: the one this very build makes.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The folder of the workspace.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests stand in the workspace")
}

/// The binary `lockstep` next to the test binary, built anew if it is stale;
/// `TEST_SERVER` names another one.
pub fn lockstep_binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| match std::env::var_os("TEST_SERVER") {
        Some(path) => path.into(),
        None => build(),
    })
}

fn build() -> PathBuf {
    let test = std::env::current_exe().expect("a running program has a path");
    // target/PROFILE/deps/TEST
    let profile = test.ancestors().nth(2).expect("test binaries stand in PROFILE/deps");
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--quiet", "--package", "lockstep", "--bin", "lockstep"]);
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    let built = cargo.current_dir(workspace()).status().expect("cargo runs");
    assert!(built.success(), "the server does not build");
    profile.join("lockstep")
}
