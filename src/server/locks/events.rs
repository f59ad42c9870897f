//! What happens to locks, on channels.

use lockstep_core::effects::LockEvent;

use crate::Node;

/// Publishes that something happened to a lock: the event on the channel of the
/// lock, the lock's name on that of the event.
pub(super) fn publish(node: &Node, event: &LockEvent) {
    let LockEvent::Of { kind, name, .. } = event;
    let kind = kind.word().as_bytes();
    send(node, &[b"__lockspace__:", name], kind);
    send(node, &[b"__lockevent__:", kind], name);
}

/// Tells an owner, wherever it listens, that its turn has come: the token and the
/// name. For clients that take no pushes.
pub(super) fn publish_grant(node: &Node, owner: &[u8], name: &[u8], token: u64) {
    let message = [token.to_string().as_bytes(), b" ", name].concat();
    send(node, &[b"__lock__:granted:", owner], &message);
}

fn send(node: &Node, channel: &[&[u8]], message: &[u8]) {
    // How many listen here is of no interest.
    let _ = node.pubsub.publish(&channel.concat(), message);
}
