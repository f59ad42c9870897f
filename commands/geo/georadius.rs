//! GEORADIUS, GEORADIUSBYMEMBER: older forms of GEOSEARCH.

use lockstep_core::keys::geo;

use super::looking::{Form, Looking, from, reply};
use super::place;
use crate::spec::{Begin, Find};
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// GEORADIUS.
pub const GEORADIUS: Command =
    Command { spec: &GEORADIUS_SPEC, parse: parse_place, reply, subcommands: &[] };

/// GEORADIUS_RO.
pub const GEORADIUS_RO: Command =
    Command { spec: &GEORADIUS_RO_SPEC, parse: parse_place_read, reply, subcommands: &[] };

/// GEORADIUSBYMEMBER.
pub const GEORADIUSBYMEMBER: Command =
    Command { spec: &GEORADIUSBYMEMBER_SPEC, parse: parse_member, reply, subcommands: &[] };

/// GEORADIUSBYMEMBER_RO.
pub const GEORADIUSBYMEMBER_RO: Command =
    Command { spec: &GEORADIUSBYMEMBER_RO_SPEC, parse: parse_member_read, reply, subcommands: &[] };

const fn stored(word: &'static str, from: i16) -> KeySpec {
    KeySpec {
        flags: &["OW", "update"],
        begin: Begin::Keyword { word, from },
        find: Find::Range { last: 0, step: 1, limit: 0 },
        notes: "",
        hidden: false,
    }
}

const GEORADIUS_SPEC: Spec = Spec {
    name: "georadius",
    usage: "GEORADIUS key longitude latitude radius <M | KM | FT | MI> [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] [ASC | DESC] [STORE key] [STOREDIST key]",
    summary: "Does the same as GEOSEARCH with FROMLONLAT and BYRADIUS, or as GEOSEARCHSTORE.",
    since: "3.2.0",
    group: Group::Geo,
    complexity: "O(N+log(M)) where N is the number of members near to it and M that of all members",
    arity: -6,
    flags: &["write", "denyoom", "movablekeys"],
    acl: &["@geo", "@slow", "@write"],
    tips: &[],
    keys: &[KeySpec::one(&["RO", "access"], 1), stored("STORE", 6), stored("STOREDIST", 6)],
    road: Road::Log,
};

const GEORADIUS_RO_SPEC: Spec = Spec {
    name: "georadius_ro",
    usage: "GEORADIUS_RO key longitude latitude radius <M | KM | FT | MI> [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] [ASC | DESC]",
    summary: "Does the same as GEOSEARCH with FROMLONLAT and BYRADIUS.",
    since: "3.2.10",
    flags: &["readonly"],
    acl: &["@geo", "@read", "@slow"],
    keys: &[KeySpec::one(&["RO", "access"], 1)],
    road: Road::Cache,
    ..GEORADIUS_SPEC
};

static GEORADIUSBYMEMBER_SPEC: Spec = Spec {
    name: "georadiusbymember",
    usage: "GEORADIUSBYMEMBER key member radius <M | KM | FT | MI> [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] [ASC | DESC] [STORE key] [STOREDIST key]",
    summary: "Does the same as GEOSEARCH with FROMMEMBER and BYRADIUS, or as GEOSEARCHSTORE.",
    arity: -5,
    keys: &[KeySpec::one(&["RO", "access"], 1), stored("STORE", 5), stored("STOREDIST", 5)],
    ..GEORADIUS_SPEC
};

static GEORADIUSBYMEMBER_RO_SPEC: Spec = Spec {
    name: "georadiusbymember_ro",
    usage: "GEORADIUSBYMEMBER_RO key member radius <M | KM | FT | MI> [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] [ASC | DESC]",
    summary: "Does the same as GEOSEARCH with FROMMEMBER and BYRADIUS.",
    arity: -5,
    ..GEORADIUS_RO_SPEC
};

fn parse_place<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    radius(ctx, args, Form::Radius, false)
}

fn parse_place_read<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    radius(ctx, args, Form::RadiusRead, false)
}

fn parse_member<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    radius(ctx, args, Form::Radius, true)
}

fn parse_member_read<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    radius(ctx, args, Form::RadiusRead, true)
}

fn radius<'a>(
    ctx: &Context,
    mut args: Args<'a>,
    form: Form,
    by_member: bool,
) -> Result<Request<'a>, BadArgs> {
    let (called, key) = (args.called(), args.word()?);
    let from = match by_member {
        true => geo::From::Member { member: args.word()? },
        false => from(place(&mut args)?),
    };
    let mut looking = Looking { from: Some(from), ..Looking::default() };
    looking.circle(&mut args)?;
    Ok(looking.options(args, form, called)?.request(ctx, key, form))
}

#[cfg(test)]
mod tests {
    use lockstep_core::keys::Op;
    use lockstep_core::keys::geo::{From, Search, Shape};

    use crate::testing::{DB, key_op, refusal};

    #[test]
    fn a_radius_is_a_search_that_may_be_stored() {
        let shape = Shape::Circle { radius: 2.0 };
        let search = |from| {
            let (unit, count, any, nearest_first) = (0.3048, 0, false, None);
            Search::Is { from, shape, unit, count, any, nearest_first }
        };
        let (db, key) = (DB, &b"k"[..]);
        let from_place = search(From::Place { longitude: 1.0, latitude: 2.0 });
        let from_member = search(From::Member { member: b"a" });
        let near =
            |search, place| Op::Near { db, key, search, distance: false, score: false, place };
        assert_eq!(key_op("georadius k 1 2 2 ft withcoord"), near(from_place, true));
        assert_eq!(key_op("georadiusbymember_ro k a 2 ft"), near(from_member, false));
        let store = Op::RadiusStore { db, to: b"t", key, search: from_member, distances: true };
        assert_eq!(key_op("georadiusbymember k a 2 ft store s storedist t"), store);
        assert_eq!(refusal("georadius_ro k 1 2 2 ft store s"), "ERR syntax error");
        let text = "ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and \
                    WITHCOORD options";
        assert_eq!(refusal("georadius k 1 2 2 ft store s withhash"), text);
    }
}
