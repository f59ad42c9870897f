//! Single rules. The texts are those of redis-server 7.0.15.

use super::{changed, shown, told, user};
use crate::users::{CATEGORIES, User, check_name};
use crate::{Reply, table};

#[test]
fn a_new_user_may_nothing() {
    assert_eq!(shown(&User::new(false)), "off resetchannels -@all");
    assert_eq!(shown(&User::new(true)), "off &* -@all");
    assert_eq!(shown(&User::default_with("")), "on nopass ~* &* +@all");
    assert!(User::default_with("").is_unlimited());
}

#[test]
fn a_user_is_shown_by_the_fewest_rules() {
    let hash = "30c952fab122c3f9759f02a6d95c3758b246b4fee239957b2d4fee46e26170c4";
    let me = user(
        "on >pw +get ~a* %R~b* %W~c* %RW~d* &ch* resetchannels &x +config|get +@read -@dangerous \
         (+set ~z*)",
    );
    assert_eq!(
        shown(&me),
        format!(
            "on #{hash} ~a* %R~b* %W~c* ~d* resetchannels &x {} (~z* resetchannels -@all +set)",
            shown(&user("+@read -@dangerous")).strip_prefix("off resetchannels ").unwrap()
        )
    );
    for (rules, text) in [
        ("+config", "-@all +config"),
        ("+config|get +client", "-@all +client +config|get"),
        ("+select|0 +select|1", "-@all +select|0 +select|1"),
        ("+select|0 +select", "-@all +select"),
        ("+@all -get", "+@all -get"),
        ("+@all -@dangerous", "+@all -@dangerous"),
        // The category with more commands comes first.
        ("+@set +@hash", "-@all +@hash +@set"),
        ("+@bitmap +@set", "-@all +@set +@bitmap"),
        ("allcommands", "+@all"),
        ("+@all nocommands", "-@all"),
        ("+@lock +@queue", "-@all +@queue +@lock"),
    ] {
        assert_eq!(shown(&user(rules)), format!("off resetchannels {text}"), "{rules}");
    }
}

#[test]
fn rules_that_are_none_are_refused_with_redis_texts_and_change_nothing() {
    let unknown = "Unknown command or category name in ACL";
    let hash = "The password hash must be exactly 64 characters and contain only lowercase \
                hexadecimal characters";
    let no_password = "The password you are trying to remove from the user does not exist";
    let zeros = "0".repeat(64);
    for (rule, why) in [
        ("+config|nope", unknown),
        ("+config|get|x", "Allowing first-arg of a subcommand is not supported"),
        ("+nope", unknown),
        ("-nope", unknown),
        ("-get|x", unknown),
        ("-select|0", unknown),
        ("+@nope", unknown),
        ("+select|", "Syntax error"),
        ("%~a", "Syntax error"),
        ("%X~a", "Syntax error"),
        ("%RWR~a", "Syntax error"),
        ("%R", "Syntax error"),
        ("foo", "Syntax error"),
        (")", "Syntax error"),
        ("(on)", "Syntax error"),
        ("((+get))", "Syntax error"),
        ("#abc", hash),
        ("!nope", hash),
        (&format!("#A{}", &zeros[1..]), hash),
        (&format!("!{zeros}"), no_password),
        ("<nope", no_password),
    ] {
        let refused = changed(&User::new(false), &format!("on {rule}")).unwrap_err();
        assert_eq!(refused, format!("ERR Error in ACL SETUSER modifier '{rule}': {why}"));
    }
    let refused = changed(&user("~*"), "~a").unwrap_err();
    assert!(refused.starts_with("ERR Error in ACL SETUSER modifier '~a': Adding a pattern after the * pattern (or the 'allkeys' flag)"));
    let refused = changed(&user("allchannels"), "&a").unwrap_err();
    assert!(refused.contains("(or the 'allchannels' flag) is not valid"), "{refused}");
    let blank = User::new(false).changed(&[b"~a b"], false).unwrap_err();
    assert_eq!(blank.0, "ERR Error in ACL SETUSER modifier '~a b': Syntax error");
}

#[test]
fn names_have_no_blanks() {
    assert!(check_name(b"a-b.c").is_ok());
    for name in [&b"a b"[..], b"a\0", b"\n", b"\t"] {
        let refused = check_name(name).unwrap_err();
        assert_eq!(refused.0, "ERR Usernames can't contain spaces or null characters");
    }
}

