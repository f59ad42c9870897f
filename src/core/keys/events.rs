//! What happens to keys, for whoever listens.
//!
//! The names and classes are those of Redis 7.0 ("Redis keyspace notifications"). Nothing of
//! this is a part of what replicas agree on: one that nobody listens to notes nothing.

use super::read::View;
use super::{Keyspace, Op};
use crate::{Db, wire_enum};

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Class {
    /// Keys of any type.
    Generic = 2,
    /// Strings.
    String = 3,
    /// Lists.
    List = 4,
    /// Sets.
    Set = 5,
    /// Hashes.
    Hash = 6,
    /// Sorted sets.
    Sorted = 7,
    /// The time of a key is over.
    Expired = 8,
    /// A key made room.
    Evicted = 9,
    /// Streams.
    Stream = 10,
    /// Somebody read what is not there.
    Miss = 11,
    /// A key is there that was not.
    New = 13,
}

impl Class {
    /// Its bit among the classes that somebody listens to.
    pub const fn bit(self) -> u64 {
        1 << self as u8
    }
}

macro_rules! events {
    ($($class:ident { $($tag:literal => $event:ident $word:literal),* $(,)? })*) => {
        wire_enum! {
            /// What happened to a key: its word in Redis is the text of the variant.
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            pub enum Event { $($( #[doc = $word] $tag => $event {} ),*),* }
        }

        impl Event {
            /// Its word.
            pub fn word(self) -> &'static str {
                match self { $($( Event::$event {} => $word, )*)* }
            }

            /// What it is about.
            pub const fn class(self) -> Class {
                match self { $( $( Event::$event {} )|* => Class::$class, )* }
            }
        }
    };
}

events! {
    Generic {
        1 => Del "del", 2 => Expire "expire", 3 => Persist "persist", 4 => RenameFrom "rename_from",
        5 => RenameTo "rename_to", 6 => MoveFrom "move_from", 7 => MoveTo "move_to",
        8 => CopyTo "copy_to", 9 => Restore "restore",
    }
    String {
        16 => Set "set", 17 => SetRange "setrange", 18 => IncrBy "incrby",
        19 => IncrByFloat "incrbyfloat", 20 => Append "append", 21 => SetBit "setbit",
        22 => PfAdd "pfadd",
    }
    List {
        32 => LPush "lpush", 33 => RPush "rpush", 34 => LPop "lpop", 35 => RPop "rpop",
        36 => LInsert "linsert", 37 => LSet "lset", 38 => LTrim "ltrim", 39 => LRem "lrem",
        40 => SortStore "sortstore",
    }
    Set {
        48 => SAdd "sadd", 49 => SRem "srem", 50 => SPop "spop", 51 => SUnionStore "sunionstore",
        52 => SInterStore "sinterstore", 53 => SDiffStore "sdiffstore",
    }
    Hash {
        64 => HSet "hset", 65 => HIncrBy "hincrby", 66 => HIncrByFloat "hincrbyfloat",
        67 => HDel "hdel", 68 => HExpire "hexpire", 69 => HPersist "hpersist",
        70 => HExpired "hexpired",
    }
    Sorted {
        80 => ZAdd "zadd", 81 => ZIncr "zincr", 82 => ZRem "zrem",
        83 => ZRemRangeByRank "zremrangebyrank", 84 => ZRemRangeByScore "zremrangebyscore",
        85 => ZRemRangeByLex "zremrangebylex", 86 => ZPopMin "zpopmin", 87 => ZPopMax "zpopmax",
        88 => ZUnionStore "zunionstore", 89 => ZInterStore "zinterstore",
        90 => ZDiffStore "zdiffstore", 91 => ZRangeStore "zrangestore",
        92 => GeoSearchStore "geosearchstore", 93 => GeoRadiusStore "georadiusstore",
    }
    Stream {
        112 => XAdd "xadd", 113 => XTrim "xtrim", 114 => XDel "xdel", 115 => XSetId "xsetid",
        116 => XGroupCreate "xgroup-create", 117 => XGroupSetId "xgroup-setid",
        118 => XGroupDestroy "xgroup-destroy",
        119 => XGroupCreateConsumer "xgroup-createconsumer",
        120 => XGroupDelConsumer "xgroup-delconsumer",
    }
    Expired { 128 => Expired "expired" }
    Evicted { 129 => Evicted "evicted" }
    Miss { 130 => KeyMiss "keymiss" }
    New { 131 => New "new" }
}

/// Something that happened to a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happened {
    /// The database.
    pub db: Db,
    /// The key.
    pub key: Vec<u8>,
    /// What happened.
    pub event: Event,
}

/// What happened, as far as somebody listens.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// The bits of the classes.
    classes: u64,
    list: Vec<Happened>,
}

impl Heard {
    fn hears(&self, class: Class) -> bool {
        self.classes & class.bit() != 0
    }

    /// Notes that something happened to a key, if somebody listens.
    #[inline]
    pub fn tell(&mut self, db: Db, key: &[u8], event: Event) {
        if self.hears(event.class()) {
            self.list.push(Happened { db, key: key.to_vec(), event });
        }
    }
}

impl Keyspace {
    /// From now on events of these classes are noted, and of no others.
    pub(crate) fn hear(&mut self, classes: u64) {
        self.heard.classes = classes;
    }

    /// Whether somebody listens to a class.
    pub(super) fn hears(&self, class: Class) -> bool {
        self.heard.hears(class)
    }

    /// Whether somebody listens to anything.
    pub(super) fn hears_any(&self) -> bool {
        self.heard.classes != 0
    }

    /// Notes that something happened to a key, if somebody listens.
    #[inline]
    pub(super) fn tell(&mut self, db: Db, key: &[u8], event: Event) {
        self.heard.tell(db, key, event);
    }

    /// Takes what was noted, in order.
    pub(crate) fn take_happened(&mut self) -> Vec<Happened> {
        std::mem::take(&mut self.heard.list)
    }

    /// Notes the keys that a read does not find.
    pub(super) fn tell_missed(&mut self, now_ms: u64, op: &Op<'_>) {
        if self.hears(Class::Miss) {
            for key in self.missed(now_ms, op) {
                self.tell(op.db(), &key, Event::KeyMiss {});
            }
        }
    }

    /// The keys that a read does not find at `now_ms`, in the order in which it looks.
    ///
    /// # Panics
    /// When the operation writes.
    pub(crate) fn missed(&self, now_ms: u64, op: &Op<'_>) -> Vec<Vec<u8>> {
        // OBJECT only looks.
        if matches!(op, Op::Object { .. }) { Vec::new() } else { View::missed(self, now_ms, op) }
    }
}
