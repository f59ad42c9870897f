//! A user as the connections of this node see it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use lockstep_commands::users::User;
use parking_lot::RwLock;

/// A user as the connections of this node see it. Connections keep it; what the cluster
/// changes is changed in it.
#[derive(Debug)]
pub struct Account {
    name: Box<[u8]>,
    /// It may do everything: looked at with every command.
    unlimited: AtomicBool,
    /// Nobody is asked for a password.
    open: AtomicBool,
    /// It is no user any more.
    gone: AtomicBool,
    rights: RwLock<Arc<Rights>>,
}

/// What a user is at some time.
#[derive(Debug)]
pub struct Rights {
    /// What it may do.
    pub user: User,
    /// The same as bytes, for scripts.
    pub bytes: Vec<u8>,
    /// The version of the cluster's record; 0: there is none.
    pub version: u64,
}

impl Account {
    /// A user of this name.
    pub(super) fn new(name: &[u8], user: User, version: u64) -> Self {
        let account = Account {
            name: name.into(),
            unlimited: AtomicBool::new(false),
            open: AtomicBool::new(false),
            gone: AtomicBool::new(false),
            rights: RwLock::new(Arc::new(Rights {
                user: user.clone(),
                bytes: Vec::new(),
                version,
            })),
        };
        account.become_(user, version);
        account
    }

    /// Its name.
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// Whether it may do everything.
    pub fn is_unlimited(&self) -> bool {
        self.unlimited.load(Ordering::Acquire)
    }

    /// Whether whoever comes is this user, without a password.
    pub fn is_open(&self) -> bool {
        self.open.load(Ordering::Acquire)
    }

    /// Whether it was deleted.
    pub fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Acquire)
    }

    /// What it is now.
    pub fn rights(&self) -> Arc<Rights> {
        self.rights.read().clone()
    }

    /// It is something else from now on. Rights are there before the flag says that they
    /// have to be looked at.
    pub(super) fn become_(&self, user: User, version: u64) {
        let (unlimited, open) = (user.is_unlimited(), user.is_on() && user.needs_no_password());
        let bytes = user.to_bytes();
        *self.rights.write() = Arc::new(Rights { user, bytes, version });
        self.unlimited.store(unlimited, Ordering::Release);
        self.open.store(open, Ordering::Release);
    }

    pub(super) fn end(&self) {
        self.gone.store(true, Ordering::Release);
    }
}
