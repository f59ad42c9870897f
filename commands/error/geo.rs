//! The texts of places on the earth.

use super::{BadArgs, text};

/// A unit of lengths that is none.
pub const BAD_UNIT: BadArgs = text("ERR unsupported unit provided. please use M, KM, FT, MI");
/// BYRADIUS of no number.
pub const BAD_RADIUS: BadArgs = text("ERR need numeric radius");
/// BYRADIUS below zero.
pub const NEGATIVE_RADIUS: BadArgs = text("ERR radius cannot be negative");
/// BYBOX of no number.
pub const BAD_WIDTH: BadArgs = text("ERR need numeric width");
/// BYBOX of no number.
pub const BAD_HEIGHT: BadArgs = text("ERR need numeric height");
/// BYBOX below zero.
pub const NEGATIVE_BOX: BadArgs = text("ERR height or width cannot be negative");
/// GEOSEARCH COUNT of none.
pub const GEO_COUNT: BadArgs = text("ERR COUNT must be > 0");
/// GEOSEARCH ANY without COUNT.
pub const ANY_WITHOUT_COUNT: BadArgs = text("ERR the ANY argument requires COUNT argument");
/// GEOSEARCHSTORE with what is shown only.
pub const STORED_WITH: BadArgs =
    text("ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD options");
/// GEORADIUS STORE with what is shown only.
pub const RADIUS_STORED_WITH: BadArgs = text(
    "ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD options",
);

/// A longitude and a latitude that are no place.
pub fn no_place(longitude: f64, latitude: f64) -> BadArgs {
    let pair = format!("{longitude:.6},{latitude:.6}");
    BadArgs(format!("ERR invalid longitude,latitude pair {pair}").into())
}

/// GEOSEARCH without one of two options; `called` is the command as it was written.
pub fn exactly_one(options: &str, called: &[u8]) -> BadArgs {
    let called = super::shown(called, usize::MAX);
    BadArgs(format!("ERR exactly one of {options} be specified for {called}").into())
}
