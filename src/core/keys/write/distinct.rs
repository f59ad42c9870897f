//! Counting different elements.

use super::Writer;
use crate::keys::Event;
use crate::keys::distinct::{Sketch, merge};
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

    /// A key that is there keeps its deadline.
    fn put_sketch(&mut self, db: Db, key: &[u8], sketch: Sketch) {
        let name = self.space.hasher.name(key);
        let value = Value::Str(Str::raw(sketch.into_bytes()));
        if self.find(db, &name).is_some() {
            self.change(db, &name, |there| *there = value);
        } else {
            self.put(db, &name, value, None);
        }
        self.tell(db, key, Event::PfAdd {});
    }
}
