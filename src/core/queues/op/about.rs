//! What an operation on queues says about itself: which queues, whether it writes, whether it waits.

use super::{Op, Want};
use crate::Wait;

impl<'a> Op<'a> {
    /// The names of the queues it is about; empty for what concerns all of them.
    pub fn names(&self) -> impl Iterator<Item = &'a [u8]> + '_ {
        let (several, first, second): (&[&'a [u8]], _, _) = match self {
            Op::Pop { queues, .. } => (&queues[..], None, None),
            Op::Move { from, to, .. } => (&[], Some(*from), Some(*to)),
            Op::Redrive { queue, to, .. } => (&[], Some(*queue), *to),
            Op::Scan { .. } | Op::Release { .. } => (&[], None, None),
            Op::Push { queue, .. }
            | Op::Ack { queue, .. }
            | Op::Nack { queue, .. }
            | Op::Extend { queue, .. }
            | Op::Purge { queue, .. }
            | Op::Destroy { queue, .. }
            | Op::CancelWait { queue, .. }
            | Op::Delete { queue, .. }
            | Op::Reschedule { queue, .. }
            | Op::Create { queue, .. }
            | Op::Configure { queue, .. }
            | Op::Reset { queue, .. }
            | Op::Pause { queue, .. }
            | Op::Resume { queue, .. }
            | Op::CancelRedrive { queue, .. }
            | Op::Len { queue, .. }
            | Op::Peek { queue, .. }
            | Op::Info { queue, .. }
            | Op::Get { queue, .. }
            | Op::Messages { queue, .. }
            | Op::Pending { queue, .. }
            | Op::Consumers { queue, .. }
            | Op::Config { queue, .. }
            | Op::RedriveStatus { queue, .. } => (&[], Some(*queue), None),
        };
        several.iter().copied().chain(first).chain(second)
    }

    /// The name of the queue, of several the first; empty for what concerns all.
    pub fn name(&self) -> &'a [u8] {
        self.names().next().unwrap_or_default()
    }

    /// The partition it is about.
    pub fn part(&self) -> u32 {
        match *self {
            Op::Scan { .. } | Op::Release { .. } => 0,
            Op::Pop { part, .. }
            | Op::Move { part, .. }
            | Op::Redrive { part, .. }
            | Op::Push { part, .. }
            | Op::Ack { part, .. }
            | Op::Nack { part, .. }
            | Op::Extend { part, .. }
            | Op::Purge { part, .. }
            | Op::Destroy { part, .. }
            | Op::CancelWait { part, .. }
            | Op::Delete { part, .. }
            | Op::Reschedule { part, .. }
            | Op::Create { part, .. }
            | Op::Configure { part, .. }
            | Op::Reset { part, .. }
            | Op::Pause { part, .. }
            | Op::Resume { part, .. }
            | Op::CancelRedrive { part, .. }
            | Op::Len { part, .. }
            | Op::Peek { part, .. }
            | Op::Info { part, .. }
            | Op::Get { part, .. }
            | Op::Messages { part, .. }
            | Op::Pending { part, .. }
            | Op::Consumers { part, .. }
            | Op::Config { part, .. }
            | Op::RedriveStatus { part, .. } => part,
        }
    }

    /// Whether home, the partition 0, carries it out even if there are others.
    pub(in crate::queues) fn is_for_home(&self) -> bool {
        matches!(
            self,
            Op::Create { .. }
                | Op::Configure { .. }
                | Op::Reset { .. }
                | Op::Config { .. }
                | Op::Destroy { .. }
                | Op::CancelWait { .. }
        )
    }

    /// Whether this changes anything that replicas must agree on.
    pub fn is_write(&self) -> bool {
        !matches!(
            self,
            Op::Len { .. }
                | Op::Peek { .. }
                | Op::Info { .. }
                | Op::Get { .. }
                | Op::Messages { .. }
                | Op::Pending { .. }
                | Op::Consumers { .. }
                | Op::Config { .. }
                | Op::RedriveStatus { .. }
                | Op::Scan { .. }
        )
    }

    /// How it is ready to wait, if it is.
    pub fn wait(&self) -> Option<Wait> {
        match self {
            Op::Pop { wait, .. } | Op::Ack { wait, .. } => *wait,
            _ => None,
        }
    }

    /// The session in whose name it asks.
    pub fn session(&self) -> Option<&'a [u8]> {
        match self {
            Op::Pop { want: Want::Of { session, .. }, .. }
            | Op::Ack { pop: Some(Want::Of { session, .. }), .. } => *session,
            _ => None,
        }
    }

    /// The same operation, not ready to wait: for MULTI and scripts.
    #[must_use]
    pub fn without_wait(mut self) -> Self {
        if let Op::Pop { wait, .. } | Op::Ack { wait, .. } = &mut self {
            *wait = None;
        }
        self
    }
}
