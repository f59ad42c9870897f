//! One connected client, as others see it.

mod outbox;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering};

use lockstep_commands::{Command, Protocol, index, table};
use lockstep_core::Db;
use lockstep_net::{Connections, Link, OutputClass};
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::packed::Packed;
use crate::users::Account;
use outbox::Outbox;

/// What a client is doing or wants, one bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum Flag {
    /// It watches all commands (MONITOR).
    Monitor = 1,
    /// It listens to channels.
    PubSub = 1 << 1,
    /// It waits for something.
    Blocked = 1 << 2,
    /// It is spared when clients are closed for lack of memory.
    NoEvict = 1 << 3,
    /// Its reads leave access times alone.
    NoTouch = 1 << 4,
    /// It will be closed.
    Closing = 1 << 5,
    /// It is told that others wait for its locks (CLIENT LOCKEVENTS).
    LockEvents = 1 << 6,
    /// It may hold locks or messages, or wait for them.
    Bound = 1 << 7,
    /// It is told which keys change (CLIENT TRACKING).
    Tracking = 1 << 8,
    /// ... of all keys, or those with a prefix, read or not.
    Broadcast = 1 << 9,
    /// ... by another connection, which is gone.
    BrokenRedirect = 1 << 10,
    /// It is told what nodes say of copies of keys (CACHE TRACE).
    Traces = 1 << 11,
    /// It waits for the end of a pause (CLIENT PAUSE).
    Postponed = 1 << 12,
}

const NO_COMMAND: u16 = u16::MAX;
const NOT_IN_MULTI: i64 = -1;

/// One connected client, as others see it (CLIENT LIST) and what they ask of it
/// (CLIENT KILL, CLIENT UNBLOCK).
#[derive(Debug)]
pub struct Client {
    link: Arc<Link>,
    connections: Arc<Connections>,
    flags: AtomicU16,
    db: AtomicU8,
    protocol: AtomicU8,
    last_command: AtomicU16,
    queued: AtomicI64,
    argument_bytes: AtomicU64,
    names: Mutex<Option<Box<Names>>>,
    /// Who it is; none: nobody has told yet.
    user: Mutex<Option<Arc<Account>>>,
    /// The words of the command that it may wait with.
    waiting: Mutex<Packed>,
    /// How many channels, patterns and shard channels it listens to.
    subscriptions: [AtomicU32; 3],
    /// The client that is told instead of it which keys change; 0: it is told itself.
    redirect: AtomicU64,
    outbox: Mutex<Outbox>,
    outbox_filled: Notify,
    unblock: AtomicU8,
    unblocked: Notify,
}

/// What a client calls itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// CLIENT SETNAME.
    pub name: Vec<u8>,
    /// CLIENT SETINFO LIB-NAME.
    pub library: Vec<u8>,
    /// CLIENT SETINFO LIB-VER.
    pub library_version: Vec<u8>,
}

const UNBLOCK_BY_TIMEOUT: u8 = 1;
const UNBLOCK_BY_ERROR: u8 = 2;

impl Client {
    /// The client of a connection that was just accepted.
    pub fn new(link: Arc<Link>, connections: Arc<Connections>) -> Self {
        Client {
            link,
            connections,
            flags: AtomicU16::new(0),
            db: AtomicU8::new(0),
            protocol: AtomicU8::new(2),
            last_command: AtomicU16::new(NO_COMMAND),
            queued: AtomicI64::new(NOT_IN_MULTI),
            argument_bytes: AtomicU64::new(0),
            names: Mutex::new(None),
            user: Mutex::new(None),
            waiting: Mutex::default(),
            subscriptions: Default::default(),
            redirect: AtomicU64::new(0),
            outbox: Mutex::default(),
            outbox_filled: Notify::new(),
            unblock: AtomicU8::new(0),
            unblocked: Notify::new(),
        }
    }

    /// CLIENT ID.
    pub fn id(&self) -> u64 {
        self.link.id
    }

    /// Its connection.
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// How many seconds ago it came.
    pub fn age_seconds(&self) -> u64 {
        self.connections.now_seconds().saturating_sub(self.link.opened_seconds)
    }

    /// How many seconds nothing was read from it or written to it.
    pub fn idle_seconds(&self) -> u64 {
        self.link.idle_seconds(self.connections.now_seconds())
    }

