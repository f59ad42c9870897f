//! A library, with the functions that it registers.

use std::sync::Arc;

use super::super::{Engine, Sha, Source, sha1};
use super::{Limits, header};
use crate::wire::{Malformed, Wire};

/// How many bytes a library, and each of its functions, counts for besides its text.
const RECORD_BYTES: u64 = 64;

/// A function of a library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// What it says it is for.
    pub description: Option<Vec<u8>>,
    /// What it says of itself ([`FLAGS`](super::FLAGS)).
    pub flags: u8,
}

/// A library.
#[derive(Debug, PartialEq, Eq)]
pub struct Library {
    /// Its name.
    pub name: String,
    /// Its text, with the first line.
    pub code: Arc<[u8]>,
    /// The SHA-1 of that.
    pub sha: Sha,
    /// How many steps loading it may take.
    pub steps_max: u64,
    /// How many bytes of memory.
    pub memory_max: u64,
    /// Its functions, by their names.
    pub functions: Vec<Function>,
}

impl Library {
    /// The library with this text.
    ///
    /// # Errors
    /// Why there is none, in the words of Redis.
    pub(super) fn load(
        name: String,
        code: &[u8],
        limits: Limits,
        engine: &dyn Engine,
    ) -> Result<Self, String> {
        let Limits::Of { steps_max, memory_max, .. } = limits;
        let mut library = Library {
            name,
            code: code.into(),
            sha: sha1(code),
            steps_max,
            memory_max,
            functions: Vec::new(),
        };
        library.functions = engine.load(&library.source())?;
        library.functions.sort_by(|one, other| one.name.cmp(&other.name));
        if library.functions.is_empty() {
            return Err("No functions registered".to_owned());
        }
        Ok(library)
    }

    /// What its functions are made from.
    pub fn source(&self) -> Source<'_> {
        Source {
            code: &self.code,
            sha: self.sha,
            steps_max: self.steps_max,
            memory_max: self.memory_max,
        }
    }

    /// Bytes of memory, about.
    pub(super) fn bytes(&self) -> u64 {
        let of_function = |function: &Function| {
            let described = function.description.as_ref().map_or(0, Vec::len);
            RECORD_BYTES + (2 * function.name.len() + described) as u64
        };
        let functions: u64 = self.functions.iter().map(of_function).sum();
        RECORD_BYTES + self.code.len() as u64 + functions
    }

    /// Its byte form in a snapshot.
    pub(super) fn record(&self) -> Vec<u8> {
        let mut record = Vec::with_capacity(self.code.len() + 64);
        (&self.code[..]).put(&mut record);
        self.steps_max.put(&mut record);
        self.memory_max.put(&mut record);
        self.functions.len().put(&mut record);
        for function in &self.functions {
            function.name.put(&mut record);
            function.description.as_deref().put(&mut record);
            record.push(function.flags);
        }
        record
    }

    /// Reads a byte form.
    pub(super) fn take(input: &mut &[u8]) -> Result<Self, Malformed> {
        let code = <&[u8]>::take(input)?;
        let name = header::name(code).map_err(|_| Malformed)?;
        let (steps_max, memory_max) = (u64::take(input)?, u64::take(input)?);
        let mut functions = Vec::new();
        for _ in 0..usize::take(input)? {
            let name = String::take(input)?;
            let description: Option<&[u8]> = Wire::take(input)?;
            let description = description.map(<[u8]>::to_vec);
            functions.push(Function { name, description, flags: u8::take(input)? });
        }
        Ok(Library { name, code: code.into(), sha: sha1(code), steps_max, memory_max, functions })
    }
}

/// The name of a function, if it may be one and none of these has it.
///
/// # Errors
/// The words of Redis.
pub fn name_for(name: &[u8], among: &[Function]) -> Result<String, String> {
    let name = header::checked(name)?;
    if among.iter().any(|function| function.name == name) {
        return Err("Function already exists in the library".to_owned());
    }
    Ok(name)
}
