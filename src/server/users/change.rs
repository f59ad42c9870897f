//! Changing users: what is written to the meta group, and when it holds here.

use std::sync::Arc;
use std::time::Duration;

use lockstep_commands::users::User;
use lockstep_commands::{BadArgs, error};
use lockstep_core::{Fault, Op, Outcome, ShardId, users};
use lockstep_raft::Delivery;

use super::DEFAULT;
use crate::Node;
use crate::config::Setting;

/// How often a change is made anew because somebody else was faster.
const TRIES_MAX: usize = 20;

/// How long a change may take to come back to this node once it is written.
const BACK_WAIT: Duration = Duration::from_secs(2);

/// How often this node looks whether it has.
const BACK_LOOK: Duration = Duration::from_millis(1);

/// Changes a user by the rules of ACL SETUSER, or makes it.
///
/// # Errors
/// A rule is none, a limit is reached, or the cluster did not take it.
pub async fn set(node: Arc<Node>, name: Vec<u8>, rules: Vec<Vec<u8>>) -> Result<(), BadArgs> {
    let open = node.settings.word(Setting::AclPubsubDefault) == "allchannels";
    edit(&node, &name, |user| {
        let user = user.unwrap_or_else(|| User::new(open)).changed(&rules, open)?;
        within_limits(&node, &user)?;
        Ok(user)
    })
    .await
}

/// Gives the default user this password and no other, in the whole cluster; empty: none is
/// asked for.
///
/// # Errors
/// The cluster did not take it.
pub async fn set_password(node: Arc<Node>, password: String) -> Result<(), BadArgs> {
    let change = |user: Option<User>| {
        let user = user.unwrap_or_else(|| User::default_with(""));
        Ok(user.with_password(&password))
    };
    edit(&node, DEFAULT, change).await
}

/// Takes users away: how many there were.
///
/// # Errors
/// The cluster did not take it.
pub async fn delete(node: Arc<Node>, names: Vec<Vec<u8>>) -> Result<u64, BadArgs> {
    let names = names.iter().map(|name| &name[..]).collect();
    match write(&node, users::Op::Delete { names }).await? {
        Outcome::List(given) => match given[..] {
            [Outcome::Int(count), Outcome::Int(epoch)] => {
                come_back(&node, epoch).await?;
                Ok(count.unsigned_abs())
            }
            _ => Err(error::UNCERTAIN),
        },
        _ => Err(error::UNCERTAIN),
    }
}

/// Waits until this node knows what the cluster knows now of its users.
///
/// # Errors
/// The meta group has no leader at the moment.
pub async fn catch_up(node: Arc<Node>) -> Result<(), BadArgs> {
    delete(node, Vec::new()).await.map(drop)
}

/// Makes something else of a user, of what it is when that is written.
async fn edit(
    node: &Arc<Node>,
    name: &[u8],
    change: impl Fn(Option<User>) -> Result<User, BadArgs>,
) -> Result<(), BadArgs> {
    node.users.look(node);
    let known = node.users.get(name).map(|account| account.rights());
    let mut version = known.as_ref().map_or(0, |known| known.version);
    let mut user = known.map(|known| known.user.clone());
    for _ in 0..TRIES_MAX {
        let bytes = change(user)?.to_bytes();
        let users_max = node.settings.number(Setting::AclUsersMax);
        let put = users::Op::Put { name, bytes: &bytes, expected: version, users_max };
        match write(node, put).await? {
            Outcome::Int(epoch) => return come_back(node, epoch).await,
            Outcome::Fault(Fault::Limit) => return Err(error::TOO_MANY_USERS),
            Outcome::List(given) => (version, user) = current(node, name, &given)?,
            _ => return Err(error::UNCERTAIN),
        }
    }
    Err(error::USER_CHANGES)
}

/// What the cluster has for a user: its version, and what it is.
fn current(node: &Node, name: &[u8], given: &[Outcome]) -> Result<(u64, Option<User>), BadArgs> {
    match given {
        [Outcome::Int(version), Outcome::Bytes(bytes)] => {
            let user = User::from_bytes(bytes).map_err(|_| error::UNCERTAIN)?;
            Ok((version.unsigned_abs(), Some(user)))
        }
        _ if name == DEFAULT => {
            let password = node.settings.text(Setting::Requirepass);
            Ok((0, Some(User::default_with(&password))))
        }
        _ => Ok((0, None)),
    }
}

fn within_limits(node: &Node, user: &User) -> Result<(), BadArgs> {
    if user.rules() as u64 > node.settings.number(Setting::AclUserRulesMax) {
        return Err(error::TOO_MANY_RULES);
    }
    if user.to_bytes().len() > node.settings.size(Setting::AclUserBytesMax) {
        return Err(error::USER_TOO_BIG);
    }
    Ok(())
}

async fn write(node: &Node, op: users::Op<'_>) -> Result<Outcome, BadArgs> {
    if node.shards.count() == 0 {
        return Err(node.shards.forming());
    }
    match node.shards.ask(ShardId::META, &Op::User { op }).await {
        Delivery::Done(mut outcomes) => outcomes.pop().ok_or(error::UNCERTAIN),
        other => Err(node.shards.failure(ShardId::META, &other)),
    }
}

/// Waits until what was written holds on this node: whoever asked sees it from then on.
async fn come_back(node: &Node, epoch: i64) -> Result<(), BadArgs> {
    let here = async {
        loop {
            node.users.look(node);
            if node.users.epoch() >= epoch.unsigned_abs() {
                return;
            }
            tokio::time::sleep(BACK_LOOK).await;
        }
    };
    tokio::time::timeout(BACK_WAIT, here).await.map_err(|_| error::UNCERTAIN)
}
