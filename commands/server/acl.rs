//! ACL: who may do what.

use crate::here::Acl;
use crate::reply::plain;
use crate::users::{CATEGORIES, check_name, merge_selectors};
use crate::{
    Args, BadArgs, Command, Context, Group, Here, Reply, Request, Road, Spec, error, help, table,
};

/// ACL.
pub const COMMAND: Command =
    Command { spec: &SPEC, parse: bare, reply: plain, subcommands: SUBCOMMANDS };

static SUBCOMMANDS: &[Command] = &[
    Command { spec: &CAT, parse: parse_cat, reply: plain, subcommands: &[] },
    Command { spec: &DELUSER, parse: parse_deluser, reply: plain, subcommands: &[] },
    Command { spec: &DRYRUN, parse: parse_dryrun, reply: plain, subcommands: &[] },
    Command { spec: &GENPASS, parse: parse_genpass, reply: plain, subcommands: &[] },
    Command { spec: &GETUSER, parse: parse_getuser, reply: plain, subcommands: &[] },
    Command { spec: &HELP, parse: parse_help, reply: plain, subcommands: &[] },
    Command { spec: &LIST, parse: parse_list, reply: plain, subcommands: &[] },
    Command { spec: &LOAD, parse: refuse_file, reply: plain, subcommands: &[] },
    Command { spec: &LOG, parse: parse_log, reply: plain, subcommands: &[] },
    Command { spec: &SAVE, parse: refuse_file, reply: plain, subcommands: &[] },
    Command { spec: &SETUSER, parse: parse_setuser, reply: plain, subcommands: &[] },
    Command { spec: &USERS, parse: parse_users, reply: plain, subcommands: &[] },
    Command { spec: &WHOAMI, parse: parse_whoami, reply: plain, subcommands: &[] },
];

