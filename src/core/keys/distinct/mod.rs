//! HyperLogLog: how many different elements there were, about, in a string of at most 12 KB.
//! The strings are those of Redis, byte for byte. Source: PFADD in the Redis documentation,
//! and O. Ertl, "New cardinality estimation algorithms for HyperLogLog sketches".

mod count;
mod dense;
mod hash;
mod sparse;
#[cfg(test)]
mod tests;
mod trial;

use crate::Fault;

use hash::place_of;
pub use trial::try_out;

/// How many counters there are.
const REGISTERS: usize = 1 << REGISTER_BITS;

/// How many bits of a hash choose the counter.
const REGISTER_BITS: u32 = 14;

/// How many bits a counter has in a dense string.
const COUNTER_BITS: usize = 6;

const MAGIC: &[u8; 4] = b"HYLL";

/// The magic word, the form, three unused bytes, and a count that was told before.
const HEAD_BYTES: usize = 16;

const DENSE_BYTES: usize = HEAD_BYTES + REGISTERS * COUNTER_BITS / 8;

/// Where the form stands, and what it is.
const FORM_AT: usize = 4;
const DENSE: u8 = 0;
const SPARSE: u8 = 1;

/// Where the count stands that was told before; its greatest bit says that it is old.
const COUNT_AT: usize = 8;
const OLD_AT: usize = HEAD_BYTES - 1;
const OLD: u8 = 0x80;

/// A string that counts different elements.
#[derive(Clone, Debug)]
pub(in crate::keys) struct Sketch {
    bytes: Vec<u8>,
}

/// What a counter holds: the longest run of zeros that a hash began with, and one.
type Counters = [u8; REGISTERS];

impl Sketch {
    /// One that has counted nothing.
    pub fn new() -> Self {
        let mut bytes = vec![0; HEAD_BYTES];
        bytes[..MAGIC.len()].copy_from_slice(MAGIC);
        bytes[FORM_AT] = SPARSE;
        bytes.extend(sparse::NOTHING);
        Sketch { bytes }
    }

