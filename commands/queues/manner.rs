//! What may be said about a message that is pushed: what QPUSH and QMPUSH share.

use lockstep_core::queues::{Dedup, HEADER_BYTES_MAX, HEADERS_MAX, Manner, Visible};

use super::words::{
    NUMBER_MAX, TIME_MS_MAX, group, priority, short, take_number, visibility, visible,
};
use crate::locks::words::{flag, once};
use crate::{Args, BadArgs, Context, error};

/// So many failures at most are counted towards a message's death.
pub(super) const FAILS_COUNT_MAX: u64 = 1_000_000;

/// Names and values that go with a message.
type Headers<'a> = Vec<(&'a [u8], &'a [u8])>;

/// The words about messages, each at most once.
#[derive(Debug, Default)]
pub(super) struct Asked<'a> {
    visible: Option<Visible>,
    ttl_ms: Option<u64>,
    priority: Option<u8>,
    group: Option<&'a [u8]>,
    lease_ms: Option<u64>,
    fails_max: Option<u64>,
    headers: Option<Headers<'a>>,
    dedup: Option<Dedup<'a>>,
    length_max: Option<u64>,
    no_create: bool,
    timeout_ms: Option<u64>,
}

impl<'a> Asked<'a> {
    /// Takes what the command `name` says next, if it is about the message; whether
    /// it was.
    pub fn take(&mut self, name: &str, args: &mut Args<'a>) -> Result<bool, BadArgs> {
        if let Some(when) = visible(args)? {
            return once(&mut self.visible, when);
        }
        Ok(take_number(&mut self.ttl_ms, "TTL", 1, TIME_MS_MAX, args)?
            || take_number(&mut self.fails_max, "MAXDELIVER", 0, FAILS_COUNT_MAX, args)?
            || take_number(&mut self.length_max, "MAXLEN", 1, NUMBER_MAX, args)?
            || take_number(&mut self.timeout_ms, "TIMEOUT", 0, TIME_MS_MAX, args)?
            || flag(&mut self.no_create, "nocreate", args)?
            || self.take_details(name, args)?)
    }

    fn take_details(&mut self, name: &str, args: &mut Args<'a>) -> Result<bool, BadArgs> {
        if args.token("pri") {
            once(&mut self.priority, priority("PRI", args)?)
        } else if args.token("group") {
            once(&mut self.group, group(args)?)
        } else if args.token("vt") {
            once(&mut self.lease_ms, visibility(name, 1, args)?)
        } else if args.token("hdr") {
            once(&mut self.headers, headers(args)?)
        } else if args.token("dedup") {
            once(&mut self.dedup, dedup(args)?)
        } else {
            Ok(false)
        }
    }

    /// How many messages there may be in the queue then (MAXLEN).
    pub fn length_max(&self) -> Option<u64> {
        self.length_max
    }

    /// Whether the queue is made if it is not there.
    pub fn creates(&self) -> bool {
        !self.no_create
    }

    /// Whether copies are known by an id.
    pub fn has_dedup(&self) -> bool {
        self.dedup.is_some()
    }

    /// All that was said about each message.
    pub fn manner(self) -> Result<Manner<'a>, BadArgs> {
        if self.group.is_some() && (self.visible.is_some() || self.priority.is_some()) {
            return Err(error::GROUP_HAS_ORDER);
        }
        Ok(Manner::Of {
            visible: self.visible,
            ttl_ms: self.ttl_ms,
            priority: self.priority,
            group: self.group,
            lease_ms: self.lease_ms,
            fails_max: self.fails_max.map(|count| count as u32),
            headers: self.headers.unwrap_or_default(),
            dedup: self.dedup,
        })
    }
}

/// The next word as a body.
pub(super) fn body<'a>(ctx: &Context, args: &mut Args<'a>) -> Result<&'a [u8], BadArgs> {
    let (body, bytes_max) = (args.word()?, ctx.queues.body_bytes_max);
    if body.len() > bytes_max { Err(error::body_too_big(bytes_max)) } else { Ok(body) }
}

/// `count name value [name value ...]`.
fn headers<'a>(args: &mut Args<'a>) -> Result<Headers<'a>, BadArgs> {
    let count = args.integer()?;
    if !(1..=HEADERS_MAX as i64).contains(&count) {
        return Err(error::HEADERS_TOO_LARGE);
    }
    let headers =
        (0..count).map(|_| Ok((args.word()?, args.word()?))).collect::<Result<Headers<'a>, _>>()?;
    let bytes: usize = headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > HEADER_BYTES_MAX { Err(error::HEADERS_TOO_LARGE) } else { Ok(headers) }
}

/// `id [WINDOW ms] [REPLACE]`.
fn dedup<'a>(args: &mut Args<'a>) -> Result<Dedup<'a>, BadArgs> {
    let id = short(args, error::BAD_DEDUP)?;
    let (mut window_ms, mut replace) = (None, false);
    while take_number(&mut window_ms, "WINDOW", 0, TIME_MS_MAX, args)?
        || flag(&mut replace, "replace", args)?
    {}
    Ok(Dedup::Of { id, window_ms, replace })
}
