//! QCREATE, QCONFIG SET, QCONFIG RESET and QDESTROY: home first, then all partitions.
//!
//! A partition that is not there is as good as an empty one that is set as home says:
//! whoever pushes to it makes it. So nothing is lost when somebody stops halfway, and
//! the command can be repeated.

use lockstep_commands::{BadArgs, error};
use lockstep_core::queues::{Op, Setting, WHOLE, Which};
use lockstep_core::slot::has_tag;
use lockstep_core::{Fault, Outcome};

use super::all::{each, some};
use super::{home, made};
use crate::queues::Asker;

/// The tag of the number of partitions.
const PARTITIONS: u8 = 24;

/// The most that AUTO comes to.
const AUTO_MAX: usize = 64;

/// Carries it out, whether or not the queue has several partitions.
pub(super) async fn manage(asker: &mut Asker, op: &Op<'_>) -> Result<Outcome, BadArgs> {
    let config = made::config(&asker.node, op.name()).await?;
    let settings = config.as_ref().map(made::settings).unwrap_or_default();
    let before = made::partitions(&settings);
    if let Op::Destroy { .. } = op {
        return destroy(asker, op, before).await;
    }
    let op = counted(op, asker.node.shards.count());
    let after = partitions_after(&op, before);
    let grouped = made::has_groups(&settings);
    if after > 1 && has_other_home(&op, &settings) {
        return Err(error::OTHER_SLOT);
    }
    if let Op::Create { if_new: true, .. } = op
        && config.is_some()
    {
        return super::pop::write(asker, &op).await;
    }
    if after != before && config.is_some() {
        let kept = if grouped { 0 } else { after };
        if !is_empty(asker, op.name(), kept..before).await? {
            return Err(if grouped { error::GROUPS_STAY } else { error::PARTITIONS_FULL });
        }
    }
    let outcome = super::pop::write(asker, &op).await?;
    if outcome != Outcome::Ok || (before == 1 && after == 1) {
        return Ok(outcome);
    }
    home::count(&asker.node, op.name(), after);
    // Home is done. Others that are not there are made when somebody needs them, but
    // then somebody has to wait for that.
    let rest = like_home(&op);
    let others = some(asker, &rest, (1..after).collect(), after).await?;
    if after < before
        && let Some(refused) = end_others(asker, op.name(), after, before).await?
    {
        return Ok(refused);
    }
    Ok(others.into_iter().find(is_refusal).unwrap_or(Outcome::Ok))
}

/// The operation with AUTO as a number.
fn counted<'a>(op: &Op<'a>, shards: usize) -> Op<'a> {
    let mut op = op.clone();
    if let Op::Create { settings, .. } | Op::Configure { settings, .. } = &mut op {
        for setting in settings {
            if let Setting::Partitions { count } = setting
                && *count == 0
            {
                *count = u32::try_from(shards.clamp(1, AUTO_MAX)).unwrap_or(1);
            }
        }
    }
    op
}

/// Whether the dead of some partitions would have to go to another shard.
fn has_other_home(op: &Op<'_>, before: &[Setting<'_>]) -> bool {
    let said = match op {
        Op::Create { settings, .. } | Op::Configure { settings, .. } => &settings[..],
        _ => &[],
    };
    let dead = said.iter().chain(before).find_map(|setting| match setting {
        Setting::DeadLetters { queue } => Some(*queue),
        _ => None,
    });
    let elsewhere = dead.is_some_and(|dead| !dead.is_empty() && dead != op.name());
    elsewhere && !has_tag(op.name())
}

fn partitions_after(op: &Op<'_>, before: u32) -> u32 {
    match op {
        Op::Create { settings, .. } | Op::Configure { settings, .. } => {
            let said = settings.iter().any(|one| matches!(one, Setting::Partitions { .. }));
            if said { made::partitions(settings) } else { before }
        }
        Op::Reset { tags, .. } if tags.is_empty() || tags.contains(&PARTITIONS) => 1,
        _ => before,
    }
}

/// What the other partitions are asked: one that is there already is set the same.
fn like_home<'a>(op: &Op<'a>) -> Op<'a> {
    match op.clone() {
        Op::Create { queue, part, settings, .. } => {
            Op::Create { queue, part, settings, if_new: false }
        }
        other => other,
    }
}

fn is_refusal(outcome: &Outcome) -> bool {
    !matches!(outcome, Outcome::Ok | Outcome::Fault(Fault::NoSuchQueue))
}

