//! Places on the earth, in sorted sets.

pub mod geoadd;
pub mod geodist;
pub mod geopos;
pub mod georadius;
pub mod geosearch;
mod looking;

use lockstep_core::float::score;
use lockstep_core::keys::geo::Place;

use crate::{Args, BadArgs, Command, error};

/// The commands of this family.
pub static COMMANDS: &[Command] = &[
    geoadd::GEOADD,
    geodist::GEODIST,
    geopos::GEOHASH,
    geopos::GEOPOS,
    georadius::GEORADIUS,
    georadius::GEORADIUSBYMEMBER,
    georadius::GEORADIUSBYMEMBER_RO,
    georadius::GEORADIUS_RO,
    geosearch::GEOSEARCH,
    geosearch::GEOSEARCHSTORE,
];

/// The next two words as a longitude and a latitude.
fn place(args: &mut Args<'_>) -> Result<Place, BadArgs> {
    let mut degrees = || score(args.word()?).ok_or(error::NOT_FLOAT);
    let (longitude, latitude) = (degrees()?, degrees()?);
    Place::new(longitude, latitude).ok_or_else(|| error::no_place(longitude, latitude))
}

/// The next word as a unit of lengths: how many meters it has.
fn unit(args: &mut Args<'_>) -> Result<f64, BadArgs> {
    let units = [("M", 1.0), ("KM", 1000.0), ("FT", 0.3048), ("MI", 1609.34)];
    let found = units.into_iter().find(|(word, _)| args.token(word));
    found.map(|(_, meters)| meters).ok_or(error::BAD_UNIT)
}
