//! Both servers, side by side.

use std::fmt;
use std::io;

use lockstep_tests::{Client, Kind, Server, request};

use super::compare::{Question, compare};
use super::stream::{CONNECTIONS, Step, Stream};

/// Redis compresses nothing, so that DUMP can be compared.
const REDIS: &[&str] = &["--rdbcompression", "no", "--stream-node-max-entries", "3"];
/// Streams have blocks that are small enough to end.
const LOCKSTEP: &[&str] = &["--fsync", "never", "--stream-node-max-entries", "3"];
const DATABASES: usize = 4;

/// Both servers.
pub struct Pair {
    redis: Server,
    lockstep: Server,
}

/// A reply that differs.
#[derive(Debug)]
pub struct Finding {
    /// Which step of the stream; behind the last: the final state.
    pub step: usize,
    /// What differs.
    pub what: String,
    name: String,
}

impl Pair {
    /// Starts both.
    pub fn start() -> Self {
        let redis = Server::start(Kind::Redis, REDIS);
        Self { redis, lockstep: Server::start(Kind::Lockstep, LOCKSTEP) }
    }

    /// What Redis' DUMP gives for strings of every encoding, and for a stream.
    pub fn payloads(&self) -> Vec<Vec<u8>> {
        let mut client = self.redis.client();
        let values: [&str; 7] =
            ["", "1", "-300", "70000", "hello", "12345678901", &"long".repeat(50)];
        let dumped = values.iter().map(|value| {
            client.call_words(&["SET", "x", value]);
            client.call("DUMP x").bytes().unwrap().to_vec()
        });
        let mut payloads: Vec<Vec<u8>> = dumped.collect();
        for line in [
            "DEL x",
            "XADD x 1-1 f v",
            "XADD x 2-0 f 17 g 5",
            "XADD x 5-1 f w",
            "XADD x 6-0 f x",
            "XDEL x 2-0",
            "XGROUP CREATE x g 0",
            "XREADGROUP GROUP g c COUNT 2 STREAMS x >",
        ] {
            assert!(!client.call(line).is_error(), "{line}");
        }
        payloads.push(client.call("DUMP x").bytes().unwrap().to_vec());
        // Small values stand in one string, larger ones do not.
        let long = "m".repeat(70);
        for line in [
            "HSET x f v g 12 h -70000",
            &format!("HSET x f {long}"),
            "ZADD x 1 a -2.5 b inf c 3 17",
            &format!("ZADD x 1 {long} 2 b"),
            "RPUSH x a 1 -70000 b",
            &format!("RPUSH x {}", "x".repeat(9_000)),
            "SADD x 1 -7 300000",
            "SADD x 1 a",
        ] {
            client.call("DEL x");
            assert!(!client.call(line).is_error(), "{line}");
            payloads.push(client.call("DUMP x").bytes().unwrap().to_vec());
        }
        payloads
    }

    /// Runs a stream from a clean slate and gives the first difference.
    pub fn run(&mut self, stream: &Stream) -> Option<Finding> {
        let mut ends = Ends::connect(self).unwrap();
        for batch in batches(&stream.steps) {
            let outcome = match &stream.steps[batch.start] {
                Step::Pause(time) => {
                    std::thread::sleep(*time);
                    continue;
                }
                Step::Command { connection, .. } => {
                    ends.exchange(*connection, &stream.steps[batch.clone()])
                }
            };
            match outcome {
                Ok(()) => {}
                Err((_, _, Difference::Parted)) => return None,
                Err((offset, name, Difference::Finding(what) | Difference::Unordered(what, _))) => {
                    return Some(Finding { step: batch.start + offset, what, name });
                }
            }
        }
        match ends.final_state() {
            Err(Difference::Finding(what)) => {
                Some(Finding { step: stream.steps.len(), what, name: "state".into() })
            }
            _ => None,
        }
    }
}

/// Ranges of steps that go out in one write.
fn batches(steps: &[Step]) -> Vec<std::ops::Range<usize>> {
    let mut batches: Vec<std::ops::Range<usize>> = Vec::new();
    let mut before = None;
    for (at, step) in steps.iter().enumerate() {
        let sender = match step {
            Step::Command { connection, .. } => Some(*connection),
            Step::Pause(_) => None,
        };
        let joins = matches!(step, Step::Command { joined: true, .. }) && sender == before;
        match batches.last_mut() {
            Some(last) if joins => last.end = at + 1,
            _ => batches.push(at..at + 1),
        }
        before = sender;
    }
    batches
}

