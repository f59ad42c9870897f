//! Telling the shards that know a session that it has ended, as nodes do.

use std::time::Duration;

use lockstep_core::sessions::{Ending, Op};
use lockstep_core::{Op as AnyOp, ShardId};
use lockstep_raft::{Delivery, Host, Ops};

/// How often it is looked whether somebody has to be told.
const LOOK: Duration = Duration::from_millis(100);
/// How many ends are told at once.
const ENDS_MAX: usize = 64;

/// Tells one shard of the ends of sessions with this home, while this node leads that.
pub async fn tell_of_ends(host: Host, home: ShardId, shard: ShardId) {
    loop {
        let endings = to_tell(&host, home, shard);
        if endings.is_empty() {
            tokio::time::sleep(LOOK).await;
            continue;
        }
        let end = |ending: &Ending, ops: &mut Ops| {
            let op = Op::End { id: &ending.id, delay_ms: ending.delay_ms };
            ops.write(&AnyOp::Session { op });
        };
        let settled = |ending: &Ending, ops: &mut Ops| {
            let op = Op::Settled { id: &ending.id, shard };
            ops.write(&AnyOp::Session { op });
        };
        if let Delivery::Done(_) = host.insist_on(shard, share(&endings, end)).await {
            // If home cannot be told now, its leader looks again, and tells again.
            let _ = host.insist_on(home, share(&endings, settled)).await;
        }
    }
}

fn to_tell(host: &Host, home: ShardId, shard: ShardId) -> Vec<Ending> {
    let Some(group) = host.group(home).filter(|group| group.leads()) else { return Vec::new() };
    let state = group.state();
    let endings = state.sessions().endings().filter(|ending| ending.shard == shard);
    endings.take(ENDS_MAX).collect()
}

fn share(endings: &[Ending], write: impl Fn(&Ending, &mut Ops)) -> Ops {
    let mut ops = Ops::default();
    endings.iter().for_each(|ending| write(ending, &mut ops));
    ops
}
