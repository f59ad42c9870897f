//! LOCKCONVERT: holding a lock in another mode.

use super::acquire::{caller_of, number};
use super::grant::full;
use super::hold::Hold;
use super::lock::Want;
use super::mutant::Mutant;
use super::owner::OwnerKey;
use super::table::Table;
use super::{Mode, Owner};
use crate::image::Name;
use crate::{Effects, Fault, Origin, Outcome, Stamp, Wait};

/// What is asked for.
#[derive(Debug)]
pub(super) struct Ask<'a> {
    pub name: &'a [u8],
    pub owner: &'a Owner<'a>,
    pub mode: Mode,
    pub wait: Option<Wait>,
    pub client: Origin,
    pub full: bool,
}

impl Table {
    pub(super) fn convert(&mut self, at: &Stamp, ask: &Ask<'_>, fx: &mut Effects) -> Outcome {
        let Some(hold) = self.own(ask.name, ask.owner) else { return Fault::NotHeld.into() };
        let (id, held) = (hold.id, hold.mode);
        if self.comes_too_late(ask.owner, ask.client, ask.wait) {
            return Outcome::Nil;
        }
        let name = self.locks.shared_name(ask.name).expect("it is held");
        if hold.is_over(at.now_ms) {
            self.end_lease(at, &name, id, fx);
            return Fault::NotHeld.into();
        }
        if held.limit().is_some() || ask.mode.limit().is_some() {
            return Fault::LockMode.into();
        }
        if held == ask.mode {
            return self.converted(at, &name, id, ask);
        }
        if held.covers(ask.mode) {
            let id = self.change_mode(at, &name, id, ask.mode, fx);
            let outcome = self.converted(at, &name, id, ask);
            self.serve(at, &name, fx);
            return outcome;
        }
        let lock = self.locks.get(&name).expect("it is held");
        if self.admits(lock, Some(held), ask.mode) {
            let id = self.change_mode(at, &name, id, ask.mode, fx);
            return self.converted(at, &name, id, ask);
        }
        if self.is_broken(Mutant::UpgradeLosesHold) {
            self.end_hold(at, &name, id, super::ends::Why::Released, fx);
            return Outcome::Nil;
        }
        match ask.wait {
            Some(wait) => self.wait_to_convert(at, &name, id, wait, ask, fx),
            None => Outcome::Nil,
        }
    }

    fn wait_to_convert(
        &mut self,
        at: &Stamp,
        name: &Name,
        id: u64,
        wait: Wait,
        ask: &Ask<'_>,
        fx: &mut Effects,
    ) -> Outcome {
        let Wait::For { origin, request, .. } = wait;
        let own = (name.clone(), OwnerKey::from(ask.owner));
        if let Some(waits) = self.index.waiters.get(&own) {
            let same = self.index.waits_of(origin, request).any(|(id, _)| id == *waits);
            return if same { Outcome::Waits } else { Fault::AlreadyHeld.into() };
        }
        let lock = self.locks.get(name).expect("it is held");
        let hold = lock.holders.get(id).expect("it was just found");
        // One that stands before waits for this hold, and would be waited for.
        let line = self.index.line(name);
        let before = line.into_iter().flatten().take_while(|place| !place.request);
        let mut before = before.filter_map(|place| lock.waiter(place.id));
        if before.any(|other| hold.mode.is_in_the_way_of(other.want.mode)) {
            return Fault::ConversionDeadlock.into();
        }
        let want = Want {
            owner: hold.owner.clone(),
            client: ask.client,
            mode: ask.mode,
            lease_ms: None,
            extra: hold.extra.clone(),
        };
        let mut caller = caller_of(at, wait);
        caller.full = ask.full;
        self.enqueue(at, name, want, at.now_ms, true, caller, fx)
    }

    fn converted(&self, at: &Stamp, name: &Name, id: u64, ask: &Ask<'_>) -> Outcome {
        let lock = self.locks.get(name).expect("it is held");
        let hold: &Hold = lock.holders.get(id).expect("it is held");
        if ask.full { full(at.now_ms, hold, 0) } else { number(hold.token) }
    }
}
