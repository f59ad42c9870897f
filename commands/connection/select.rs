//! SELECT: the database that following commands work on.

use lockstep_core::Db;
use lockstep_core::ids::DATABASES;

use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Here, Request, Road, Spec, error};

/// SELECT.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "select",
    usage: "SELECT index",
    summary: "Chooses the database of the connection.",
    since: "1.0.0",
    group: Group::Connection,
    complexity: "O(1)",
    arity: 2,
    flags: &["loading", "stale", "fast"],
    acl: &["@fast", "@connection"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

fn parse<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (min, max) = (i64::from(i32::MIN), i64::from(i32::MAX));
    let index = args.integer()?;
    if !(min..=max).contains(&index) {
        return Err(error::not_between(min, max));
    }
    match u8::try_from(index) {
        Ok(index) if index < DATABASES => Ok(Here::Select(Db(index)).into()),
        _ => Err(error::DB_OUT_OF_RANGE),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::connection::words::parsed;

    #[test]
    fn there_are_sixteen_databases() {
        assert_eq!(parsed(&["SELECT", "15"]), Ok(Here::Select(Db(15)).into()));
        assert_eq!(parsed(&["SELECT", "16"]), Err(error::DB_OUT_OF_RANGE));
        assert_eq!(parsed(&["SELECT", "-1"]), Err(error::DB_OUT_OF_RANGE));
    }

    #[test]
    fn what_is_no_number_is_told_apart_from_what_is_too_large() {
        assert_eq!(parsed(&["SELECT", "abc"]), Err(error::NOT_INTEGER));
        assert_eq!(
            parsed(&["SELECT", "99999999999"]).unwrap_err().0,
            "ERR value is out of range, value must between -2147483648 and 2147483647"
        );
    }
}
