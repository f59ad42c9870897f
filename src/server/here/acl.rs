//! ACL: the users, as far as the table of commands does not know it all.

use std::sync::Arc;

use lockstep_commands::here::Acl;
use lockstep_commands::users::Denied;
use lockstep_commands::{BadArgs, Reply, error, table};

use super::Answer;
use crate::Node;
use crate::session::Session;
use crate::users::{Account, change};

/// Executes a subcommand of ACL.
pub(super) fn run<'a>(node: &Arc<Node>, session: &Session, asked: Acl<'_>) -> Answer<'a> {
    match asked {
        Acl::WhoAmI => Reply::bulk(session.user.name()).into(),
        Acl::Users => each(node, |account| Reply::bulk(account.name())).into(),
        Acl::List => {
            let line = |account: &Account| account.rights().user.line(account.name());
            each(node, |account| Reply::Bulk(line(account))).into()
        }
        Acl::GetUser(name) => {
            let account = node.users.get(name);
            account.map_or(Reply::Nil, |account| account.rights().user.description()).into()
        }
        Acl::SetUser { name, rules } => {
            let changed = change::set(node.clone(), name.to_vec(), rules);
            Answer::Later(Box::pin(async move { shown(changed.await.map(|()| Reply::Ok)) }))
        }
        Acl::DeleteUsers(names) => {
            let names = names.into_iter().map(<[u8]>::to_vec).collect();
            let deleted = change::delete(node.clone(), names);
            let number = |count| Reply::Int(i64::try_from(count).unwrap_or(i64::MAX));
            Answer::Later(Box::pin(async move { shown(deleted.await.map(number)) }))
        }
        Acl::DryRun { user, words } => shown(dry_run(node, user, &words)).into(),
        Acl::Log { count } => node.users.log.newest(count).into(),
        Acl::ResetLog => {
            node.users.log.reset();
            Reply::Ok.into()
        }
        Acl::GeneratePassword(digits) => Reply::bulk(password(digits)).into(),
    }
}

fn shown(reply: Result<Reply, BadArgs>) -> Reply {
    reply.unwrap_or_else(Reply::Error)
}

fn each(node: &Node, show: impl Fn(&Account) -> Reply) -> Reply {
    Reply::Array(node.users.all().iter().map(|account| show(account)).collect())
}

fn dry_run(node: &Node, user: &[u8], words: &[&[u8]]) -> Result<Reply, BadArgs> {
    let account = node.users.get(user).ok_or_else(|| error::dryrun_no_user(user))?;
    let (command, _) = table::name(words).map_err(|_| error::dryrun_no_command(words))?;
    if !command.spec.takes(words.len()) {
        return Err(error::wrong_arity(command.spec.name));
    }
    let Err(denied) = account.rights().user.check(command.spec, words) else {
        return Ok(Reply::Ok);
    };
    let object = String::from_utf8_lossy(denied.object(command.spec, words)).into_owned();
    let what = match denied {
        Denied::Command => format!("run the '{object}' command"),
        Denied::Key(_) => format!("access the '{object}' key"),
        Denied::Channel(_) => format!("access the '{object}' channel"),
    };
    Ok(Reply::bulk(format!("This user has no permissions to {what}")))
}

fn password(digits: usize) -> String {
    let mut password = String::with_capacity(digits + 16);
    while password.len() < digits {
        password.push_str(&format!("{:016x}", rand::random::<u64>()));
    }
    password.truncate(digits);
    password
}