    /// Whether a flag is set.
    pub fn has(&self, flag: Flag) -> bool {
        self.flags.load(Ordering::Relaxed) & flag as u16 != 0
    }

    /// Sets or clears a flag.
    pub fn set(&self, flag: Flag, on: bool) {
        if on {
            self.flags.fetch_or(flag as u16, Ordering::Relaxed);
        } else {
            self.flags.fetch_and(!(flag as u16), Ordering::Relaxed);
        }
    }

    /// The database it has selected.
    pub fn db(&self) -> Db {
        Db(self.db.load(Ordering::Relaxed))
    }

    /// It has selected a database.
    pub fn set_db(&self, db: Db) {
        self.db.store(db.0, Ordering::Relaxed);
    }

    /// The number of the protocol it speaks.
    pub fn protocol(&self) -> u8 {
        self.protocol.load(Ordering::Relaxed)
    }

    /// It speaks another protocol from now on.
    pub fn set_protocol(&self, protocol: Protocol) {
        let number = match protocol {
            Protocol::Resp2 => 2,
            Protocol::Resp3 => 3,
        };
        self.protocol.store(number, Ordering::Relaxed);
    }

    /// Its last command.
    pub fn last_command(&self) -> Option<&'static Command> {
        index::command(usize::from(self.last_command.load(Ordering::Relaxed)))
    }

    /// A command with so many bytes of words begins.
    pub fn set_last_command(&self, index: usize, bytes: u64) {
        let index = u16::try_from(index).unwrap_or(NO_COMMAND);
        self.last_command.store(index, Ordering::Relaxed);
        self.argument_bytes.store(bytes, Ordering::Relaxed);
    }

    /// The bytes of its last command's words.
    pub fn argument_bytes(&self) -> u64 {
        self.argument_bytes.load(Ordering::Relaxed)
    }

    /// How many commands wait for EXEC; none outside of MULTI.
    pub fn queued(&self) -> Option<usize> {
        usize::try_from(self.queued.load(Ordering::Relaxed)).ok()
    }

    /// So many commands wait for EXEC; none: not inside of MULTI.
    pub fn set_queued(&self, queued: Option<usize>) {
        let queued = queued.and_then(|count| i64::try_from(count).ok()).unwrap_or(NOT_IN_MULTI);
        self.queued.store(queued, Ordering::Relaxed);
    }

    /// Who it is.
    pub fn set_user(&self, user: &Arc<Account>) {
        *self.user.lock() = Some(user.clone());
    }

    /// Whether it is this user.
    pub fn is_of(&self, user: &Arc<Account>) -> bool {
        self.user.lock().as_ref().is_some_and(|mine| Arc::ptr_eq(mine, user))
    }

    /// The user it is, once it was told.
    pub fn user(&self) -> Option<Arc<Account>> {
        self.user.lock().clone()
    }

    /// It may wait with a command of these words; none: with one that nothing is looked at for.
    pub fn set_waiting(&self, words: &[&[u8]]) {
        self.waiting.lock().set(words);
    }

    /// Closes it if it waits with a command that its user may not run (any more).
    pub fn look_at_wait(&self) {
        let Some(user) = self.user().filter(|user| !user.is_unlimited()) else { return };
        if !self.has(Flag::Blocked) {
            return;
        }
        let waiting = self.waiting.lock();
        let words = waiting.words();
        let denied = table::name(&words)
            .is_ok_and(|(command, _)| user.rights().user.check(command.spec, &words).is_err());
        if denied {
            self.kill();
        }
    }

    /// What it calls itself.
    pub fn names(&self) -> Names {
        self.names.lock().as_deref().cloned().unwrap_or_default()
    }

    /// Changes what it calls itself.
    pub fn rename(&self, change: impl FnOnce(&mut Names)) {
        let mut names = self.names.lock();
        change(names.get_or_insert_default());
        if names.as_deref() == Some(&Names::default()) {
            *names = None;
        }
    }

    /// How many channels, patterns and shard channels it listens to.
    pub fn subscriptions(&self) -> [u32; 3] {
        [0, 1, 2].map(|kind: usize| self.subscriptions[kind].load(Ordering::Relaxed))
    }

    /// Where it is told which keys change: -1: nowhere, 0: here.
    pub fn redirect(&self) -> i64 {
        let redirect = self.redirect.load(Ordering::Relaxed);
        if self.has(Flag::Tracking) { i64::try_from(redirect).unwrap_or(i64::MAX) } else { -1 }
    }

    /// Another client, or none, is told instead of it which keys change.
    pub fn set_redirect(&self, redirect: Option<u64>) {
        self.redirect.store(redirect.unwrap_or(0), Ordering::Relaxed);
    }

    /// It listens to so many channels, patterns and shard channels from now on.
    pub fn set_subscriptions(&self, counts: [u32; 3]) {
        for (place, count) in self.subscriptions.iter().zip(counts) {
            place.store(count, Ordering::Relaxed);
        }
        self.set(Flag::PubSub, counts != [0; 3]);
    }

    /// Which bound for what it does not read holds for it.
    pub fn class(&self) -> OutputClass {
        if [Flag::PubSub, Flag::Monitor, Flag::Traces].into_iter().any(|flag| self.has(flag)) {
            OutputClass::PubSub
        } else {
            OutputClass::Normal
        }
    }

    /// Bytes that wait to be executed or to be taken by it.
    pub fn buffer_bytes(&self) -> u64 {
        let query = self.link.query_bytes.load(Ordering::Relaxed);
        let output = self.link.output_bytes.load(Ordering::Relaxed);
        (query + output + self.outbox_bytes()) as u64
    }

    /// Closes it at once.
    pub fn kill(&self) {
        self.set(Flag::Closing, true);
        self.link.close();
    }

    /// Ends its wait (CLIENT UNBLOCK); whether it was waiting.
    pub fn end_wait(&self, error: bool) -> bool {
        if !self.has(Flag::Blocked) {
            return false;
        }
        let how = if error { UNBLOCK_BY_ERROR } else { UNBLOCK_BY_TIMEOUT };
        self.unblock.store(how, Ordering::Release);
        self.unblocked.notify_one();
        true
    }

    /// Waits for the end of a pause. It counts as waiting, and CLIENT UNBLOCK does not end it.
    pub async fn postponed(&self, over: impl Future<Output = ()>) {
        let _postponed = Waiting::begin(self, Flag::Postponed);
        over.await;
    }

    /// Whether it waits, for what others do or for the end of a pause.
    pub fn waits(&self) -> bool {
        self.has(Flag::Blocked) || self.has(Flag::Postponed)
    }

    /// Waits for CLIENT UNBLOCK: whether it asks for an error. The client counts
    /// as waiting for as long as this is waited for.
    pub async fn unblocked(&self) -> bool {
        self.unblock.store(0, Ordering::Release);
        let _blocked = Waiting::begin(self, Flag::Blocked);
        // Rights may have changed since it was let in, before it counted as waiting.
        self.look_at_wait();
        loop {
            match self.unblock.swap(0, Ordering::AcqRel) {
                UNBLOCK_BY_TIMEOUT => return false,
                UNBLOCK_BY_ERROR => return true,
                _ => self.unblocked.notified().await,
            }
        }
    }
}