    /// The sketch that a string is.
    pub fn of(bytes: &[u8]) -> Result<Self, Fault> {
        let (magic, form) = (bytes.get(..MAGIC.len()), bytes.get(FORM_AT));
        let fits = match form {
            Some(&DENSE) => bytes.len() == DENSE_BYTES,
            Some(&SPARSE) => bytes.len() >= HEAD_BYTES,
            _ => false,
        };
        if !fits || magic != Some(MAGIC) {
            return Err(Fault::NoSketch);
        }
        Ok(Sketch { bytes: bytes.to_vec() })
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Counts an element; whether that changed anything. One that is sparse becomes dense
    /// rather than longer than `sparse_max`.
    pub fn add(&mut self, element: &[u8], sparse_max: u64) -> Result<bool, Fault> {
        let (register, run) = place_of(element);
        self.raise(register, run, sparse_max)
    }

    /// Says that the count that stands in it is old.
    pub fn forget_count(&mut self) {
        self.bytes[OLD_AT] |= OLD;
    }

    /// Whether the count that stands in it is old.
    pub fn is_old(&self) -> bool {
        is_old(&self.bytes)
    }

    /// The count that may stand in it in the place of an old one. None: that is not old,
    /// or the counters are damaged.
    pub fn count_to_keep(&self) -> Option<u64> {
        let old = self.is_old().then_some(std::slice::from_ref(self));
        let count = old.and_then(|only| count_all(only).ok());
        // What damage makes of it may be so great that it would count as old.
        count.filter(|count| count.to_le_bytes()[OLD_AT - COUNT_AT] & OLD == 0)
    }

    /// Puts a count in the place of the one that stands in it.
    pub fn keep_count(&mut self, count: u64) {
        self.bytes[COUNT_AT..HEAD_BYTES].copy_from_slice(&count.to_le_bytes());
    }

    /// Whether every counter has its own bits.
    pub fn is_dense(&self) -> bool {
        self.bytes[FORM_AT] == DENSE
    }

    /// Gives every counter bits of its own.
    pub fn make_dense(&mut self) -> Result<(), Fault> {
        if self.is_dense() {
            return Ok(());
        }
        let counters = self.counters()?;
        self.bytes[FORM_AT] = DENSE;
        self.bytes.truncate(HEAD_BYTES);
        self.bytes.extend(dense::of(&counters));
        Ok(())
    }

    /// What every counter holds.
    pub fn counters(&self) -> Result<Counters, Fault> {
        let mut counters = [0; REGISTERS];
        self.raise_all(&mut counters)?;
        Ok(counters)
    }

    /// The runs of one that is sparse, in words: `z:` and `Z:` with a number of zeros, `v:`
    /// with a value and how many counters have it.
    pub fn runs(&self) -> Result<String, Fault> {
        let (mut words, mut counters) = (Vec::new(), 0);
        for run in sparse::runs(&self.bytes[HEAD_BYTES..]) {
            let run = run.ok_or(Fault::BadSketch)?;
            counters += run.len;
            // What somebody wrote there by other means may be long.
            if counters > REGISTERS {
                return Err(Fault::BadSketch);
            }
            words.push(run.to_string());
        }
        Ok(words.join(" "))
    }

    /// Raises a counter to a value; whether it was below.
    pub fn raise(&mut self, register: usize, to: u8, sparse_max: u64) -> Result<bool, Fault> {
        if !self.is_dense() {
            match sparse::raise(&mut self.bytes, register, to, sparse_max)? {
                sparse::Raised::Yes => {
                    self.forget_count();
                    return Ok(true);
                }
                sparse::Raised::No => return Ok(false),
                sparse::Raised::TooLarge => self.make_dense()?,
            }
        }
        Ok(dense::raise(&mut self.bytes[HEAD_BYTES..], register, to))
    }

    /// Raises those counters that are less than the ones here.
    pub fn raise_all(&self, counters: &mut Counters) -> Result<(), Fault> {
        let body = &self.bytes[HEAD_BYTES..];
        if self.is_dense() {
            for (register, counter) in counters.iter_mut().enumerate() {
                *counter = dense::get(body, register).max(*counter);
            }
            return Ok(());
        }
        let mut register = 0;
        for run in sparse::runs(body) {
            let run = run.ok_or(Fault::BadSketch)?;
            let part = counters.get_mut(register..register + run.len).ok_or(Fault::BadSketch)?;
            part.iter_mut().for_each(|counter| *counter = run.value.max(*counter));
            register += run.len;
        }
        if register == REGISTERS { Ok(()) } else { Err(Fault::BadSketch) }
    }

    /// How many different elements there were, about.
    pub fn count(&self) -> Result<u64, Fault> {
        if !self.is_old() {
            let told = self.bytes[COUNT_AT..HEAD_BYTES].try_into();
            return Ok(u64::from_le_bytes(told.expect("these are eight bytes")));
        }
        count_all(std::slice::from_ref(self))
    }
}

/// Whether an old count stands in a string, if it is a sketch.
pub(in crate::keys) fn is_old(bytes: &[u8]) -> bool {
    bytes.get(OLD_AT).is_some_and(|byte| byte & OLD != 0)
}

/// How many different elements were counted by any of these.
pub(in crate::keys) fn count_all(sketches: &[Sketch]) -> Result<u64, Fault> {
    let mut counters = [0; REGISTERS];
    for sketch in sketches {
        sketch.raise_all(&mut counters)?;
    }
    Ok(count::estimate(&counters))
}

/// What was counted by any of these, in the place of `to`.
pub(in crate::keys) fn merge(
    to: Option<Sketch>,
    sketches: &[Sketch],
    sparse_max: u64,
) -> Result<Sketch, Fault> {
    let mut counters = [0; REGISTERS];
    for sketch in to.iter().chain(sketches) {
        sketch.raise_all(&mut counters)?;
    }
    let dense = to.iter().chain(sketches).any(Sketch::is_dense);
    let mut merged = to.unwrap_or_else(Sketch::new);
    if dense {
        merged.make_dense()?;
    }
    for (register, counter) in counters.iter().enumerate().filter(|(_, counter)| **counter > 0) {
        merged.raise(register, *counter, sparse_max)?;
    }
    merged.forget_count();
    Ok(merged)
}
