//! Users: who may run which commands, on which keys and channels.
//!
//! A [`User`] is changed by the rules of ACL SETUSER, written as ACL LIST shows it, and asked
//! whether a command may run ([`User::check`]). Which keys a command names, and what it does
//! to them, is told by its [`Spec`](crate::Spec), as for routing; what its words do not tell,
//! the parsed request does ([`User::check_request`]).

mod categories;
mod check;
mod commands;
mod form;
mod request;
mod selector;
mod text;
mod user;

#[cfg(test)]
mod tests;

pub use categories::CATEGORIES;
pub use check::{Denied, Grant};
pub use selector::Selector;
pub use user::{User, check_name, merge_selectors};
