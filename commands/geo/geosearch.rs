//! GEOSEARCH, GEOSEARCHSTORE: members that are near to somewhere.

use super::looking::{Form, Looking, reply};
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// GEOSEARCH.
pub const GEOSEARCH: Command = Command { spec: &GEOSEARCH_SPEC, parse, reply, subcommands: &[] };

/// GEOSEARCHSTORE.
pub const GEOSEARCHSTORE: Command =
    Command { spec: &GEOSEARCHSTORE_SPEC, parse: parse_store, reply: plain, subcommands: &[] };

static GEOSEARCH_SPEC: Spec = Spec {
    name: "geosearch",
    usage: "GEOSEARCH key <FROMMEMBER member | FROMLONLAT longitude latitude> <BYRADIUS radius <M | KM | FT | MI> | BYBOX width height <M | KM | FT | MI>> [ASC | DESC] [COUNT count [ANY]] [WITHCOORD] [WITHDIST] [WITHHASH]",
    summary: "Returns the members of the sorted set at a key that are inside of a circle or a box around a place or a member.",
    since: "6.2.0",
    group: Group::Geo,
    complexity: "O(N+log(M)) where N is the number of members near to it and M that of all members",
    arity: -7,
    flags: &["readonly"],
    acl: &["@geo", "@read", "@slow"],
    tips: &[],
    keys: &[KeySpec::one(&["RO", "access"], 1)],
    road: Road::Cache,
};

static GEOSEARCHSTORE_SPEC: Spec = Spec {
    name: "geosearchstore",
    usage: "GEOSEARCHSTORE destination source <FROMMEMBER member | FROMLONLAT longitude latitude> <BYRADIUS radius <M | KM | FT | MI> | BYBOX width height <M | KM | FT | MI>> [ASC | DESC] [COUNT count [ANY]] [STOREDIST]",
    summary: "Stores what GEOSEARCH finds as a sorted set at a key, with STOREDIST with the distances as scores, and returns how many members it has.",
    since: "6.2.0",
    group: Group::Geo,
    complexity: "O(N+log(M)) where N is the number of members near to it and M that of all members",
    arity: -8,
    flags: &["write", "denyoom"],
    acl: &["@geo", "@slow", "@write"],
    tips: &[],
    keys: &[KeySpec::one(&["OW", "update"], 1), KeySpec::one(&["RO", "access"], 2)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (called, key) = (args.called(), args.word()?);
    let form = Form::Search;
    Ok(Looking::default().options(args, form, called)?.request(ctx, key, form))
}

fn parse_store<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (called, to, key) = (args.called(), args.word()?, args.word()?);
    let looking = Looking { store: Some(to), ..Looking::default() };
    let form = Form::SearchStore;
    Ok(looking.options(args, form, called)?.request(ctx, key, form))
}

#[cfg(test)]
mod tests {
    use lockstep_core::Outcome;
    use lockstep_core::keys::Op;
    use lockstep_core::keys::geo::{From, Search, Shape};

    use crate::Reply;
    use crate::testing::{DB, key_op, refusal, reply_to};

    #[test]
    fn a_search_is_from_somewhere_and_so_far() {
        let from = From::Place { longitude: 15.0, latitude: 37.0 };
        let shape = Shape::Circle { radius: 200.0 };
        let (unit, count, any, nearest_first) = (1000.0, 3, true, Some(false));
        let search = Search::Is { from, shape, unit, count, any, nearest_first };
        let (db, key) = (DB, &b"k"[..]);
        let line = "geosearch k fromlonlat 15 37 byradius 200 km count 3 any desc withdist";
        let near = Op::Near { db, key, search, distance: true, score: false, place: false };
        assert_eq!(key_op(line), near);
        let from = From::Member { member: b"a" };
        let shape = Shape::Box { width: 4.0, height: 5.0 };
        let (unit, count, any, nearest_first) = (1.0, 0, false, None);
        let search = Search::Is { from, shape, unit, count, any, nearest_first };
        let to = &b"to"[..];
        let line = "geosearchstore to k bybox 4 5 m storedist frommember a";
        assert_eq!(key_op(line), Op::NearStore { db, to, key, search, distances: true });
    }

    #[test]
    fn what_is_missing_or_too_much_is_refused() {
        let exactly = "ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for geosearch";
        assert_eq!(refusal("geosearch k byradius 1 m asc asc asc"), exactly);
        let exactly = "ERR exactly one of BYRADIUS and BYBOX can be specified for GEOSEARCH";
        assert_eq!(refusal("GEOSEARCH k frommember a asc asc asc"), exactly);
        let line = "geosearch k frommember a fromlonlat 1 1 byradius 1 m";
        assert_eq!(refusal(line), "ERR syntax error");
        let text = "ERR the ANY argument requires COUNT argument";
        assert_eq!(refusal("geosearch k frommember a byradius 1 m any"), text);
        let text = "ERR COUNT must be > 0";
        assert_eq!(refusal("geosearch k frommember a byradius 1 m count 0"), text);
        let text = "ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD \
                    options";
        assert_eq!(refusal("geosearchstore t k frommember a byradius 1 m withdist"), text);
        for (sides, text) in [
            ("byradius x m", "ERR need numeric radius"),
            ("byradius -1 m", "ERR radius cannot be negative"),
            ("bybox x 1 m", "ERR need numeric width"),
            ("bybox 1 x m", "ERR need numeric height"),
            ("bybox 1 -1 m", "ERR height or width cannot be negative"),
        ] {
            let line = format!("geosearch k frommember a {sides} asc asc").leak();
            assert_eq!(refusal(line), text, "{sides}");
        }
    }

    #[test]
    fn members_are_shown_with_what_was_asked_for() {
        let line = "geosearch k frommember a byradius 1 m";
        let member = || Outcome::Bytes(b"a".to_vec());
        let found = Outcome::List(vec![member()]);
        assert_eq!(reply_to(line, found), Reply::Array(vec![Reply::bulk("a")]));
        let place = Outcome::List(vec![Outcome::Float(1.5), Outcome::Float(-2.0)]);
        let parts = vec![member(), Outcome::Float(0.12345), Outcome::Int(7), place];
        let place = [1.5, -2.0].map(Reply::DoubleDigits).to_vec();
        let shown =
            vec![Reply::bulk("a"), Reply::bulk("0.1235"), Reply::Int(7), Reply::Array(place)];
        let found = Outcome::List(vec![Outcome::List(parts)]);
        assert_eq!(reply_to(line, found), Reply::Array(vec![Reply::Array(shown)]));
    }
}
