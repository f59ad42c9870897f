//! Places by the numbers of Redis 7.0.15, and searches beside one that looks at all members.

#![allow(clippy::unwrap_used)]

use super::cell::{Cell, LATITUDES};
use super::{From, Place, Search, Shape, distance};
use crate::chance::{Chance, with_seeds};
use crate::keys::tests::Story;
use crate::keys::{Op, zsets};
use crate::{Db, Fault, Outcome};

const DB: Db = Db(0);

fn place(longitude: f64, latitude: f64) -> Place {
    Place::new(longitude, latitude).unwrap()
}

#[test]
fn places_scores_and_geohashes_are_those_of_redis() {
    let palermo = place(13.361389, 38.115556);
    assert_eq!(palermo.score(), 3_479_099_956_230_698.0);
    let kept = Place::of_score(palermo.score());
    assert_eq!(kept, Place { longitude: 13.361_389_338_970_184, latitude: 38.115_556_395_496_3 });
    assert_eq!(kept.geohash(), b"sqc8b49rny0");
    let catania = Place::of_score(place(15.087269, 37.502669).score());
    assert_eq!(format!("{:.4}", distance(kept, catania)), "166274.1516");
    for [longitude, latitude] in [[180.1, 0.0], [0.0, 85.06], [f64::NAN, 0.0], [0.0, f64::INFINITY]]
    {
        assert_eq!(Place::new(longitude, latitude), None);
    }
}

#[test]
fn the_corners_of_the_map_have_scores_and_so_has_what_is_no_place() {
    for (longitude, latitude) in [(-180.0, -85.05112878), (180.0, 85.05112878), (0.0, 0.0)] {
        let found = Place::of_score(place(longitude, latitude).score());
        assert!(distance(found, place(longitude, latitude)) < 1.0, "{found:?}");
    }
    for score in [-1.0, f64::MAX, f64::MIN, f64::INFINITY, f64::NEG_INFINITY, 0.5, 1e18] {
        let Place { longitude, latitude } = Place::of_score(score);
        assert!(Place::new(longitude, latitude).is_some(), "{score}");
    }
}

#[test]
fn cells_beside_each_other_go_around_the_map() {
    let cell = Cell::around(place(179.9, 0.1), 3, LATITUDES);
    assert_eq!(cell.beside(1, 0), Cell::around(place(-179.9, 0.1), 3, LATITUDES));
    assert_eq!(cell.beside(1, 1).beside(-1, -1), cell);
    assert_eq!(cell.beside(0, 1).bounds().latitude[0], cell.bounds().latitude[1]);
}

fn draw(chance: &mut Chance) -> Place {
    let share = |chance: &mut Chance| chance.below(1_000_001) as f64 / 1_000_000.0;
    match chance.below(4) {
        // Many near to each other.
        0..=2 => place(share(chance) * 4.0 + 10.0, share(chance) * 4.0 + 40.0),
        _ => place(share(chance) * 360.0 - 180.0, share(chance) * 170.0 - 85.0),
    }
}

fn add(story: &mut Story, number: usize, place: Place) {
    let (absent, present, greater, less) = (false, false, false, false);
    let name = number.to_string();
    let pairs = vec![(place.score(), name.as_bytes())];
    let op = zsets::Op::Add { pairs, absent, present, greater, less, changed: false, incr: false };
    story.run(&Op::Scored { db: DB, key: b"k", op });
}

fn names(outcome: Outcome) -> Vec<String> {
    let Outcome::List(items) = outcome else { panic!("{outcome:?}") };
    let name = |item| match item {
        Outcome::Bytes(bytes) => String::from_utf8(bytes).unwrap(),
        other => panic!("{other:?}"),
    };
    items.into_iter().map(name).collect()
}

fn search(story: &mut Story, search: Search<'_>) -> Outcome {
    story.run(&Op::Near { db: DB, key: b"k", search, distance: false, score: false, place: false })
}

#[test]
fn a_circle_finds_whoever_is_near_the_nearest_first() {
    with_seeds(60, |chance| {
        let mut story = Story::new();
        let places: Vec<Place> = (0..chance.below(200)).map(|_| draw(chance)).collect();
        places.iter().enumerate().for_each(|(number, place)| add(&mut story, number, *place));
        let center = draw(chance);
        let radius = chance.pick(&[0.0, 1.0, 100.0, 1_000.0]) * 1_000.0;
        let far = |place: &Place| distance(center, Place::of_score(place.score()));
        let mut expected: Vec<(f64, String)> = places
            .iter()
            .map(far)
            .zip(0_usize..)
            .map(|(far, number)| (far, number.to_string()))
            .collect();
        expected.retain(|(far, _)| *far <= radius);
        expected.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        let from = From::Place { longitude: center.longitude, latitude: center.latitude };
        let shape = Shape::Circle { radius: radius / 1_000.0 };
        let (unit, any) = (1_000.0, false);
        let count = chance.below(5);
        let asked = Search::Is { from, shape, unit, count, any, nearest_first: Some(true) };
        let found = names(search(&mut story, asked));
        if count > 0 {
            expected.truncate(count as usize);
        }
        let expected: Vec<String> = expected.into_iter().map(|(_, name)| name).collect();
        assert_eq!(found, expected, "{center:?} {radius}");
        let any = Search::Is { from, shape, unit, count: 2, any: true, nearest_first: None };
        assert!(names(search(&mut story, any)).len() <= 2);
        let all =
            Search::Is { from, shape, unit, count: 0, any: false, nearest_first: Some(false) };
        let store =
            |distances| Op::NearStore { db: DB, to: b"to", key: b"k", search: all, distances };
        let many = names(search(&mut story, all)).len() as i64;
        assert_eq!(story.run(&store(false)), Outcome::Int(many));
        assert_eq!(story.run(&store(true)), Outcome::Int(many));
    });
}

#[test]
fn a_box_has_its_sides() {
    let mut story = Story::new();
    for (number, (longitude, latitude)) in
        [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)].into_iter().enumerate()
    {
        add(&mut story, number, place(longitude, latitude));
    }
    let from = From::Member { member: b"0" };
    let mut found = |width, height| {
        let shape = Shape::Box { width, height };
        let (unit, count, any, nearest_first) = (1_000.0, 0, false, Some(true));
        names(search(&mut story, Search::Is { from, shape, unit, count, any, nearest_first }))
    };
    assert_eq!(found(10.0, 10.0), ["0"]);
    assert_eq!(found(230.0, 10.0), ["0", "1"]);
    assert_eq!(found(10.0, 230.0), ["0", "2"]);
    assert_eq!(found(230.0, 230.0).len(), 3);
}

#[test]
fn who_is_not_there_is_nowhere() {
    let mut story = Story::new();
    let from = From::Member { member: b"x" };
    let shape = Shape::Circle { radius: 1.0 };
    let (unit, count, any, nearest_first) = (1.0, 0, false, None);
    let asked = Search::Is { from, shape, unit, count, any, nearest_first };
    assert_eq!(search(&mut story, asked), Outcome::List(Vec::new()), "there is no key");
    add(&mut story, 0, place(0.0, 0.0));
    assert_eq!(search(&mut story, asked), Fault::NoPlace.into());
    let far = Op::Distance { db: DB, key: b"k", from: b"0", to: b"x", unit: 1.0 };
    assert_eq!(story.run(&far), Outcome::Nil);
}
