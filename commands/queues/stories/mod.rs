//! Commands from their words to their replies, with a shard between.

#![allow(clippy::unwrap_used)]

mod disque;
mod managed;
mod pushed;
mod settled;

use lockstep_core::{Effect, Effects, Op, Outcome, Shard, sessions};

use crate::here::QueueCall;
use crate::testing::context;
use crate::{Args, Here, Reply, Request, table};

/// A shard that is asked in words.
struct Queues {
    shard: Shard,
    now_ms: u64,
    fx: Effects,
}

fn queues() -> Queues {
    Queues { shard: Shard::new(1), now_ms: 1_000_000, fx: Effects::default() }
}

impl Queues {
    /// The reply to a line of words. `""` is the empty word.
    fn call(&mut self, line: &str) -> String {
        text(&self.reply(line))
    }

    fn reply(&mut self, line: &str) -> Reply {
        let word = |word: &str| if word == "\"\"" { Vec::new() } else { word.as_bytes().to_vec() };
        let words: Vec<Vec<u8>> = line.split(' ').map(word).collect();
        let words: Vec<&[u8]> = words.iter().map(|word| &word[..]).collect();
        let (command, named) = match table::find(&words) {
            Ok(found) => found,
            Err(bad) => return bad.into(),
        };
        let outcome = match (command.parse)(&context(), Args::new(&words, named)) {
            Ok(Request::Op(op)) => self.carry_out(&op),
            Ok(Request::Here(Here::Queue(QueueCall::Sum { ops }))) => {
                let sum = ops.into_iter().map(|op| match self.carry_out(&Op::Queue { op }) {
                    Outcome::Int(number) => number,
                    other => panic!("{line}: {other:?}"),
                });
                Outcome::Int(sum.sum())
            }
            Ok(other) => panic!("{line}: {other:?}"),
            Err(bad) => return bad.into(),
        };
        (command.reply)(command.spec, outcome)
    }

    fn carry_out(&mut self, op: &Op<'_>) -> Outcome {
        let mut outcome = match op.is_write() {
            true => self.shard.apply(self.now_ms, op, &mut self.fx),
            false => {
                // A read by the clock of the leader makes it tick before.
                self.shard.apply(self.now_ms, &Op::Tick {}, &mut self.fx);
                self.shard.look(op)
            }
        };
        assert!(outcome.resolve(&mut |_| None), "all bodies are in memory");
        outcome
    }

    /// Time passes.
    fn pass(&mut self, ms: u64) {
        self.now_ms += ms;
        for _ in 0..10 {
            self.shard.apply(self.now_ms, &Op::Tick {}, &mut self.fx);
        }
    }

    /// A session that lives for so long.
    fn open(&mut self, id: &str, ttl_ms: u64) {
        let (id, name, delay_ms) = (id.as_bytes(), &b""[..], 0);
        let op = Op::Session { op: sessions::Op::Create { id, ttl_ms, name, delay_ms } };
        assert_eq!(self.carry_out(&op), Outcome::Ok);
    }

    /// What requests that waited were answered with since the last time, as `line`'s
    /// command shows it.
    fn answers(&mut self, line: &str) -> Vec<String> {
        let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
        let (command, _) = table::find(&words).unwrap();
        let mut shown = Vec::new();
        for effect in self.fx.take() {
            if let Effect::Answer { mut outcome, .. } = effect {
                outcome.resolve(&mut |_| None);
                shown.push(text(&(command.reply)(command.spec, outcome)));
            }
        }
        shown
    }

    /// Calls that must be answered so.
    fn tell(&mut self, story: &[(&str, &str)]) {
        for (line, answer) in story {
            assert_eq!(self.call(line), *answer, "{line}");
        }
    }

    /// What is told of a queue under this name.
    fn info(&mut self, queue: &str, name: &str) -> String {
        let Reply::Map(pairs) = self.reply(&format!("qinfo {queue}")) else { panic!("no map") };
        let found = pairs.iter().find(|(there, _)| *there == Reply::bulk(name));
        text(&found.unwrap_or_else(|| panic!("no {name}")).1)
    }
}

/// A reply in one line.
fn text(reply: &Reply) -> String {
    let list = |items: &[Reply]| items.iter().map(text).collect::<Vec<_>>().join(" ");
    match reply {
        Reply::Ok => "OK".to_owned(),
        Reply::Simple(word) => (*word).to_owned(),
        Reply::Bulk(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Reply::Int(number) => number.to_string(),
        Reply::Nil | Reply::NilArray => "nil".to_owned(),
        Reply::Array(items) => format!("[{}]", list(items)),
        Reply::Map(pairs) => {
            let pair = |(name, value): &(Reply, Reply)| format!("{}={}", text(name), text(value));
            format!("{{{}}}", pairs.iter().map(pair).collect::<Vec<_>>().join(" "))
        }
        Reply::Error(bad) => format!("-{}", bad.0),
        Reply::Silence => "waits".to_owned(),
        other => panic!("{other:?}"),
    }
}
