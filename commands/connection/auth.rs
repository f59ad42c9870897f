//! AUTH: who is speaking.

use crate::here::Auth;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Here, Request, Road, Spec, error};

/// AUTH.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "auth",
    usage: "AUTH [username] password",
    summary: "Shows the password of a user.",
    since: "1.0.0",
    group: Group::Connection,
    complexity: "O(N)",
    arity: -2,
    flags: &["noscript", "loading", "stale", "fast", "no_auth", "allow_busy"],
    acl: &["@fast", "@connection"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

fn parse<'a>(_: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let mut words = args;
    match *words.all() {
        [password] => Ok(Here::Auth(Auth { user: None, password }).into()),
        [user, password] => Ok(Here::Auth(Auth { user: Some(user), password }).into()),
        _ => Err(error::SYNTAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::words::parsed;

    #[test]
    fn the_user_may_be_left_out() {
        let auth = |user| Ok(Here::Auth(Auth { user, password: b"pw" }).into());
        assert_eq!(parsed(&["AUTH", "pw"]), auth(None));
        assert_eq!(parsed(&["AUTH", "me", "pw"]), auth(Some(b"me")));
        assert_eq!(parsed(&["AUTH", "me", "pw", "x"]), Err(error::SYNTAX));
    }
}
