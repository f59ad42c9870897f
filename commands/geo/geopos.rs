//! GEOPOS, GEOHASH: where members are.

use lockstep_core::Outcome;
use lockstep_core::keys::geo::Place;
use lockstep_core::keys::{Op, zsets};

use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Reply, Request, Road, Spec};

/// GEOPOS.
pub const GEOPOS: Command =
    Command { spec: &GEOPOS_SPEC, parse, reply: positions, subcommands: &[] };

/// GEOHASH.
pub const GEOHASH: Command =
    Command { spec: &GEOHASH_SPEC, parse, reply: geohashes, subcommands: &[] };

const GEOPOS_SPEC: Spec = Spec {
    name: "geopos",
    usage: "GEOPOS key [member [member ...]]",
    summary: "Returns the longitudes and latitudes of members of the sorted set at a key.",
    since: "3.2.0",
    group: Group::Geo,
    complexity: "O(1) for each member",
    arity: -2,
    flags: &["readonly"],
    acl: &["@geo", "@read", "@slow"],
    tips: &[],
    keys: &[KeySpec::one(&["RO", "access"], 1)],
    road: Road::Cache,
};

static GEOHASH_SPEC: Spec = Spec {
    name: "geohash",
    usage: "GEOHASH key [member [member ...]]",
    summary: "Returns the geohashes of members of the sorted set at a key, 11 characters each.",
    ..GEOPOS_SPEC
};

/// The scores say where they are.
fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let key = args.word()?;
    let op = zsets::Op::MScore { members: args.all().to_vec() };
    Ok(Op::Scored { db: ctx.db, key, op }.into())
}

fn positions(spec: &Spec, outcome: Outcome) -> Reply {
    each(spec, outcome, |score| match score {
        Some(score) => position(Place::of_score(score)),
        None => Reply::NilArray,
    })
}

fn geohashes(spec: &Spec, outcome: Outcome) -> Reply {
    each(spec, outcome, |score| match score {
        Some(score) => Reply::Bulk(Place::of_score(score).geohash()),
        None => Reply::Nil,
    })
}

fn each(spec: &Spec, outcome: Outcome, show: fn(Option<f64>) -> Reply) -> Reply {
    let Outcome::List(scores) = outcome else { return plain(spec, outcome) };
    let score = |one| match one {
        Outcome::Float(score) => Some(score),
        _ => None,
    };
    Reply::Array(scores.into_iter().map(score).map(show).collect())
}

/// A place as its longitude and its latitude.
pub(super) fn position(place: Place) -> Reply {
    Reply::Array(vec![Reply::DoubleDigits(place.longitude), Reply::DoubleDigits(place.latitude)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DB, key_op, reply_to};

    #[test]
    fn places_are_made_of_scores() {
        let op = zsets::Op::MScore { members: vec![b"a", b"b"] };
        assert_eq!(key_op("geopos k a b"), Op::Scored { db: DB, key: b"k", op });
        let scores = || Outcome::List(vec![Outcome::Nil, Outcome::Float(3_479_099_956_230_698.0)]);
        let place = [13.361_389_338_970_184, 38.115_556_395_496_3].map(Reply::DoubleDigits);
        let shown = Reply::Array(vec![Reply::NilArray, Reply::Array(place.to_vec())]);
        assert_eq!(reply_to("geopos k a b", scores()), shown);
        let shown = Reply::Array(vec![Reply::Nil, Reply::bulk("sqc8b49rny0")]);
        assert_eq!(reply_to("geohash k a b", scores()), shown);
    }
}
