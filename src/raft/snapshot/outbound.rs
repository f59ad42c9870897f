//! Sends a snapshot to a node that is too far behind for the log.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use lockstep_storage::snapshots::Export;
use lockstep_storage::{Snapshots, StorageError};
use openraft::errors::{NetworkError, ReplicationClosed, StreamingError, Unreachable};
use openraft::raft::SnapshotResponse;
use openraft::type_config::alias::SnapshotOf;
use tokio::time::{Instant, sleep};

use super::wire::{Key, Piece, Reply};
use super::{Image, on_disk};
use crate::peers::{CallError, Later};
use crate::types::{Types, Vote};

/// One piece is on its way at a time: clients come first on the link and on both
/// disks.
const PIECE_BYTES: usize = 1 << 20;
/// How long the reply to a piece may take; twice as long after each that did not
/// come, up to the maximum.
const REPLY_WAIT: Duration = Duration::from_secs(1);
const REPLY_WAIT_MAX: Duration = Duration::from_secs(16);
/// How long to rest before asking a receiver again that is at work.
const POLL: Duration = Duration::from_millis(20);
/// How long to rest after a reply that did not come, likewise doubled.
const REST: Duration = Duration::from_millis(50);
/// So many replies in a row may fail to come.
const LOST_MAX: u32 = 6;
/// So often the receiver may begin anew.
const RESTARTS_MAX: u32 = 3;
/// So long a transfer may stand still: the receiver reads all of it at its end.
const STANDSTILL: Duration = Duration::from_secs(300);

/// Takes a request to the other node, in the lane for much that is not urgent,
/// and its reply back.
pub(crate) type Carry<'a> =
    dyn Fn(Vec<u8>, Duration) -> Later<Result<Bytes, CallError>> + Send + Sync + 'a;

/// Sends a snapshot of the leader with this vote. Whatever was sent before of the
/// same snapshot is not sent again.
pub(crate) async fn send(
    carry: &Carry<'_>,
    vote: Vote,
    snapshot: SnapshotOf<Types, Image>,
    cancel: impl Future<Output = ReplicationClosed>,
) -> Result<SnapshotResponse<Types>, StreamingError<Types>> {
    let sending = async {
        let mut transfer = Transfer::open(vote, snapshot.snapshot).await?;
        transfer.run(carry).await
    };
    tokio::select! {
        biased;
        closed = cancel => Err(closed.into()),
        sent = sending => sent,
    }
}

struct Transfer {
    snapshots: Snapshots,
    vote: Vote,
    key: Key,
    /// Away while it is read on a thread.
    export: Option<Export>,
    /// Where the receiver stands, as far as is known.
    offset: u64,
    restarts: u32,
    moved: Instant,
}

impl Transfer {
    async fn open(vote: Vote, mut image: Image) -> Result<Transfer, StreamingError<Types>> {
        let whole = image.take_whole();
        let (shard, snapshots) = (image.shard(), image.snapshots().clone());
        let opened = on_disk(&snapshots, {
            let snapshots = snapshots.clone();
            move || {
                if let Some(whole) = whole {
                    return whole.export(shard, &snapshots);
                }
                let export = snapshots.export(shard).inspect_err(|why| snapshots.report(why))?;
                export.ok_or_else(|| io::Error::other("there is no snapshot"))
            }
        });
        let export = opened.await.map_err(|why| unread(shard.0, &why))?;
        let key = Key { digest: export.digest(), meta: export.meta().to_vec() };
        let (offset, restarts, moved) = (0, 0, Instant::now());
        Ok(Transfer { snapshots, vote, key, export: Some(export), offset, restarts, moved })
    }

    async fn run(
        &mut self,
        carry: &Carry<'_>,
    ) -> Result<SnapshotResponse<Types>, StreamingError<Types>> {
        let mut lost = 0;
        // First only the question where the receiver stands.
        let mut bytes = Vec::new();
        loop {
            let reply = self.ask(carry, &bytes, lost).await;
            bytes.clear();
            match reply {
                Some(Reply::Want(offset)) => {
                    lost = 0;
                    bytes = self.piece(offset).await?;
                }
                Some(Reply::Wait) => {
                    lost = 0;
                    sleep(POLL).await;
                }
                Some(Reply::Done(vote) | Reply::Stale(vote)) => {
                    return Ok(SnapshotResponse::new(vote));
                }
                Some(Reply::Refused(why)) => return Err(unreachable(&why)),
                None => {
                    lost += 1;
                    if lost > LOST_MAX {
                        return Err(unreachable("the link is down"));
                    }
                    sleep(REST * 2u32.pow(lost)).await;
                }
            }
            if self.moved.elapsed() > STANDSTILL {
                return Err(unreachable("the transfer stands still"));
            }
        }
    }

    /// The reply to some bytes; `None` when none came.
    async fn ask(&self, carry: &Carry<'_>, bytes: &[u8], lost: u32) -> Option<Reply> {
        let piece = Piece { vote: self.vote, key: self.key.clone(), offset: self.offset, bytes };
        let wait = (REPLY_WAIT * 2u32.pow(lost)).min(REPLY_WAIT_MAX);
        let reply = carry(piece.to_bytes(), wait).await.ok()?;
        Reply::from_bytes(&reply).ok()
    }

    /// The bytes that are wanted, checked.
    async fn piece(&mut self, offset: u64) -> Result<Vec<u8>, StreamingError<Types>> {
        if offset > self.offset {
            self.moved = Instant::now();
        }
        if offset < self.offset {
            self.restarts += 1;
            if self.restarts > RESTARTS_MAX {
                let why = NetworkError::from_string("what was sent was found damaged there");
                return Err(StreamingError::Network(why));
            }
        }
        self.offset = offset;
        let mut export = self.export.take().expect("it is put back after each use");
        let read = on_disk(&self.snapshots, {
            let snapshots = self.snapshots.clone();
            move || {
                let piece = export.piece(offset, PIECE_BYTES);
                let piece = piece.inspect_err(|why: &StorageError| snapshots.report(why))?;
                Ok((export, piece))
            }
        });
        let (export, piece) = read.await.map_err(|why| unread(0, &why))?;
        self.export = Some(export);
        Ok(piece)
    }
}

/// A snapshot that cannot be read here is not the end of the group: it is written
/// anew from the state in memory when it is asked for again.
fn unread(shard: u16, why: &io::Error) -> StreamingError<Types> {
    let damaged = lockstep_storage::is_damage(why);
    tracing::error!(shard, %why, damaged, id = "LS-2010", "a snapshot to be sent cannot be read");
    unreachable(&format!("the snapshot cannot be read: {why}"))
}

fn unreachable(why: &str) -> StreamingError<Types> {
    StreamingError::Unreachable(Unreachable::from_string(why))
}
