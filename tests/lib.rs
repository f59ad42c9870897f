//! What the end-to-end tests stand on: servers that are started, killed and
//! cleaned away, a client that shows every byte, and the tools of other people.

mod binary;
mod harness;

pub use binary::{lockstep_binary, workspace};
pub use harness::client::{Client, request, send, wait_for_blocked, words};
pub use harness::cluster::{Cluster, Place, three_nodes};
pub use harness::need::{in_ci, needed, printed, tool};
pub use harness::ports::free_port;
pub use harness::proxy::{Faults, Proxy, Way};
pub use harness::raw;
pub use harness::server::{Kind, Server, wait_for};
pub use harness::value::Value;
