//! An RDB file: what stands in it, in order.
//!
//! Source: the Redis RDB format, of versions 1 to 12.

use std::fmt;
use std::io::Read;
use std::path::Path;

use lockstep_core::rdb;

use super::reader::{Raw, Reader};
use super::values::{self, Kind};

/// The longest value that is brought along, as it stands in the file.
pub(super) const VALUE_BYTES_MAX: usize = 512 << 20;
/// The longest name of a key, text of a library, or other text, likewise.
const TEXT_BYTES_MAX: usize = 512 << 20;
/// From this version on a checksum stands at the end.
const CHECKED_SINCE: u16 = 5;

const SLOT_INFO: u8 = 244;
const LIBRARY: u8 = 245;
const LIBRARY_OLD: u8 = 246;
const MODULE_AUX: u8 = 247;
const IDLE: u8 = 248;
const FREQ: u8 = 249;
const AUX: u8 = 250;
const RESIZE: u8 = 251;
const EXPIRES_MS: u8 = 252;
const EXPIRES_S: u8 = 253;
const SELECT: u8 = 254;
const END: u8 = 255;

/// Why a file is not read any further.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Damage {
    /// It cannot be opened, or is no such file.
    None(String),
    /// Here.
    At { offset: u64, what: String },
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Damage::None(why) => f.write_str(why),
            Damage::At { offset, what } => {
                write!(f, "the file is damaged at byte {offset}: {what}")
            }
        }
    }
}

/// What is brought along.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// A key.
    Value(Value),
    /// A library of functions: its text.
    Library(Vec<u8>),
    /// What cannot be brought along.
    Lost { kind: Kind, key: Vec<u8>, why: String },
}

/// A key with its value.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Value {
    pub db: u64,
    pub key: Vec<u8>,
    /// What RESTORE takes.
    pub payload: Vec<u8>,
    /// In milliseconds since the Unix epoch.
    pub expires_ms: Option<u64>,
}

impl Value {
    pub(super) fn kind(&self) -> Kind {
        self.payload.first().map_or(Kind::Unknown, |kind| Kind::of(*kind))
    }
}

/// An RDB file that is read.
pub(super) struct File<R> {
    reader: Reader<R>,
    version: u16,
    db: u64,
}

impl File<std::fs::File> {
    /// Opens a file and reads its first line.
    ///
    /// # Errors
    /// It cannot be read, or is no RDB file of a known version.
    pub(super) fn open(path: &Path) -> Result<Self, Damage> {
        let shown = path.display();
        let file = std::fs::File::open(path)
            .map_err(|why| Damage::None(format!("{shown} cannot be opened: {why}")))?;
        File::read(file)
    }
}

impl<R: Read> File<R> {
    /// Reads the first line.
    pub(super) fn read(input: R) -> Result<Self, Damage> {
        let mut reader = Reader::new(input);
        let head = reader.array::<9>()?;
        let digits =
            head.strip_prefix(b"REDIS").and_then(|digits| std::str::from_utf8(digits).ok());
        let version = digits.and_then(|digits| digits.parse::<u16>().ok());
        let version = version
            .ok_or_else(|| Damage::None("it does not begin as an RDB file does".to_owned()))?;
        if !(1..=rdb::VERSION_MAX).contains(&version) {
            let last = rdb::VERSION_MAX;
            let why =
                format!("it is an RDB file of version {version}; those up to {last} are known");
            return Err(Damage::None(why));
        }
        Ok(File { reader, version, db: 0 })
    }

    /// How many bytes were read.
    pub(super) fn offset(&self) -> u64 {
        self.reader.offset()
    }

    /// What comes next; nothing: the file ends here, as it should.
    pub(super) fn next(&mut self) -> Result<Option<Item>, Damage> {
        let mut expires_ms = None;
        // What is read and not kept.
        let mut rest = Raw::new(0);
        loop {
            match self.reader.byte()? {
                EXPIRES_MS => expires_ms = Some(u64::from_le_bytes(self.reader.array()?)),
                EXPIRES_S => {
                    let seconds = u32::from_le_bytes(self.reader.array()?);
                    expires_ms = Some(u64::from(seconds) * 1000);
                }
                FREQ => drop(self.reader.byte()?),
                IDLE => drop(self.reader.len(&mut rest)?),
                SELECT => self.db = self.reader.len(&mut rest)?,
                RESIZE => (0..2).try_for_each(|_| self.reader.len(&mut rest).map(drop))?,
                SLOT_INFO => (0..3).try_for_each(|_| self.reader.len(&mut rest).map(drop))?,
                AUX => (0..2).try_for_each(|_| self.reader.string(&mut rest))?,
                MODULE_AUX => return self.module_aux().map(Some),
                LIBRARY => return Ok(Some(Item::Library(self.reader.text(TEXT_BYTES_MAX)?))),
                LIBRARY_OLD => {
                    return Err(self.reader.damage("functions of before Redis 7.0 are not known"));
                }
                END => return self.end().map(|()| None),
                kind => return self.value(kind, expires_ms).map(Some),
            }
        }
    }

    fn value(&mut self, kind: u8, expires_ms: Option<u64>) -> Result<Item, Damage> {
        let key = self.reader.text(TEXT_BYTES_MAX)?;
        let mut raw = Raw::new(VALUE_BYTES_MAX);
        raw.add(&[kind]);
        if let Some(why) = values::copy(&mut self.reader, kind, &mut raw)? {
            return Ok(Item::Lost { kind: Kind::of(kind), key, why });
        }
        if raw.too_large {
            let why = "the value has more than 512 MiB".to_owned();
            return Ok(Item::Lost { kind: Kind::of(kind), key, why });
        }
        let mut payload = raw.bytes;
        rdb::seal(&mut payload);
        Ok(Item::Value(Value { db: self.db, key, payload, expires_ms }))
    }

    /// What a module keeps beside keys.
    fn module_aux(&mut self) -> Result<Item, Damage> {
        let mut rest = Raw::new(0);
        let id = self.reader.len(&mut rest)?;
        // When it is to be read, as a number with its type before it.
        self.reader.len(&mut rest)?;
        self.reader.len(&mut rest)?;
        values::module(&mut self.reader, &mut rest)?;
        let why = format!("what the module '{}' keeps beside keys", values::module_name(id));
        Ok(Item::Lost { kind: Kind::Module, key: Vec::new(), why })
    }

    fn end(&mut self) -> Result<(), Damage> {
        if self.version < CHECKED_SINCE {
            return Ok(());
        }
        let due = self.reader.crc();
        let said = u64::from_le_bytes(self.reader.array()?);
        // Redis writes none with rdbchecksum no.
        if said != 0 && said != due {
            return Err(self.reader.damage("the checksum of the file is not that of its bytes"));
        }
        Ok(())
    }
}
