//! What one connection knows of itself.

use std::sync::Arc;
use std::time::Duration;

use lockstep_commands::here::{CacheMode, ReplySwitch};
use lockstep_commands::{Command, Protocol, Reply, index};
use lockstep_core::Db;
use lockstep_net::{Link, Output};

use crate::Node;
use crate::clients::{Client, Flag};
use crate::config::Setting;
use crate::pubsub::{self, Subscriptions};
use crate::slowlog::Kept;
use crate::tracking::Tracks;
use crate::users::{Account, asks_for_no_password};

/// What one connection knows of itself. Lives on the connection's task.
#[derive(Debug)]
pub struct Session {
    /// What others may see of it (CLIENT LIST) and may ask of it (CLIENT KILL).
    pub client: Arc<Client>,
    /// The selected database.
    pub db: Db,
    /// The protocol it speaks.
    pub protocol: Protocol,
    /// Whether it has shown a password, or none was asked for when it came.
    pub authenticated: bool,
    /// Who it is.
    pub user: Arc<Account>,
    /// Whether it watches all commands (MONITOR).
    pub monitors: bool,
    /// Whether its commands answer at once instead of waiting (inside EXEC).
    pub denies_waiting: bool,
    /// The number of the entry of the slow log that came next when EXEC was last called.
    pub executes_behind: u64,
    /// What it takes for good of copies (CLIENT CACHEMODE).
    pub copies: CacheMode,
    /// What it was answered may rest here (`cache-write-mode back`): of how many keys the last
    /// writes had been lost before.
    pub written_here: Option<u64>,
    /// The id of the lock session it is attached to (SESSION ATTACH).
    pub attached: Option<Arc<[u8]>>,
    /// What it listens to; none: nothing.
    pub subscriptions: Option<Box<Subscriptions>>,
    /// What it wants to be told of keys that change; none: nothing.
    pub tracks: Option<Box<Tracks>>,
    /// How many bytes the command had that is about clients.
    pub asked_bytes: u64,
    replies: Replies,
    kept: Kept,
}

/// Whether replies are sent (CLIENT REPLY).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Replies {
    #[default]
    On,
    Off,
    /// The reply of the running command, CLIENT REPLY SKIP, is none; that of the
    /// next one is not sent.
    SkipNext,
    Skip,
}

impl Session {
    /// The session of a connection that was just accepted.
    pub fn open(node: &Node, link: Arc<Link>) -> Self {
        let client = Arc::new(Client::new(link, node.connections.clone()));
        let user = node.users.default_user().clone();
        client.set_user(&user);
        node.clients.enter(client.clone());
        Session {
            client,
            db: Db(0),
            protocol: Protocol::Resp2,
            authenticated: asks_for_no_password(node),
            user,
            monitors: false,
            denies_waiting: false,
            executes_behind: 0,
            copies: CacheMode::default(),
            written_here: None,
            attached: None,
            subscriptions: None,
            tracks: None,
            asked_bytes: 0,
            replies: Replies::On,
            kept: Kept::default(),
        }
    }

    /// The connection is over.
    pub fn close(&mut self, node: &Node) {
        node.clients.leave(self.client.id());
        self.stop_tracking(node);
        pubsub::leave_all(node, self);
        self.stop_monitoring(node);
        node.cache.trace_nothing(&self.client);
    }

    /// A command begins.
    pub fn began(&mut self, command: &'static Command, words: &[&[u8]]) {
        let bytes = words.iter().map(|word| word.len() as u64).sum();
        self.client.set_last_command(index::of(command.spec), bytes);
    }

    /// A command about clients has these words: CLIENT LIST counts the bytes of what it is
    /// asked by.
    pub fn asks_with(&mut self, words: &[&[u8]]) {
        let digits = |number: usize| number.max(1).ilog10() as usize + 1;
        let of_word = |word: &&[u8]| word.len() + digits(word.len()) + 5;
        let bytes = words.iter().map(of_word).sum::<usize>() + digits(words.len()) + 3;
        self.asked_bytes = bytes as u64;
    }

    /// What it keeps in memory: names of channels, prefixes of keys.
    pub fn held_bytes(&self) -> usize {
        let names = self.subscriptions.as_ref().map_or(0, |names| names.bytes());
        let prefixes = self.tracks.as_ref().map_or(0, |tracks| tracks.bytes());
        names + prefixes
    }

