//! The coherent node-local cache.

mod home;
mod limbo;
mod line;
mod lines;
mod marks;
mod message;
mod name;
mod pass;
mod rules;
mod session;
mod settings;
mod sharer;
mod store;
mod time;
mod view;

#[cfg(test)]
mod chance;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod explore;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod rig;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

pub use home::{
    Ahead, Asked, GateId, Home, Look, Opened, Out as HomeOut, Proposal, Seated, Share, Takeover,
    Wrote,
};
pub use limbo::Limbo;
pub use line::{Content, Era, Label, Line, State};
pub use lines::{LINE_BYTES, Limits, Lines, Policy, Size, TooManyPins};
pub use message::{Flushed, Grant, Payload, Standing, ToHome, ToNode, Value};
pub use name::{At, Name, Named};
pub use pass::{Pass, hit};
pub use rules::Rules;
pub use session::{Epoch, Nonce, Session};
pub use settings::{HotUpdate, Refresh, Settings};
pub use sharer::{Answer, Care, Out as SharerOut, Reader, Sharer, Written};
pub use store::{Evicted, Seen, Store};
pub use time::{Drift, Time};
pub use view::{Replica, View};
