//! What is kept of a hold, and of several.

use super::modes::Tally;
use super::owner::OwnerKey;
use super::{Mode, Owner, Policy};
use crate::image::{Name, Paged};
use crate::{Origin, Token};

/// The grant of a lock to an owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hold {
    /// Never used again; another one after a conversion.
    pub id: u64,
    pub owner: OwnerKey,
    /// The connection that asked last.
    pub client: Origin,
    pub mode: Mode,
    pub token: Token,
    /// How often it has to be given back.
    pub count: u32,
    pub since_ms: u64,
    /// When the lease runs out.
    pub deadline_ms: Option<u64>,
    /// What plain holds do without.
    pub extra: Option<Box<Extra>>,
}

/// What only some requests say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Extra {
    /// The session it lives by, and when that began.
    pub session: Option<(Name, u64)>,
    pub value: Option<Name>,
    pub delay_ms: u64,
    pub prio: u8,
    pub policy: Policy,
    pub release_on_deadlock: bool,
    /// The lease until it is confirmed: of a request.
    pub acquiring_ms: Option<u64>,
    /// Of a hold.
    pub part: Part,
    /// When an older owner takes it.
    pub revoked_ms: Option<u64>,
}

/// Whether a hold is one of several that were asked for together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// It stands for itself.
    Whole,
    /// The others are not all there yet.
    Acquiring,
    /// All were there.
    Confirmed,
}

impl Extra {
    /// Says nothing that a plain request does not.
    pub const PLAIN: Extra = Extra {
        session: None,
        value: None,
        delay_ms: 0,
        prio: 0,
        policy: Policy::Detect {},
        release_on_deadlock: false,
        acquiring_ms: None,
        part: Part::Whole,
        revoked_ms: None,
    };
}

impl Hold {
    /// What it says besides the plain.
    pub fn extra(&self) -> &Extra {
        self.extra.as_deref().unwrap_or(const { &Extra::PLAIN })
    }

    /// The same, to be changed.
    pub fn extra_mut(&mut self) -> &mut Extra {
        self.extra.get_or_insert_with(|| Box::new(Extra::PLAIN))
    }

    /// When it ends if nothing else happens.
    pub fn due_ms(&self) -> Option<u64> {
        match self.extra().revoked_ms {
            Some(revoked_ms) => Some(self.deadline_ms.map_or(revoked_ms, |ms| ms.min(revoked_ms))),
            None => self.deadline_ms,
        }
    }

    /// Whether it has come to its end by itself.
    pub fn is_over(&self, now_ms: u64) -> bool {
        self.due_ms().is_some_and(|due_ms| due_ms <= now_ms)
    }

    /// The session it lives by.
    pub fn session(&self) -> Option<&Name> {
        self.extra().session.as_ref().map(|(id, _)| id)
    }
}

/// The holds of a lock.
#[derive(Clone, Debug, Default)]
pub(super) enum Holders {
    #[default]
    None,
    /// The usual case.
    One(Hold),
    /// Two and more, by id.
    Many(Box<(Paged<Hold>, Tally)>),
}

impl Holders {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Holders::None => 0,
            Holders::One(_) => 1,
            Holders::Many(many) => many.0.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        matches!(self, Holders::None)
    }

    /// How many of each class.
    pub fn tally(&self) -> Tally {
        match self {
            Holders::None => Tally::default(),
            Holders::One(hold) => {
                let mut tally = Tally::default();
                tally.add(hold.mode);
                tally
            }
            Holders::Many(many) => many.1,
        }
    }

    /// All, in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &Hold> {
        let (one, many) = match self {
            Holders::None => (None, None),
            Holders::One(hold) => (Some(hold), None),
            Holders::Many(many) => (None, Some(many.0.iter().map(|(_, hold)| hold))),
        };
        one.into_iter().chain(many.into_iter().flatten())
    }

    /// The only one.
    pub fn only(&self) -> Option<&Hold> {
        if let Holders::One(hold) = self { Some(hold) } else { None }
    }

    /// The one with this id.
    pub fn get(&self, id: u64) -> Option<&Hold> {
        match self {
            Holders::None => None,
            Holders::One(hold) => (hold.id == id).then_some(hold),
            Holders::Many(many) => many.0.get(id),
        }
    }

    /// The same, to be changed. Neither its mode nor its id may be.
    pub fn get_mut(&mut self, id: u64) -> Option<&mut Hold> {
        match self {
            Holders::None => None,
            Holders::One(hold) => (hold.id == id).then_some(hold),
            Holders::Many(many) => many.0.get_mut(id),
        }
    }

    /// Adds one.
    pub fn insert(&mut self, hold: Hold) {
        match std::mem::take(self) {
            Holders::None => *self = Holders::One(hold),
            Holders::One(first) => {
                let mut many = Box::new((Paged::new(), Tally::default()));
                for hold in [first, hold] {
                    many.1.add(hold.mode);
                    many.0.insert(hold.id, hold);
                }
                *self = Holders::Many(many);
            }
            Holders::Many(mut many) => {
                many.1.add(hold.mode);
                many.0.insert(hold.id, hold);
                *self = Holders::Many(many);
            }
        }
    }

    /// Takes one out.
    pub fn remove(&mut self, id: u64) -> Option<Hold> {
        match std::mem::take(self) {
            Holders::One(hold) if hold.id == id => Some(hold),
            Holders::Many(mut many) => {
                let hold = many.0.remove(id);
                if let Some(hold) = &hold {
                    many.1.remove(hold.mode);
                }
                let only = (many.0.len() == 1).then(|| many.0.first().map(|(id, _)| id));
                *self = match only.flatten().and_then(|id| many.0.remove(id)) {
                    Some(last) => Holders::One(last),
                    None => Holders::Many(many),
                };
                hold
            }
            other => {
                *self = other;
                None
            }
        }
    }
}

impl Hold {
    /// Whether this is a hold of `owner`.
    pub fn is_of(&self, owner: &Owner<'_>) -> bool {
        self.owner == *owner
    }
}
