//! The queues as bytes: images and digests.
//!
//! A body that is on disk here is written as a reference, any other in full. Digests are
//! taken over references only: where a body is makes no difference to them.

mod message;
mod pieces;
mod record;
mod restore;

use std::convert::Infallible;
use std::sync::Arc;

use self::pieces::Pieces;
use super::body::BodyKey;
use super::message::Message;
use super::queue::Queue;
use super::table::Table;
use super::waiter::Waiter;
use crate::image::{CHUNK_BYTES, Paged, digest, pack};
use crate::lives::Lives;

/// The queues as they were at one moment.
#[derive(Clone, Debug)]
pub struct Frozen {
    queues: Paged<Arc<Queue>>,
    waiters: Paged<Waiter>,
    first_seq: u64,
    last_number: u64,
    last_place: u64,
    lives: Lives,
}

impl Table {
    /// The queues as they are now, for an image. Cheap: what is not changed
    /// afterwards is shared.
    pub fn freeze(&self) -> Frozen {
        Frozen {
            queues: self.queues.clone(),
            waiters: self.waiters.clone(),
            first_seq: self.first_seq,
            last_number: self.last_number,
            last_place: self.last_place,
            lives: self.lives.clone(),
        }
    }

    /// A digest of the state: equal states have equal ones.
    pub fn state_digest(&self) -> u64 {
        let none = |_: &BodyKey, _: &Message| Ok(None);
        digest(sure(Pieces::new(self.freeze(), none)))
    }
}

impl Frozen {
    /// The chunks of the image, in order. Bodies that are on disk here are references.
    pub fn chunks(self) -> impl Iterator<Item = Vec<u8>> + Send {
        let own = |_: &BodyKey, message: &Message| {
            Ok(if message.stored { None } else { message.body.clone() })
        };
        pack(sure(Pieces::new(self, own)))
    }

    /// Whether a body is named in it that is not in it.
    pub fn names_stored(&self) -> bool {
        let messages = self.queues.iter().flat_map(|(_, queue)| queue.messages.iter());
        messages.into_iter().any(|(_, message)| message.stored)
    }

    /// As [`Frozen::chunks`], with every body in full, also those that are not in
    /// memory: `read` gives them. `None` in place of a chunk with one that it does not
    /// give.
    pub fn whole(
        self,
        mut read: impl FnMut(&BodyKey) -> Option<Arc<[u8]>> + Send,
    ) -> impl Iterator<Item = Option<Vec<u8>>> + Send {
        let any = move |key: &BodyKey, message: &Message| match &message.body {
            Some(body) => Ok(Some(body.clone())),
            None => read(key).map(Some).ok_or(()),
        };
        let mut pieces = Pieces::new(self, any);
        std::iter::from_fn(move || {
            let Ok(mut chunk) = pieces.next()? else { return Some(None) };
            while chunk.len() < CHUNK_BYTES {
                match pieces.next() {
                    Some(Ok(piece)) => chunk.extend_from_slice(&piece),
                    Some(Err(())) => return Some(None),
                    None => break,
                }
            }
            Some(Some(chunk))
        })
    }
}

fn sure<T>(
    items: impl Iterator<Item = Result<T, Infallible>> + Send,
) -> impl Iterator<Item = T> + Send {
    items.map(|item| match item {
        Ok(item) => item,
        Err(never) => match never {},
    })
}
