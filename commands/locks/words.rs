//! The words that several commands on locks share.

use lockstep_core::locks::{LEASE_MS_MAX, LEASE_MS_MIN, NAME_BYTES_MAX, NO_END_MS, Owner};
use lockstep_core::{Origin, Token};

use crate::args::parse_integer;
use crate::{Args, BadArgs, error};

/// The name of a lock.
pub(super) fn name<'a>(args: &mut Args<'a>) -> Result<&'a [u8], BadArgs> {
    let name = args.word()?;
    if name.len() > NAME_BYTES_MAX { Err(error::LOCK_NAME_TOO_LONG) } else { Ok(name) }
}

/// What may be said about a hold, each at most once.
#[derive(Clone, Copy, Default)]
pub(super) struct Said<'a> {
    owner: Option<Owner<'a>>,
    token: Option<Token>,
    lease_ms: Option<u64>,
}

impl<'a> Said<'a> {
    /// OWNER, or else the connection.
    pub fn owner_or(&self, origin: Origin) -> Owner<'a> {
        self.owner.unwrap_or(Owner::Connection { origin })
    }

    /// OWNER.
    pub fn owner(&self) -> Option<Owner<'a>> {
        self.owner
    }

    /// TOKEN.
    pub fn token(&self) -> Option<Token> {
        self.token
    }

    /// PX or EX, in milliseconds.
    pub fn lease_ms(&self) -> Option<u64> {
        self.lease_ms
    }

    /// Takes `OWNER owner`; whether it was next.
    pub fn take_owner(&mut self, args: &mut Args<'a>) -> Result<bool, BadArgs> {
        if !args.token("owner") {
            return Ok(false);
        }
        // A client that forgot to fill in its name must not share an owner with
        // all others that forgot.
        let name = args.word()?;
        if name.is_empty() || name.len() > NAME_BYTES_MAX {
            return Err(error::BAD_OWNER);
        }
        once(&mut self.owner, Owner::Named { name })
    }

    /// Takes `TOKEN token`; whether it was next.
    pub fn take_token(&mut self, args: &mut Args<'a>) -> Result<bool, BadArgs> {
        if !args.token("token") {
            return Ok(false);
        }
        let token = parse_integer(args.word()?).and_then(|token| u64::try_from(token).ok());
        let token = token.filter(|token| (1..=NO_END_MS).contains(token));
        once(&mut self.token, Token(token.ok_or(error::BAD_TOKEN)?))
    }

    /// Takes `PX ms` or `EX seconds` of the command `name`; whether it was next.
    pub fn take_lease(&mut self, name: &str, args: &mut Args<'a>) -> Result<bool, BadArgs> {
        let unit_ms = if args.token("px") {
            1
        } else if args.token("ex") {
            1000
        } else {
            return Ok(false);
        };
        let lease_ms = args.integer()?.checked_mul(unit_ms).map(u64::try_from);
        match lease_ms {
            Some(Ok(lease_ms @ LEASE_MS_MIN..=LEASE_MS_MAX)) => once(&mut self.lease_ms, lease_ms),
            _ => Err(error::invalid_lease(name)),
        }
    }
}

/// Says something for the first time.
fn once<T>(place: &mut Option<T>, value: T) -> Result<bool, BadArgs> {
    match place.replace(value) {
        None => Ok(true),
        Some(_) => Err(error::SYNTAX),
    }
}
