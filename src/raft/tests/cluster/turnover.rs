//! What is counted of elections and leaders.

use tokio::time::sleep;

use super::super::rig::Rig;
use super::ms;
use crate::TurnoverCounts;

fn counts(rig: &Rig, id: u64) -> TurnoverCounts {
    rig.node(id).group().inner.pulse.turnover().counts()
}

#[tokio::test(start_paused = true)]
async fn the_death_of_a_leader_counts_as_one_change_and_an_election_at_least() {
    let mut rig = Rig::new(3).await;
    let (leader, _) = rig.led().await;
    rig.write("1").await;
    sleep(ms(500)).await;
    let others = [leader % 3 + 1, (leader + 1) % 3 + 1];
    let before = others.map(|id| counts(&rig, id));
    rig.kill(leader).await;
    rig.write("2").await;
    sleep(ms(500)).await;
    let after = others.map(|id| counts(&rig, id));
    let more = |of: fn(&TurnoverCounts) -> u64| -> u64 {
        after.iter().map(of).sum::<u64>() - before.iter().map(of).sum::<u64>()
    };
    assert!(more(|counts| counts.elections) >= 1);
    assert_eq!(more(|counts| counts.leader_changes), 2, "each of the two has a new leader");
    sleep(ms(5000)).await;
    assert_eq!(others.map(|id| counts(&rig, id)), after, "and then there is rest");
}
