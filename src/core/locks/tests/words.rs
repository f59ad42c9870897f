//! Operations from lines of words.

use super::*;

/// The operation that a line means, with the birth of its session.
pub(super) fn op<'a>(origin: Origin, request: u64, words: &[&'a str]) -> (Op<'a>, Option<u64>) {
    let line = Line { origin, request, words };
    (line.op(), line.number("birth"))
}

struct Line<'a, 'b> {
    origin: Origin,
    request: u64,
    words: &'b [&'a str],
}

impl<'a> Line<'a, '_> {
    fn after(&self, word: &str) -> Option<&'a str> {
        let at = self.words.iter().skip(2).position(|other| *other == word)?;
        Some(self.words[at + 3])
    }

    fn number(&self, word: &str) -> Option<u64> {
        self.after(word).map(|number| number.parse::<u64>().unwrap())
    }

    fn has(&self, word: &str) -> bool {
        self.words.iter().skip(2).any(|other| *other == word)
    }

    fn names(&self) -> Vec<&'a [u8]> {
        self.words[1].split(',').map(str::as_bytes).collect()
    }

    fn named(&self) -> Option<Owner<'a>> {
        let name = self.after("owner").map(|name| Owner::Named { name: name.as_bytes() });
        name.or(self.after("session").map(|id| Owner::Session { id: id.as_bytes() }))
    }

    fn owner(&self) -> Owner<'a> {
        self.named().unwrap_or(Owner::Connection { origin: self.origin })
    }

    fn wait(&self) -> Option<Wait> {
        let (origin, request) = (self.origin, self.request);
        self.number("block").map(|block_ms| Wait::For { origin, request, block_ms })
    }

    fn mode(&self) -> Mode {
        match self.number("permits") {
            Some(count) => {
                Mode::Permits { count: count as u32, limit: self.number("limit").unwrap() as u32 }
            }
            None if self.has("shared") => Mode::Shared {},
            None if self.has("update") => Mode::Update {},
            None => Mode::Exclusive {},
        }
    }

    fn terms(&self) -> Terms<'a> {
        let prio = self.number("prio").unwrap_or_default();
        Terms::Of {
            owner: self.owner(),
            session: self.after("session").map(str::as_bytes),
            client: self.origin,
            mode: self.mode(),
            lease_ms: self.number("px"),
            wait: self.wait(),
            prio: prio as u8,
            head_start_ms: prio * 1000,
            again: match () {
                () if self.has("reenter") => Again::Count {},
                () if self.has("noreenter") => Again::Refuse {},
                () => Again::Same {},
            },
            value: self.after("value").unwrap_or_default().as_bytes(),
            id: self.after("id").map(str::as_bytes),
            delay_ms: self.number("delay").unwrap_or_default(),
            release_on_deadlock: self.has("release"),
            policy: match self.number("wound") {
                Some(grace_ms) => Policy::Wound { grace_ms },
                None if self.has("waitdie") => Policy::WaitDie {},
                None => Policy::Detect {},
            },
            asynchronous: self.has("async"),
            full: self.has("full"),
            acquiring_ms: self.number("acquiring"),
        }
    }

    fn op(&self) -> Op<'a> {
        let (name, owner, client) = (self.words[1].as_bytes(), self.owner(), self.origin);
        let token = self.number("token").map(Token);
        match self.words[0] {
            "lock" => Op::Acquire { name, terms: self.terms() },
            "unlock" => {
                let (all, strict) = (self.has("all"), self.has("strict"));
                Op::Release { name, owner, token, all, strict }
            }
            "renew" => {
                let rule = match () {
                    () if self.has("gt") => Rule::Greater {},
                    () if self.has("lt") => Rule::Less {},
                    () => Rule::Any {},
                };
                Op::Renew { name, owner, token, lease_ms: self.number("px").unwrap(), rule }
            }
            "check" => Op::Check { name, token: token.unwrap(), owner: self.named() },
            "assert" => Op::Assert { name, token: token.unwrap(), owner: self.named() },
            "info" => Op::Info { name },
            "waiters" => Op::Waiters { name, count: 100 },
            "deadlocks" => Op::Deadlocks { count: 100 },
            "of" => Op::OfOwner { text: name },
            "scan" => Op::Scan {
                cursor: 0,
                count: u32::MAX,
                filter: Filter::By {
                    pattern: self.after("match").map(str::as_bytes),
                    owner: self.after("owner").map(str::as_bytes),
                    session: self.after("session").map(str::as_bytes),
                    state: match () {
                        () if self.has("held") => State::Held {},
                        () if self.has("waited") => State::Waited {},
                        () if self.has("acquiring") => State::Acquiring {},
                        () => State::Any {},
                    },
                    min_wait_ms: self.number("minwait").unwrap_or_default(),
                },
            },
            "unblock" => Op::CancelWait {
                name,
                origin: connection(self.number("connection").unwrap()),
                request: self.number("request").unwrap(),
                error: self.has("error"),
            },
            "convert" => {
                let (mode, wait, full) = (self.mode(), self.wait(), self.has("full"));
                Op::Convert { name, owner, mode, wait, client, full }
            }
            "cancel" => Op::Cancel { name, owner, id: self.after("id").map(str::as_bytes) },
            "kill" => {
                let which = match (token, self.after("owner")) {
                    (Some(token), _) => Which::Token { token },
                    (None, Some(text)) => Which::Owner { text: text.as_bytes() },
                    (None, None) => Which::All {},
                };
                Op::Kill { name, which, reason: b"" }
            }
            "break" => {
                let (wait, cycle) = (self.number("wait").unwrap(), b"victim of cycle x->y->x");
                let by =
                    Blocked::By { owner: b"x", name: b"a", mode: Mode::Exclusive {}, by: b"y" };
                Op::Break { name, wait, cycle, links: vec![by; 100], spared: false, stood_ms: 7 }
            }
            "mlock" => {
                let (names, mode) = (self.names(), self.mode());
                Op::AcquireMany { modes: vec![mode; names.len()], names, terms: self.terms() }
            }
            "confirm" => Op::Confirm { names: self.names(), owner, lease_ms: self.number("px") },
            "munlock" => {
                let (names, waits) = (self.names(), self.has("waits"));
                Op::ReleaseMany { names, tokens: Vec::new(), owner, waits }
            }
            "abandon" => Op::Abandon { names: self.names(), owner },
            "surrender" => Op::Surrender { owner },
            "confirmed" => {
                let (wait, other) = (self.number("wait").unwrap(), self.number("other").unwrap());
                Op::Confirmed { edges: vec![Edge::Seen { name, wait, other }] }
            }
            "fence" => match token {
                Some(Token(token)) => Op::Fence { name, token, ttl_ms: self.number("px") },
                None => Op::FenceGet { name },
            },
            "latchset" => {
                let (count, ttl_ms) = (self.number("count").unwrap(), self.number("px").unwrap());
                Op::LatchSet { name, count, ttl_ms }
            }
            "latchdown" => Op::LatchDown { name, by: self.number("by").unwrap_or(1) },
            "latchwait" => Op::LatchWait { name, wait: self.wait(), client },
            "latchget" => Op::LatchGet { name },
            other => panic!("no such word: {other}"),
        }
    }
}
