//! Where the other nodes were when they were last heard of.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::disk::read_full;
use crate::identity::replace;
use crate::{Disk, StorageError};

pub(crate) const FILE: &str = "PEERS";
const BYTES_MAX: usize = 1 << 20;
const CHECK: &str = "checksum ";
const ADVICE: &str = "remove the file and start with --seeds";

/// Keeps the addresses, durably, in place of those kept before.
///
/// # Errors
/// An address is none, there are too many, or the disk fails.
pub fn save(disk: &dyn Disk, dir: &Path, addresses: &[String]) -> Result<(), StorageError> {
    let path = dir.join(FILE);
    let writing = || StorageError::io("writing the addresses of the peers", &path);
    let odd = |address: &&String| address.is_empty() || address.contains(char::is_control);
    if let Some(odd) = addresses.iter().find(odd) {
        let what = format!("{odd:?} is not an address");
        return Err(writing()(io::Error::new(ErrorKind::InvalidInput, what)));
    }
    let text = text(addresses);
    if text.len() > BYTES_MAX {
        let (bytes, max) = (text.len() as u64, BYTES_MAX as u64);
        return Err(StorageError::TooLarge { what: "the list of peers", bytes, max });
    }
    replace(disk, dir, FILE, text.as_bytes()).map_err(writing())
}

/// The addresses kept last; none when there never were any.
///
/// # Errors
/// The file is damaged, or the disk fails.
pub fn load(disk: &dyn Disk, dir: &Path) -> Result<Vec<String>, StorageError> {
    let path = dir.join(FILE);
    let reading = || StorageError::io("reading the addresses of the peers", &path);
    let file = match disk.open(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        opened => opened.map_err(reading())?,
    };
    let len = file.len().map_err(reading())?;
    if len > BYTES_MAX as u64 {
        return Err(damaged(path));
    }
    let mut bytes = vec![0; len as usize];
    let got = read_full(file.as_ref(), &mut bytes, 0).map_err(reading())?;
    parse(&bytes[..got]).ok_or_else(|| damaged(path))
}

/// A line for each address, and one with the checksum of those before.
fn text(addresses: &[String]) -> String {
    let mut text: String = addresses.iter().map(|address| format!("{address}\n")).collect();
    let crc = crc32c::crc32c(text.as_bytes());
    text.push_str(&format!("{CHECK}{crc:08x}\n"));
    text
}

fn parse(bytes: &[u8]) -> Option<Vec<String>> {
    let given = std::str::from_utf8(bytes).ok()?;
    let mut lines: Vec<String> = given.lines().map(String::from).collect();
    lines.pop()?;
    (text(&lines) == given).then_some(lines)
}

fn damaged(path: PathBuf) -> StorageError {
    let what = "it is not what was written".into();
    StorageError::Damaged { path, offset: 0, what, advice: ADVICE }
}
