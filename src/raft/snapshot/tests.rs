//! Transfers of snapshots, over links that do anything.
#![allow(clippy::unwrap_used)]

mod damage;
mod power;
mod rig;

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use openraft::errors::{ReplicationClosed, StreamingError};

use super::wire::{Key, Piece, Reply};
use super::{Inbound, Target, send};
use crate::peers::CallError;
use lockstep_core::NodeId;
use lockstep_storage::SimOp;
use lockstep_storage::snapshots::Digest;
use rig::{Follower, Leader, Link, PIECE, never, vote};

#[tokio::test(start_paused = true)]
async fn a_snapshot_arrives_as_it_is() {
    let (leader, follower) = (Leader::new(40), Follower::new());
    let link = Link::to(&follower);
    let response = leader.send(&link, vote(5, 1)).await.unwrap();
    assert_eq!(response.vote, vote(5, 1));
    assert_eq!(follower.digests(), [leader.digest()]);
    let pieces = leader.bytes().div_ceil(PIECE);
    assert!(pieces > 3, "{pieces}");
    assert_eq!(link.carried_bytes() / PIECE, leader.bytes() / PIECE);
    assert_eq!(follower.files(), 1, "nothing half is left");
}

#[tokio::test(start_paused = true)]
async fn a_transfer_goes_on_where_the_link_broke_also_from_another_leader() {
    let (leader, follower) = (Leader::new(40), Follower::new());
    let link = Link::to(&follower);
    link.break_after(3);
    let broken = leader.send(&link, vote(5, 1)).await.unwrap_err();
    assert!(matches!(broken, StreamingError::Unreachable(_)), "{broken}");
    let other = leader.twin();
    let again = Link::to(&follower);
    other.send(&again, vote(6, 2)).await.unwrap();
    assert_eq!(follower.digests(), [leader.digest()]);
    let all = link.carried_bytes() + again.carried_bytes();
    assert!(all < leader.bytes() + PIECE, "{all} of {}", leader.bytes());
}

