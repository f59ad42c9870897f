//! How far places are from each other.
//!
//! The functions of angles are those of a library of our own choice, not of the platform's:
//! what is stored must be the same on all replicas.

use super::Place;

/// The radius of the earth in meters, as a ball.
const EARTH_RADIUS: f64 = 6_372_797.560_856;

/// The distance of two places in meters, along a great circle (haversine).
pub fn distance(one: Place, other: Place) -> f64 {
    let (latitude, to_latitude) = (radians(one.latitude), radians(other.latitude));
    let (longitude, to_longitude) = (radians(one.longitude), radians(other.longitude));
    let u = libm::sin((to_latitude - latitude) / 2.0);
    let v = libm::sin((to_longitude - longitude) / 2.0);
    let square = u * u + libm::cos(latitude) * libm::cos(to_latitude) * v * v;
    2.0 * EARTH_RADIUS * libm::asin(square.sqrt())
}

/// The box around a circle or a box, in degrees: `width` and `height` are half of it, in
/// meters. West, south, east, north.
pub(super) fn around(place: Place, width: f64, height: f64) -> [f64; 4] {
    let Place { longitude, latitude } = place;
    let north = degrees(height / EARTH_RADIUS);
    // Nearer to a pole the same width has more degrees.
    let nearest_pole = if latitude < 0.0 { latitude - north } else { latitude + north };
    let east = degrees(width / EARTH_RADIUS / libm::cos(radians(nearest_pole)));
    [longitude - east, latitude - north, longitude + east, latitude + north]
}

fn radians(degrees: f64) -> f64 {
    degrees * (std::f64::consts::PI / 180.0)
}

fn degrees(radians: f64) -> f64 {
    radians / (std::f64::consts::PI / 180.0)
}
