//! What GEOSEARCH, GEORADIUS and their relatives have in common.

use lockstep_core::Outcome;
use lockstep_core::float::score;
use lockstep_core::keys::Op;
use lockstep_core::keys::geo::{From, Place, Search, Shape};

use super::geodist::shown;
use super::geopos::position;
use super::{place, unit};
use crate::reply::plain;
use crate::{Args, BadArgs, Context, Reply, Request, Spec, error};

/// Which options a command has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// GEOSEARCH: from where and how far are options.
    Search,
    /// GEOSEARCHSTORE: and it is stored.
    SearchStore,
    /// GEORADIUS and GEORADIUSBYMEMBER: may be stored.
    Radius,
    /// The same that only read.
    RadiusRead,
}

/// The options that were read.
#[derive(Default)]
pub(super) struct Looking<'a> {
    pub from: Option<From<'a>>,
    pub shape: Option<Shape>,
    pub unit: f64,
    pub count: u64,
    pub any: bool,
    pub nearest_first: Option<bool>,
    pub with: [bool; 3],
    pub store: Option<&'a [u8]>,
    pub distances: bool,
}

impl<'a> Looking<'a> {
    /// Reads options to the end. `called` is the command as it was written.
    pub fn options(
        mut self,
        mut args: Args<'a>,
        form: Form,
        called: &[u8],
    ) -> Result<Self, BadArgs> {
        while !args.is_empty() {
            if !self.shown(&mut args)?
                && !self.stored(&mut args, form)?
                && !self.asked(&mut args, form)?
            {
                return Err(error::SYNTAX);
            }
        }
        self.checked(form, called)
    }

    /// What all have.
    fn shown(&mut self, args: &mut Args<'a>) -> Result<bool, BadArgs> {
        let more = args.len() - 1;
        let with = ["WITHDIST", "WITHHASH", "WITHCOORD"];
        if let Some(at) = with.iter().position(|word| args.token(word)) {
            self.with[at] = true;
        } else if args.token("ANY") {
            self.any = true;
        } else if args.token("ASC") {
            self.nearest_first = Some(true);
        } else if args.token("DESC") {
            self.nearest_first = Some(false);
        } else if more >= 1 && args.token("COUNT") {
            let count = args.integer()?;
            self.count =
                u64::try_from(count).ok().filter(|count| *count > 0).ok_or(error::GEO_COUNT)?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// Where it is stored.
    fn stored(&mut self, args: &mut Args<'a>, form: Form) -> Result<bool, BadArgs> {
        let more = args.len() - 1;
        match form {
            Form::SearchStore if args.token("STOREDIST") => self.distances = true,
            Form::Radius if more >= 1 && args.token("STORE") => {
                (self.store, self.distances) = (Some(args.word()?), false);
            }
            Form::Radius if more >= 1 && args.token("STOREDIST") => {
                (self.store, self.distances) = (Some(args.word()?), true);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// What GEOSEARCH asks for.
    fn asked(&mut self, args: &mut Args<'a>, form: Form) -> Result<bool, BadArgs> {
        if !matches!(form, Form::Search | Form::SearchStore) {
            return Ok(false);
        }
        let more = args.len() - 1;
        let is_place = matches!(self.from, Some(From::Place { .. }));
        let is_member = matches!(self.from, Some(From::Member { .. }));
        let is_circle = matches!(self.shape, Some(Shape::Circle { .. }));
        let is_box = matches!(self.shape, Some(Shape::Box { .. }));
        if more >= 1 && !is_place && args.token("FROMMEMBER") {
            self.from = Some(From::Member { member: args.word()? });
        } else if more >= 2 && !is_member && args.token("FROMLONLAT") {
            self.from = Some(from(place(args)?));
        } else if more >= 2 && !is_box && args.token("BYRADIUS") {
            self.circle(args)?;
        } else if more >= 3 && !is_circle && args.token("BYBOX") {
            let mut side = |text: &BadArgs| score(args.word()?).ok_or_else(|| text.clone());
            let (width, height) = (side(&error::BAD_WIDTH)?, side(&error::BAD_HEIGHT)?);
            if width < 0.0 || height < 0.0 {
                return Err(error::NEGATIVE_BOX);
            }
            (self.shape, self.unit) = (Some(Shape::Box { width, height }), unit(args)?);
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// A radius and its unit.
    pub fn circle(&mut self, args: &mut Args<'a>) -> Result<(), BadArgs> {
        let radius = score(args.word()?).ok_or(error::BAD_RADIUS)?;
        if radius < 0.0 {
            return Err(error::NEGATIVE_RADIUS);
        }
        (self.shape, self.unit) = (Some(Shape::Circle { radius }), unit(args)?);
        Ok(())
    }

    fn checked(self, form: Form, called: &[u8]) -> Result<Self, BadArgs> {
        let is_stored = self.store.is_some() || form == Form::SearchStore;
        if is_stored && self.with.contains(&true) {
            return Err(match form {
                Form::SearchStore => error::STORED_WITH,
                _ => error::RADIUS_STORED_WITH,
            });
        }
        if self.from.is_none() {
            return Err(error::exactly_one("FROMMEMBER or FROMLONLAT can", called));
        }
        if self.shape.is_none() {
            return Err(error::exactly_one("BYRADIUS and BYBOX can", called));
        }
        if self.any && self.count == 0 { Err(error::ANY_WITHOUT_COUNT) } else { Ok(self) }
    }

    /// What is asked of the places at a key.
    pub fn request(self, ctx: &Context, key: &'a [u8], form: Form) -> Request<'a> {
        let Looking { from, shape, unit, count, any, nearest_first, distances, .. } = self;
        let (Some(from), Some(shape)) = (from, shape) else { unreachable!("it was checked") };
        let search = Search::Is { from, shape, unit, count, any, nearest_first };
        let (db, [distance, score, place]) = (ctx.db, self.with);
        match self.store {
            Some(to) if form == Form::Radius => {
                Op::RadiusStore { db, to, key, search, distances }.into()
            }
            Some(to) => Op::NearStore { db, to, key, search, distances }.into(),
            None => Op::Near { db, key, search, distance, score, place }.into(),
        }
    }
}

/// Members, each with what was asked for.
pub(super) fn reply(spec: &Spec, outcome: Outcome) -> Reply {
    let Outcome::List(found) = outcome else { return plain(spec, outcome) };
    let part = |part| match part {
        Outcome::Float(distance) => shown(distance),
        Outcome::List(place) => match place[..] {
            [Outcome::Float(longitude), Outcome::Float(latitude)] => {
                position(Place { longitude, latitude })
            }
            _ => plain(spec, Outcome::List(place)),
        },
        other => plain(spec, other),
    };
    let one = |found| match found {
        Outcome::List(parts) => Reply::Array(parts.into_iter().map(part).collect()),
        member => plain(spec, member),
    };
    Reply::Array(found.into_iter().map(one).collect())
}

pub(super) fn from(place: Place) -> From<'static> {
    From::Place { longitude: place.longitude, latitude: place.latitude }
}
