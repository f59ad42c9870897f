//! The differences that are meant, each with its reason.

use lockstep_tests::Value;

/// A difference that is meant.
pub struct Allowed {
    /// In the replies to these commands.
    pub commands: &'static [&'static str],
    /// Why.
    #[expect(dead_code, reason = "it is for the reader")]
    pub why: &'static str,
    /// What must still hold of the two replies, Redis' first.
    pub same: fn(&Value, &Value) -> bool,
}

/// All of them.
pub const ALLOWED: &[Allowed] = &[
    Allowed {
        commands: &["KEYS"],
        why: "the order of keys is free",
        same: |redis, lockstep| sorted(redis.items()) == sorted(lockstep.items()),
    },
    Allowed {
        commands: &["SCAN"],
        why: "the order of keys is free",
        same: |redis, lockstep| match (redis.items(), lockstep.items()) {
            ([end, redis], [other_end, lockstep]) => {
                end == other_end && sorted(redis.items()) == sorted(lockstep.items())
            }
            _ => false,
        },
    },
    Allowed {
        commands: &["DBSIZE"],
        why: "Redis counts keys that have ended until it happens to collect them",
        same: |redis, lockstep| near(redis, lockstep, 4),
    },
    Allowed {
        commands: &["TTL", "EXPIRETIME"],
        why: "one server was asked a moment later",
        same: |redis, lockstep| near(redis, lockstep, 2),
    },
    Allowed {
        commands: &["PTTL", "PEXPIRETIME"],
        why: "one server was asked a moment later",
        same: |redis, lockstep| near(redis, lockstep, 2_000),
    },
    Allowed {
        commands: &["TIME", "LASTSAVE"],
        why: "two clocks; Lockstep's last save is its last snapshot",
        same: |redis, lockstep| std::mem::discriminant(redis) == std::mem::discriminant(lockstep),
    },
    Allowed {
        commands: &["RANDOMKEY"],
        why: "a random choice",
        same: |redis, lockstep| matches!((redis, lockstep), (Value::Bulk(_), Value::Bulk(_))),
    },
    Allowed {
        commands: &["OBJECT REFCOUNT", "OBJECT IDLETIME"],
        why: "Redis shares small numbers between keys, with their time of access",
        same: |redis, lockstep| matches!((redis, lockstep), (Value::Int(_), Value::Int(_))),
    },
    Allowed {
        commands: &["MEMORY USAGE"],
        why: "costs are a server's own, and Redis still sees keys that have ended",
        same: |redis, lockstep| !redis.is_error() && !lockstep.is_error(),
    },
    Allowed {
        commands: &["ROLE"],
        why: "the offset of replication is a server's own",
        same: |redis, lockstep| match (redis.items(), lockstep.items()) {
            ([role, _, replicas], [other_role, Value::Int(_), other_replicas]) => {
                role == other_role && replicas == other_replicas
            }
            _ => false,
        },
    },
    Allowed {
        commands: &["GETEX", "RESTORE"],
        why: "Lockstep judges all words before it looks at the key, Redis some of them after",
        same: |redis, lockstep| {
            let refused = ["not an integer", "invalid expire time", "Invalid "];
            let found = redis.text();
            let told = found.starts_with("BUSYKEY") || found.starts_with("WRONGTYPE");
            (*redis == Value::Nil || told)
                && lockstep.is_error()
                && refused.iter().any(|text| lockstep.text().contains(text))
        },
    },
    Allowed {
        commands: &["HGETALL", "HKEYS", "HVALS", "SMEMBERS", "SUNION", "SINTER", "SDIFF"],
        why: "the order of fields and members is free",
        same: |redis, lockstep| sorted_deep(redis) == sorted_deep(lockstep),
    },
    Allowed {
        commands: &["HSCAN", "SSCAN", "ZSCAN"],
        why: "the order of fields is free, and a bad option is told before the key is looked at",
        same: |redis, lockstep| {
            let refused = ["invalid cursor", "not an integer", "syntax error"];
            let early = redis.text().starts_with("WRONGTYPE") || redis.items().len() == 2;
            let told =
                lockstep.is_error() && refused.iter().any(|text| lockstep.text().contains(text));
            sorted_deep(redis) == sorted_deep(lockstep) || (early && told)
        },
    },
    Allowed {
        commands: &["HRANDFIELD", "SRANDMEMBER", "ZRANDMEMBER"],
        why: "a random choice",
        same: |redis, lockstep| {
            std::mem::discriminant(redis) == std::mem::discriminant(lockstep)
                && redis.items().len() == lockstep.items().len()
        },
    },
    Allowed {
        commands: &["BITCOUNT", "BITPOS"],
        why: "Lockstep judges all words before it looks at the key",
        same: |redis, lockstep| {
            let refused = ["not an integer", "syntax error"];
            let found = matches!(redis, Value::Int(_)) || redis.text().starts_with("WRONGTYPE");
            found
                && lockstep.is_error()
                && refused.iter().any(|text| lockstep.text().contains(text))
        },
    },
    Allowed {
        commands: &["GET"],
        why: "within transactions and pipelines only Redis keeps the count that PFCOUNT tells",
        same: |redis, lockstep| match (redis.bytes(), lockstep.bytes()) {
            (Some(redis), Some(lockstep)) => {
                let parts =
                    |bytes: &[u8]| Some((bytes.get(..8)?.to_vec(), bytes.get(16..)?.to_vec()));
                redis.starts_with(b"HYLL") && parts(redis) == parts(lockstep)
            }
            _ => false,
        },
    },
    Allowed {
        commands: &["LSET"],
        why: "Lockstep judges all words before it looks at the key",
        same: |redis, lockstep| {
            let found = redis.text();
            (found.starts_with("ERR no such key") || found.starts_with("WRONGTYPE"))
                && lockstep.text().contains("not an integer")
        },
    },
    Allowed {
        commands: &["LCS"],
        why: "Lockstep judges all words before it looks at the keys",
        same: |redis, lockstep| redis.text().contains("must contain string") && lockstep.is_error(),
    },
    Allowed {
        commands: &["LINDEX", "LPOP", "RPOP"],
        why: "Lockstep judges all words before it looks at the key",
        same: |redis, lockstep| {
            (*redis == Value::Nil || redis.text().starts_with("WRONGTYPE")) && lockstep.is_error()
        },
    },
    Allowed {
        commands: &[
            "ZUNION",
            "ZINTER",
            "ZDIFF",
            "ZUNIONSTORE",
            "ZINTERSTORE",
            "ZDIFFSTORE",
            "ZINTERCARD",
        ],
        why: "Lockstep judges all words before it looks at the keys",
        same: |redis, lockstep| redis.text().starts_with("WRONGTYPE") && lockstep.is_error(),
    },
    Allowed {
        commands: &[
            "GEORADIUSBYMEMBER",
            "GEORADIUSBYMEMBER_RO",
            "GEORADIUS",
            "GEORADIUS_RO",
            "GEOSEARCH",
            "GEOSEARCHSTORE",
        ],
        why: "Lockstep judges all words before it looks at the key",
        same: |redis, lockstep| {
            let found = redis.text();
            let told = found.contains("could not decode") || found.starts_with("WRONGTYPE");
            told && lockstep.is_error()
        },
    },
    Allowed {
        commands: &["DUMP"],
        why: "Lockstep writes collections in the plain form of their types",
        same: |redis, lockstep| match (redis.bytes(), lockstep.bytes()) {
            (Some([kind, ..]), Some([other, ..])) => *kind != 0 && *other != 0,
            _ => false,
        },
    },
    Allowed {
        commands: &["XINFO", "XPENDING"],
        why: "one server was asked a moment later, and each counts the parts of a stream in its own way",
        same: |redis, lockstep| timeless(redis) == timeless(lockstep),
    },
    Allowed {
        commands: &["XREAD", "XREADGROUP", "XGROUP", "XACK", "XCLAIM", "XDEL", "XINFO"],
        why: "Lockstep judges all words before it looks at the keys",
        same: |redis, lockstep| {
            let found = redis.text();
            let refused = ["WRONGTYPE", "NOGROUP", "ERR no such key", "ERR The XGROUP subcommand"];
            (*redis == Value::Int(0) || refused.iter().any(|text| found.starts_with(text)))
                && lockstep.text().starts_with("ERR")
                && !refused.iter().any(|text| lockstep.text().starts_with(text))
        },
    },
    Allowed {
        commands: &["HELLO"],
        why: "version and connection ids are a server's own",
        same: same_hello,
    },
    Allowed {
        commands: &[
            "COMMAND HELP",
            "CONFIG HELP",
            "CLIENT HELP",
            "OBJECT HELP",
            "MEMORY HELP",
            "SLOWLOG HELP",
            "LATENCY HELP",
            "XGROUP HELP",
            "XINFO HELP",
        ],
        why: "help texts are a server's own",
        same: |redis, lockstep| !redis.items().is_empty() && !lockstep.items().is_empty(),
    },
];

