//! Small disks: files with a file system in them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use lockstep_tests::needed;
use tempfile::TempDir;

/// A disk that is soon full. It is taken away when it is dropped.
#[derive(Debug)]
pub struct Disk {
    folder: TempDir,
}

impl Disk {
    /// Whether this process may make disks at all; says so when it may not.
    pub fn possible() -> bool {
        let tried = TempDir::new().is_ok_and(|folder| Disk::make(folder.path(), 8).is_ok());
        needed(tried, "a loop device as root")
    }

    /// An empty disk of so many megabytes.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn new(megabytes: u64) -> Disk {
        let folder = TempDir::new().expect("a temporary folder can be made");
        Disk::make(folder.path(), megabytes).unwrap();
        let disk = Disk { folder };
        let (image, root) = (disk.folder.path().join("image"), disk.root());
        fs::create_dir(&root).expect("a folder can be made");
        run(Command::new("mount").args(["-o", "loop"]).arg(image).arg(&root)).unwrap();
        disk
    }

    /// Where its files are.
    pub fn root(&self) -> PathBuf {
        self.folder.path().join("root")
    }

    /// Leaves so many kilobytes free.
    pub fn fill(&self, kilobytes_left: u64) {
        let free = self.free_kilobytes();
        if free > kilobytes_left {
            let more = format!("{}K", free - kilobytes_left);
            let number = fs::read_dir(self.ballast()).unwrap().count();
            let file = self.ballast().join(number.to_string());
            // A little less is as good: somebody else takes space, too.
            let _ = run(Command::new("fallocate").args(["-l", &more]).arg(file));
        }
    }

    /// Gives the space back.
    pub fn empty(&self) {
        fs::remove_dir_all(self.ballast()).expect("files can be removed");
    }

    /// How much is free, in kilobytes.
    pub fn free_kilobytes(&self) -> u64 {
        let table = Command::new("df").args(["--output=avail", "-k"]).arg(self.root()).output();
        let text = String::from_utf8(table.expect("df runs").stdout).expect("text");
        text.split_whitespace().last().and_then(|free| free.parse().ok()).expect("a number")
    }

    fn ballast(&self) -> PathBuf {
        let ballast = self.root().join("ballast");
        fs::create_dir_all(&ballast).expect("a folder can be made");
        ballast
    }

    fn make(folder: &Path, megabytes: u64) -> Result<(), String> {
        let image = folder.join("image");
        run(Command::new("truncate").args(["-s", &format!("{megabytes}M")]).arg(&image))?;
        run(Command::new("mkfs.ext4").args(["-q", "-m", "0", "-O", "^has_journal"]).arg(&image))?;
        let root = folder.join("tried");
        fs::create_dir(&root).map_err(|why| why.to_string())?;
        run(Command::new("mount").args(["-o", "loop"]).arg(&image).arg(&root))?;
        run(Command::new("umount").arg(&root))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Somebody may still be busy there; it goes when they are done.
        let _ = run(Command::new("umount").arg("-l").arg(self.root()));
    }
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|why| why.to_string())?;
    let problem = || String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(()) } else { Err(format!("{command:?}: {}", problem())) }
}