#[test]
fn passwords_come_and_go() {
    let me = user("on >a >b");
    assert!(me.admits(b"a") && me.admits(b"b") && !me.admits(b"c") && !me.admits(b""));
    let me = changed(&me, "<a").unwrap();
    assert!(!me.admits(b"a") && me.admits(b"b"));
    assert!(!changed(&me, "off").unwrap().admits(b"b"));
    let open = changed(&me, "nopass").unwrap();
    assert!(open.admits(b"whatever") && open.needs_no_password());
    assert!(!changed(&open, "resetpass").unwrap().admits(b"whatever"));
    assert!(!changed(&open, ">x").unwrap().admits(b"whatever"));
    assert_eq!(shown(&user("reset")), "off sanitize-payload resetchannels -@all");
    assert_eq!(
        shown(&changed(&me, "reset skip-sanitize-payload").unwrap()),
        "off skip-sanitize-payload resetchannels -@all"
    );
}

#[test]
fn commands_keys_and_channels_are_denied_by_name() {
    let me = user("+get +set +config|get +publish +subscribe +psubscribe ~a* %R~r &n* &p?");
    let key = "NOPERM this user has no permissions to access one of the keys used as arguments";
    let channel =
        "NOPERM this user has no permissions to access one of the channels used as arguments";
    let run = |name| format!("NOPERM this user has no permissions to run the '{name}' command");
    for (line, told_so) in [
        ("get abc", String::new()),
        ("get r", String::new()),
        ("set r 1", format!("{key} [r]")),
        ("set abc 1 get", String::new()),
        ("set x 1 get", format!("{key} [x]")),
        ("get x", format!("{key} [x]")),
        ("del abc", format!("{} [del]", run("del"))),
        ("config get x", String::new()),
        ("config set x y", format!("{} [config|set]", run("config|set"))),
        ("publish news x", String::new()),
        ("publish other x", format!("{channel} [other]")),
        ("subscribe news other", format!("{channel} [other]")),
        ("psubscribe p?", String::new()),
        ("psubscribe pa", format!("{channel} [pa]")),
        ("auth x", String::new()),
        ("hello", String::new()),
    ] {
        assert_eq!(told(&me, line), told_so, "{line}");
    }
}

#[test]
fn the_access_of_a_key_is_that_of_its_specification() {
    let me = user("+@all %R~r* %W~w* ~b*");
    for (line, allowed) in [
        ("get r", true),
        ("get w", false),
        ("getset b 1", true),
        ("getset w 1", false),
        ("append w 1", true),
        ("incr w", false),
        ("strlen w", true),
        ("exists r w b", true),
        ("exists x", false),
        ("copy r w", true),
        ("copy w r", false),
        ("rename b w", true),
        ("set w 1", true),
        ("set w 1 get", false),
        ("bitfield r get u8 0", true),
        ("bitfield r set u8 0 1", false),
        ("bitfield r get u8 0 incrby u8 0 1", false),
        ("sort r store w", true),
        ("sort r store r", false),
        ("lock r", false),
        ("mlock 2 b b2", true),
        ("mlock 2 b x", false),
        ("mlock 1 r", false),
        ("munlock 2 b w", true),
        ("munlock 2 b r", false),
        ("lock b", true),
        ("qpush w x", true),
        ("qpop w", false),
        ("eval x 2 b b2", true),
        ("eval x 1 r", false),
        ("eval_ro x 1 r", true),
        ("eval x foo r", false),
        ("zunionstore w 2 r r2", true),
        ("zunionstore w 2 r x", false),
        ("xreadgroup group g c streams b b2 > >", true),
        ("spublish anything x", false),
    ] {
        assert_eq!(told(&me, line).is_empty(), allowed, "{line}: {}", told(&me, line));
    }
    let me = user("+@all &* ~b");
    assert_eq!(told(&me, "spublish anything x"), "", "a shard channel is no key");
}

#[test]
fn what_one_selector_allows_is_allowed_and_no_two_are_mixed() {
    let me = user("+get ~a (+set ~b) (+del ~a ~c)");
    for (line, refused) in [
        ("get a", ""),
        ("set b 1", ""),
        ("set a 1", "keys"),
        ("get b", "keys"),
        ("del a c", ""),
        ("del a b", "keys"),
        ("append a 1", "command"),
    ] {
        let text = told(&me, line);
        assert!(text.contains(refused) && text.is_empty() == refused.is_empty(), "{line}: {text}");
    }
}

#[test]
fn of_several_denials_the_farthest_one_is_told() {
    let me = user("+mget ~a (+mget ~a ~b) (+publish &x)");
    assert!(told(&me, "mget a b c").ends_with("[c]"));
    let me = user("+subscribe &a (+subscribe &a &b)");
    assert!(told(&me, "subscribe a b c").ends_with("[c]"));
}

