//! Wall clocks that can be set, one for each node: a library that stands before the
//! system's own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use lockstep_tests::Place;
use tempfile::TempDir;

/// The wall clocks of some nodes.
pub struct Walls {
    folder: TempDir,
}

impl Walls {
    /// Makes the library; none where there is no compiler.
    pub fn new() -> Option<Walls> {
        let folder = TempDir::new().expect("a temporary folder can be made");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("chaos/locks/wall.c");
        let made = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .arg(folder.path().join("wall.so"))
            .arg(source)
            .arg("-ldl")
            .status();
        made.is_ok_and(|made| made.success()).then_some(Walls { folder })
    }

    /// Where a node runs whose clock can be set.
    pub fn place(&self, node: usize) -> Place {
        self.set(node, 0);
        let enter = vec![
            "env".to_owned(),
            format!("LD_PRELOAD={}", self.folder.path().join("wall.so").display()),
            format!("WALL_CLOCK_FILE={}", self.file(node).display()),
        ];
        Place { enter, ..Place::here() }
    }

    /// Moves the clock of a node so many seconds away from what it was at first.
    pub fn set(&self, node: usize, seconds: i64) {
        // Of one length, so that no reader sees half of it.
        fs::write(self.file(node), format!("{seconds:+020}")).expect("a file can be written");
    }

    fn file(&self, node: usize) -> PathBuf {
        self.folder.path().join(format!("node{node}"))
    }
}
