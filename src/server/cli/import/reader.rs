//! The bytes of an RDB file, read in order: where they stand, and their checksum.

use std::io::{self, BufReader, Read};

use lockstep_core::rdb::{self, Len, crc64};

use super::file::Damage;

/// How much is read ahead.
const BUFFER_BYTES: usize = 256 << 10;

/// Bytes of a value, up to a limit: behind it they are only counted.
#[derive(Debug, Default)]
pub(super) struct Raw {
    pub bytes: Vec<u8>,
    /// How many bytes it may have.
    pub max: usize,
    /// It has more.
    pub too_large: bool,
}

impl Raw {
    pub(super) fn new(max: usize) -> Self {
        Raw { bytes: Vec::new(), max, too_large: false }
    }

    pub(super) fn add(&mut self, bytes: &[u8]) {
        if self.too_large || self.bytes.len() + bytes.len() > self.max {
            self.too_large = true;
            self.bytes = Vec::new();
        } else {
            self.bytes.extend_from_slice(bytes);
        }
    }
}

/// A file that is read.
pub(super) struct Reader<R> {
    input: BufReader<R>,
    offset: u64,
    crc: u64,
}

impl<R: Read> Reader<R> {
    pub(super) fn new(input: R) -> Self {
        Reader { input: BufReader::with_capacity(BUFFER_BYTES, input), offset: 0, crc: 0 }
    }

    /// How many bytes were read.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// The checksum of these.
    pub(super) fn crc(&self) -> u64 {
        self.crc
    }

    /// Damage at this place.
    pub(super) fn damage(&self, what: impl Into<String>) -> Damage {
        Damage::At { offset: self.offset, what: what.into() }
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Damage> {
        let mut bytes = [0; N];
        let read = self.input.read_exact(&mut bytes);
        read.map_err(|why| self.broken(&why))?;
        self.count(&bytes);
        Ok(bytes)
    }

    pub(super) fn byte(&mut self) -> Result<u8, Damage> {
        Ok(self.array::<1>()?[0])
    }

    /// Moves so many bytes to `raw`.
    pub(super) fn copy(&mut self, count: u64, raw: &mut Raw) -> Result<(), Damage> {
        let mut left = count;
        let mut part = [0; 8192];
        while left > 0 {
            let size = part.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let read = self.input.read_exact(&mut part[..size]);
            read.map_err(|why| self.broken(&why))?;
            self.count(&part[..size]);
            raw.add(&part[..size]);
            left -= size as u64;
        }
        Ok(())
    }

    /// A length, or how a string is encoded.
    pub(super) fn len_or_code(&mut self, raw: &mut Raw) -> Result<Len, Damage> {
        let mut bytes = [0; 9];
        bytes[0] = self.byte()?;
        let behind = rdb::len_bytes_behind(bytes[0])
            .ok_or_else(|| self.damage("there is no such length"))?;
        for byte in &mut bytes[1..=behind] {
            *byte = self.byte()?;
        }
        raw.add(&bytes[..=behind]);
        rdb::take_len(&mut &bytes[..=behind]).ok_or_else(|| self.damage("there is no such length"))
    }

    /// A length or a number.
    pub(super) fn len(&mut self, raw: &mut Raw) -> Result<u64, Damage> {
        match self.len_or_code(raw)? {
            Len::Bytes(len) => Ok(len),
            Len::Encoded(_) => Err(self.damage("a string stands where a length is due")),
        }
    }

    /// A string in any encoding.
    pub(super) fn string(&mut self, raw: &mut Raw) -> Result<(), Damage> {
        let count = match self.len_or_code(raw)? {
            Len::Bytes(len) => len,
            Len::Encoded(rdb::INT_8) => 1,
            Len::Encoded(rdb::INT_16) => 2,
            Len::Encoded(rdb::INT_32) => 4,
            Len::Encoded(rdb::LZF) => {
                let packed = self.len(raw)?;
                self.len(raw)?;
                packed
            }
            Len::Encoded(code) => {
                return Err(self.damage(format!("there is no string encoding {code}")));
            }
        };
        self.copy(count, raw)
    }

    /// The bytes that a string stands for, of at most `max` bytes as it stands here.
    pub(super) fn text(&mut self, max: usize) -> Result<Vec<u8>, Damage> {
        let mut raw = Raw::new(max);
        self.string(&mut raw)?;
        if raw.too_large {
            return Err(self.damage(format!("a name has more than {max} bytes")));
        }
        rdb::take_string(&mut &raw.bytes[..]).ok_or_else(|| self.damage("a string is damaged"))
    }

    fn count(&mut self, bytes: &[u8]) {
        self.offset += bytes.len() as u64;
        self.crc = crc64::update(self.crc, bytes);
    }

    fn broken(&self, why: &io::Error) -> Damage {
        match why.kind() {
            io::ErrorKind::UnexpectedEof => self.damage("the file ends too early"),
            _ => self.damage(format!("it cannot be read: {why}")),
        }
    }
}
