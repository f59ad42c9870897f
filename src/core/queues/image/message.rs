//! The byte form of a message.

use std::sync::Arc;

use super::super::BODY_BYTES_MAX;
use super::super::body::check_of;
use super::super::message::{Death, Extra, Lease, Message, State};
use super::super::op::Reason;
use crate::image::Name;
use crate::wire::{Malformed, Wire};

/// A message as it stands in an image.
pub struct Kept<'a> {
    pub(super) seq: u64,
    pub(super) message: Message,
    /// The body, if it is written here.
    pub(super) body: Option<&'a [u8]>,
}

impl<'a> Kept<'a> {
    /// A message with its body; none: only which it is.
    pub(super) fn new(seq: u64, message: &Message, body: Option<&'a [u8]>) -> Self {
        Kept { seq, message: Message { body: None, ..message.clone() }, body }
    }

    /// The message as it is kept from now on.
    pub(super) fn into_message(self) -> Message {
        let stored = self.body.is_none();
        Message { body: self.body.map(Arc::from), stored, ..self.message }
    }
}

impl<'a> Wire<'a> for Kept<'a> {
    fn put(&self, out: &mut Vec<u8>) {
        let message = &self.message;
        self.seq.put(out);
        message.attempts.put(out);
        message.fails.put(out);
        message.pushed_ms.put(out);
        put_state(&message.state, out);
        match &message.extra {
            Some(extra) => {
                out.push(1);
                put_extra(extra, out);
            }
            None => out.push(0),
        }
        match self.body {
            Some(body) => {
                out.push(1);
                body.put(out);
            }
            None => {
                out.push(0);
                message.bytes.put(out);
                message.check.put(out);
            }
        }
    }

    fn take(input: &mut &'a [u8]) -> Result<Self, Malformed> {
        let seq = u64::take(input)?;
        let (attempts, fails) = (u32::take(input)?, u32::take(input)?);
        let pushed_ms = u64::take(input)?;
        let state = take_state(input)?;
        let extra = bool::take(input)?.then(|| take_extra(input)).transpose()?.map(Arc::new);
        let body: Option<&'a [u8]> = Wire::take(input)?;
        let (bytes, check) = match body {
            Some(body) => (u32::try_from(body.len()).map_err(|_| Malformed)?, check_of(body)),
            None => (u32::take(input)?, u64::take(input)?),
        };
        if bytes as usize > BODY_BYTES_MAX {
            return Err(Malformed);
        }
        let stored = false;
        let message =
            Message { body: None, check, state, pushed_ms, extra, bytes, attempts, fails, stored };
        Ok(Kept { seq, message, body })
    }
}

const READY: u8 = 0;
const DELAYED: u8 = 1;
const INFLIGHT: u8 = 2;
const DEAD: u8 = 3;

fn put_state(state: &State, out: &mut Vec<u8>) {
    match state {
        State::Ready => out.push(READY),
        State::Delayed { until_ms } => {
            out.push(DELAYED);
            until_ms.put(out);
        }
        State::Inflight(lease) => {
            out.push(INFLIGHT);
            [lease.since_ms, lease.until_ms, lease.fence, lease.consumer, lease.asked]
                .iter()
                .for_each(|number| number.put(out));
            lease.session.as_deref().put(out);
        }
        State::Dead => out.push(DEAD),
    }
}

fn take_state(input: &mut &[u8]) -> Result<State, Malformed> {
    Ok(match u8::take(input)? {
        READY => State::Ready,
        DELAYED => State::Delayed { until_ms: u64::take(input)? },
        INFLIGHT => State::Inflight(Box::new(Lease {
            since_ms: u64::take(input)?,
            until_ms: u64::take(input)?,
            fence: u64::take(input)?,
            consumer: u64::take(input)?,
            asked: u64::take(input)?,
            session: take_name(input)?,
        })),
        DEAD => State::Dead,
        _ => return Err(Malformed),
    })
}

fn put_extra(extra: &Extra, out: &mut Vec<u8>) {
    extra.rank.put(out);
    extra.body.put(out);
    extra.expires_ms.put(out);
    extra.ttl_ms.put(out);
    extra.priority.put(out);
    extra.group.put(out);
    extra.lease_ms.put(out);
    extra.fails_max.put(out);
    extra.headers.len().put(out);
    for (name, value) in &extra.headers {
        (&**name).put(out);
        (&**value).put(out);
    }
    extra.dedup.as_ref().map(|(number, id)| (*number, &**id)).put(out);
    extra.first_ms.put(out);
    extra.attempts_before.put(out);
    extra.gap.put(out);
    extra.redriven.put(out);
    extra.reason.put(out);
    extra.error.as_deref().put(out);
    extra.death.map(|death| (death.number, (death.at_ms, death.until_ms))).put(out);
}

fn take_extra(input: &mut &[u8]) -> Result<Extra, Malformed> {
    let mut extra = Extra {
        rank: Wire::take(input)?,
        body: Wire::take(input)?,
        expires_ms: Wire::take(input)?,
        ttl_ms: u64::take(input)?,
        priority: u8::take(input)?,
        group: Wire::take(input)?,
        lease_ms: Wire::take(input)?,
        fails_max: Wire::take(input)?,
        ..Extra::default()
    };
    let headers = Vec::<(&[u8], &[u8])>::take(input)?;
    extra.headers = headers.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
    let dedup = <Option<(u64, &[u8])> as Wire>::take(input)?;
    extra.dedup = dedup.map(|(number, id)| (number, id.into()));
    extra.first_ms = Wire::take(input)?;
    extra.attempts_before = u32::take(input)?;
    extra.gap = bool::take(input)?;
    extra.redriven = bool::take(input)?;
    extra.reason = <Option<Reason> as Wire>::take(input)?;
    extra.error = take_name(input)?;
    let death = <Option<(u64, (u64, Option<u64>))> as Wire>::take(input)?;
    extra.death = death.map(|(number, (at_ms, until_ms))| Death { number, at_ms, until_ms });
    Ok(extra)
}

pub(super) fn take_name(input: &mut &[u8]) -> Result<Option<Name>, Malformed> {
    Ok(<Option<&[u8]> as Wire>::take(input)?.map(Name::from))
}
