//! Cells: the earth halved again and again, by longitude and by latitude in turn.

use super::Place;

/// Into how many halves each axis is cut at most.
pub(super) const STEPS_MAX: u32 = 26;

/// How many bits a score has.
const SCORE_BITS: u32 = 2 * STEPS_MAX;

/// Every second bit, from the first on: those of latitudes.
const LATITUDE_BITS: u64 = 0x5555_5555_5555_5555;

/// All there are of an axis.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    pub min: f64,
    pub max: f64,
}

pub(super) const LONGITUDES: Axis = Axis { min: -180.0, max: 180.0 };
/// What a square map of the earth shows (EPSG:3857).
pub(super) const LATITUDES: Axis = Axis { min: -85.05112878, max: 85.05112878 };
pub(super) const POLE_TO_POLE: Axis = Axis { min: -90.0, max: 90.0 };

impl Axis {
    pub fn has(self, degrees: f64) -> bool {
        (self.min..=self.max).contains(&degrees)
    }

    /// Which of 2^`steps` parts it is in.
    fn part(self, degrees: f64, steps: u32) -> u32 {
        let share = (degrees - self.min) / (self.max - self.min);
        (share * (1_u64 << steps) as f64) as u32
    }

    /// The ends of one of 2^`steps` parts.
    fn ends(self, part: u32, steps: u32) -> [f64; 2] {
        let parts = (1_u64 << steps) as f64;
        let end = |part: u32| self.min + (f64::from(part) / parts) * (self.max - self.min);
        [end(part), end(part.wrapping_add(1))]
    }
}

/// One of the cells of a size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    pub bits: u64,
    /// How often each axis was halved.
    pub steps: u32,
}

/// The ends of a cell in degrees.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub longitude: [f64; 2],
    pub latitude: [f64; 2],
}

impl Cell {
    /// The cell that a place is in.
    pub fn around(place: Place, steps: u32, latitudes: Axis) -> Self {
        let longitude = LONGITUDES.part(place.longitude, steps);
        let latitude = latitudes.part(place.latitude, steps);
        Cell { bits: spread(latitude) | spread(longitude) << 1, steps }
    }

    pub fn bounds(self) -> Bounds {
        Bounds {
            longitude: LONGITUDES.ends(gathered(self.bits >> 1), self.steps),
            latitude: LATITUDES.ends(gathered(self.bits), self.steps),
        }
    }

    pub fn center(self) -> Place {
        let Bounds { longitude, latitude } = self.bounds();
        let middle =
            |[min, max]: [f64; 2], axis: Axis| ((min + max) / 2.0).clamp(axis.min, axis.max);
        Place { longitude: middle(longitude, LONGITUDES), latitude: middle(latitude, LATITUDES) }
    }

    /// The cell beside it, one to the east or west, one to the north or south; beyond the
    /// edge of the map it goes on at the other side.
    pub fn beside(self, east: i32, north: i32) -> Self {
        let last = u32::MAX >> (u32::BITS - self.steps);
        let moved = |part: u32, by: i32| match by {
            0 => part,
            _ => part.wrapping_add_signed(by) & last,
        };
        let longitude = moved(gathered(self.bits >> 1), east);
        let latitude = moved(gathered(self.bits), north);
        Cell { bits: spread(latitude) | spread(longitude) << 1, ..self }
    }

    /// The least score of a place in the cell.
    pub fn first_score(self) -> f64 {
        (self.bits << (SCORE_BITS - 2 * self.steps)) as f64
    }

    /// The least score behind those of the places in the cell.
    pub fn end_score(self) -> f64 {
        Cell { bits: self.bits.wrapping_add(1), ..self }.first_score()
    }
}

/// A number with a zero between each two of its bits.
fn spread(number: u32) -> u64 {
    let mut bits = u64::from(number);
    for (shift, mask) in [
        (16, 0x0000_ffff_0000_ffff),
        (8, 0x00ff_00ff_00ff_00ff),
        (4, 0x0f0f_0f0f_0f0f_0f0f),
        (2, 0x3333_3333_3333_3333),
        (1, LATITUDE_BITS),
    ] {
        bits = (bits | bits << shift) & mask;
    }
    bits
}

/// Every second bit, from the first on.
fn gathered(bits: u64) -> u32 {
    let mut bits = bits & LATITUDE_BITS;
    for (shift, mask) in [
        (1, 0x3333_3333_3333_3333),
        (2, 0x0f0f_0f0f_0f0f_0f0f),
        (4, 0x00ff_00ff_00ff_00ff),
        (8, 0x0000_ffff_0000_ffff),
        (16, 0x0000_0000_ffff_ffff_u64),
    ] {
        bits = (bits | bits >> shift) & mask;
    }
    bits as u32
}
