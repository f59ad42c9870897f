//! The words that several commands on locks share.

use lockstep_core::locks::{LEASE_MS_MAX, LEASE_MS_MIN, Mode, NAME_BYTES_MAX, NO_END_MS, Owner};
use lockstep_core::sessions::{DELAY_MS_MAX, ID_BYTES_MAX as SESSION_BYTES_MAX};
use lockstep_core::{Origin, Outcome, Token};

use crate::args::parse_integer;
use crate::reply::plain;
use crate::{Args, BadArgs, Reply, Spec, error};

/// The longest value of a hold, the longest id of a request and the longest reason.
const VALUE_BYTES_MAX: usize = 4096;
const ID_BYTES_MAX: usize = 64;
const REASON_BYTES_MAX: usize = 256;

/// The longest life of what is no hold: the highest token of a resource, a latch.
const TTL_MS_MAX: u64 = 365 * LEASE_MS_MAX;

/// The name of a lock.
pub(super) fn name<'a>(args: &mut Args<'a>) -> Result<&'a [u8], BadArgs> {
    let name = args.word()?;
    if name.len() > NAME_BYTES_MAX { Err(error::LOCK_NAME_TOO_LONG) } else { Ok(name) }
}

/// `numkeys` and so many names, at most `names_max`.
pub(super) fn names<'a>(args: &mut Args<'a>, names_max: usize) -> Result<Vec<&'a [u8]>, BadArgs> {
    let count = usize::try_from(args.integer()?).unwrap_or(0);
    if count == 0 {
        return Err(error::NUMKEYS_NOT_POSITIVE);
    }
    if count > args.len() {
        return Err(error::SYNTAX);
    }
    if count > names_max {
        return Err(error::too_many_names(names_max));
    }
    (0..count).map(|_| name(args)).collect()
}

/// The next word as the id of a session.
pub(crate) fn session<'a>(args: &mut Args<'a>) -> Result<&'a [u8], BadArgs> {
    let id = args.word()?;
    // No session has such an id, so that it needs no shard to say so.
    if id.is_empty() || id.len() > SESSION_BYTES_MAX { Err(error::NO_SESSION) } else { Ok(id) }
}

/// A mode, if the next word is one.
pub(super) fn mode(args: &mut Args<'_>) -> Option<Mode> {
    if args.token("exclusive") {
        Some(Mode::Exclusive {})
    } else if args.token("shared") {
        Some(Mode::Shared {})
    } else if args.token("update") {
        Some(Mode::Update {})
    } else {
        None
    }
}

/// A word as a token.
pub(super) fn token(word: &[u8]) -> Result<Token, BadArgs> {
    let token = parse_integer(word).and_then(|token| u64::try_from(token).ok());
    token.filter(|token| (1..=NO_END_MS).contains(token)).map(Token).ok_or(error::BAD_TOKEN)
}

/// The next word as the bytes that a hold carries.
pub(super) fn value<'a>(args: &mut Args<'a>) -> Result<&'a [u8], BadArgs> {
    let value = args.word()?;
    if value.len() > VALUE_BYTES_MAX { Err(error::VALUE_TOO_LONG) } else { Ok(value) }
}

/// The next word as the id of a request.
pub(crate) fn request_id<'a>(args: &mut Args<'a>) -> Result<&'a [u8], BadArgs> {
    let id = args.word()?;
    if (1..=ID_BYTES_MAX).contains(&id.len()) { Ok(id) } else { Err(error::BAD_REQUEST_ID) }
}

/// The next word as the reason that a holder is told.
pub(super) fn reason<'a>(args: &mut Args<'a>) -> Result<&'a [u8], BadArgs> {
    let reason = args.word()?;
    if reason.len() > REASON_BYTES_MAX { Err(error::REASON_TOO_LONG) } else { Ok(reason) }
}

/// The next word as a lock-delay of the command `name`.
pub(crate) fn delay(name: &str, args: &mut Args<'_>) -> Result<u64, BadArgs> {
    let ms = args.integer()?;
    let ms = u64::try_from(ms).ok().filter(|ms| *ms <= DELAY_MS_MAX);
    ms.ok_or_else(|| error::invalid_delay(name))
}

/// The next word as a number of at least one, for counts.
pub(super) fn positive(args: &mut Args<'_>) -> Result<u32, BadArgs> {
    args.integer_in(1, u32::MAX.into()).map(|number| number as u32)
}

/// Takes `PX milliseconds` or `EX seconds` as a time to live of the command
/// `name`, longer than a lease may be; nothing if neither is next.
pub(super) fn ttl(name: &str, args: &mut Args<'_>) -> Result<Option<u64>, BadArgs> {
    let Some(unit_ms) = unit_ms(args) else { return Ok(None) };
    let ms = args.integer()?.checked_mul(unit_ms).and_then(|ms| u64::try_from(ms).ok());
    let ms = ms.filter(|ms| (1..=TTL_MS_MAX).contains(ms));
    ms.map(Some).ok_or_else(|| error::invalid_expire(name))
}

