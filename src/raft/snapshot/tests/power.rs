//! The power goes at every step of a transfer.

use super::rig::{Follower, Leader, Link, open, state, stored, vote, write};

#[tokio::test(start_paused = true)]
async fn the_loss_of_power_at_any_step_leaves_the_old_snapshot_or_the_new_one() {
    let (old, new) = (state(1).state_digest(), state(12).state_digest());
    let leader = Leader::new(12);
    let steps = {
        let follower = with_old();
        let before = follower.disk.changes();
        leader.send(&Link::to(&follower), vote(5, 1)).await.unwrap();
        follower.disk.changes() - before
    };
    let mut seen = [false, false];
    for step in 0..=steps {
        for seed in 0..12 {
            let follower = with_old();
            follower.disk.power_off_after(step);
            let sent = leader.send(&Link::to(&follower), vote(5, 1)).await;
            let disk = follower.disk.clone();
            disk.power_loss(seed);
            let found = stored(&open(&disk)).unwrap();
            assert!(found == new || found == old && sent.is_err(), "step {step} seed {seed}");
            let half = disk.paths().iter().any(|path| path.extension().unwrap() == "tmp");
            assert!(!half, "step {step} seed {seed}");
            seen[usize::from(found == new)] = true;
            // And it goes on from there.
            let follower = Follower::on(disk);
            leader.send(&Link::to(&follower), vote(5, 1)).await.unwrap();
            assert_eq!(follower.stored(), new);
        }
    }
    assert_eq!(seen, [true, true]);
}

fn with_old() -> Follower {
    let follower = Follower::new();
    write(&follower.snapshots, &state(1), 3);
    follower
}