#[test]
fn a_first_word_is_allowed_as_it_is() {
    let me = user("+select|0 +select|1 ~*");
    assert_eq!(told(&me, "select 0"), "");
    assert_eq!(told(&me, "SELECT 1"), "");
    assert!(told(&me, "select 2").starts_with("NOPERM"));
    let me = changed(&me, "-select").unwrap();
    assert!(told(&me, "select 0").starts_with("NOPERM"));
}

#[test]
fn a_description_has_the_fields_of_redis() {
    let Reply::Map(fields) = user("on nopass ~a %R~b &c +get (+set ~d)").description() else {
        panic!()
    };
    let names: Vec<Reply> = fields.iter().map(|(name, _)| name.clone()).collect();
    let wanted = ["flags", "passwords", "commands", "keys", "channels", "selectors"];
    assert_eq!(names, wanted.map(Reply::bulk));
    assert_eq!(fields[0].1, Reply::Set(vec![Reply::bulk("on"), Reply::bulk("nopass")]));
    assert_eq!(fields[3].1, Reply::bulk("~a %R~b"));
    assert_eq!(fields[4].1, Reply::bulk("&c"));
    let selector = [("commands", "-@all +set"), ("keys", "~d"), ("channels", "")];
    let selector = selector.map(|(name, value)| (Reply::bulk(name), Reply::bulk(value)));
    assert_eq!(fields[5].1, Reply::Array(vec![Reply::Map(selector.into())]));
}

#[test]
fn every_command_has_a_category_that_is_known() {
    for command in table::each() {
        assert!(!command.spec.acl.is_empty(), "{}", command.spec.name);
        for category in command.spec.acl {
            let name = category.strip_prefix('@').unwrap_or_default();
            assert!(CATEGORIES.contains(&name), "{}: {category}", command.spec.name);
        }
    }
}

/// A command that takes a key has to say where: nobody could be kept from it otherwise.
#[test]
fn every_word_that_is_a_key_is_told_to_be_one() {
    // One that only counts.
    let known = ["cluster|keyslot"];
    for command in table::each().filter(|command| command.subcommands.is_empty()) {
        let usage = command.spec.usage;
        let mut words = usage.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
        let names_one = words.any(|word| matches!(word, "key" | "queue"));
        let tells = !command.spec.keys.is_empty() || known.contains(&command.spec.name);
        assert!(tells || !names_one, "{usage}");
    }
}

#[test]
fn what_the_words_do_not_tell_is_told_by_the_request() {
    let me = user("+@all ~a %R~r %W~w");
    for (line, refused) in [
        ("ackjob D-0-1-1-a D-0-1-1-b", "b"),
        ("ackjob D-0-1-1-a D-0-1-1-w", ""),
        ("nack D-0-1-1-r", "r"),
        ("working D-0-1-1-x", "x"),
        ("show D-0-1-1-r", ""),
        ("show D-0-1-1-w", "w"),
        ("lockinfo graph", "*"),
        ("lockinfo deadlocks", "*"),
        ("lockinfo owner me", "*"),
        ("lockinfo stats", ""),
        ("session list 0", "*"),
        ("session info mine", ""),
        ("session info other", "*"),
        ("session destroy mine", ""),
        ("session destroy other", "*"),
        ("session attach other", ""),
        ("sort a", ""),
        ("sort a by nosort", ""),
        ("sort a by w_*", "BY"),
        ("sort a get x_*", "GET"),
        ("sort a get x_* store w", "GET"),
    ] {
        assert_eq!(hidden(&me, line), refused, "{line}");
        assert_eq!(hidden(&user("+@all allkeys"), line), "", "{line}");
        assert_eq!(hidden(&user("+@all ~x (+@all ~*)"), line), "", "{line}");
    }
    assert_eq!(hidden(&user("+@all %R~*"), "sort a by w_* get x_*"), "");
    assert_eq!(hidden(&user("+@all %W~*"), "sort a by w_*"), "BY");
}

/// The key that a request may not touch, or the option that is denied.
fn hidden(user: &User, line: &'static str) -> String {
    let words = crate::testing::words(line);
    let (command, _) = table::find(&words).unwrap();
    let request = crate::testing::request(line);
    match user.check_request(command.spec, &request, Some(b"mine")) {
        Ok(()) => String::new(),
        Err((bad, b"")) => bad.0.split(' ').nth(1).unwrap_or_default().to_owned(),
        Err((bad, key)) => {
            assert!(bad.0.starts_with("NOPERM"), "{line}: {}", bad.0);
            String::from_utf8_lossy(key).into_owned()
        }
    }
}