    /// Whether it may do no more than listen: it speaks RESP2 and has subscribed.
    pub fn only_listens(&self) -> bool {
        self.protocol == Protocol::Resp2 && self.subscriptions.is_some()
    }

    /// Appends a reply, unless the client wants none. What is out of band it wants
    /// in any case.
    pub fn send(&mut self, reply: &Reply, out: &mut Output) {
        self.client.set_db(self.db);
        // HELLO's own reply is in the protocol it has chosen.
        out.protocol = self.protocol;
        if self.replies == Replies::On || is_out_of_band(reply) {
            out.reply(reply);
        }
        match self.replies {
            Replies::On | Replies::Off => {}
            Replies::SkipNext => self.replies = Replies::Skip,
            Replies::Skip => self.replies = Replies::On,
        }
    }

    /// CLIENT REPLY.
    pub fn switch_replies(&mut self, switch: ReplySwitch) {
        self.replies = match (switch, self.replies) {
            (ReplySwitch::On, _) => Replies::On,
            (ReplySwitch::Off, _) | (ReplySwitch::Skip, Replies::Off) => Replies::Off,
            (ReplySwitch::Skip, _) => Replies::SkipNext,
        };
    }

    /// Selects a database.
    pub fn select(&mut self, db: Db) {
        self.db = db;
        self.client.set_db(db);
    }

    /// Speaks another protocol from now on.
    pub fn speak(&mut self, protocol: Protocol) {
        self.protocol = protocol;
        self.client.set_protocol(protocol);
    }

    /// It has said who it is.
    pub fn become_user(&mut self, user: Arc<Account>) {
        self.client.set_user(&user);
        self.authenticated = true;
        if user.is_gone() {
            // Deleted in between: who closed its connections has not seen this one.
            self.client.kill();
        }
        self.user = user;
    }

    /// RESET: as good as new, but for what lives elsewhere (the transaction) and
    /// what RESET leaves alone (NO-EVICT, the library's name).
    pub fn reset(&mut self, node: &Node) {
        self.stop_tracking(node);
        pubsub::leave_all(node, self);
        self.stop_monitoring(node);
        node.cache.trace_nothing(&self.client);
        self.select(Db(0));
        self.speak(Protocol::Resp2);
        self.client.rename(|names| names.name.clear());
        self.user = node.users.default_user().clone();
        self.client.set_user(&self.user);
        self.authenticated = asks_for_no_password(node);
        self.attached = None;
        self.copies = CacheMode::default();
        self.replies = Replies::On;
        self.client.set(Flag::LockEvents, false);
    }

    /// Keeps the words of a command that ends later, for the slow log; none if
    /// the slow log is off.
    pub fn keep_words(&mut self, node: &Node, words: &[&[u8]]) -> Option<usize> {
        let off = node.settings.signed(Setting::SlowlogLogSlowerThan) < 0
            && node.settings.number(Setting::LatencyMonitorThreshold) == 0;
        if off { None } else { Some(self.kept.keep(words)) }
    }

    /// A command whose words were kept has ended.
    pub fn offer_kept(&self, node: &Node, elapsed: Duration, kept: Option<usize>) {
        if let Some(words) = kept.and_then(|at| self.kept.words(at)) {
            node.slowlog.offer_shortened(node, self, elapsed, || words);
        }
    }

    /// What the slow log would show of words that were kept, if it takes commands that take no
    /// time: the command goes on to wait, which does not count.
    pub fn shown_words(&self, node: &Node, kept: Option<usize>) -> Option<Vec<Vec<u8>>> {
        let all = node.settings.signed(Setting::SlowlogLogSlowerThan) == 0;
        kept.filter(|_| all).and_then(|at| self.kept.words(at)).map(|words| words.shown())
    }

    /// All commands whose words were kept have ended.
    pub fn forget_words(&mut self) {
        self.kept.clear();
    }

    /// It is not told any more which keys change.
    pub fn stop_tracking(&mut self, node: &Node) {
        if self.tracks.take().is_some() {
            node.tracking.leave(self.client.id());
        }
    }

    fn stop_monitoring(&mut self, node: &Node) {
        if std::mem::take(&mut self.monitors) {
            node.monitors.leave(&self.client);
        }
    }
}

fn is_out_of_band(reply: &Reply) -> bool {
    matches!(reply, Reply::Push(_) | Reply::Several(_))
}
