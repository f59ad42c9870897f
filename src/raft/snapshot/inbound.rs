//! Receives a snapshot from the leader.

use std::io;
use std::mem;
use std::sync::{Arc, Weak};
use std::time::Duration;

use lockstep_core::shard::Restoring;
use lockstep_core::{NodeId, Shard, ShardId};
use lockstep_storage::snapshots::Receiver;
use lockstep_storage::{Log, Snapshots};
use openraft::async_runtime::watch::WatchReceiver;
use openraft::type_config::alias::SnapshotOf;
use parking_lot::Mutex;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use super::wire::{Key, Piece, Reply};
use super::{Image, on_disk};
use crate::bodies::{Shelf, spill};
use crate::codec;
use crate::machine::Machine;
use crate::peers::Later;
use crate::types::{SnapshotMeta, Types, Vote};

/// Half a snapshot for which nothing more comes is kept that long.
const KEPT: Duration = Duration::from_secs(600);

/// Where a snapshot goes that was received.
pub(crate) trait Target: Send + Sync + 'static {
    /// The vote of this node.
    fn vote(&self) -> Vote;

    /// Installs the snapshot, if the vote is not stale; gives the vote of this node
    /// after that.
    fn install(
        &self,
        vote: Vote,
        snapshot: SnapshotOf<Types, Image>,
    ) -> Later<Result<Vote, String>>;
}

/// The group itself, with the log that stands beside its snapshots.
pub(crate) struct Installer {
    pub raft: openraft::Raft<Types, Machine>,
    pub log: Log,
}

impl Target for Installer {
    fn vote(&self) -> Vote {
        self.raft.metrics().borrow_watched().vote
    }

    fn install(
        &self,
        vote: Vote,
        snapshot: SnapshotOf<Types, Image>,
    ) -> Later<Result<Vote, String>> {
        let (raft, log) = (self.raft.clone(), self.log.clone());
        Box::pin(async move {
            let installed = raft.install_full_snapshot(vote, snapshot).await;
            let response = installed.map_err(|why| why.to_string())?;
            // A snapshot of entries that came before, and are committed, is not installed, and
            // openraft says at once that all of it is here: also while the disk has not got
            // those entries. The leader takes the answer for an acknowledgement of them.
            let (send, done) = oneshot::channel();
            log.sync_then(Box::new(move |result| drop(send.send(result))));
            let synced = done.await.map_err(|_| "the log has stopped".to_owned())?;
            synced.map_err(|why| why.to_string())?;
            Ok(response.vote)
        })
    }
}

/// The receiving end of a group: one snapshot at a time.
pub(crate) struct Inbound {
    shard: ShardId,
    snapshots: Snapshots,
    target: Arc<dyn Target>,
    shelf: Arc<Shelf>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    phase: Phase,
    /// The snapshot that was installed last, and the vote after that.
    done: Option<(Key, Vote)>,
}

#[derive(Default)]
enum Phase {
    #[default]
    Idle,
    Partial(Box<Partial>),
    /// A piece is being written, or all of it read and installed.
    Busy,
}

/// Part of a snapshot.
struct Partial {
    key: Key,
    /// The latest leader that sends it.
    vote: Vote,
    receiver: Receiver,
    touched: Instant,
}

impl Inbound {
    /// Receives for a group.
    pub(crate) fn new(
        shard: ShardId,
        snapshots: Snapshots,
        target: Arc<dyn Target>,
        shelf: Arc<Shelf>,
    ) -> Arc<Inbound> {
        Arc::new(Inbound { shard, snapshots, target, shelf, state: Mutex::default() })
    }

    /// Takes a piece; gives the reply to it.
    pub(crate) async fn serve(self: &Arc<Self>, from: NodeId, piece: &[u8]) -> Vec<u8> {
        // On a task of its own: when the link breaks nobody waits for the reply any
        // more, and what was received has to stay.
        let (inbound, piece) = (self.clone(), piece.to_vec());
        let served = tokio::spawn(async move { inbound.take(from, &piece).await });
        let reply = served.await.unwrap_or_else(|why| Reply::Refused(why.to_string()));
        reply.to_bytes()
    }

    async fn take(self: &Arc<Self>, from: NodeId, piece: &[u8]) -> Reply {
        let Ok(piece) = Piece::from_bytes(piece) else {
            // Changed on its way: it may come better another time.
            return Reply::Wait;
        };
        let meta = match self.admit(&piece) {
            Ok(meta) => meta,
            Err(reply) => return reply,
        };
        let partial = match self.begin(&piece) {
            Ok(partial) => partial,
            Err(reply) => return reply,
        };
        let turn = Turn(self);
        match self.write(partial, &piece).await {
            Ok(partial) if partial.receiver.is_complete() => {
                turn.hand_on();
                tokio::spawn(self.clone().finish(from, partial, meta));
                Reply::Wait
            }
            Ok(partial) => {
                let offset = partial.receiver.offset();
                turn.put_back(partial);
                Reply::Want(offset)
            }
            Err(why) => {
                tracing::error!(
                    shard = self.shard.0,
                    %why,
                    id = "LS-2011",
                    "a snapshot that comes in cannot be written"
                );
                Reply::Refused(why.to_string())
            }
        }
    }

    /// Whether the sender may install that snapshot here.
    fn admit(&self, piece: &Piece<'_>) -> Result<SnapshotMeta, Reply> {
        let mine = self.target.vote();
        if !piece.vote.committed {
            return Err(Reply::Refused("only a leader sends snapshots".into()));
        }
        if piece.vote < mine {
            return Err(Reply::Stale(mine));
        }
        let meta = codec::meta(&piece.key.meta);
        let meta = meta.map_err(|_| Reply::Refused("its meta bytes cannot be read".into()))?;
        let last = meta.last_log_id.ok_or_else(|| Reply::Refused("it is empty".into()))?;
        if *last.committed_leader_id() > piece.vote.leader_id {
            return Err(Reply::Refused("it is of a later leader than its sender".into()));
        }
        Ok(meta)
    }

