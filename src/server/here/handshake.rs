//! HELLO, AUTH and ACL: who is there, and who is speaking.

use lockstep_commands::here::{Acl, Auth, Hello};
use lockstep_commands::{BadArgs, Protocol, Reply, error};

use crate::Node;
use crate::config::Setting;
use crate::info::REDIS_VERSION;
use crate::session::Session;

const DEFAULT_USER: &[u8] = b"default";

/// HELLO. Nothing changes unless all of it can be done.
pub(super) fn hello(node: &Node, session: &mut Session, hello: &Hello<'_>) -> Reply {
    if let Some((user, password)) = hello.auth {
        if !is_password(node, user, password) {
            return error::WRONG_PASSWORD.into();
        }
        session.authenticated = true;
    }
    if !may_speak(node, session) {
        return error::HELLO_UNAUTHENTICATED.into();
    }
    if let Some(name) = hello.name {
        session.client.rename(|names| names.name = name.to_vec());
    }
    if let Some(protocol) = hello.protocol {
        session.speak(protocol);
    }
    greeting(node, session)
}

fn greeting(node: &Node, session: &Session) -> Reply {
    let protocol = match session.protocol {
        Protocol::Resp2 => 2,
        Protocol::Resp3 => 3,
    };
    let mode = if node.settings.flag(Setting::ClusterEnabled) { "cluster" } else { "standalone" };
    let fields = [
        ("server", Reply::bulk("redis")),
        ("version", Reply::bulk(REDIS_VERSION)),
        ("proto", Reply::Int(protocol)),
        ("id", Reply::Int(i64::try_from(session.client.id()).unwrap_or(i64::MAX))),
        ("mode", Reply::bulk(mode)),
        ("role", Reply::bulk("master")),
        ("modules", Reply::Array(Vec::new())),
    ];
    Reply::Map(fields.into_iter().map(|(name, value)| (Reply::bulk(name), value)).collect())
}

/// AUTH.
pub(super) fn auth(node: &Node, session: &mut Session, auth: Auth<'_>) -> Reply {
    match check(node, auth) {
        Ok(()) => {
            session.authenticated = true;
            Reply::Ok
        }
        Err(bad) => bad.into(),
    }
}

fn check(node: &Node, auth: Auth<'_>) -> Result<(), BadArgs> {
    if auth.user.is_none() && node.settings.text(Setting::Requirepass).is_empty() {
        return Err(error::NO_PASSWORD_SET);
    }
    let user = auth.user.unwrap_or(DEFAULT_USER);
    if is_password(node, user, auth.password) { Ok(()) } else { Err(error::WRONG_PASSWORD) }
}

/// Whether a session may do more than show a password. A password that was
/// taken away since it came is no longer asked for.
pub(super) fn may_speak(node: &Node, session: &mut Session) -> bool {
    session.authenticated |= node.settings.text(Setting::Requirepass).is_empty();
    session.authenticated
}

fn is_password(node: &Node, user: &[u8], password: &[u8]) -> bool {
    let wanted = node.settings.text(Setting::Requirepass);
    user == DEFAULT_USER && (wanted.is_empty() || same(wanted.as_bytes(), password))
}

/// Compares in a time that does not tell how much is right.
fn same(wanted: &[u8], given: &[u8]) -> bool {
    let mut differ = wanted.len() ^ given.len();
    for (at, byte) in given.iter().enumerate() {
        let wanted = wanted.get(at % wanted.len().max(1)).copied().unwrap_or_default();
        differ |= usize::from(wanted ^ byte);
    }
    std::hint::black_box(differ) == 0
}

/// ACL.
pub(super) fn acl(node: &Node, acl: Acl<'_>) -> Reply {
    let open = node.settings.text(Setting::Requirepass).is_empty();
    match acl {
        Acl::WhoAmI => Reply::bulk(DEFAULT_USER),
        Acl::List => {
            let pass = if open { " nopass" } else { "" };
            Reply::Array(vec![Reply::bulk(format!("user default on{pass} ~* &* +@all"))])
        }
        Acl::GetUser(DEFAULT_USER) => user(open),
        Acl::GetUser(_) => Reply::Nil,
        Acl::GeneratePassword(digits) => {
            let mut password = String::with_capacity(digits);
            while password.len() < digits {
                password.push_str(&format!("{:016x}", rand::random::<u64>()));
            }
            password.truncate(digits);
            Reply::bulk(password)
        }
    }
}

fn user(open: bool) -> Reply {
    let mut flags = vec![Reply::bulk("on")];
    flags.extend(open.then(|| Reply::bulk("nopass")));
    let fields = [
        ("flags", Reply::Set(flags)),
        ("passwords", Reply::Array(Vec::new())),
        ("commands", Reply::bulk("+@all")),
        ("keys", Reply::bulk("~*")),
        ("channels", Reply::bulk("&*")),
        ("selectors", Reply::Array(Vec::new())),
    ];
    Reply::Map(fields.into_iter().map(|(name, value)| (Reply::bulk(name), value)).collect())
}

#[cfg(test)]
mod tests {
    use super::same;

    #[test]
    fn passwords_are_the_same_or_not() {
        assert!(same(b"secret", b"secret"));
        for wrong in [&b""[..], b"s", b"secreT", b"secretsecret", b"secre", b"secret\0"] {
            assert!(!same(b"secret", wrong), "{wrong:?}");
        }
    }
}
