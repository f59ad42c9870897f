//! What the tests of commands share: a line of words in, a request, a refusal or
//! a reply out.

use lockstep_core::{Db, Op, Origin, Outcome};

use crate::{BadArgs, Context, Protocol, Reply, Request, table};

/// A connection in database 3.
pub(crate) fn context() -> Context {
    Context {
        db: DB,
        origin: Origin::default(),
        request: 7,
        protocol: Protocol::Resp2,
        string_bytes_max: 1_000,
        sparse_bytes_max: 3_000,
        lfu: false,
        seed: 42,
        locks: crate::LockContext::default(),
        queues: crate::QueueContext::default(),
        streams: crate::StreamContext::default(),
        scripts: crate::ScriptContext::default(),
    }
}

/// The database of [`context`].
pub(crate) const DB: Db = Db(3);

/// The words of a line, split at blanks; `""` stands for the empty word.
pub(crate) fn words(line: &'static str) -> Vec<&'static [u8]> {
    let word = |word: &'static str| if word == "\"\"" { b"" } else { word.as_bytes() };
    line.split(' ').map(word).collect()
}

/// Finds the command of a line and parses its words.
pub(crate) fn parse_as(ctx: &Context, line: &'static str) -> Result<Request<'static>, BadArgs> {
    let words = words(line).leak();
    let (command, named) = table::find(words)?;
    (command.parse)(ctx, crate::Args::new(words, named))
}

/// The request of a line.
pub(crate) fn request(line: &'static str) -> Request<'static> {
    parse_as(&context(), line).unwrap_or_else(|bad| panic!("{line}: {}", bad.0))
}

/// The operation on the key space that a line asks for.
pub(crate) fn key_op(line: &'static str) -> lockstep_core::keys::Op<'static> {
    match request(line) {
        Request::Op(Op::Key { op }) => op,
        other => panic!("{line}: {other:?}"),
    }
}

/// The operation on the lock table that a line asks for.
pub(crate) fn lock_op(line: &'static str) -> lockstep_core::locks::Op<'static> {
    match request(line) {
        Request::Op(Op::Lock { op }) => op,
        other => panic!("{line}: {other:?}"),
    }
}

/// The operation on queues that a line asks for.
pub(crate) fn queue_op(line: &'static str) -> lockstep_core::queues::Op<'static> {
    match request(line) {
        Request::Op(Op::Queue { op }) => op,
        other => panic!("{line}: {other:?}"),
    }
}

/// The text a line is refused with.
pub(crate) fn refusal(line: &'static str) -> String {
    match parse_as(&context(), line) {
        Ok(request) => panic!("{line}: {request:?}"),
        Err(bad) => bad.0.into_owned(),
    }
}

/// The reply of the command of a line to an outcome.
pub(crate) fn reply_to(line: &'static str, outcome: Outcome) -> Reply {
    let words = words(line);
    let (command, _) = table::find(&words).unwrap_or_else(|bad| panic!("{line}: {}", bad.0));
    (command.reply)(command.spec, outcome)
}
