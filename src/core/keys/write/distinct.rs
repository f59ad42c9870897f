//! Counting different elements.

use super::Writer;
use crate::keys::Event;
use crate::keys::distinct::{Sketch, merge};
use crate::keys::op::Inside;
use crate::keys::store::{Str, Value};
use crate::{Db, Fault, Outcome};

impl Writer<'_> {
    /// PFADD. 1 when that changed anything.
    pub(super) fn count_distinct(
        &mut self,
        db: Db,
        key: &[u8],
        elements: &[&[u8]],
        sparse_max: u64,
    ) -> Result<Outcome, Fault> {
        let found = self.sketch(db, key)?;
        let mut changed = found.is_none();
        let mut sketch = found.unwrap_or_else(Sketch::new);
        for element in elements {
            changed |= sketch.add(element, sparse_max)?;
        }
        if changed {
            sketch.forget_count();
            self.put_sketch(db, key, sketch);
        }
        Ok(Outcome::Int(changed.into()))
    }

    /// What PFCOUNT leaves behind: a count that is old is made anew. There is no event, as
    /// in Redis, but who watches the key is told.
    pub(super) fn keep_count(&mut self, db: Db, key: &[u8]) -> Outcome {
        if let Ok(Some(mut sketch)) = self.sketch(db, key)
            && let Some(count) = sketch.count_to_keep()
        {
            sketch.keep_count(count);
            self.keep_sketch(db, key, sketch);
        }
        Outcome::Ok
    }

    /// PFMERGE.
    pub(super) fn merge_distinct(
        &mut self,
        db: Db,
        to: &[u8],
        keys: &[&[u8]],
        sparse_max: u64,
    ) -> Result<Outcome, Fault> {
        let target = self.read_sketch(db, to)?;
        let mut sketches = Vec::with_capacity(keys.len());
        for key in keys {
            sketches.extend(self.read_sketch(db, key)?);
        }
        let merged = merge(target, &sketches, sparse_max)?;
        self.put_sketch(db, to, merged);
        Ok(Outcome::Ok)
    }

    /// PFDEBUG. Nil without the key.
    pub(super) fn inside_distinct(
        &mut self,
        db: Db,
        key: &[u8],
        ask: Inside,
    ) -> Result<Outcome, Fault> {
        let Some(mut sketch) = self.sketch(db, key)? else { return Ok(Outcome::Nil) };
        let wants_dense = matches!(ask, Inside::Counters {} | Inside::MakeDense {});
        let becomes_dense = wants_dense && !sketch.is_dense();
        if becomes_dense {
            sketch.make_dense()?;
            self.keep_sketch(db, key, sketch.clone());
        }
        Ok(match ask {
            Inside::Counters {} => {
                let counters = sketch.counters()?;
                Outcome::List(counters.iter().map(|one| Outcome::Int((*one).into())).collect())
            }
            Inside::Runs {} if sketch.is_dense() => Outcome::Ok,
            Inside::Runs {} => Outcome::Bytes(sketch.runs()?.into_bytes()),
            Inside::Form {} => Outcome::Word(if sketch.is_dense() { "dense" } else { "sparse" }),
            Inside::MakeDense {} => Outcome::Int(becomes_dense.into()),
        })
    }

    fn read_sketch(&mut self, db: Db, key: &[u8]) -> Result<Option<Sketch>, Fault> {
        let found = self.sketch(db, key)?;
        if found.is_none() {
            self.tell(db, key, Event::KeyMiss {});
        }
        Ok(found)
    }

    fn sketch(&mut self, db: Db, key: &[u8]) -> Result<Option<Sketch>, Fault> {
        let name = self.space.hasher.name(key);
        let Some(item) = self.find(db, &name) else { return Ok(None) };
        Sketch::of(&item.value.string()?.bytes()).map(Some)
    }

    fn put_sketch(&mut self, db: Db, key: &[u8], sketch: Sketch) {
        self.keep_sketch(db, key, sketch);
        self.tell(db, key, Event::PfAdd {});
    }

    /// A key that is there keeps its deadline.
    fn keep_sketch(&mut self, db: Db, key: &[u8], sketch: Sketch) {
        let name = self.space.hasher.name(key);
        let value = Value::Str(Str::raw(sketch.into_bytes()));
        if self.find(db, &name).is_some() {
            self.change(db, &name, |there| *there = value);
        } else {
            self.put(db, &name, value, None);
        }
    }
}
