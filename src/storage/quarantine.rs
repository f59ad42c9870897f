//! Puts damaged data aside, so that the node can begin anew from its peers.
//!
//! Nothing is deleted: what can still be read may be wanted. The files are moved
//! one by one, and a marker stands in the data directory meanwhile: half the files
//! of a log must never pass for a log.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use lockstep_core::NodeId;

use crate::disk::read_full;
use crate::identity::{self, replace};
use crate::{BODIES_DIR, Disk, LOG_DIR, SNAPSHOT_DIR, StorageError, founding, peers};

/// A disk that damages data again and again is not to be trusted.
pub const QUARANTINES_MAX: usize = 8;

/// Stands in the data directory while files are moved. Holds the name of the
/// directory they go to, and what was known about the node.
const MARKER: &str = "QUARANTINE";
const MARKER_BYTES_MAX: usize = 512;
const REASON: &str = "REASON.txt";
const ADVICE: &str = "the node goes on with it by itself when it is started with --seeds";

/// What was put aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// Where it is now.
    pub path: PathBuf,
    /// The node that the data belonged to, if that could still be read. It must
    /// not come back under this id: its votes are gone.
    pub node: Option<NodeId>,
    /// The cluster of that node, likewise.
    pub cluster: Option<u64>,
}

/// Moves the log, the snapshots, the bodies of messages, the identity and the number of shards into
/// `quarantine-<n>` in the data directory, with a note why. The addresses of the
/// peers stay. One that was interrupted is finished.
///
/// The data directory must not be in use: whoever holds its [`Identity`](crate::Identity)
/// lets go of it first.
///
/// # Errors
/// The directory is in use, data was put aside too often, or the disk fails.
pub fn quarantine(disk: &dyn Disk, dir: &Path, reason: &str) -> Result<Quarantined, StorageError> {
    let _lock = identity::lock(disk, dir)?;
    let work = Work { disk, dir };
    let failed = || StorageError::io("putting damaged data aside", dir);
    let begun = work.begun().map_err(failed())?;
    let plan = match begun {
        Some(plan) => plan,
        None => work.begin(reason)?,
    };
    work.carry_out(&plan).map_err(failed())?;
    let path = dir.join(&plan.name);
    Ok(Quarantined { path, node: plan.node.map(NodeId), cluster: plan.cluster })
}

/// An interrupted quarantine leaves a data directory that nobody may use.
pub(crate) fn refuse_if_unfinished(disk: &dyn Disk, dir: &Path) -> Result<(), StorageError> {
    let work = Work { disk, dir };
    let begun = work.begun().map_err(StorageError::io("looking for put-aside data", dir))?;
    if begun.is_none() {
        return Ok(());
    }
    let what = "damaged data was being put aside, and that is not finished".into();
    Err(StorageError::Damaged { path: dir.join(MARKER), offset: 0, what, advice: ADVICE })
}

/// What the marker says.
struct Plan {
    name: String,
    node: Option<u64>,
    cluster: Option<u64>,
}

struct Work<'a> {
    disk: &'a dyn Disk,
    dir: &'a Path,
}

