//! The libraries that a shard keeps.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::Engine;
use super::{Library, Limits, Op, Policy, Refusal, header, payload};
use crate::wire::Malformed;
use crate::{Outcome, glob, image};

/// The libraries that a shard keeps.
///
/// Cheap to clone: what changes several of them changes a copy, which takes its place when
/// all went well.
#[derive(Clone, Debug, Default)]
pub struct Libraries {
    by_name: BTreeMap<String, Arc<Library>>,
    /// Where the function of this name is, in small letters: its library and its place there.
    functions: BTreeMap<String, (Arc<Library>, usize)>,
    bytes: u64,
}

impl Libraries {
    /// All of them, by their names.
    pub fn iter(&self) -> impl Iterator<Item = &Library> {
        self.by_name.values().map(|library| &**library)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// How many functions there are.
    pub fn functions(&self) -> usize {
        self.functions.len()
    }

    /// Bytes of memory, about.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The function of this name, in capitals or not: its library and its place there.
    pub fn find(&self, name: &[u8]) -> Option<(Arc<Library>, usize)> {
        let name = std::str::from_utf8(name).ok()?.to_ascii_lowercase();
        self.functions.get(&name).cloned()
    }

    /// Adds a library; its name.
    pub(crate) fn load(
        &mut self,
        code: &[u8],
        replace: bool,
        limits: Limits,
        engine: &dyn Engine,
    ) -> Result<String, Refusal> {
        let mut next = self.clone();
        let name = next.add(code, replace, limits, engine)?;
        self.become_if_small(next, limits)?;
        Ok(name)
    }

    /// Takes one away; whether it was there.
    pub(crate) fn delete(&mut self, name: &[u8]) -> bool {
        std::str::from_utf8(name).is_ok_and(|name| self.remove(name))
    }

    /// Takes all away.
    pub(crate) fn clear(&mut self) {
        *self = Libraries::default();
    }

    /// Adds those of a payload, all or none.
    pub(crate) fn restore_payload(
        &mut self,
        bytes: &[u8],
        policy: Policy,
        limits: Limits,
        engine: &dyn Engine,
    ) -> Result<(), Refusal> {
        let mut incoming = Libraries::default();
        for code in payload::codes(bytes)? {
            incoming.add(&code, false, limits, engine)?;
        }
        let flush = policy == Policy::Flush {};
        let mut next = if flush { Libraries::default() } else { self.clone() };
        next.join(incoming, policy == Policy::Replace {})?;
        self.become_if_small(next, limits)
    }

    /// Answers an operation that only reads.
    pub(crate) fn read(&self, op: &Op<'_>) -> Outcome {
        match op {
            Op::List { pattern, with_code } => {
                let fits = |library: &&Library| {
                    let name = library.name.as_bytes();
                    pattern.is_none_or(|pattern| glob::matches_ignore_case(pattern, name))
                };
                let all = self.iter().filter(fits).map(|library| listed(library, *with_code));
                Outcome::List(all.collect())
            }
            Op::Stats {} => {
                let number = |count: usize| Outcome::Int(count as i64);
                Outcome::List(vec![number(self.len()), number(self.functions())])
            }
            Op::Dump {} => Outcome::Bytes(payload::dump(self)),
            Op::Load { .. } | Op::Delete { .. } | Op::Flush {} | Op::Restore { .. } => {
                unreachable!("it writes")
            }
        }
    }

    pub(crate) fn state_digest(&self) -> u64 {
        image::digest(self.iter().map(Library::record))
    }

    pub(crate) fn freeze(&self) -> Frozen {
        Frozen(self.clone())
    }

    /// Adds those of a chunk of a snapshot.
    pub(crate) fn restore(&mut self, mut chunk: &[u8]) -> Result<(), Malformed> {
        while !chunk.is_empty() {
            self.link(Arc::new(Library::take(&mut chunk)?));
        }
        Ok(())
    }

    fn become_if_small(&mut self, next: Libraries, limits: Limits) -> Result<(), Refusal> {
        let Limits::Of { bytes_max, .. } = limits;
        // What makes it smaller is let through whatever the limit says now.
        if next.bytes > bytes_max && next.bytes > self.bytes {
            return Err(Refusal::Full);
        }
        *self = next;
        Ok(())
    }

    fn add(
        &mut self,
        code: &[u8],
        replace: bool,
        limits: Limits,
        engine: &dyn Engine,
    ) -> Result<String, Refusal> {
        let name = header::name(code)?;
        if self.by_name.contains_key(&name) && !replace {
            return Err(format!("Library '{name}' already exists").into());
        }
        let library = Library::load(name.clone(), code, limits, engine)?;
        self.remove(&name);
        self.must_be_new(&library)?;
        self.link(Arc::new(library));
        Ok(name)
    }

    fn join(&mut self, incoming: Libraries, replace: bool) -> Result<(), Refusal> {
        for name in incoming.by_name.keys() {
            if self.remove(name) && !replace {
                return Err(format!("Library {name} already exists").into());
            }
        }
        incoming.iter().try_for_each(|library| self.must_be_new(library))?;
        incoming.by_name.into_values().for_each(|library| self.link(library));
        Ok(())
    }

    /// Functions of different libraries have different names.
    fn must_be_new(&self, library: &Library) -> Result<(), Refusal> {
        let known = |name: &str| self.functions.contains_key(&name.to_ascii_lowercase());
        match library.functions.iter().find(|function| known(&function.name)) {
            Some(function) => Err(format!("Function {} already exists", function.name).into()),
            None => Ok(()),
        }
    }

    fn link(&mut self, library: Arc<Library>) {
        for (place, function) in library.functions.iter().enumerate() {
            let entry = self.functions.entry(function.name.to_ascii_lowercase());
            entry.or_insert_with(|| (library.clone(), place));
        }
        self.bytes += library.bytes();
        self.by_name.insert(library.name.clone(), library);
    }

    fn remove(&mut self, name: &str) -> bool {
        let Some(library) = self.by_name.remove(name) else { return false };
        for function in &library.functions {
            self.functions.remove(&function.name.to_ascii_lowercase());
        }
        self.bytes -= library.bytes();
        true
    }
}

fn listed(library: &Library, with_code: bool) -> Outcome {
    let text = |text: &str| Outcome::Bytes(text.as_bytes().to_vec());
    let functions = library.functions.iter().map(|function| {
        let description = function.description.clone().map_or(Outcome::Nil, Outcome::Bytes);
        Outcome::List(vec![text(&function.name), description, Outcome::Int(function.flags.into())])
    });
    let functions = Outcome::List(functions.collect());
    let code = if with_code { Outcome::Bytes(library.code.to_vec()) } else { Outcome::Nil };
    Outcome::List(vec![text(&library.name), functions, code])
}

/// The libraries as they were at one moment.
#[derive(Debug)]
pub struct Frozen(Libraries);

impl Frozen {
    /// The chunks of a snapshot.
    pub(crate) fn chunks(self) -> impl Iterator<Item = Vec<u8>> + Send {
        image::pack(self.0.by_name.into_values().map(|library| library.record()))
    }
}

#[cfg(test)]
mod tests;
