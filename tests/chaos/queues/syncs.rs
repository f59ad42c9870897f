//! Disks whose syncs are slow or fail, one for each node: a library that stands before the
//! system's own.

use std::cell::Cell;
use std::fs;
use std::path::PathBuf;

use lockstep_tests::Place;
use tempfile::TempDir;

use super::super::shim;

/// The disks of some nodes.
pub struct Syncs {
    folder: TempDir,
    failures: Cell<u64>,
}

impl Syncs {
    /// Makes the library; none where there is no compiler.
    pub fn new() -> Option<Syncs> {
        let folder = TempDir::new().expect("a temporary folder can be made");
        let made = shim::make("chaos/queues/syncs.c", &folder.path().join("syncs.so"));
        made.then_some(Syncs { folder, failures: Cell::new(0) })
    }

    /// Where a node runs whose disk can be made bad.
    pub fn place(&self, node: usize) -> Place {
        self.write(node, 0, 0);
        let library = self.folder.path().join("syncs.so");
        let file = format!("SYNC_FAULT_FILE={}", self.file(node).display());
        Place { enter: shim::enter(&library, file), ..Place::here() }
    }

    /// Every sync takes so much longer.
    pub fn slow(&self, node: usize, more_ms: u64) {
        self.write(node, more_ms, 0);
    }

    /// The next sync fails.
    pub fn fail(&self, node: usize) {
        self.failures.set(self.failures.get() + 1);
        self.write(node, 0, self.failures.get());
    }

    /// All is well.
    pub fn mend(&self, node: usize) {
        self.write(node, 0, 0);
    }

    fn write(&self, node: usize, more_ms: u64, failure: u64) {
        // Of one length, so that no reader sees half of it.
        let text = format!("{more_ms:020} {failure:020}");
        fs::write(self.file(node), text).expect("a file can be written");
    }

    fn file(&self, node: usize) -> PathBuf {
        self.folder.path().join(format!("node{node}"))
    }
}