/// The connections of a stream to both servers.
struct Ends {
    ends: Vec<End>,
    /// One more to Redis, to ask what stands there.
    asks: Client,
}

struct End {
    redis: Client,
    lockstep: Client,
    /// Commands of an open transaction.
    queued: Vec<Vec<Vec<u8>>>,
    /// Whether a key of the last EXISTS, and a watched key, was not there.
    missing: bool,
    watches_missing: bool,
}

enum Difference {
    /// It must not be.
    Finding(String),
    /// A watched key was not there, came, and is gone again. Redis calls that a
    /// change and drops the transaction; Lockstep sees what was seen at the WATCH and
    /// runs it. From here on the two hold different keys. Or: which members are between two
    /// where not all scores are equal is said by nobody; in sets that are not small, Redis
    /// lets chance decide.
    Parted,
    /// Members of this set were looked for by their order: it is parted if they have none.
    Unordered(String, Vec<u8>),
}

impl Ends {
    fn connect(pair: &Pair) -> io::Result<Self> {
        for server in [&pair.redis, &pair.lockstep] {
            let mut client = server.client();
            assert!(!client.call("FLUSHALL").is_error());
        }
        let ends = (0..CONNECTIONS).map(|_| {
            Ok(End {
                redis: pair.redis.client(),
                lockstep: pair.lockstep.client(),
                queued: Vec::new(),
                missing: false,
                watches_missing: false,
            })
        });
        Ok(Self { ends: ends.collect::<io::Result<_>>()?, asks: pair.redis.client() })
    }

    /// Gives where in the steps, which command, what differs.
    fn exchange(
        &mut self,
        connection: usize,
        steps: &[Step],
    ) -> Result<(), (usize, String, Difference)> {
        let end = &mut self.ends[connection];
        let commands: Vec<&Vec<Vec<u8>>> = steps
            .iter()
            .filter_map(|step| match step {
                Step::Command { words, .. } => Some(words),
                Step::Pause(_) => None,
            })
            .collect();
        let bytes: Vec<u8> = commands.iter().flat_map(|words| request(words)).collect();
        end.redis.send(&bytes).unwrap();
        // A Lockstep that closed the connection shows it at the read.
        let _ = end.lockstep.send(&bytes);
        // All replies are taken, also behind a difference: a command under way would
        // reach into the next stream.
        let mut first = Ok(());
        for (offset, words) in commands.into_iter().enumerate() {
            let same = end.compare_next(words).map_err(|what| (offset, name_of(words), what));
            first = first.and(same);
        }
        first.map_err(|(offset, name, what)| match what {
            Difference::Unordered(_, set) if is_large(&mut self.asks, &set) => {
                (offset, name, Difference::Parted)
            }
            Difference::Unordered(what, _) => (offset, name, Difference::Finding(what)),
            what => (offset, name, what),
        })
    }

    /// Compares all keys of the databases the streams use.
    fn final_state(&mut self) -> Result<(), Difference> {
        let end = &mut self.ends[0];
        for word in ["RESET", "DISCARD"] {
            let _ = (end.redis.call(word), end.lockstep.call(word));
        }
        for database in 0..DATABASES {
            let select = vec![b"SELECT".to_vec(), database.to_string().into_bytes()];
            end.ask(&select)?;
            let mut keys: Vec<Vec<u8>> = Vec::new();
            if let lockstep_tests::Value::Array(found) = end.redis.call("KEYS *") {
                keys.extend(found.iter().filter_map(|key| key.bytes().map(<[u8]>::to_vec)));
            }
            end.ask(&[b"KEYS".to_vec(), b"*".to_vec()])?;
            for key in keys {
                end.ask(&[b"TYPE".to_vec(), key.clone()])?;
                end.ask(&[b"OBJECT".to_vec(), b"ENCODING".to_vec(), key.clone()])?;
                end.ask(&[b"GET".to_vec(), key.clone()])?;
                end.ask(&[b"HGETALL".to_vec(), key.clone()])?;
                let (first, last) = (b"0".to_vec(), b"-1".to_vec());
                end.ask(&[b"LRANGE".to_vec(), key.clone(), first.clone(), last.clone()])?;
                end.ask(&[b"SMEMBERS".to_vec(), key.clone()])?;
                let scores = b"WITHSCORES".to_vec();
                end.ask(&[b"ZRANGE".to_vec(), key.clone(), first, last, scores])?;
                let (least, greatest) = (b"-".to_vec(), b"+".to_vec());
                end.ask(&[b"XRANGE".to_vec(), key.clone(), least, greatest])?;
                end.ask(&[b"XINFO".to_vec(), b"STREAM".to_vec(), key.clone()])?;
                end.ask(&[b"XINFO".to_vec(), b"GROUPS".to_vec(), key.clone()])?;
                end.ask(&[b"PEXPIRETIME".to_vec(), key])?;
            }
        }
        Ok(())
    }
}