#[tokio::test(start_paused = true)]
async fn pieces_lost_doubled_late_and_out_of_order_do_no_harm() {
    for seed in 0..60 {
        let (leader, follower) = (Leader::new(25), Follower::new());
        let link = Link::to(&follower);
        link.misbehave(seed);
        let mut tries = 0;
        while leader.send(&link, vote(5, 1)).await.is_err() {
            tries += 1;
            assert!(tries < 20, "seed {seed}");
        }
        link.deliver_late().await;
        assert_eq!(follower.digests(), [leader.digest()], "seed {seed}");
        assert_eq!(follower.stored(), leader.digest(), "seed {seed}");
        assert_eq!(follower.files(), 1, "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_transfer_runs_the_same_every_time() {
    let mut traces = Vec::new();
    for _ in 0..2 {
        let (leader, follower) = (Leader::new(60), Follower::new());
        let link = Link::to(&follower);
        link.misbehave(11);
        let started = tokio::time::Instant::now();
        while leader.send(&link, vote(5, 1)).await.is_err() {}
        traces.push((link.trace(), started.elapsed()));
    }
    assert!(traces[0].0.len() > 8);
    assert_eq!(traces[0], traces[1]);
}

#[tokio::test(start_paused = true)]
async fn a_leader_of_the_past_is_told() {
    let (leader, follower) = (Leader::new(5), Follower::new());
    *follower.target.vote.lock() = vote(9, 3);
    let response = leader.send(&Link::to(&follower), vote(5, 1)).await.unwrap();
    assert_eq!(response.vote, vote(9, 3));
    assert!(follower.digests().is_empty());
    assert_eq!(follower.files(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_is_deposed_during_the_transfer_is_told() {
    let (leader, follower) = (Leader::new(40), Follower::new());
    let link = Link::to(&follower);
    let target = follower.target.clone();
    link.after(3, move || *target.vote.lock() = vote(9, 3));
    let response = leader.send(&link, vote(5, 1)).await.unwrap();
    assert_eq!(response.vote, vote(9, 3));
    assert!(follower.digests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_vote_that_changes_before_the_end_installs_nothing() {
    let (leader, follower) = (Leader::new(10), Follower::new());
    *follower.target.vote_at_install.lock() = Some(vote(9, 3));
    let response = leader.send(&Link::to(&follower), vote(5, 1)).await.unwrap();
    assert_eq!(response.vote, vote(9, 3));
    assert!(follower.digests().is_empty());
    assert_eq!(follower.files(), 0, "what was received is gone");
}

#[tokio::test(start_paused = true)]
async fn another_snapshot_takes_the_place_of_half_a_one_unless_its_leader_is_older() {
    let follower = Follower::new();
    let (first, second) = (Leader::new(40), Leader::new(30));
    let link = Link::to(&follower);
    link.break_after(3);
    first.send(&link, vote(5, 1)).await.unwrap_err();
    let older = second.send(&Link::to(&follower), vote(4, 2)).await.unwrap();
    assert_eq!(older.vote, vote(5, 1), "there was a later leader");
    assert!(follower.digests().is_empty());
    second.send(&Link::to(&follower), vote(5, 1)).await.unwrap();
    assert_eq!(follower.digests(), [second.digest()]);
    assert_eq!(follower.files(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_transfer_that_is_not_wanted_any_more_ends_at_once() {
    let (leader, follower) = (Leader::new(40), Follower::new());
    let link = Link::to(&follower);
    link.take(Duration::from_secs(1));
    let started = tokio::time::Instant::now();
    let cancel = async {
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        ReplicationClosed::new("not wanted")
    };
    let carry = link.carry();
    let closed = send(&carry, vote(5, 1), leader.image(), cancel).await.unwrap_err();
    assert!(matches!(closed, StreamingError::Closed(_)), "{closed}");
    assert_eq!(started.elapsed(), Duration::from_millis(2_500));
}

#[tokio::test(start_paused = true)]
async fn a_newer_snapshot_of_the_leader_does_not_disturb_the_one_on_its_way() {
    let (leader, follower) = (Leader::new(40), Follower::new());
    let link = Link::to(&follower);
    let (before, snapshots) = (leader.digest(), leader.snapshots.clone());
    link.after(2, move || rig::write(&snapshots, &rig::state(7), 8));
    leader.send(&link, vote(5, 1)).await.unwrap();
    assert_eq!(follower.digests(), [before]);
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_is_lost_at_the_end_is_given_again_without_a_second_transfer() {
    let (leader, follower) = (Leader::new(10), Follower::new());
    leader.send(&Link::to(&follower), vote(5, 1)).await.unwrap();
    let again = Link::to(&follower);
    let response = leader.send(&again, vote(5, 1)).await.unwrap();
    assert_eq!(response.vote, vote(5, 1));
    assert_eq!(again.carried_bytes(), 0);
    assert_eq!(follower.digests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn one_piece_at_a_time_is_on_its_way() {
    let (leader, follower) = (Leader::new(40), Follower::new());
    let link = Link::to(&follower);
    link.take(Duration::from_millis(30));
    leader.send(&link, vote(5, 1)).await.unwrap();
    assert_eq!(link.most_at_once.load(Ordering::SeqCst), 1);
    let largest = link.trace().into_iter().map(|(_, bytes)| bytes).max().unwrap();
    assert!(largest <= PIECE + 1000, "{largest}");
}

#[tokio::test(start_paused = true)]
async fn half_a_snapshot_for_which_nothing_comes_is_dropped() {
    let (leader, follower) = (Leader::new(40), Follower::new());
    let link = Link::to(&follower);
    link.break_after(3);
    leader.send(&link, vote(5, 1)).await.unwrap_err();
    assert_eq!(follower.files(), 1);
    tokio::time::sleep(Duration::from_secs(400)).await;
    assert_eq!(follower.files(), 1, "it may still be wanted");
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert_eq!(follower.files(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_refuses_and_leaves_nothing_half() {
    let (leader, follower) = (Leader::new(40), Follower::new());
    follower.disk.set_capacity(Some(1_500_000));
    let refused = leader.send(&Link::to(&follower), vote(5, 1)).await.unwrap_err();
    assert!(matches!(refused, StreamingError::Unreachable(_)), "{refused}");
    assert_eq!(follower.files(), 0);
    follower.disk.set_capacity(None);
    leader.send(&Link::to(&follower), vote(5, 1)).await.unwrap();
    assert_eq!(follower.digests(), [leader.digest()]);
}

#[tokio::test(start_paused = true)]
async fn a_sync_that_fails_costs_a_transfer_and_not_the_group() {
    let (leader, follower) = (Leader::new(40), Follower::new());
    follower.disk.fail_nth(SimOp::Sync, 1, ErrorKind::Other);
    // The leader sends it until it is there.
    while leader.send(&Link::to(&follower), vote(5, 1)).await.is_err() {}
    assert_eq!(follower.failed(), [""; 0]);
    assert_eq!(follower.digests(), [leader.digest()]);
}

#[tokio::test(start_paused = true)]
async fn any_bytes_get_a_reply() {
    let follower = Follower::new();
    for bytes in [&b""[..], b"x", &[0; 100], &[0xff; 5000]] {
        let reply = follower.inbound.serve(NodeId(1), bytes).await;
        assert_eq!(Reply::from_bytes(&reply), Ok(Reply::Wait));
    }
    let key = Key { digest: Digest { bytes: 10, crc: 0 }, meta: vec![1, 2, 3] };
    let piece = Piece { vote: vote(1, 1), key, offset: 0, bytes: b"0123456789" };
    let reply = follower.inbound.serve(NodeId(1), &piece.to_bytes()).await;
    assert!(matches!(Reply::from_bytes(&reply), Ok(Reply::Refused(_))));
    assert_eq!(Reply::from_bytes(b"").unwrap_err(), lockstep_core::wire::Malformed);
}

#[test]
fn pieces_and_replies_read_back_as_they_were_written() {
    let key = Key { digest: Digest { bytes: 77, crc: 99 }, meta: b"meta".to_vec() };
    let piece = Piece { vote: vote(3, 2), key, offset: 1 << 40, bytes: b"some bytes" };
    let bytes = piece.to_bytes();
    assert_eq!(Piece::from_bytes(&bytes).unwrap(), piece);
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        assert!(Piece::from_bytes(&changed).is_err(), "byte {at}");
        assert!(Piece::from_bytes(&bytes[..at]).is_err(), "cut at {at}");
    }
    let replies = [
        Reply::Want(1 << 50),
        Reply::Wait,
        Reply::Done(vote(1, 2)),
        Reply::Stale(vote(3, 4)),
        Reply::Refused("because".into()),
    ];
    for reply in replies {
        assert_eq!(Reply::from_bytes(&reply.to_bytes()), Ok(reply));
    }
}

#[tokio::test(start_paused = true)]
async fn a_link_that_is_down_is_said_to_be() {
    let leader = Leader::new(5);
    let carry = |_: Vec<u8>, _: Duration| -> crate::peers::Later<_> {
        Box::pin(std::future::ready(Err(CallError::NotSent)))
    };
    let down = send(&carry, vote(5, 1), leader.image(), never()).await.unwrap_err();
    assert!(matches!(down, StreamingError::Unreachable(_)), "{down}");
}

/// The group of an inbound end is gone with it.
#[tokio::test(start_paused = true)]
async fn an_end_that_is_let_go_leaves_nothing_half() {
    let (leader, follower) = (Leader::new(40), Follower::new());
    let link = Link::to(&follower);
    link.break_after(3);
    leader.send(&link, vote(5, 1)).await.unwrap_err();
    drop(link);
    let Follower { disk, inbound, .. } = follower;
    assert_eq!(Arc::strong_count(&inbound), 1);
    drop::<Arc<Inbound>>(inbound);
    assert!(disk.paths().is_empty());
}

#[test]
fn a_target_is_what_installs_into_a_group() {
    fn is_target<T: Target>() {}
    is_target::<super::Installer>();
}
