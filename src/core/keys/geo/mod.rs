//! Places on the earth: members of sorted sets whose scores are made of a longitude and a
//! latitude, 26 bits of each, one beside the other. Source: GEOADD and GEOSEARCH in the Redis
//! documentation, and geohash.

mod area;
mod cell;
mod distance;
mod op;
mod search;
#[cfg(test)]
mod tests;

use cell::{Cell, LATITUDES, LONGITUDES, STEPS_MAX};

pub use distance::distance;
pub use op::{From, Search, Shape};
pub(super) use search::{With, near, shown, store};

/// A place: longitude and latitude in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// East of Greenwich, from -180 to 180.
    pub longitude: f64,
    /// North of the equator, from -85.05112878 to 85.05112878: nearer to a pole is nothing.
    pub latitude: f64,
}

impl Place {
    /// The place, if it is one.
    pub fn new(longitude: f64, latitude: f64) -> Option<Self> {
        let there = LONGITUDES.has(longitude) && LATITUDES.has(latitude);
        there.then_some(Place { longitude, latitude })
    }

    /// The place that a score stands for.
    pub fn of_score(score: f64) -> Self {
        cell_of(score).center()
    }

    /// The score that stands for the place.
    pub fn score(self) -> f64 {
        Cell::around(self, STEPS_MAX, LATITUDES).first_score()
    }

    /// The standard geohash of the place: 11 characters.
    pub fn geohash(self) -> Vec<u8> {
        const DIGITS: &[u8; 32] = b"0123456789bcdefghjkmnpqrstuvwxyz";
        // The standard counts latitudes from pole to pole.
        let bits = Cell::around(self, STEPS_MAX, cell::POLE_TO_POLE).bits;
        let digit = |at: u32| DIGITS[(bits >> (52 - (at + 1) * 5) & 31) as usize];
        // Of 52 bits nothing is left for the last one.
        (0..10).map(digit).chain(std::iter::once(b'0')).collect()
    }
}

/// The smallest cell, which a score is the number of. One that is no such number gives some
/// place, as in Redis.
fn cell_of(score: f64) -> Cell {
    const TOP: f64 = 9_223_372_036_854_775_808.0;
    let bits = if score < TOP { score as i64 as u64 } else { score as u64 };
    Cell { bits, steps: STEPS_MAX }
}
