//! What all clients wrote down.

use std::collections::BTreeMap;

use lockstep_core::Outcome;

use super::meaning::{ELEMENT_BYTES, Meaning, Script, elements};
use super::queues::Record;
use crate::check::appends::{Part, Transaction};
use crate::check::locks::Hold;
use crate::check::registers::{Call, Step};
use crate::check::{NEVER, Span, fences, guards};

/// How a moment is made of milliseconds: the lower bits number what happens in one.
pub const MOMENT_BITS: u32 = 20;

/// The first moment of a millisecond.
pub fn moment(ms: u64) -> u64 {
    ms << MOMENT_BITS
}

/// How many commands ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// With an answer.
    pub done: u64,
    /// Not applied, by what was told.
    pub refused: u64,
    /// With an unknown outcome, told by the node.
    pub unknown: u64,
    /// Their connection broke.
    pub broken: u64,
}

/// What all clients wrote down.
#[derive(Debug, Default)]
pub struct Book {
    /// The calls on each register.
    pub registers: BTreeMap<u32, Vec<Step>>,
    /// What was done to the lists.
    pub lists: Vec<Transaction>,
    /// The holds of locks.
    pub holds: Vec<Hold>,
    /// The holds of locks that may be shared.
    pub guards: Vec<guards::Hold>,
    /// The writes to the lists that they guard, by lock.
    pub writes: BTreeMap<u32, fences::Writes>,
    /// These lists in the end: token and number of each entry.
    pub lists_of_guards: BTreeMap<u32, Vec<(u64, u64)>>,
    /// The queues.
    pub queues: Record,
    /// What no checker is needed to see.
    pub wrong: Vec<String>,
    /// How many commands ended how.
    pub counts: Counts,
}

/// An answer that does not belong to its command.
#[derive(Debug)]
pub struct Strange;

impl Book {
    /// Writes down what became of a command on keys. An outcome of none is
    /// unknown. What belongs to locks and queues is the client's own affair.
    pub fn keys(
        &mut self,
        meaning: &Meaning,
        span: Span,
        outcome: Option<&Outcome>,
    ) -> Result<(), Strange> {
        if let Some((key, call)) = register_call(meaning, outcome)? {
            self.registers.entry(key).or_default().push(Step { span, call });
            return Ok(());
        }
        let parts = parts(meaning, outcome)?;
        if !parts.is_empty() {
            self.lists.push(Transaction { span, parts });
        }
        Ok(())
    }

    /// Something is wrong without any doubt.
    pub fn wrong(&mut self, what: String) {
        self.wrong.push(what);
    }
}

fn number(outcome: Option<&Outcome>) -> Result<Option<i64>, Strange> {
    match outcome {
        None => Ok(None),
        Some(Outcome::Int(number)) => Ok(Some(*number)),
        Some(_) => Err(Strange),
    }
}

fn value(outcome: &Outcome) -> Result<Option<Vec<u8>>, Strange> {
    match outcome {
        Outcome::Nil => Ok(None),
        Outcome::Bytes(bytes) => Ok(Some(bytes.clone())),
        // Numbers may be kept as such.
        Outcome::Int(number) => Ok(Some(number.to_string().into_bytes())),
        _ => Err(Strange),
    }
}

/// The call on a register, if it is one; none as well when it tells nothing.
fn register_call(
    meaning: &Meaning,
    outcome: Option<&Outcome>,
) -> Result<Option<(u32, Call)>, Strange> {
    let call = match meaning {
        Meaning::Get(key) => match outcome {
            Some(outcome) => (*key, Call::Read(value(outcome)?)),
            None => return Ok(None),
        },
        Meaning::Set(key, new) => match outcome {
            None | Some(Outcome::Ok) => (*key, Call::Write(new.clone())),
            Some(_) => return Err(Strange),
        },
        Meaning::Add(key, by) => match outcome {
            // Not a number at that moment: it changed nothing.
            Some(Outcome::Fault(_)) => return Ok(None),
            outcome => (*key, Call::Add(*by, number(outcome)?)),
        },
        Meaning::Append(key, bytes) => (*key, Call::Append(bytes.clone(), number(outcome)?)),
        Meaning::Swap(key, from, to) => {
            let gave = match outcome {
                None => None,
                Some(Outcome::Ok) => Some(true),
                Some(Outcome::Nil) => Some(false),
                Some(_) => return Err(Strange),
            };
            (*key, Call::Swap(from.clone(), to.clone(), gave))
        }
        Meaning::Delete(key) => (*key, Call::Delete(number(outcome)?.map(|number| number == 1))),
        _ => return Ok(None),
    };
    Ok(Some(call))
}

/// What was done to lists.
fn parts(meaning: &Meaning, outcome: Option<&Outcome>) -> Result<Vec<Part>, Strange> {
    match meaning {
        Meaning::Push(key, element) => {
            let position = match number(outcome)? {
                None => None,
                Some(length) => {
                    Some((length as usize / ELEMENT_BYTES).checked_sub(1).ok_or(Strange)?)
                }
            };
            Ok(vec![Part::Append { key: *key, element: *element, position }])
        }
        Meaning::List(key) => {
            let Some(outcome) = outcome else { return Ok(Vec::new()) };
            let bytes = value(outcome)?.unwrap_or_default();
            let list = elements(&bytes).ok_or(Strange)?;
            Ok(vec![Part::Read { key: *key, list }])
        }
        Meaning::Script(script) => {
            let outcome = match outcome {
                Some(outcome) => Some(Script::outcomes(outcome).ok_or(Strange)?),
                None => None,
            };
            parts(&Meaning::Multi(script.steps()), outcome.as_ref())
        }
        Meaning::Multi(inside) => {
            let outcomes: Vec<Option<&Outcome>> = match outcome {
                None => vec![None; inside.len()],
                Some(Outcome::List(list)) if list.len() == inside.len() => {
                    list.iter().map(Some).collect()
                }
                Some(_) => return Err(Strange),
            };
            let mut all = Vec::new();
            for (meaning, outcome) in inside.iter().zip(outcomes) {
                all.extend(parts(meaning, outcome)?);
            }
            Ok(all)
        }
        _ => Ok(Vec::new()),
    }
}

/// From a moment on, without an end.
pub fn open(began: u64) -> Span {
    Span { began, ended: NEVER }
}
