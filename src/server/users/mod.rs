//! The users of the cluster as this node knows them, and what it remembers of refusals.
//!
//! What a user is stands in the replicated state of the meta group, of which every node has
//! a replica ([`lockstep_core::users`]). A change is written there ([`change`]) and comes
//! back to every node by its replica ([`Users::look`]); the node that was asked answers when it
//! has come back.
//!
//! A command is judged on the node where its client is connected, before it is sent anywhere:
//! nodes take each other's operations, which clients cannot send, so to carry the user along
//! and to judge again elsewhere would add nothing but an older or newer view of the same rules.
//! Only what a script calls is not known before it runs: a script carries its user.
//!
//! Until the cluster has a record of the default user, each node takes it from its own
//! `requirepass`; afterwards the record holds everywhere.

mod account;
pub mod change;
pub mod guesses;
mod log;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use lockstep_commands::users::User;
use lockstep_core::users::Table;
use parking_lot::{Mutex, RwLock};

use crate::Node;
use crate::clients::Client;
use crate::config::Setting;

pub use account::{Account, Rights};
pub use guesses::Guesses;
pub use log::{Context, Entry, Log, Reason};

/// The user of connections that have not said who they are.
pub const DEFAULT: &[u8] = b"default";

/// The users of the cluster as this node knows them.
#[derive(Debug)]
pub struct Users {
    default: Arc<Account>,
    others: RwLock<BTreeMap<Box<[u8]>, Arc<Account>>>,
    /// What the accounts were made of. Held while they change, so that this happens in order.
    seen: Mutex<Table>,
    /// What is to be known may not be known yet: nobody is let in.
    unsure: AtomicBool,
    /// What was refused.
    pub log: Log,
    /// Where wrong passwords came from.
    pub guesses: Guesses,
}

impl Users {
    /// Only the default user, with this password; empty: without one.
    pub fn new(password: &str) -> Self {
        Users {
            default: Arc::new(Account::new(DEFAULT, User::default_with(password), 0)),
            others: RwLock::default(),
            seen: Mutex::default(),
            unsure: AtomicBool::new(false),
            log: Log::default(),
            guesses: Guesses::default(),
        }
    }

    /// The default user.
    pub fn default_user(&self) -> &Arc<Account> {
        &self.default
    }

    /// A user by its name.
    pub fn get(&self, name: &[u8]) -> Option<Arc<Account>> {
        if name == DEFAULT {
            return Some(self.default.clone());
        }
        self.others.read().get(name).cloned()
    }

    /// All users in the order of their names.
    pub fn all(&self) -> Vec<Arc<Account>> {
        let mut all: Vec<_> = self.others.read().values().cloned().collect();
        all.push(self.default.clone());
        all.sort_by(|a, b| a.name().cmp(b.name()));
        all
    }

    /// Who shows this name and this password, if somebody is known by them.
    pub fn admit(&self, name: &[u8], password: &[u8]) -> Option<Arc<Account>> {
        // The time it takes does not tell whether there is such a user.
        let nobody = || User::new(false).admits(password);
        let Some(account) = self.get(name) else {
            let _ = nobody();
            return None;
        };
        let sure = !self.unsure.load(Ordering::Acquire);
        (account.rights().user.admits(password) && sure).then_some(account)
    }

    /// Whether whoever connects may do what the default user may.
    pub fn is_open(&self) -> bool {
        self.default.is_open() && !self.unsure.load(Ordering::Acquire)
    }

    /// Whether nobody is let in until the users are known.
    pub fn set_unsure(&self, unsure: bool) {
        self.unsure.store(unsure, Ordering::Release);
    }

    /// Takes over what the replica of the meta group says, if that is newer.
    pub fn look(&self, node: &Node) {
        let Some(meta) = node.shards.host().meta() else { return };
        let table = meta.state().users().clone();
        let mut seen = self.seen.lock();
        // The state of a replica never goes back, but who looked first may come last.
        if table.epoch() > seen.epoch() {
            self.take(node, &seen, &table);
            *seen = table;
        }
    }

    /// The epoch of what holds here.
    pub fn epoch(&self) -> u64 {
        self.seen.lock().epoch()
    }

    /// The password of the default user as this node's settings say it, as long as the
    /// cluster has no other.
    pub fn set_own_password(&self, node: &Node) {
        let seen = self.seen.lock();
        if seen.get(DEFAULT).is_none() {
            let password = node.settings.text(Setting::Requirepass);
            self.default.become_(User::default_with(&password), 0);
            node.protect();
        }
    }

    fn take(&self, node: &Node, before: &Table, now: &Table) {
        for (name, record) in now.iter() {
            if before.get(name).is_some_and(|known| known.version == record.version) {
                continue;
            }
            // Bytes that nobody here can read: a user who may nothing.
            let user = User::from_bytes(&record.bytes).unwrap_or_else(|_| User::new(false));
            match self.get(name) {
                Some(account) => {
                    account.become_(user, record.version);
                    part_with_denied(node, &account);
                }
                None => {
                    let account = Arc::new(Account::new(name, user, record.version));
                    self.others.write().insert(name.into(), account);
                }
            }
        }
        for (name, _) in before.iter().filter(|(name, _)| now.get(name).is_none()) {
            if let Some(account) = self.others.write().remove(name) {
                account.end();
                clients_of(node, &account).for_each(|client| client.kill());
            }
        }
        node.protect();
    }
}

fn clients_of(node: &Node, account: &Arc<Account>) -> impl Iterator<Item = Arc<Client>> {
    let account = account.clone();
    node.clients.all().into_iter().filter(move |client| client.is_of(&account))
}

/// Notes what the script of a client was refused. Of a script that only reads nobody knows
/// whose it is.
pub fn note_denied_script(node: &Node, client: u64, reason: Reason, object: &[u8]) {
    let Some(client) = node.clients.get(client) else { return };
    let entry = Entry {
        reason,
        context: Context::Script,
        object: object.to_vec(),
        user: client.user().map_or_else(Vec::new, |user| user.name().to_vec()),
        client: crate::clients::line(&client),
    };
    node.users.log.add(entry, node.settings.size(Setting::AcllogMaxLen));
}

/// Closes the connections of a user that listen to what it may not hear any more, or wait for
/// what it may not have.
fn part_with_denied(node: &Node, account: &Arc<Account>) {
    if account.is_unlimited() {
        return;
    }
    let rights = account.rights();
    node.pubsub.tables().each_listener(|name, is_pattern, client| {
        if client.is_of(account) && !rights.user.hears(name, is_pattern) {
            client.kill();
        }
    });
    clients_of(node, account).for_each(|client| client.look_at_wait());
}

/// Whether whoever connects may do what the default user may.
pub fn asks_for_no_password(node: &Node) -> bool {
    node.users.is_open()
}

/// Follows the replica of the meta group for as long as the node runs.
pub async fn follow(node: Arc<Node>) {
    /// How long it may take until another node's change holds here.
    const LOOK: std::time::Duration = std::time::Duration::from_millis(50);
    let mut clock = tokio::time::interval(LOOK);
    clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        clock.tick().await;
        node.users.look(&node);
    }
}