/// The flag of a client that waits, taken back however the wait ends.
struct Waiting<'a>(&'a Client, Flag);

impl<'a> Waiting<'a> {
    fn begin(client: &'a Client, flag: Flag) -> Self {
        client.set(flag, true);
        Waiting(client, flag)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.set(self.1, false);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    pub(super) fn client(connections: &Arc<Connections>) -> Client {
        let address = "127.0.0.1:1".parse().unwrap();
        Client::new(connections.open(address, address), connections.clone())
    }

    #[test]
    fn an_idle_client_is_small() {
        assert!(size_of::<Client>() < 400, "{}", size_of::<Client>());
    }

    #[test]
    fn a_name_that_is_taken_away_costs_nothing() {
        let connections = Arc::new(Connections::default());
        let client = client(&connections);
        client.rename(|names| names.name = b"me".to_vec());
        assert_eq!(client.names().name, b"me");
        client.rename(|names| names.name.clear());
        assert!(client.names.lock().is_none());
    }

    #[tokio::test]
    async fn only_a_waiting_client_can_be_unblocked() {
        let connections = Arc::new(Connections::default());
        let client = client(&connections);
        assert!(!client.end_wait(true));
        let asker = async {
            while !client.end_wait(true) {
                tokio::task::yield_now().await;
            }
        };
        let (error, ()) = tokio::join!(client.unblocked(), asker);
        assert!(error);
        assert!(!client.has(Flag::Blocked));
    }
}
