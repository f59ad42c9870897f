//! The cells that cover what is searched.

use super::Place;
use super::cell::{Cell, LATITUDES, STEPS_MAX};
use super::distance::around;

/// Half of the way around the earth in meters, on a square map.
const MERCATOR_MAX: f64 = 20_037_726.37;

/// A place with all that is at most so far from it, in meters.
#[derive(Clone, Copy, Debug)]
pub(super) struct Area {
    pub center: Place,
    pub shape: Reach,
}

/// How far something is searched, in meters.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reach {
    Circle { radius: f64 },
    Box { width: f64, height: f64 },
}

impl Area {
    /// The cell of the center and those of the eight beside it that are needed, in the order
    /// of Redis: what is found first depends on it.
    pub fn cells(self) -> Vec<Cell> {
        let bounds = self.bounds();
        let mut steps = self.steps();
        if steps > 1 && self.is_too_small(Cell::around(self.center, steps, LATITUDES), bounds) {
            steps -= 1;
        }
        let center = Cell::around(self.center, steps, LATITUDES);
        let sides = [(0, 0), (0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1)];
        let needed = |(east, north): &(i32, i32)| steps < 2 || needs(center, bounds, *east, *north);
        let mut cells: Vec<Cell> = Vec::new();
        for (east, north) in sides.into_iter().filter(needed) {
            let cell = center.beside(east, north);
            // On a map of few cells those on both sides are the same.
            if cells.len() < 2 || cells.last() != Some(&cell) {
                cells.push(cell);
            }
        }
        cells
    }

    /// West, south, east, north.
    fn bounds(self) -> [f64; 4] {
        match self.shape {
            Reach::Circle { radius } => around(self.center, radius, radius),
            Reach::Box { width, height } => around(self.center, width / 2.0, height / 2.0),
        }
    }

    /// How small the cells may be so that nine of them surely cover it, mostly.
    fn steps(self) -> u32 {
        let mut radius = match self.shape {
            Reach::Circle { radius } => radius,
            Reach::Box { width, height } => {
                ((width / 2.0) * (width / 2.0) + (height / 2.0) * (height / 2.0)).sqrt()
            }
        };
        if radius.is_nan() || radius <= 0.0 {
            return STEPS_MAX;
        }
        let mut steps = 1_i32;
        while radius < MERCATOR_MAX {
            radius *= 2.0;
            steps += 1;
        }
        let latitude = self.center.latitude.abs();
        // Cells are narrower near the poles.
        steps -= 2 + i32::from(latitude > 66.0) + i32::from(latitude > 80.0);
        steps.clamp(1, STEPS_MAX as i32) as u32
    }

    /// Whether the cells on the sides end before what is searched does.
    fn is_too_small(self, cell: Cell, [west, south, east, north]: [f64; 4]) -> bool {
        cell.beside(0, 1).bounds().latitude[1] < north
            || cell.beside(0, -1).bounds().latitude[0] > south
            || cell.beside(1, 0).bounds().longitude[1] < east
            || cell.beside(-1, 0).bounds().longitude[0] > west
    }
}

/// Whether something that is searched may be in a cell beside the one in the middle.
fn needs(center: Cell, [west, south, east, north]: [f64; 4], to_east: i32, to_north: i32) -> bool {
    let bounds = center.bounds();
    let ([first_x, last_x], [first_y, last_y]) = (bounds.longitude, bounds.latitude);
    let x = match to_east {
        0 => true,
        1.. => last_x <= east,
        _ => first_x >= west,
    };
    let y = match to_north {
        0 => true,
        1.. => last_y <= north,
        _ => first_y >= south,
    };
    x && y
}