static SPEC: Spec = Spec {
    name: "acl",
    usage: "ACL",
    summary: "Looks after users and their rights.",
    since: "6.0.0",
    group: Group::Server,
    complexity: "Depends on subcommand",
    arity: -2,
    flags: &[],
    acl: &["@slow"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static CAT: Spec = Spec {
    name: "acl|cat",
    usage: "ACL CAT [categoryname]",
    summary: "Lists the categories of commands, or the commands of one.",
    since: "6.0.0",
    group: Group::Server,
    complexity: "O(1)",
    arity: -2,
    flags: &["noscript", "loading", "stale"],
    acl: &["@slow"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static DELUSER: Spec = Spec {
    name: "acl|deluser",
    usage: "ACL DELUSER username [username ...]",
    summary: "Removes users, of whom there are none but default.",
    since: "6.0.0",
    group: Group::Server,
    complexity: "O(1)",
    arity: -3,
    flags: &["admin", "noscript", "loading", "stale"],
    acl: &["@admin", "@slow", "@dangerous"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static DRYRUN: Spec = Spec {
    name: "acl|dryrun",
    usage: "ACL DRYRUN username command [arg [arg ...]]",
    summary: "Tells whether a user may execute a command.",
    since: "7.0.0",
    group: Group::Server,
    complexity: "O(1)",
    arity: -4,
    flags: &["admin", "noscript", "loading", "stale"],
    acl: &["@admin", "@slow", "@dangerous"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static GENPASS: Spec = Spec {
    name: "acl|genpass",
    usage: "ACL GENPASS [bits]",
    summary: "Makes up a password.",
    since: "6.0.0",
    group: Group::Server,
    complexity: "O(1)",
    arity: -2,
    flags: &["noscript", "loading", "stale"],
    acl: &["@slow"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static GETUSER: Spec = Spec {
    name: "acl|getuser",
    usage: "ACL GETUSER username",
    summary: "Shows the rights of a user.",
    since: "6.0.0",
    group: Group::Server,
    complexity: "O(N)",
    arity: 3,
    flags: &["admin", "noscript", "loading", "stale"],
    acl: &["@admin", "@slow", "@dangerous"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static HELP: Spec = Spec {
    name: "acl|help",
    usage: "ACL HELP",
    summary: "Lists the subcommands.",
    since: "6.0.0",
    group: Group::Server,
    complexity: "O(1)",
    arity: 2,
    flags: &["loading", "stale"],
    acl: &["@slow"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static LIST: Spec = Spec {
    name: "acl|list",
    usage: "ACL LIST",
    summary: "Lists the users with their rights.",
    since: "6.0.0",
    group: Group::Server,
    complexity: "O(N)",
    arity: 2,
    flags: &["admin", "noscript", "loading", "stale"],
    acl: &["@admin", "@slow", "@dangerous"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static LOAD: Spec = Spec {
    name: "acl|load",
    usage: "ACL LOAD",
    summary: "Is refused; there is no file of users.",
    since: "6.0.0",
    group: Group::Server,
    complexity: "O(N)",
    arity: 2,
    flags: &["admin", "noscript", "loading", "stale"],
    acl: &["@admin", "@slow", "@dangerous"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static LOG: Spec = Spec {
    name: "acl|log",
    usage: "ACL LOG [count | RESET]",
    summary: "Shows what was denied; nothing is kept.",
    since: "6.0.0",
    group: Group::Server,
    complexity: "O(N)",
    arity: -2,
    flags: &["admin", "noscript", "loading", "stale"],
    acl: &["@admin", "@slow", "@dangerous"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static SAVE: Spec = Spec {
    name: "acl|save",
    usage: "ACL SAVE",
    summary: "Is refused; there is no file of users.",
    since: "6.0.0",
    group: Group::Server,
    complexity: "O(N)",
    arity: 2,
    flags: &["admin", "noscript", "loading", "stale"],
    acl: &["@admin", "@slow", "@dangerous"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static SETUSER: Spec = Spec {
    name: "acl|setuser",
    usage: "ACL SETUSER username [rule [rule ...]]",
    summary: "Is refused; there is only the user default.",
    since: "6.0.0",
    group: Group::Server,
    complexity: "O(N)",
    arity: -3,
    flags: &["admin", "noscript", "loading", "stale"],
    acl: &["@admin", "@slow", "@dangerous"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static USERS: Spec = Spec {
    name: "acl|users",
    usage: "ACL USERS",
    summary: "Lists the names of the users.",
    since: "6.0.0",
    group: Group::Server,
    complexity: "O(N)",
    arity: 2,
    flags: &["admin", "noscript", "loading", "stale"],
    acl: &["@admin", "@slow", "@dangerous"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static WHOAMI: Spec = Spec {
    name: "acl|whoami",
    usage: "ACL WHOAMI",
    summary: "Tells the user of this connection.",
    since: "6.0.0",
    group: Group::Server,
    complexity: "O(1)",
    arity: 2,
    flags: &["noscript", "loading", "stale"],
    acl: &["@slow"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

fn bare<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Err(error::wrong_arity("acl"))
}

fn answer<'a>(reply: Reply) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Answer(reply).into())
}

fn parse_cat<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let sub = args.called();
    let Some(word) = args.next() else {
        return answer(Reply::Array(CATEGORIES.iter().map(Reply::bulk).collect()));
    };
    if !args.is_empty() {
        return Err(error::wrong_subcommand(sub, "ACL"));
    }
    let known = CATEGORIES.iter().find(|name| word.eq_ignore_ascii_case(name.as_bytes()));
    let category = known.ok_or_else(|| error::unknown_category(word))?;
    let has = |spec: &Spec| spec.acl.iter().any(|it| it.strip_prefix('@') == Some(category));
    let commands = table::each().filter(|command| has(command.spec));
    answer(Reply::Array(commands.map(|command| Reply::bulk(command.spec.name)).collect()))
}

fn parse_deluser<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let names = args.all();
    if names.contains(&&b"default"[..]) {
        return Err(error::DEFAULT_USER_STAYS);
    }
    acl(Acl::DeleteUsers(names.to_vec()))
}

fn parse_dryrun<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let user = args.word()?;
    acl(Acl::DryRun { user, words: args.all().to_vec() })
}

fn parse_genpass<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    const BITS: usize = 256;
    let sub = args.called();
    let bits = if args.is_empty() { BITS as i64 } else { args.integer()? };
    if !args.is_empty() {
        return Err(error::wrong_subcommand(sub, "ACL"));
    }
    match usize::try_from(bits) {
        // Four bits are a digit.
        Ok(bits @ 1..=4096) => acl(Acl::GeneratePassword(bits.div_ceil(4))),
        _ => Err(error::PASSWORD_BITS),
    }
}

fn parse_getuser<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    acl(Acl::GetUser(args.word()?))
}

fn parse_help<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    answer(help::reply("ACL", SUBCOMMANDS))
}

fn parse_list<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    acl(Acl::List)
}

fn parse_log<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    const COUNT: i64 = 10;
    if args.len() > 1 {
        return Err(error::wrong_subcommand(args.called(), "ACL"));
    }
    if args.token("RESET") {
        return acl(Acl::ResetLog);
    }
    let count = if args.is_empty() { COUNT } else { args.integer()? };
    acl(Acl::Log { count: usize::try_from(count).unwrap_or(0) })
}

fn parse_setuser<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let name = check_name(args.word()?)?;
    acl(Acl::SetUser { name, rules: merge_selectors(args.all())? })
}

fn parse_users<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    acl(Acl::Users)
}

fn parse_whoami<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    acl(Acl::WhoAmI)
}

fn refuse_file<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Err(error::NO_ACL_FILE)
}

fn acl(asked: Acl<'_>) -> Result<Request<'_>, BadArgs> {
    Ok(Here::Acl(asked).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{refusal, request};

    #[test]
    fn a_category_lists_its_commands() {
        let Request::Here(Here::Answer(Reply::Array(names))) = request("ACL CAT Transaction")
        else {
            panic!("no list")
        };
        assert!(names.contains(&Reply::bulk("multi")), "{names:?}");
        assert!(!names.contains(&Reply::bulk("get")), "{names:?}");
        assert_eq!(refusal("ACL CAT foo"), "ERR Unknown category 'foo'");
    }

    #[test]
    fn every_category_of_a_command_is_known() {
        for command in table::each() {
            for category in command.spec.acl {
                let name = category.strip_prefix('@').unwrap_or_default();
                assert!(CATEGORIES.contains(&name), "{}: {category}", command.spec.name);
            }
        }
    }

    #[test]
    fn passwords_have_whole_digits() {
        let digits = |digits| Request::Here(Here::Acl(Acl::GeneratePassword(digits)));
        assert_eq!(request("ACL GENPASS"), digits(64));
        assert_eq!(request("ACL GENPASS 5"), digits(2));
        assert_eq!(refusal("ACL GENPASS a"), "ERR value is not an integer or out of range");
        assert_eq!(refusal("ACL GENPASS 0"), error::PASSWORD_BITS.0);
    }

    #[test]
    fn the_default_user_stays() {
        assert_eq!(refusal("ACL DELUSER a default"), "ERR The 'default' user cannot be removed");
        let gone = Acl::DeleteUsers(vec![b"a", b"b"]);
        assert_eq!(request("ACL DELUSER a b"), Here::Acl(gone).into());
    }

    #[test]
    fn a_selector_is_one_rule_however_many_words_it_came_in() {
        let rules = ["on", "(+get ~a)", "~b"].map(|rule| rule.as_bytes().to_vec()).into();
        let set = Acl::SetUser { name: b"me", rules };
        assert_eq!(request("ACL SETUSER me on (+get ~a) ~b"), Here::Acl(set).into());
        assert_eq!(
            refusal("ACL SETUSER me (+get ~a"),
            "ERR Unmatched parenthesis in acl selector starting at '(+get'."
        );
    }

    #[test]
    fn the_log_shows_ten_or_as_many_as_asked_for() {
        let log = |count| Request::Here(Here::Acl(Acl::Log { count }));
        assert_eq!(request("ACL LOG"), log(10));
        assert_eq!(request("ACL LOG 3"), log(3));
        assert_eq!(request("ACL LOG -1"), log(0));
        assert_eq!(request("ACL LOG reset"), Here::Acl(Acl::ResetLog).into());
        assert_eq!(refusal("ACL LOG x"), "ERR value is not an integer or out of range");
    }
}
