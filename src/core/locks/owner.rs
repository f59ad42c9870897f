//! Owners as they are kept.

use std::borrow::Cow;

use super::Owner;
use crate::Origin;
use crate::image::Name;

/// An [`Owner`] that is kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum OwnerKey {
    Connection(Origin),
    Named(Name),
    Session(Name),
}

impl OwnerKey {
    /// The owner as it stands in operations.
    pub fn as_owner(&self) -> Owner<'_> {
        match self {
            OwnerKey::Connection(origin) => Owner::Connection { origin: *origin },
            OwnerKey::Named(name) => Owner::Named { name },
            OwnerKey::Session(id) => Owner::Session { id },
        }
    }

    /// What kind of owner it is.
    pub fn kind(&self) -> &'static str {
        match self {
            OwnerKey::Connection(_) => "connection",
            OwnerKey::Named(_) => "named",
            OwnerKey::Session(_) => "session",
        }
    }

    /// The owner as it is shown.
    pub fn text(&self) -> Cow<'_, [u8]> {
        match self {
            OwnerKey::Connection(Origin { node, boot, conn }) => {
                Cow::Owned(format!("{}-{boot}-{conn}", node.0).into_bytes())
            }
            OwnerKey::Named(name) | OwnerKey::Session(name) => Cow::Borrowed(name),
        }
    }

    /// All owners that are shown like this.
    pub fn shown_as(text: &[u8]) -> impl Iterator<Item = OwnerKey> {
        let known = [OwnerKey::Named(text.into()), OwnerKey::Session(text.into())];
        connection_of(text).into_iter().chain(known)
    }
}

fn connection_of(text: &[u8]) -> Option<OwnerKey> {
    let mut numbers = std::str::from_utf8(text).ok()?.split('-').map(str::parse::<u64>);
    let mut next = || numbers.next()?.ok();
    let (node, boot, conn) = (crate::NodeId(next()?), next()?, next()?);
    let owner = OwnerKey::Connection(Origin { node, boot, conn });
    (*owner.text() == *text).then_some(owner)
}

impl From<&Owner<'_>> for OwnerKey {
    fn from(owner: &Owner<'_>) -> Self {
        match owner {
            Owner::Connection { origin } => OwnerKey::Connection(*origin),
            Owner::Named { name } => OwnerKey::Named((*name).into()),
            Owner::Session { id } => OwnerKey::Session((*id).into()),
        }
    }
}

impl PartialEq<Owner<'_>> for OwnerKey {
    fn eq(&self, other: &Owner<'_>) -> bool {
        self.as_owner() == *other
    }
}