impl Work<'_> {
    fn begun(&self) -> io::Result<Option<Plan>> {
        let file = match self.disk.open(&self.dir.join(MARKER)) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        let mut buf = [0; MARKER_BYTES_MAX];
        let got = read_full(file.as_ref(), &mut buf, 0)?;
        match Plan::parse(&buf[..got]) {
            Some(plan) => Ok(Some(plan)),
            // It says at least that there is one.
            None => Ok(Some(Plan { name: self.free_name()?, node: None, cluster: None })),
        }
    }

    fn begin(&self, reason: &str) -> Result<Plan, StorageError> {
        let failed = || StorageError::io("putting damaged data aside", self.dir);
        let name = self.free_name().map_err(failed())?;
        let before = self.numbers().map_err(failed())?.len();
        if before >= QUARANTINES_MAX {
            return Err(StorageError::TooOften { path: self.dir.to_path_buf(), times: before });
        }
        let known = identity::read(self.disk, self.dir).ok().flatten();
        let node = known.map(|content| content.node);
        let cluster = known.map(|content| content.cluster).filter(|cluster| *cluster != 0);
        let plan = Plan { name, node, cluster };
        self.explain(&plan, reason).map_err(failed())?;
        replace(self.disk, self.dir, MARKER, plan.text().as_bytes()).map_err(failed())?;
        Ok(plan)
    }

    fn explain(&self, plan: &Plan, reason: &str) -> io::Result<()> {
        let to = self.dir.join(&plan.name);
        self.disk.create_dir_all(&to)?;
        let id = |id: Option<u64>| id.map_or("unknown".into(), |id| format!("{id:016x}"));
        let text = format!(
            "This data was put aside because it is damaged:\n{reason}\n\n\
             node {}, cluster {}\n\
             Nothing uses it any more. Remove it when nobody wants to look into it.\n",
            id(plan.node),
            id(plan.cluster)
        );
        replace(self.disk, &to, REASON, text.as_bytes())
    }

    fn carry_out(&self, plan: &Plan) -> io::Result<()> {
        let to = self.dir.join(&plan.name);
        for part in [LOG_DIR, SNAPSHOT_DIR, BODIES_DIR] {
            self.move_all(&self.dir.join(part), &to.join(part))?;
        }
        let mut files = vec![identity::FILE, founding::FILE];
        if peers::load(self.disk, self.dir).is_err() {
            files.push(peers::FILE);
        }
        self.disk.create_dir_all(&to)?;
        for name in files {
            self.move_file(&self.dir.join(name), &to.join(name))?;
        }
        self.disk.sync_dir(&to)?;
        self.disk.sync_dir(self.dir)?;
        self.disk.remove(&self.dir.join(MARKER))?;
        self.disk.sync_dir(self.dir)
    }

    fn move_all(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut names = match self.disk.list(from) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            listed => listed?,
        };
        names.extend(self.disk.list_dirs(from)?);
        self.disk.create_dir_all(to)?;
        for name in names {
            self.move_file(&from.join(&name), &to.join(&name))?;
        }
        // The new names first: a file must not be without any.
        self.disk.sync_dir(to)?;
        match self.disk.sync_dir(from) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            synced => synced,
        }
    }

    fn move_file(&self, from: &Path, to: &Path) -> io::Result<()> {
        match self.disk.rename(from, to) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            moved => moved,
        }
    }

    fn free_name(&self) -> io::Result<String> {
        let last = self.numbers()?.into_iter().max().unwrap_or(0);
        Ok(format!("quarantine-{}", last + 1))
    }

    /// The numbers of the directories that are there.
    fn numbers(&self) -> io::Result<Vec<u64>> {
        let mut numbers = Vec::new();
        for name in self.disk.list_dirs(self.dir)? {
            let number = name.strip_prefix("quarantine-");
            numbers.extend(number.and_then(|number| number.parse::<u64>().ok()));
        }
        Ok(numbers)
    }
}

impl Plan {
    /// One line, closed by the checksum of what stands before.
    fn text(&self) -> String {
        let id = |id: Option<u64>| id.map_or("-".into(), |id| format!("{id:016x}"));
        let line = format!("{} {} {}", self.name, id(self.node), id(self.cluster));
        format!("{line} {:08x}\n", crc32c::crc32c(line.as_bytes()))
    }

    fn parse(bytes: &[u8]) -> Option<Plan> {
        let given = std::str::from_utf8(bytes).ok()?;
        let mut words = given.split_whitespace();
        let name = words.next()?.to_owned();
        let mut id = || -> Option<Option<u64>> {
            let word = words.next()?;
            if word == "-" {
                return Some(None);
            }
            u64::from_str_radix(word, 16).ok().map(Some)
        };
        let plan = Plan { name, node: id()?, cluster: id()? };
        (plan.text() == given).then_some(plan)
    }
}
