//! The texts of cluster mode and of CLUSTER and NODE.

use lockstep_core::slot::Slot;

use super::{BadArgs, SHOWN_BYTES_MAX, shown, text};

/// What only cluster mode can answer.
pub const CLUSTER_DISABLED: BadArgs = text("ERR This instance has cluster support disabled");
/// Keys of several slots in one command or transaction.
pub const CROSS_SLOT: BadArgs = text("CROSSSLOT Keys in request don't hash to the same slot");
/// SELECT of another database than 0.
pub const SELECT_IN_CLUSTER: BadArgs = text("ERR SELECT is not allowed in cluster mode");
/// SWAPDB.
pub const SWAPDB_IN_CLUSTER: BadArgs = text("ERR SWAPDB is not allowed in cluster mode");
/// MOVE.
pub const MOVE_IN_CLUSTER: BadArgs = text("ERR MOVE is not allowed in cluster mode");
/// SORT by other keys.
pub const SORT_BY_IN_CLUSTER: BadArgs = text("ERR BY option of SORT denied in cluster mode.");
/// SORT with what is at other keys.
pub const SORT_GET_IN_CLUSTER: BadArgs = text("ERR GET option of SORT denied in cluster mode.");
/// COPY with DB.
pub const COPY_IN_CLUSTER: BadArgs =
    text("ERR Copying to another database is not allowed in cluster mode");
/// A number that is no slot.
pub const INVALID_SLOT: BadArgs = text("ERR Invalid slot");
/// CLUSTER GETKEYSINSLOT with a number that is no slot, or a negative count.
pub const INVALID_SLOT_OR_COUNT: BadArgs = text("ERR Invalid slot or number of keys");
/// CLUSTER FORGET of the node that is asked.
pub const FORGET_MYSELF: BadArgs = text("ERR I tried hard but I can't forget myself...");
/// CLUSTER FAILOVER where there is nothing to take over.
pub const NOTHING_TO_TAKE_OVER: BadArgs =
    text("ERR this node keeps no replica of a shard, so there is nothing to take over");
/// The key is led elsewhere, at `host:port`.
pub fn moved(slot: Slot, host: &str, port: u16) -> BadArgs {
    BadArgs(format!("MOVED {} {host}:{port}", slot.0).into())
}

/// A subcommand of CLUSTER that hands out slots or epochs by hand.
pub fn placed_by_map(sub: &[u8]) -> BadArgs {
    let sub = shown(sub, SHOWN_BYTES_MAX).to_ascii_uppercase();
    BadArgs(
        format!(
            "ERR CLUSTER {sub} is not available: the cluster places slots and replicas itself \
             (see NODE HELP)"
        )
        .into(),
    )
}

/// No node has this id, or none whose id begins so.
pub fn unknown_node(id: &[u8]) -> BadArgs {
    BadArgs(format!("ERR Unknown node {}", shown(id, SHOWN_BYTES_MAX)).into())
}

/// Several nodes have ids that begin so.
pub fn ambiguous_node(id: &[u8], count: usize) -> BadArgs {
    let id = shown(id, SHOWN_BYTES_MAX);
    BadArgs(format!("ERR {count} nodes have ids that begin with {id}: give more digits").into())
}

/// An address that is none.
pub fn bad_node_address(address: &[u8]) -> BadArgs {
    let address = shown(address, SHOWN_BYTES_MAX);
    BadArgs(format!("ERR Invalid node address specified: {address}").into())
}

/// CLUSTER MEET with a port that is none.
pub fn bad_base_port(port: &[u8]) -> BadArgs {
    let port = shown(port, SHOWN_BYTES_MAX);
    BadArgs(format!("ERR Invalid TCP base port specified: {port}").into())
}

/// CLUSTER MEET with a port of the cluster bus that is none.
pub fn bad_bus_port(port: &[u8]) -> BadArgs {
    let port = shown(port, SHOWN_BYTES_MAX);
    BadArgs(format!("ERR Invalid TCP bus port specified: {port}").into())
}

/// What the cluster said when it was asked to change its nodes.
pub fn membership(code: &str, why: &str) -> BadArgs {
    BadArgs(format!("{code} {}", why.replace(['\r', '\n'], " ")).into())
}