/// Takes `PX` or `EX`: the milliseconds of its unit.
fn unit_ms(args: &mut Args<'_>) -> Option<i64> {
    if args.token("px") {
        Some(1)
    } else if args.token("ex") {
        Some(1000)
    } else {
        None
    }
}

/// What may be said about a hold, each at most once.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Said<'a> {
    owner: Option<&'a [u8]>,
    session: Option<&'a [u8]>,
    token: Option<Token>,
    lease_ms: Option<u64>,
}

impl<'a> Said<'a> {
    /// OWNER, else SESSION, else the connection.
    pub fn owner_or(&self, origin: Origin) -> Owner<'a> {
        self.owner().unwrap_or(Owner::Connection { origin })
    }

    /// OWNER, else SESSION.
    pub fn owner(&self) -> Option<Owner<'a>> {
        let named = self.owner.map(|name| Owner::Named { name });
        named.or(self.session.map(|id| Owner::Session { id }))
    }

    /// Whether OWNER was said.
    pub fn is_named(&self) -> bool {
        self.owner.is_some()
    }

    /// SESSION.
    pub fn session(&self) -> Option<&'a [u8]> {
        self.session
    }

    /// TOKEN.
    pub fn token(&self) -> Option<Token> {
        self.token
    }

    /// PX or EX, in milliseconds.
    pub fn lease_ms(&self) -> Option<u64> {
        self.lease_ms
    }

    /// Takes `OWNER owner` or `SESSION session`, not both; whether one was next.
    pub fn take_owner(&mut self, args: &mut Args<'a>) -> Result<bool, BadArgs> {
        let taken = self.take_name(args)? || self.take_session(args)?;
        match (self.owner, self.session) {
            (Some(_), Some(_)) => Err(error::SYNTAX),
            _ => Ok(taken),
        }
    }

    /// Takes `OWNER owner`; whether it was next.
    pub fn take_name(&mut self, args: &mut Args<'a>) -> Result<bool, BadArgs> {
        if !args.token("owner") {
            return Ok(false);
        }
        // A client that forgot to fill in its name must not share an owner with
        // all others that forgot.
        let name = args.word()?;
        if name.is_empty() || name.len() > NAME_BYTES_MAX {
            return Err(error::BAD_OWNER);
        }
        once(&mut self.owner, name)
    }

    /// Takes `SESSION session`; whether it was next.
    pub fn take_session(&mut self, args: &mut Args<'a>) -> Result<bool, BadArgs> {
        if !args.token("session") {
            return Ok(false);
        }
        let id = session(args)?;
        once(&mut self.session, id)
    }

    /// Takes `TOKEN token`; whether it was next.
    pub fn take_token(&mut self, args: &mut Args<'a>) -> Result<bool, BadArgs> {
        if !args.token("token") {
            return Ok(false);
        }
        let token = token(args.word()?)?;
        once(&mut self.token, token)
    }

    /// Takes `PX ms` or `EX seconds` of the command `name`; whether it was next.
    pub fn take_lease(&mut self, name: &str, args: &mut Args<'a>) -> Result<bool, BadArgs> {
        let Some(unit_ms) = unit_ms(args) else { return Ok(false) };
        match args.integer()?.checked_mul(unit_ms).map(u64::try_from) {
            Some(Ok(lease_ms @ LEASE_MS_MIN..=LEASE_MS_MAX)) => once(&mut self.lease_ms, lease_ms),
            _ => Err(error::invalid_lease(name)),
        }
    }
}

/// Says something for the first time.
pub(crate) fn once<T>(place: &mut Option<T>, value: T) -> Result<bool, BadArgs> {
    match place.replace(value) {
        None => Ok(true),
        Some(_) => Err(error::SYNTAX),
    }
}

/// Takes a word that stands for itself, for the first time; whether it was next.
pub(crate) fn flag(place: &mut bool, word: &str, args: &mut Args<'_>) -> Result<bool, BadArgs> {
    if !args.token(word) {
        return Ok(false);
    }
    if std::mem::replace(place, true) { Err(error::SYNTAX) } else { Ok(true) }
}

/// The outcomes of a list with their names; anything else as it is. Words are bulk
/// strings here, as names and values of maps are in Redis.
pub(crate) fn named(spec: &Spec, names: &[&str], outcome: Outcome) -> Reply {
    let Outcome::List(parts) = outcome else { return plain(spec, outcome) };
    let pairs = names.iter().zip(parts);
    Reply::Map(pairs.map(|(name, part)| (Reply::bulk(name), value_of(spec, part))).collect())
}

/// An outcome as a value of a map.
pub(crate) fn value_of(spec: &Spec, outcome: Outcome) -> Reply {
    match outcome {
        Outcome::Word(word) => Reply::bulk(word),
        Outcome::List(parts) => {
            Reply::Array(parts.into_iter().map(|part| value_of(spec, part)).collect())
        }
        other => plain(spec, other),
    }
}

/// A list of lists, each with these names.
pub(crate) fn each_named(spec: &Spec, names: &[&str], outcome: Outcome) -> Reply {
    let Outcome::List(items) = outcome else { return plain(spec, outcome) };
    Reply::Array(items.into_iter().map(|item| named(spec, names, item)).collect())
}
