//! The table of settings, in the order of their tags.

use lockstep_core::queues::{
    COUNT_MAX, DEDUP_MAX, Grouping, LEASE_MS_MAX, Order, Overflow, Setting,
};

use super::super::manner::FAILS_COUNT_MAX;
use super::super::words::{NUMBER_MAX, TIME_MS_MAX};
use super::{Kind, Row};

/// The longest time that a message that failed stays away: a day.
pub(super) const BACKOFF_MS_MAX: u64 = 86_400_000;
/// By how many percent that time varies unless it is said.
pub(super) const JITTER: u64 = 20;
/// The most deliveries in a while, and the longest while.
pub(super) const RATE_MAX: u64 = 1_000_000_000;
pub(super) const RATE_MS_MAX: u64 = 86_400_000;

const TIME: &str = "a number of milliseconds from 0 to 315360000000";
const NUMBER: &str = "a number from 0 to 9007199254740991";

/// All settings.
pub(in super::super) static TABLE: &[Row] = &[
    Row {
        name: "VT",
        value: "ms",
        default: "30000",
        meaning: "The visibility timeout: for how long a delivered message is hidden from others.",
        rule: "a number of milliseconds from 1 to 43200000",
        kind: Kind::Number { min: 1, max: LEASE_MS_MAX, make: |ms| Setting::Lease { ms } },
    },
    Row {
        name: "MAXVT",
        value: "ms",
        default: "43200000",
        meaning: "The longest visibility timeout, with all QEXTEND, counted from the delivery.",
        rule: "a number of milliseconds from 1 to 43200000",
        kind: Kind::Number { min: 1, max: LEASE_MS_MAX, make: |ms| Setting::LeaseMax { ms } },
    },
    Row {
        name: "MAXDELIVER",
        value: "count",
        default: "20",
        meaning: "After so many failures a message is dead.",
        rule: "a number from 0 to 1000000",
        kind: Kind::Number {
            min: 0,
            max: FAILS_COUNT_MAX,
            make: |count| Setting::FailsMax { count: count as u32 },
        },
    },
    Row {
        name: "COUNTMODE",
        value: "FAILS | ATTEMPTS",
        default: "FAILS",
        meaning: "What MAXDELIVER counts: failures, or every delivery.",
        rule: "FAILS or ATTEMPTS",
        kind: Kind::Choice(&[
            ("fails", Setting::CountMode { attempts: false }),
            ("attempts", Setting::CountMode { attempts: true }),
        ]),
    },
    Row {
        name: "BACKOFF",
        value: "min-ms max-ms [LINEAR | EXP] [jitter]",
        default: "1000 60000 EXP 20",
        meaning: "How long a message that failed stays away: at first min-ms, then so much more \
                  each time or twice as much, at most max-ms, more or less by jitter percent.",
        rule: "two times from 0 to 86400000, the smaller one first, then LINEAR or EXP, then a \
               percentage from 0 to 100",
        kind: Kind::Backoff,
    },
    Row {
        name: "TTL",
        value: "ms",
        default: "0",
        meaning: "How long messages live; one that is delivered may be finished.",
        rule: TIME,
        kind: Kind::Number { min: 0, max: TIME_MS_MAX, make: |ms| Setting::Ttl { ms } },
    },
    Row {
        name: "EXPIRE",
        value: "DROP | DEAD",
        default: "DROP",
        meaning: "What becomes of messages whose time to live is over.",
        rule: "DROP or DEAD",
        kind: Kind::Choice(&[
            ("drop", Setting::Expire { dead: false }),
            ("dead", Setting::Expire { dead: true }),
        ]),
    },
    Row {
        name: "DELAY",
        value: "ms",
        default: "0",
        meaning: "How long messages are hidden at first.",
        rule: TIME,
        kind: Kind::Number { min: 0, max: TIME_MS_MAX, make: |ms| Setting::Delay { ms } },
    },
    Row {
        name: "DLQ",
        value: "SELF | queue",
        default: "SELF",
        meaning: "Where dead messages go: they stay in the queue as dead ones, or go to the end of \
                  another one in the same slot.",
        rule: "SELF or the name of a queue",
        kind: Kind::DeadLetters,
    },
    Row {
        name: "RETAIN",
        value: "ms",
        default: "0",
        meaning: "How long dead messages are kept.",
        rule: TIME,
        kind: Kind::Number { min: 0, max: TIME_MS_MAX, make: |ms| Setting::Retain { ms } },
    },
    Row {
        name: "MAXDEAD",
        value: "count",
        default: "0",
        meaning: "How many dead messages are kept; the oldest are dropped.",
        rule: NUMBER,
        kind: Kind::Number { min: 0, max: NUMBER_MAX, make: |count| Setting::DeadMax { count } },
    },
    Row {
        name: "MAXLEN",
        value: "count",
        default: "0",
        meaning: "How many messages there may be, the dead not counted.",
        rule: NUMBER,
        kind: Kind::Number { min: 0, max: NUMBER_MAX, make: |count| Setting::LengthMax { count } },
    },
    Row {
        name: "MAXBYTES",
        value: "bytes",
        default: "0",
        meaning: "How many bytes their bodies may have.",
        rule: NUMBER,
        kind: Kind::Number { min: 0, max: NUMBER_MAX, make: |bytes| Setting::BytesMax { bytes } },
    },
    Row {
        name: "OVERFLOW",
        value: "REJECT | DROPHEAD | DEADHEAD",
        default: "REJECT",
        meaning: "What happens when there is no room: the new message is refused, or the oldest \
                  are dropped, or dead.",
        rule: "REJECT, DROPHEAD or DEADHEAD",
        kind: Kind::Choice(&[
            ("reject", Setting::Overflow { how: Overflow::Reject {} }),
            ("drophead", Setting::Overflow { how: Overflow::DropHead {} }),
            ("deadhead", Setting::Overflow { how: Overflow::DeadHead {} }),
        ]),
    },
    Row {
        name: "ORDER",
        value: "FIFO | LIFO | PRI",
        default: "FIFO",
        meaning: "Which message is the next: the oldest, the newest, or the oldest of the highest \
                  priority.",
        rule: "FIFO, LIFO or PRI",
        kind: Kind::Choice(&[
            ("fifo", Setting::Order { how: Order::Fifo {} }),
            ("lifo", Setting::Order { how: Order::Lifo {} }),
            ("pri", Setting::Order { how: Order::Priority {} }),
        ]),
    },
    Row {
        name: "GROUPS",
        value: "OFF | OPTIONAL | REQUIRED",
        default: "OFF",
        meaning: "Whether messages may, or must, have a GROUP. Those of a group come in order, and \
                  the next only when the one before is done.",
        rule: "OFF, OPTIONAL or REQUIRED",
        kind: Kind::Choice(&[
            ("off", Setting::Groups { how: Grouping::Off {} }),
            ("optional", Setting::Groups { how: Grouping::Optional {} }),
            ("required", Setting::Groups { how: Grouping::Required {} }),
        ]),
    },
    Row {
        name: "GROUPINFLIGHT",
        value: "count",
        default: "1",
        meaning: "How many messages of a group one delivery may take.",
        rule: "a number from 1 to 10000",
        kind: Kind::Number {
            min: 1,
            max: COUNT_MAX,
            make: |count| Setting::GroupInflight { count },
        },
    },
    Row {
        name: "GROUPFAIL",
        value: "BLOCK | SKIP",
        default: "BLOCK",
        meaning: "Whether a group waits for a message that failed, or goes on and gives up its \
                  order.",
        rule: "BLOCK or SKIP",
        kind: Kind::Choice(&[
            ("block", Setting::GroupFail { skip: false }),
            ("skip", Setting::GroupFail { skip: true }),
        ]),
    },
    Row {
        name: "DEDUPWINDOW",
        value: "ms",
        default: "300000",
        meaning: "For how long the id behind DEDUP is known; 0: while the message exists.",
        rule: TIME,
        kind: Kind::Number { min: 0, max: TIME_MS_MAX, make: |ms| Setting::DedupWindow { ms } },
    },
    Row {
        name: "DEDUPSCOPE",
        value: "QUEUE | GROUP",
        default: "QUEUE",
        meaning: "Where the id behind DEDUP must be unique.",
        rule: "QUEUE or GROUP",
        kind: Kind::Choice(&[
            ("queue", Setting::DedupScope { group: false }),
            ("group", Setting::DedupScope { group: true }),
        ]),
    },
    Row {
        name: "DEDUPMAX",
        value: "count",
        default: "1000000",
        meaning: "How many such ids are known at most; the one that ends first makes room.",
        rule: "a number from 1 to 1000000",
        kind: Kind::Number { min: 1, max: DEDUP_MAX, make: |count| Setting::DedupMax { count } },
    },
    Row {
        name: "RATE",
        value: "count [per-ms]",
        default: "0",
        meaning: "How many messages are delivered in a while, which is a second unless per-ms says \
                  another.",
        rule: "a number from 0 to 1000000000, then a time from 1 to 86400000",
        kind: Kind::Rate,
    },
    Row {
        name: "MAXINFLIGHT",
        value: "count",
        default: "0",
        meaning: "How many messages may be in flight.",
        rule: NUMBER,
        kind: Kind::Number {
            min: 0,
            max: NUMBER_MAX,
            make: |count| Setting::InflightMax { count },
        },
    },
    Row {
        name: "PARTITIONS",
        value: "count | AUTO",
        default: "1",
        meaning: "Over how many partitions the queue is spread; AUTO: one for each shard, 64 at \
                  most. Order is kept within a partition and within a group. MAXLEN, MAXBYTES, \
                  RATE and MAXINFLIGHT are divided among them, rounded up. With GROUPS their \
                  number changes only while the queue is empty, and nobody should push \
                  meanwhile; there can be fewer only if the others are empty.",
        rule: "a number from 1 to 1024, or AUTO",
        kind: Kind::Partitions,
    },
    Row {
        name: "SYNC",
        value: "ALWAYS | RELAXED",
        default: "ALWAYS",
        meaning: "Whether an answer means that the message is on disk.",
        rule: "ALWAYS or RELAXED",
        kind: Kind::Choice(&[
            ("always", Setting::Sync { relaxed: false }),
            ("relaxed", Setting::Sync { relaxed: true }),
        ]),
    },
    Row {
        name: "IDLEDELETE",
        value: "ms",
        default: "0",
        meaning: "After how long a queue without messages that nobody uses is gone.",
        rule: TIME,
        kind: Kind::Number { min: 0, max: TIME_MS_MAX, make: |ms| Setting::IdleDelete { ms } },
    },
];
