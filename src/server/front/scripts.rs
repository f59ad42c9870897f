//! What is about the scripts and the libraries of functions of all shards, where keys are
//! spread over them.

use std::future::Future;
use std::sync::Arc;

use lockstep_commands::{BadArgs, Command};
use lockstep_core::scripts::{self, Sha, functions};
use lockstep_core::wire::Wire;
use lockstep_core::{Op, Outcome};
use lockstep_raft::Delivery;

use crate::Node;

/// Carries out an operation on every shard, one after the other. All have the same
/// libraries: for what is read of these one is enough.
pub(super) fn carry_out(
    node: &Arc<Node>,
    op: &scripts::Op<'_>,
) -> impl Future<Output = Result<Outcome, BadArgs>> + Send + use<> {
    let node = node.clone();
    let mut bytes = Vec::new();
    Op::Script { op: op.clone() }.put(&mut bytes);
    async move {
        let op = Op::take(&mut &bytes[..]).expect("just written");
        let one = matches!(&op, Op::Script { op: scripts::Op::Function { op } } if !op.is_write());
        let mut all = None;
        for shard in node.shards.ids().take(if one { 1 } else { usize::MAX }) {
            let outcome = match node.shards.ask(shard, &op).await {
                Delivery::Done(mut outcomes) => outcomes.pop().unwrap_or(Outcome::Ok),
                failed => return Err(node.shards.failure(shard, &failed)),
            };
            all = Some(all.map_or(outcome.clone(), |all| both(all, outcome)));
        }
        Ok(all.unwrap_or(Outcome::Ok))
    }
}

/// Whether a command runs a script, or a function, that says of itself that it does not write.
pub(super) fn only_reads(node: &Node, command: &Command, words: &[&[u8]]) -> bool {
    let Some(name) = words.get(1) else { return false };
    match command.spec.name {
        "eval" => lockstep_script::only_reads(name),
        "evalsha" => node.shards.keys().first().is_some_and(|group| {
            let body = Sha::from_hex(name).and_then(|sha| group.state().scripts().get(&sha));
            body.is_some_and(|body| lockstep_script::only_reads(&body))
        }),
        "fcall" => node.shards.keys().first().is_some_and(|group| {
            let found = group.state().libraries().find(name);
            found.is_some_and(|(library, place)| {
                library.functions[place].flags & functions::NO_WRITES != 0
            })
        }),
        _ => false,
    }
}

/// What holds for two shards: a script is there if both have it, and what one refuses is
/// refused.
fn both(one: Outcome, other: Outcome) -> Outcome {
    match (one, other) {
        (Outcome::List(one), Outcome::List(other)) => {
            Outcome::List(one.into_iter().zip(other).map(|(one, other)| both(one, other)).collect())
        }
        (Outcome::Int(one), Outcome::Int(other)) => Outcome::Int(one.min(other)),
        (_, fault @ (Outcome::Fault(_) | Outcome::Refused { .. })) => fault,
        (one, _) => one,
    }
}

#[cfg(test)]
mod tests {
    use lockstep_core::Fault;

    use super::*;

    #[test]
    fn a_script_is_there_where_all_shards_have_it() {
        let list =
            |have: &[i64]| Outcome::List(have.iter().map(|has| Outcome::Int(*has)).collect());
        assert_eq!(both(list(&[1, 1, 0]), list(&[1, 0, 1])), list(&[1, 0, 0]));
        assert_eq!(both(Outcome::Ok, Outcome::Ok), Outcome::Ok);
        let full = || Outcome::from(Fault::ScriptsFull);
        assert_eq!(both(Outcome::Bytes(vec![]), full()), full());
        assert_eq!(both(full(), Outcome::Bytes(vec![])), full());
    }
}
