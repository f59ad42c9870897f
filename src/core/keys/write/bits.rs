//! Changing bits of strings.

use super::Writer;
use crate::keys::bitmaps::{Merge, Op, Step, bits, field};
use crate::keys::store::{Str, Value};
use crate::keys::{Event, STRING_BYTES_MAX};
use crate::{Db, Fault, Outcome, Stamp};

impl Writer<'_> {
    pub(super) fn bits(&mut self, db: Db, key: &[u8], op: &Op) -> Result<Outcome, Fault> {
        match op {
            Op::Set { offset, bit, max } => {
                self.edit_bits(db, key, (offset / 8 + 1, *max), |bytes, grew| {
                    let old = bits::get(bytes, *offset);
                    bits::set(bytes, *offset, *bit);
                    (Outcome::Int(old.into()), grew || old != *bit)
                })
            }
            Op::Change { steps, max } => {
                let writes = steps.iter().filter(|step| !matches!(step, Step::Get { .. }));
                let end = writes.map(|step| step.field().bytes_end()).max().unwrap_or(0);
                self.edit_bits(db, key, (end, *max), |bytes, grew| {
                    let mut changed = grew;
                    let told = steps.iter().map(|step| {
                        let (told, different) = field::step(bytes, step);
                        changed |= different;
                        told.map_or(Outcome::Nil, Outcome::Int)
                    });
                    (Outcome::List(told.collect()), changed)
                })
            }
            _ => unreachable!("the caller tells writes from reads"),
        }
    }

    /// BITOP. How long the result is.
    pub(super) fn merge_bits(
        &mut self,
        db: Db,
        how: Merge,
        to: &[u8],
        keys: &[&[u8]],
    ) -> Result<Outcome, Fault> {
        let found = self.found(db, keys, Value::string)?;
        let strings: Vec<_> = found
            .into_iter()
            .map(|string| string.map_or_else(Default::default, Str::bytes))
            .collect();
        let merged = bits::merge(how, &strings);
        let (len, name) = (merged.len(), self.space.hasher.name(to));
        if len == 0 {
            self.delete(db, &name);
        } else {
            self.put(db, &name, Value::Str(Str::raw(merged)), None);
            self.tell(db, to, Event::Set {});
        }
        Ok(Outcome::Int(len as i64))
    }

    /// Works on the bytes of the string at a key, which has so many at least, and at most
    /// `max`. `work` is told whether there were fewer, and gives its result and whether
    /// anything changed.
    fn edit_bits(
        &mut self,
        db: Db,
        key: &[u8],
        (end, max): (u64, u64),
        work: impl FnOnce(&mut Vec<u8>, bool) -> (Outcome, bool),
    ) -> Result<Outcome, Fault> {
        let name = self.space.hasher.name(key);
        let old = match self.find(db, &name) {
            Some(item) => Some(item.value.string()?.len()),
            None => None,
        };
        if end > max.min(STRING_BYTES_MAX) {
            return Err(Fault::StringTooLong);
        }
        let len = (end as usize).max(old.unwrap_or(0));
        if old.is_none() {
            let mut bytes = vec![0; len];
            let (outcome, _) = work(&mut bytes, true);
            self.put(db, &name, Value::Str(Str::raw(bytes)), None);
            self.tell(db, key, Event::SetBit {});
            return Ok(outcome);
        }
        let Stamp { now_ms, seq, .. } = *self.at;
        let done = self.space.database_mut(db).edit(&name, seq, now_ms, |value| {
            let Value::Str(string) = value else { unreachable!("it was looked at before") };
            let bytes = string.grow(len);
            bytes.resize(len, 0);
            let (outcome, changed) = work(bytes, old != Some(len));
            ((outcome, changed), changed)
        });
        let (outcome, changed) = done.expect("the key is there");
        if changed {
            self.tell(db, key, Event::SetBit {});
        }
        Ok(outcome)
    }
}