fn sorted(items: &[Value]) -> Vec<Vec<u8>> {
    let mut all: Vec<_> =
        items.iter().map(|item| item.bytes().unwrap_or_default().to_vec()).collect();
    all.sort();
    all
}

/// All that is in a reply, sorted.
fn sorted_deep(value: &Value) -> Vec<String> {
    let mut all: Vec<String> = match value {
        Value::Array(items) => items.iter().flat_map(sorted_deep).collect(),
        other => vec![format!("{other:?}")],
    };
    all.sort();
    all
}

/// A reply about a stream without what depends on when it was asked: times since the
/// epoch, times that something is idle (behind a name, and the third of four about an
/// entry that is pending), and how many parts it has.
fn timeless(value: &Value) -> String {
    let hidden = |name: &Value| {
        let names: [&[u8]; 3] = [b"radix-tree-nodes", b"idle", b"seen-time"];
        names.iter().any(|known| name.bytes() == Some(known))
    };
    let items = match value {
        Value::Array(items) => items,
        Value::Map(pairs) => {
            let pair = |(name, value): &(Value, Value)| match hidden(name) {
                true => format!("{name:?}: time"),
                false => format!("{name:?}: {}", timeless(value)),
            };
            return pairs.iter().map(pair).collect::<Vec<_>>().join(" ");
        }
        Value::Int(1_000_000_000_000..) => return "time".to_owned(),
        other => return format!("{other:?}"),
    };
    let pending =
        matches!(&items[..], [Value::Bulk(_), Value::Bulk(_), Value::Int(_), Value::Int(_)]);
    let shown = items.iter().enumerate().map(|(at, item)| {
        let before = at.checked_sub(1).map(|at| &items[at]);
        match (before.is_some_and(hidden), pending && at == 2) {
            (false, false) => timeless(item),
            _ => "time".to_owned(),
        }
    });
    format!("[{}]", shown.collect::<Vec<_>>().join(" "))
}

/// Both times, or both the same negative number.
fn near(redis: &Value, lockstep: &Value, by: i64) -> bool {
    match (redis, lockstep) {
        (Value::Int(redis), Value::Int(lockstep)) => {
            *redis >= 0 && *lockstep >= 0 && (redis - lockstep).abs() <= by
        }
        _ => false,
    }
}

fn same_hello(redis: &Value, lockstep: &Value) -> bool {
    let equal = |name| redis.field(name).is_some() && redis.field(name) == lockstep.field(name);
    equal("proto") && equal("mode") && equal("role") && lockstep.field("id").is_some()
}
