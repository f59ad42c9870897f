//! What is decided once, when a data directory is first used: the number of shards.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::disk::read_full;
use crate::identity::replace;
use crate::{Disk, StorageError};

pub(crate) const FILE: &str = "SHARDS";
const ADVICE: &str = "restore the file from a backup, or write it anew by starting with \
    --shards as the directory was founded and without the file";

/// Notes in the data directory how many shards its data is spread over, or sees
/// that it was so from the beginning: a name would be looked for in the wrong
/// shard otherwise.
///
/// # Errors
/// The directory was founded with another number, or the disk fails.
pub fn found(disk: &dyn Disk, dir: &Path, shards: u64) -> Result<(), StorageError> {
    let path = dir.join(FILE);
    match read(disk, &path)? {
        None => replace(disk, dir, FILE, text(shards).as_bytes())
            .map_err(StorageError::io("writing the number of shards", &path)),
        Some(founded) if founded == shards => Ok(()),
        Some(founded) => Err(StorageError::OtherShards { path, founded, asked: shards }),
    }
}

/// The number of shards that a data directory was founded with; `None` when it was
/// not founded yet.
///
/// # Errors
/// The file is damaged, or the disk fails.
pub fn founded(disk: &dyn Disk, dir: &Path) -> Result<Option<u64>, StorageError> {
    read(disk, &dir.join(FILE))
}

fn read(disk: &dyn Disk, path: &Path) -> Result<Option<u64>, StorageError> {
    let reading = || StorageError::io("reading the number of shards", path);
    let file = match disk.open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(reading())?,
    };
    let mut buf = [0; 64];
    let got = read_full(file.as_ref(), &mut buf, 0).map_err(reading())?;
    parse(&buf[..got]).map(Some).ok_or_else(|| damaged(path.to_path_buf()))
}

/// One line for people: the number and the checksum of its digits.
fn text(shards: u64) -> String {
    format!("{shards} shards {:08x}\n", crc32c::crc32c(shards.to_string().as_bytes()))
}

fn parse(bytes: &[u8]) -> Option<u64> {
    let line = std::str::from_utf8(bytes).ok()?;
    let shards = line.split(' ').next()?.parse().ok()?;
    (line == text(shards)).then_some(shards)
}

fn damaged(path: PathBuf) -> StorageError {
    let what = "it is not what was written".into();
    StorageError::Damaged { path, offset: 0, what, advice: ADVICE }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::SimDisk;

    const DIR: &str = "/data";

    fn disk() -> SimDisk {
        let disk = SimDisk::new();
        disk.create_dir_all(Path::new(DIR)).unwrap();
        disk
    }

    #[test]
    fn a_directory_keeps_the_number_of_shards_it_was_founded_with() {
        let disk = disk();
        found(&disk, Path::new(DIR), 4).unwrap();
        disk.power_loss(1);
        let disk = disk.boot();
        found(&disk, Path::new(DIR), 4).unwrap();
        let refused = found(&disk, Path::new(DIR), 8).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "the data directory was founded with 4 shards (/data/SHARDS), not 8; \
             start with --shards 4 or with another --dir"
        );
    }

    #[test]
    fn a_file_that_was_changed_is_refused() {
        for bytes in [&b""[..], b"4", b"4 shards 00000000\n", b"4 shards\n", &[0xff; 64]] {
            let disk = disk();
            disk.put(&Path::new(DIR).join(FILE), bytes);
            let refused = found(&disk, Path::new(DIR), 4).unwrap_err();
            assert!(matches!(refused, StorageError::Damaged { .. }), "{refused}");
        }
        assert_eq!(parse(text(256).as_bytes()), Some(256));
        assert_eq!(parse(text(256).replace("256", "255").as_bytes()), None);
    }
}
