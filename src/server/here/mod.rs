//! Commands that this node answers from what it knows itself.

mod acl;
mod client;
mod cluster;
mod config;
mod debug;
mod handshake;
mod latency;
mod memory;
mod persist;
mod slowlog;
#[cfg(test)]
mod tests;
mod wait;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use lockstep_cache::Name;
use lockstep_commands::here::CacheCall;
use lockstep_commands::{Here, Reply, error};
use lockstep_core::{Op, keys};
use tokio::sync::Semaphore;

use crate::session::Session;
use crate::{Node, info, pubsub};
pub use debug::may_debug;

/// What becomes of a command that this node answers itself.
#[expect(clippy::large_enum_variant, reason = "made once per command and taken apart at once")]
pub enum Answer<'a> {
    /// This is the reply.
    Reply(Reply),
    /// The reply takes time.
    Later(Pin<Box<dyn Future<Output = Reply> + Send>>),
    /// The connection closes, behind the reply if there is one.
    Close(Option<Reply>),
    /// It is allowed, and an operation of a shard.
    Op(Op<'a>),
}

impl From<Reply> for Answer<'_> {
    fn from(reply: Reply) -> Self {
        Answer::Reply(reply)
    }
}

/// Executes a command. What opens, closes or leaves a transaction is not for here.
pub fn run<'a>(node: &Arc<Node>, session: &mut Session, here: Here<'a>) -> Answer<'a> {
    match here {
        Here::Answer(reply) => reply.into(),
        Here::Ping(message) if session.only_listens() => {
            let message = message.unwrap_or_default();
            Reply::Array(vec![Reply::bulk("pong"), Reply::bulk(message)]).into()
        }
        Here::Ping(None) => Reply::Simple("PONG").into(),
        Here::Ping(Some(message)) | Here::Echo(message) => Reply::bulk(message).into(),
        Here::Hello(hello) => handshake::hello(node, session, &hello),
        Here::Auth(auth) => handshake::auth(node, session, auth),
        Here::Quit => Answer::Close(Some(Reply::Ok)),
        Here::Reset => {
            session.reset(node);
            Reply::Simple("RESET").into()
        }
        Here::Select(db) => {
            session.select(db);
            Reply::Ok.into()
        }
        Here::Client(client) => client::run(node, session, client),
        Here::Info(sections) => info::reply(node, &sections).into(),
        Here::Config(config) => config::run(node, config, !session.denies_waiting),
        Here::Time => time().into(),
        Here::Wait { replicas, timeout_ms } => wait::replicas(node, session, replicas, timeout_ms),
        Here::WaitAof { local, replicas, timeout_ms } => {
            wait::disk(node, session, local, replicas, timeout_ms)
        }
        Here::LastSave => persist::last_save(node).into(),
        Here::Save => persist::save(node),
        Here::SaveInBackground => persist::save_in_background(node).into(),
        Here::RewriteLog => persist::rewrite_log(node).into(),
        Here::Shutdown(shutdown) => persist::shutdown(node, shutdown),
        Here::Slowlog(slowlog) => slowlog::run(node, session, slowlog).into(),
        Here::Latency(latency) => latency::run(node, &latency).into(),
        Here::Monitor => {
            session.monitors = true;
            node.monitors.enter(&session.client);
            Reply::Ok.into()
        }
        Here::TryDistinct { seed, sparse_max } => try_distinct(seed, sparse_max),
        Here::Memory(memory) => memory::run(node, memory).into(),
        Here::Debug(debug) => debug::run(node, session, debug),
        Here::Role => role(node).into(),
        Here::Acl(asked) => acl::run(node, session, asked),
        Here::Cluster(asked) => cluster::run(node, asked),
        Here::Node(asked) => cluster::node(node, &asked),
        Here::PubSub(asked) => pubsub::run(node, session, asked),
        Here::Cache(CacheCall::Trace { on, db, key }) => {
            node.cache.trace(session, on, Name::of(db, key)).into()
        }
        Here::Cache(call) => Answer::Later(crate::cache::carry_out(node, call)),
        // Outside of transactions the front carries it out.
        Here::Session(_) | Here::Lock(_) | Here::Queue(_) => {
            Reply::Error(error::NOT_IN_MULTI).into()
        }
        Here::Multi | Here::Exec | Here::Discard | Here::Watch(_) | Here::Unwatch => {
            debug_assert!(false, "the front executes what belongs to transactions");
            Reply::Error(error::NOT_IN_MULTI).into()
        }
    }
}

/// PFSELFTEST: takes a while, so not where connections are served, and one at a time, also
/// when nobody waits for it any more.
fn try_distinct<'a>(seed: u64, sparse_max: u64) -> Answer<'a> {
    static ALONE: Semaphore = Semaphore::const_new(1);
    Answer::Later(Box::pin(async move {
        let Ok(alone) = ALONE.acquire().await else { return error::STOPPING.into() };
        let trial = tokio::task::spawn_blocking(move || {
            let _alone = alone;
            keys::try_distinct(seed, sparse_max)
        });
        match trial.await {
            Ok(Ok(())) => Reply::Ok,
            Ok(Err(why)) => error::trial_failed(&why).into(),
            Err(_) => error::STOPPING.into(),
        }
    }))
}

/// TIME: seconds and microseconds.
fn time() -> Reply {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let parts = [since.as_secs().to_string(), since.subsec_micros().to_string()];
    Reply::Array(parts.into_iter().map(Reply::bulk).collect())
}

/// ROLE: every node takes writes, so every node is a master to its clients.
fn role(node: &Node) -> Reply {
    let applied = i64::try_from(node.shards.applied()).unwrap_or(i64::MAX);
    let replicas = info::replicas(node).into_iter().map(|replica| {
        let words = [replica.host, replica.port.to_string(), applied.to_string()];
        Reply::Array(words.into_iter().map(Reply::bulk).collect())
    });
    let replicas = replicas.collect();
    Reply::Array(vec![Reply::bulk("master"), Reply::Int(applied), Reply::Array(replicas)])
}
