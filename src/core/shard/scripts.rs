//! Scripts, carried out by the engine that was handed in.

use std::sync::Arc;

use super::{Read, Shard};
use crate::scripts::functions::{self, Library, Refusal};
use crate::scripts::{Asker, Call, Called, Engine, Op, Script, Sha, Terms, World, sha1};
use crate::{Effect, Effects, Fault, Outcome, keys};

/// The engine of a shard; without one no script runs.
#[derive(Clone, Debug, Default)]
pub(super) struct Engines(Option<Arc<dyn Engine>>);

impl Shard {
    /// From now on scripts are run by `engine`. All replicas are given the same one,
    /// before anything is applied.
    pub fn use_engine(&mut self, engine: Arc<dyn Engine>) {
        self.engine = Engines(Some(engine));
    }

    /// From now on scripts are run by what runs those of another state of this shard.
    pub fn use_engine_of(&mut self, other: &Shard) {
        self.engine = other.engine.clone();
    }

    /// The scripts that are remembered.
    pub fn scripts(&self) -> &crate::scripts::Table {
        &self.scripts
    }

    /// The libraries of functions.
    pub fn libraries(&self) -> &functions::Libraries {
        &self.libraries
    }

    pub(super) fn apply_script(&mut self, op: &Op<'_>, fx: &mut Effects) -> Outcome {
        if !op.is_write() {
            // By the clock of the shard nothing has ended that is still there.
            return match self.read_script_for(asker(fx), self.clock_ms, op) {
                Read::Done(outcome) => outcome,
                Read::TickFirst => Fault::NoEngine.into(),
            };
        }
        let Some(engine) = self.engine.0.clone() else { return Fault::NoEngine.into() };
        match op {
            Op::Run { script, keys, args, terms } => {
                let (sha, body) = match self.script(script, terms, &*engine) {
                    Ok(found) => found,
                    Err(refused) => return refused,
                };
                let user = script.user();
                let call =
                    Call { function: None, body: &body, sha, keys, args, user, terms: *terms };
                engine.run(&call, &mut Hand { shard: self, fx })
            }
            Op::Call { function, keys, args, terms }
            | Op::CallFor { function, keys, args, terms, .. } => {
                let Some((library, place)) = self.libraries.find(function) else {
                    return Fault::NoFunction.into();
                };
                let called = called(&library, place);
                let call = call(&called, keys, args, user(op), *terms);
                engine.run(&call, &mut Hand { shard: self, fx })
            }
            Op::Function { op } => self.apply_function(op, &*engine),
            Op::Load { body, bytes_max } => {
                let sha = sha1(body);
                match engine.refuses(body) {
                    Some(refused) => refused,
                    None if self.scripts.add(sha, body, *bytes_max) => {
                        Outcome::Bytes(sha.hex().into_bytes())
                    }
                    None => Fault::ScriptsFull.into(),
                }
            }
            Op::Flush {} => {
                self.scripts.clear();
                Outcome::Ok
            }
            Op::Exists { .. } => unreachable!("it writes"),
        }
    }

    fn apply_function(&mut self, op: &functions::Op<'_>, engine: &dyn Engine) -> Outcome {
        match op {
            functions::Op::Load { code, replace, limits } => {
                match self.libraries.load(code, *replace, *limits, engine) {
                    Ok(name) => Outcome::Bytes(name.into_bytes()),
                    Err(refusal) => refused(refusal),
                }
            }
            functions::Op::Delete { name } if self.libraries.delete(name) => Outcome::Ok,
            functions::Op::Delete { .. } => refused("Library not found".into()),
            functions::Op::Flush {} => {
                self.libraries.clear();
                Outcome::Ok
            }
            functions::Op::Restore { payload, policy, limits } => {
                let restored = self.libraries.restore_payload(payload, *policy, *limits, engine);
                restored.map_or_else(refused, |()| Outcome::Ok)
            }
            read => self.libraries.read(read),
        }
    }

    /// Answers an operation that only reads.
    pub(super) fn read_script(&self, now_ms: u64, op: &Op<'_>) -> Read {
        self.read_script_for(Asker::Reader, now_ms, op)
    }

    fn read_script_for(&self, asker: Asker, now_ms: u64, op: &Op<'_>) -> Read {
        match op {
            Op::Exists { shas } => {
                let has =
                    |sha: &&[u8]| Sha::from_hex(sha).is_some_and(|sha| self.scripts.has(&sha));
                Read::Done(Outcome::List(
                    shas.iter().map(|sha| Outcome::Int(has(sha).into())).collect(),
                ))
            }
            Op::Run { script, keys, args, terms } => {
                let Some(engine) = &self.engine.0 else {
                    return Read::Done(Fault::NoEngine.into());
                };
                let (sha, body) = match script {
                    Script::Text { body } | Script::TextFor { body, .. } => {
                        (sha1(body), (*body).into())
                    }
                    Script::Named { sha } | Script::NamedFor { sha, .. } => {
                        match self.remembered(sha) {
                            Ok(found) => found,
                            Err(fault) => return Read::Done(fault.into()),
                        }
                    }
                };
                let user = script.user();
                let call =
                    Call { function: None, body: &body, sha, keys, args, user, terms: *terms };
                self.look_by(&**engine, (asker, now_ms), &call)
            }
            Op::Call { function, keys, args, terms }
            | Op::CallFor { function, keys, args, terms, .. } => {
                let Some(engine) = &self.engine.0 else {
                    return Read::Done(Fault::NoEngine.into());
                };
                let Some((library, place)) = self.libraries.find(function) else {
                    return Read::Done(Fault::NoFunction.into());
                };
                let called = called(&library, place);
                self.look_by(
                    &**engine,
                    (asker, now_ms),
                    &call(&called, keys, args, user(op), *terms),
                )
            }
            Op::Function { op } => Read::Done(self.libraries.read(op)),
            Op::Load { .. } | Op::Flush {} => unreachable!("it writes"),
        }
    }

