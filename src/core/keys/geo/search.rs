//! Searching places.

use super::area::{Area, Reach};
use super::{From, Place, Search, Shape, distance};
use crate::keys::Event;
use crate::keys::store::{Collection, Hasher, Scored, Value};
use crate::keys::write::Writer;
use crate::keys::zsets::{ScoreBound, Span, members};
use crate::{Db, Fault, Outcome};

/// Somebody who was found.
#[derive(Clone, Copy, Debug)]
pub(in crate::keys) struct Found<'a> {
    member: &'a [u8],
    score: f64,
    place: Place,
    /// In the unit of the search.
    distance: f64,
}

/// The members of a sorted set that a search finds.
pub(in crate::keys) fn near<'a>(
    set: &'a Collection,
    hasher: Hasher,
    search: &Search<'_>,
) -> Result<Vec<Found<'a>>, Fault> {
    let Search::Is { from, shape, unit, count, any, nearest_first } = *search;
    let center = match from {
        From::Place { longitude, latitude } => Place { longitude, latitude },
        From::Member { member } => {
            Place::of_score(set.score(hasher, member).ok_or(Fault::NoPlace)?)
        }
    };
    let shape = match shape {
        Shape::Circle { radius } => Reach::Circle { radius: radius * unit },
        Shape::Box { width, height } => Reach::Box { width: width * unit, height: height * unit },
    };
    let wanted = match usize::try_from(count) {
        Ok(0) | Err(_) => usize::MAX,
        Ok(count) => count,
    };
    let area = Area { center, shape };
    let first_found = if any { wanted } else { usize::MAX };
    let inside = area.cells().into_iter().flat_map(|cell| {
        let min = ScoreBound::With { score: cell.first_score() };
        let max = ScoreBound::Without { score: cell.end_score() };
        members(set, Span::Scores { min, max }, false, 0, -1)
    });
    let mut found: Vec<Found<'a>> =
        inside.filter_map(|one| area.meets(one)).take(first_found).collect();
    // The nearest are wanted, if nothing else is said.
    let nearest_first = nearest_first.or((count > 0 && !any).then_some(true));
    if let Some(nearest_first) = nearest_first {
        found.sort_by(|one, other| {
            let order = one.distance.total_cmp(&other.distance);
            if nearest_first { order } else { order.reverse() }
        });
    }
    found.truncate(wanted);
    found.iter_mut().for_each(|one| one.distance /= unit);
    Ok(found)
}

/// What is told of each besides its name.
#[derive(Clone, Copy, Debug)]
pub(in crate::keys) struct With {
    pub distance: bool,
    pub score: bool,
    pub place: bool,
}

/// Each as bytes, or as List[Bytes member, Float distance, Int score, List[Float longitude,
/// Float latitude]] without what is not asked for.
pub(in crate::keys) fn shown(found: &[Found<'_>], with: With) -> Outcome {
    let one = |found: &Found<'_>| {
        let member = Outcome::Bytes(found.member.to_vec());
        let Place { longitude, latitude } = found.place;
        let place = vec![Outcome::Float(longitude), Outcome::Float(latitude)];
        let parts = [
            with.distance.then_some(Outcome::Float(found.distance)),
            with.score.then_some(Outcome::Int(found.score as i64)),
            with.place.then_some(Outcome::List(place)),
        ];
        let parts: Vec<Outcome> = parts.into_iter().flatten().collect();
        if parts.is_empty() { member } else { Outcome::List([vec![member], parts].concat()) }
    };
    Outcome::List(found.iter().map(one).collect())
}

/// Puts those who are found at a key, with their scores or distances. How many.
pub(in crate::keys) fn store(
    writer: &mut Writer<'_>,
    db: Db,
    [to, key]: [&[u8]; 2],
    search: &Search<'_>,
    distances: bool,
    event: Event,
) -> Result<Outcome, Fault> {
    let hasher = writer.space.hasher;
    let set = writer.found(db, &[key], Value::sorted)?.pop().flatten();
    let mut result = Collection::default();
    if let Some(set) = set {
        for found in near(set, hasher, search)? {
            let score = if distances { found.distance } else { found.score };
            result.set_score(hasher, Scored { member: found.member, score });
        }
    }
    let count = result.len();
    writer.replace_collection(db, to, Value::Sorted(result), event);
    Ok(Outcome::Int(count as i64))
}

impl Area {
    /// A member, if it is in the area; its distance in meters.
    fn meets<'a>(&self, one: Scored<'a>) -> Option<Found<'a>> {
        let place = Place::of_score(one.score);
        let far = distance(self.center, place);
        let inside = match self.shape {
            Reach::Circle { radius } => far <= radius,
            Reach::Box { width, height } => {
                let beside = Place { longitude: self.center.longitude, ..place };
                let below = Place { latitude: self.center.latitude, ..place };
                distance(place, beside) <= width / 2.0 && distance(place, below) <= height / 2.0
            }
        };
        let Scored { member, score } = one;
        inside.then_some(Found { member, score, place, distance: far })
    }
}