    /// Takes out what is there of this snapshot, or begins it.
    fn begin(self: &Arc<Self>, piece: &Piece<'_>) -> Result<Begun, Reply> {
        let mut state = self.state.lock();
        if let Some((key, vote)) = &state.done
            && *key == piece.key
        {
            return Err(Reply::Done(*vote));
        }
        let fresh = Begun { key: piece.key.clone(), vote: piece.vote, old: None, receiver: None };
        let begun = match mem::take(&mut state.phase) {
            Phase::Busy => {
                state.phase = Phase::Busy;
                return Err(Reply::Wait);
            }
            Phase::Partial(partial) if partial.vote > piece.vote => {
                let vote = partial.vote;
                state.phase = Phase::Partial(partial);
                return Err(Reply::Stale(vote));
            }
            Phase::Partial(partial) if partial.key == piece.key => {
                Begun { receiver: Some(partial.receiver), ..fresh }
            }
            Phase::Partial(partial) => Begun { old: Some(partial.receiver), ..fresh },
            Phase::Idle => {
                tokio::spawn(drop_abandoned(Arc::downgrade(self)));
                fresh
            }
        };
        state.phase = Phase::Busy;
        Ok(begun)
    }

    async fn write(&self, begun: Begun, piece: &Piece<'_>) -> io::Result<Partial> {
        let Begun { key, vote, old, receiver } = begun;
        let (offset, bytes) = (piece.offset, piece.bytes.to_vec());
        let (snapshots, shard) = (self.snapshots.clone(), self.shard);
        on_disk(&self.snapshots, move || {
            drop(old);
            let mut receiver = match receiver {
                Some(receiver) => receiver,
                None => snapshots.receive(shard, key.digest)?,
            };
            // Anything else is here already, or comes too early.
            if offset == receiver.offset() {
                receiver.append(&bytes)?;
            }
            Ok(Partial { key, vote, receiver, touched: Instant::now() })
        })
        .await
    }

    /// All of it is here: reads it, and installs it when it is intact.
    async fn finish(self: Arc<Self>, from: NodeId, partial: Partial, meta: SnapshotMeta) {
        let turn = Turn(&self);
        let Partial { key, vote, receiver, .. } = partial;
        // Its bodies come to disk while it is read.
        let hold = self.shelf.hold();
        let installed = match self.restore(receiver, key.meta.clone()).await {
            Ok((receiver, state)) => {
                let snapshots = self.snapshots.clone();
                let snapshot = Image::received(self.shard, snapshots, receiver, state, hold);
                let snapshot = openraft::storage::Snapshot { meta, snapshot };
                self.target.install(vote, snapshot).await
            }
            Err(why) => Err(why.to_string()),
        };
        match installed {
            Ok(after) if after <= vote => self.state.lock().done = Some((key, after)),
            // The sender is told by its next question.
            Ok(_) => {}
            Err(why) => tracing::warn!(
                shard = self.shard.0,
                from = from.0,
                %why,
                id = "LS-2012",
                "a snapshot was received and not installed"
            ),
        }
        drop(turn);
    }

    async fn restore(
        &self,
        mut receiver: Receiver,
        meta: Vec<u8>,
    ) -> io::Result<(Receiver, Shard)> {
        let (shard, shelf) = (self.shard, self.shelf.clone());
        let unlike = move |what| {
            let what = format!("the received snapshot of shard {}: {what}", shard.0);
            io::Error::new(io::ErrorKind::InvalidData, what)
        };
        on_disk(&self.snapshots, move || {
            // A disk that fails here costs a second transfer; while the snapshot is
            // installed it would cost the group.
            receiver.sync()?;
            let (found, mut reader) = receiver.open()?;
            if found != meta {
                return Err(unlike("it says other things about itself than its sender"));
            }
            let mut state = Restoring::default();
            while let Some(chunk) = reader.next_chunk()? {
                state.add(&chunk).map_err(|_| unlike("it is of another version"))?;
                spill(&shelf, &mut state)?;
            }
            let state = state.finish().map_err(|_| unlike("it is of another version"))?;
            Ok((receiver, state))
        })
        .await
    }
}

/// A snapshot of which a piece is about to be written.
struct Begun {
    key: Key,
    vote: Vote,
    /// What was there of another one.
    old: Option<Receiver>,
    receiver: Option<Receiver>,
}

/// Whoever is at work on the snapshot. However it ends, the next piece is taken.
struct Turn<'a>(&'a Inbound);

impl Turn<'_> {
    fn put_back(self, partial: Partial) {
        self.0.state.lock().phase = Phase::Partial(Box::new(partial));
        mem::forget(self);
    }

    /// Somebody else goes on with it.
    fn hand_on(self) {
        mem::forget(self);
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.state.lock().phase = Phase::Idle;
    }
}

/// Waits until nothing is received any more, or nothing comes for long.
async fn drop_abandoned(inbound: Weak<Inbound>) {
    loop {
        sleep(KEPT / 4).await;
        let Some(inbound) = inbound.upgrade() else { return };
        let mut state = inbound.state.lock();
        match &state.phase {
            Phase::Idle => return,
            Phase::Partial(partial) if partial.touched.elapsed() > KEPT => {
                let gone = mem::take(&mut state.phase);
                drop(state);
                drop(gone);
                return;
            }
            _ => {}
        }
    }
}