    /// Runs what must not write.
    fn look_by(&self, engine: &dyn Engine, (asker, now_ms): (Asker, u64), call: &Call<'_>) -> Read {
        let mut eye = Eye { shard: self, asker, now_ms, tick_first: false };
        let outcome = engine.run(call, &mut eye);
        if eye.tick_first { Read::TickFirst } else { Read::Done(outcome) }
    }

    fn remembered(&self, sha: &[u8]) -> Result<(Sha, Arc<[u8]>), Fault> {
        let sha = Sha::from_hex(sha).ok_or(Fault::NoScript)?;
        let body = self.scripts.get(&sha).ok_or(Fault::NoScript)?;
        Ok((sha, body))
    }

    /// The script that is called. One that came with the call is remembered if it is one
    /// and there is room.
    fn script(
        &mut self,
        script: &Script<'_>,
        terms: &Terms,
        engine: &dyn Engine,
    ) -> Result<(Sha, Arc<[u8]>), Outcome> {
        let Terms::Of { cache_max, .. } = terms;
        match script {
            Script::Named { sha } | Script::NamedFor { sha, .. } => Ok(self.remembered(sha)?),
            Script::Text { body } | Script::TextFor { body, .. } => {
                let sha = sha1(body);
                if let Some(body) = self.scripts.get(&sha) {
                    return Ok((sha, body));
                }
                if let Some(refused) = engine.refuses(body) {
                    return Err(refused);
                }
                self.scripts.add(sha, body, *cache_max);
                Ok((sha, (*body).into()))
            }
        }
    }
}

fn called(library: &Library, place: usize) -> Called<'_> {
    Called { function: &library.functions[place], source: library.source() }
}

fn call<'a>(
    called: &'a Called<'a>,
    keys: &'a [&'a [u8]],
    args: &'a [&'a [u8]],
    user: Option<&'a [u8]>,
    terms: Terms,
) -> Call<'a> {
    let (body, sha) = (called.source.code, called.source.sha);
    Call { function: Some(called), body, sha, keys, args, user, terms }
}

/// The user for whom a function is called; none: one who may do everything.
fn user<'a>(op: &Op<'a>) -> Option<&'a [u8]> {
    match op {
        Op::CallFor { user, .. } => Some(user),
        _ => None,
    }
}

fn refused(refusal: Refusal) -> Outcome {
    match refusal {
        Refusal::Because(why) => {
            Outcome::Refused { fault: Fault::BadLibrary, text: why.into_bytes() }
        }
        Refusal::Full => Fault::LibrariesFull.into(),
        Refusal::Damaged => Fault::BadPayload.into(),
    }
}

/// Who asked for what is applied.
fn asker(fx: &Effects) -> Asker {
    fx.served().map_or(Asker::Unknown, Asker::Connection)
}

/// What a script reaches of a shard.
struct Hand<'a> {
    shard: &'a mut Shard,
    fx: &'a mut Effects,
}

impl World for Hand<'_> {
    fn apply(&mut self, op: &keys::Op<'_>) -> Outcome {
        // A version of its own, as in a transaction.
        let at = self.shard.next_stamp();
        let outcome = self.shard.apply_waiting(&at, op, self.fx);
        self.shard.tell_of_keys(self.fx);
        outcome
    }

    fn publish(&mut self, shard: bool, channel: &[u8], message: &[u8]) {
        let (channel, message) = (channel.to_vec(), message.to_vec());
        self.fx.push(Effect::Publish { shard, channel, message });
    }

    fn now_ms(&self) -> u64 {
        self.shard.clock_ms
    }

    fn seed(&self) -> u64 {
        self.shard.seq
    }

    fn asker(&self) -> Asker {
        asker(self.fx)
    }
}

/// What a script that must not write sees of a shard.
struct Eye<'a> {
    shard: &'a Shard,
    asker: Asker,
    now_ms: u64,
    /// It met something that has ended by the reader's clock only.
    tick_first: bool,
}

impl World for Eye<'_> {
    fn apply(&mut self, op: &keys::Op<'_>) -> Outcome {
        if op.is_write() {
            return Fault::ReadOnly.into();
        }
        match self.shard.read_key(self.now_ms, op) {
            Read::Done(outcome) => outcome,
            Read::TickFirst => {
                self.tick_first = true;
                Outcome::Nil
            }
        }
    }

    /// Not reached: what publishes writes.
    fn publish(&mut self, _: bool, _: &[u8], _: &[u8]) {}

    fn now_ms(&self) -> u64 {
        self.now_ms
    }

    fn seed(&self) -> u64 {
        self.shard.seq
    }

    fn asker(&self) -> Asker {
        self.asker
    }
}