/// Whether these partitions have no messages but dead ones, which have no order.
async fn is_empty(
    asker: &Asker,
    queue: &[u8],
    parts: std::ops::Range<u32>,
) -> Result<bool, BadArgs> {
    let (parts, count): (Vec<u32>, u32) = (parts.clone().collect(), parts.end);
    for which in Which::ALL {
        let op = Op::Len { queue, part: WHOLE, which: Some(which) };
        let found = some(asker, &op, parts.clone(), count).await?;
        if found.iter().any(|found| matches!(found, Outcome::Int(1..))) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Destroys partitions that the queue does not have any more. If one of them has got
/// something meanwhile, the queue has them again.
async fn end_others(
    asker: &mut Asker,
    queue: &[u8],
    after: u32,
    before: u32,
) -> Result<Option<Outcome>, BadArgs> {
    let op = Op::Destroy { queue, part: WHOLE, if_empty: true };
    let ended = some(asker, &op, (after..before).collect(), before).await?;
    if !ended.contains(&Outcome::Fault(Fault::QueueNotEmpty)) {
        return Ok(None);
    }
    let settings = vec![Setting::Partitions { count: before }];
    let back = Op::Configure { queue, part: WHOLE, settings };
    super::pop::write(asker, &back).await?;
    let kept = (1..after).collect();
    some(asker, &back, kept, before).await?;
    home::count(&asker.node, queue, before);
    Err(error::PARTITIONS_FULL)
}

/// Home last: as long as it is there, the command can be repeated. Then the others once
/// more, which somebody may have made meanwhile.
async fn destroy(asker: &mut Asker, op: &Op<'_>, count: u32) -> Result<Outcome, BadArgs> {
    if count > 1 {
        let Op::Destroy { queue, if_empty, .. } = *op else { return Err(error::NOT_IN_MULTI) };
        let which = None;
        let lengths = each(asker, &Op::Len { queue, part: WHOLE, which }, count).await?;
        if if_empty && lengths.iter().any(|length| matches!(length, Outcome::Int(1..))) {
            return Ok(Outcome::Fault(Fault::QueueNotEmpty));
        }
        let others = some(asker, op, (1..count).collect(), count).await?;
        if others.contains(&Outcome::Fault(Fault::QueueNotEmpty)) {
            return Ok(Outcome::Fault(Fault::QueueNotEmpty));
        }
    }
    let outcome = super::pop::write(asker, op).await?;
    if count > 1 && outcome == Outcome::Int(1) {
        home::count(&asker.node, op.name(), 1);
        some(asker, op, (1..count).collect(), count).await?;
    }
    Ok(outcome)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn create(count: u32) -> Op<'static> {
        let settings = vec![Setting::Ttl { ms: 1 }, Setting::Partitions { count }];
        Op::Create { queue: b"q", part: WHOLE, settings, if_new: true }
    }

    #[test]
    fn auto_is_the_number_of_shards_within_bounds() {
        assert_eq!(counted(&create(0), 8), create(8));
        assert_eq!(counted(&create(0), 200), create(64));
        assert_eq!(counted(&create(3), 8), create(3));
    }

    #[test]
    fn the_dead_stay_in_the_shard_of_their_partition() {
        let dead = |queue| vec![Setting::DeadLetters { queue }];
        let create = |queue, settings| Op::Create { queue, part: WHOLE, settings, if_new: true };
        assert!(has_other_home(&create(b"q", dead(b"{q}dead")), &[]));
        assert!(!has_other_home(&create(b"{q}", dead(b"{q}dead")), &[]));
        assert!(!has_other_home(&create(b"q", dead(b"q")), &[]));
        assert!(has_other_home(&create(b"q", vec![]), &dead(b"{q}dead")));
        assert!(!has_other_home(&create(b"q", dead(b"")), &dead(b"{q}dead")));
    }

    #[test]
    fn what_says_nothing_of_partitions_leaves_them() {
        let set = |settings| Op::Configure { queue: b"q", part: WHOLE, settings };
        assert_eq!(partitions_after(&set(vec![Setting::Ttl { ms: 1 }]), 4), 4);
        assert_eq!(partitions_after(&set(vec![Setting::Partitions { count: 2 }]), 4), 2);
        let reset = |tags| Op::Reset { queue: b"q", part: WHOLE, tags };
        assert_eq!(partitions_after(&reset(vec![]), 4), 1);
        assert_eq!(partitions_after(&reset(vec![PARTITIONS]), 4), 1);
        assert_eq!(partitions_after(&reset(vec![1]), 4), 4);
    }
}
