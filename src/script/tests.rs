//! Scripts in a shard.

#![allow(clippy::unwrap_used)]

mod functions;
mod rules;
mod sandbox;
mod values;

use std::sync::Arc;

use lockstep_commands::Reply;
use lockstep_commands::scripting::answer;
use lockstep_core::scripts::{Op, Script, Terms, sha1};
use lockstep_core::{Db, Effect, Effects, Outcome, Shard};

use crate::Lua;

/// A shard with an engine.
pub(super) struct Bench {
    pub(super) shard: Shard,
    pub(super) terms: Terms,
    pub(super) effects: Vec<Effect>,
}

pub(super) const STEPS_MAX: u64 = 2_000_000;
pub(super) const MEMORY_MAX: u64 = 8 << 20;

impl Bench {
    pub(super) fn new() -> Bench {
        Bench::with(&Lua::new().unwrap())
    }

    pub(super) fn with(lua: &Arc<Lua>) -> Bench {
        let mut shard = Shard::new(1);
        shard.use_engine(lua.clone());
        Bench { shard, terms: terms(), effects: Vec::new() }
    }

    pub(super) fn apply(&mut self, op: Op<'_>) -> Outcome {
        let mut fx = Effects::default();
        let outcome = self.shard.apply(1_000_000, &lockstep_core::Op::Script { op }, &mut fx);
        self.effects.extend(fx.take());
        outcome
    }

    pub(super) fn run(&mut self, script: Script<'_>, keys: &[&[u8]], args: &[&[u8]]) -> Reply {
        let (keys, args, terms) = (keys.to_vec(), args.to_vec(), self.terms);
        self.reply(Op::Run { script, keys, args, terms })
    }

    pub(super) fn reply(&mut self, op: Op<'_>) -> Reply {
        match self.apply(op) {
            Outcome::List(parts) => match &parts[..] {
                [Outcome::Bytes(bytes), ..] => answer::from_bytes(bytes).unwrap(),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }

    /// What a script gives, as redis-cli would show it in a line.
    pub(super) fn eval(&mut self, body: &str) -> String {
        self.eval_with(body, &[], &[])
    }

    pub(super) fn eval_with(&mut self, body: &str, keys: &[&str], args: &[&str]) -> String {
        let bytes = |words: &[&str]| -> Vec<Vec<u8>> {
            words.iter().map(|word| word.as_bytes().to_vec()).collect()
        };
        let (keys, args) = (bytes(keys), bytes(args));
        let keys: Vec<&[u8]> = keys.iter().map(|key| &key[..]).collect();
        let args: Vec<&[u8]> = args.iter().map(|arg| &arg[..]).collect();
        shown(&self.run(Script::Text { body: body.as_bytes() }, &keys, &args))
    }

    /// The same of an expression.
    pub(super) fn value(&mut self, expression: &str) -> String {
        self.eval(&format!("return {expression}"))
    }
}

pub(super) fn terms() -> Terms {
    Terms::Of {
        db: Db(0),
        read_only: false,
        spread: false,
        steps_max: STEPS_MAX,
        memory_max: MEMORY_MAX,
        cache_max: 1 << 20,
        string_bytes_max: 1 << 20,
        block_entries_max: 100,
        block_bytes_max: 4096,
        notes: 0,
    }
}

/// An error with the place where it was raised, without the name of the script.
pub(super) fn without_sha(text: &str, body: &str) -> String {
    text.replace(&sha1(body.as_bytes()).hex(), "SHA")
}

pub(super) fn shown(reply: &Reply) -> String {
    let all = |items: &[Reply]| items.iter().map(shown).collect::<Vec<_>>().join(" ");
    match reply {
        Reply::Line(text) => format!("+{text}"),
        Reply::Bulk(bytes) => bytes.escape_ascii().to_string(),
        Reply::Int(number) => format!(":{number}"),
        Reply::Nil => "nil".to_owned(),
        Reply::Double(number) => format!(",{number}"),
        Reply::Bool(yes) => format!("#{yes}"),
        Reply::BigNumber(digits) => format!("({digits}"),
        Reply::VerbatimAs(format, bytes) => {
            format!("={}:{}", format.escape_ascii(), bytes.escape_ascii())
        }
        Reply::Array(items) => format!("[{}]", all(items)),
        Reply::Set(items) => format!("~[{}]", all(items)),
        Reply::Map(pairs) => {
            let pair = |(name, value): &(Reply, Reply)| format!("{}={}", shown(name), shown(value));
            format!("{{{}}}", pairs.iter().map(pair).collect::<Vec<_>>().join(" "))
        }
        Reply::Error(bad) => format!("-{}", bad.0),
        other => panic!("{other:?}"),
    }
}
