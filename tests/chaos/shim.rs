//! Libraries that stand before the system's own and change what a process sees of it.

use std::path::Path;
use std::process::Command;

/// Makes a library from a source in this folder; false where there is no compiler.
pub fn make(source: &str, library: &Path) -> bool {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(source);
    let made = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .arg(library)
        .arg(source)
        .arg("-ldl")
        .status();
    made.is_ok_and(|made| made.success())
}

/// The program, with arguments, that starts a process with a library and a variable.
pub fn enter(library: &Path, variable: String) -> Vec<String> {
    vec!["env".to_owned(), format!("LD_PRELOAD={}", library.display()), variable]
}
