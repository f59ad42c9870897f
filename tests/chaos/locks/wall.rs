//! Wall clocks that can be set, one for each node: a library that stands before the
//! system's own.

use std::fs;
use std::path::PathBuf;

use lockstep_tests::Place;
use tempfile::TempDir;

use super::super::shim;

/// The wall clocks of some nodes.
pub struct Walls {
    folder: TempDir,
}

impl Walls {
    /// Makes the library; none where there is no compiler.
    pub fn new() -> Option<Walls> {
        let folder = TempDir::new().expect("a temporary folder can be made");
        let made = shim::make("chaos/locks/wall.c", &folder.path().join("wall.so"));
        made.then_some(Walls { folder })
    }

    /// Where a node runs whose clock can be set.
    pub fn place(&self, node: usize) -> Place {
        self.set(node, 0);
        let file = format!("WALL_CLOCK_FILE={}", self.file(node).display());
        let enter = shim::enter(&self.folder.path().join("wall.so"), file);
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