impl End {
    fn ask(&mut self, words: &[Vec<u8>]) -> Result<(), Difference> {
        self.redis.send(&request(words)).unwrap();
        let _ = self.lockstep.send(&request(words));
        self.compare_next(words).map_err(|difference| match difference {
            Difference::Finding(what) => {
                Difference::Finding(format!("{} at the end: {what}", name_of(words)))
            }
            other => other,
        })
    }

    fn compare_next(&mut self, words: &[Vec<u8>]) -> Result<(), Difference> {
        let redis = self.redis.receive().unwrap_or_else(|problem| {
            panic!("redis gave no reply to {}: {problem}", name_of(words))
        });
        let lockstep = self
            .lockstep
            .receive()
            .map_err(|problem| format!("no reply ({problem}), redis: {}", redis.escape_ascii()))
            .map_err(Difference::Finding)?;
        let question = Question { words, queued: &self.queued };
        let same = compare(&question, &redis, &lockstep);
        let set = {
            let mut asked = self.queued.iter().map(Vec::as_slice).chain([words]);
            asked.find_map(searched_by_member).map(<[u8]>::to_vec)
        };
        let dropped = question.is("EXEC") && matches!(&redis[..], b"*-1\r\n" | b"_\r\n");
        let parted = dropped && lockstep.starts_with(b"*") && self.watches_missing;
        self.note(words, &redis);
        same.map_err(|what| match set {
            _ if parted => Difference::Parted,
            Some(set) => Difference::Unordered(what, set),
            None => Difference::Finding(what),
        })
    }

    fn note(&mut self, words: &[Vec<u8>], redis: &[u8]) {
        if redis == b"+QUEUED\r\n" {
            self.queued.push(words.to_vec());
            return;
        }
        match words[0].to_ascii_uppercase().as_slice() {
            b"EXISTS" => self.missing = redis != format!(":{}\r\n", words.len() - 1).as_bytes(),
            b"WATCH" => self.watches_missing |= self.missing,
            // With an error nothing is dropped, unless it says so.
            b"EXEC" | b"DISCARD" | b"RESET" if !redis.starts_with(b"-ERR") => {
                self.queued.clear();
                self.watches_missing = false;
            }
            _ => {}
        }
    }
}

/// The sorted set in which a command looks for members by their order.
fn searched_by_member(words: &[Vec<u8>]) -> Option<&[u8]> {
    let by_lex = || words.iter().any(|word| word.eq_ignore_ascii_case(b"BYLEX"));
    let at = match words[0].to_ascii_uppercase().as_slice() {
        b"ZRANGEBYLEX" | b"ZREVRANGEBYLEX" | b"ZLEXCOUNT" | b"ZREMRANGEBYLEX" => 1,
        b"ZRANGE" if by_lex() => 1,
        b"ZRANGESTORE" if by_lex() => 2,
        _ => return None,
    };
    words.get(at).map(Vec::as_slice)
}

/// Whether a sorted set that is not small stands at a key, in any database.
fn is_large(redis: &mut Client, key: &[u8]) -> bool {
    (0..DATABASES).any(|db| {
        redis.call(&format!("SELECT {db}"));
        redis.call_words(&[&b"OBJECT"[..], b"ENCODING", key]).bytes() == Some(b"skiplist")
    })
}

/// The name of a command with its subcommand.
fn name_of(words: &[Vec<u8>]) -> String {
    let word = |at: usize| words.get(at).map(|w| String::from_utf8_lossy(w).to_uppercase());
    let first = word(0).unwrap_or_default();
    match first.as_str() {
        "CLIENT" | "CONFIG" | "COMMAND" | "OBJECT" | "MEMORY" | "SLOWLOG" | "LATENCY" | "HELLO"
        | "XGROUP" | "XINFO" => {
            format!("{first} {}", word(1).unwrap_or_default())
        }
        _ => first,
    }
}

impl Finding {
    /// Which command differs, for telling findings apart.
    pub fn command_name(&self) -> String {
        self.name.clone()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (step {}): {}", self.name, self.step, self.what)
    }
}
