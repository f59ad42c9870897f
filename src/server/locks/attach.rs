//! Requests of a connection that is attached to a session.

use lockstep_core::locks::{Op, Owner, Terms};

/// Puts the session in the connection's place. What a named owner takes without a
/// lease lives by the session.
pub(crate) fn attach<'a>(mut op: Op<'a>, session: &'a [u8]) -> Op<'a> {
    match &mut op {
        Op::Acquire { terms, .. } | Op::AcquireMany { terms, .. } => {
            *terms = attach_terms(terms.clone(), session);
        }
        Op::Release { owner, .. }
        | Op::Renew { owner, .. }
        | Op::Confirm { owner, .. }
        | Op::ReleaseMany { owner, .. }
        | Op::Abandon { owner, .. }
        | Op::Surrender { owner, .. }
        | Op::Convert { owner, .. }
        | Op::Cancel { owner, .. } => attach_owner(owner, session),
        _ => {}
    }
    op
}

/// The same for what a request says besides names.
pub(crate) fn attach_terms<'a>(mut terms: Terms<'a>, id: &'a [u8]) -> Terms<'a> {
    let Terms::Of { owner, session, lease_ms, .. } = &mut terms;
    attach_owner(owner, id);
    if session.is_none() {
        *session = match owner {
            Owner::Session { id } => Some(id),
            Owner::Named { .. } if lease_ms.is_none() => Some(id),
            _ => None,
        };
    }
    terms
}

fn attach_owner<'a>(owner: &mut Owner<'a>, id: &'a [u8]) {
    if let Owner::Connection { .. } = owner {
        *owner = Owner::Session { id };
    }
}

#[cfg(test)]
mod tests {
    use lockstep_core::Origin;

    use super::*;

    fn terms<'a>(owner: Owner<'a>, lease: Option<u64>) -> Terms<'a> {
        attach_terms(Terms::plain(owner, Origin::default()).for_ms(lease), b"s1")
    }

    #[test]
    fn the_session_takes_the_place_of_the_connection() {
        let terms = terms(Owner::Connection { origin: Origin::default() }, Some(500));
        assert_eq!(*terms.owner(), Owner::Session { id: b"s1" });
        assert_eq!(terms.session(), Some(&b"s1"[..]));
    }

    #[test]
    fn a_named_owner_lives_by_the_session_unless_it_has_a_lease() {
        let named = Owner::Named { name: b"me" };
        assert_eq!(*terms(named, None).owner(), named);
        assert_eq!(terms(named, None).session(), Some(&b"s1"[..]));
        assert_eq!(terms(named, Some(500)).session(), None);
    }

    #[test]
    fn another_session_that_is_named_stays() {
        let other = terms(Owner::Session { id: b"s2" }, None);
        assert_eq!(other.session(), Some(&b"s2"[..]));
        assert_eq!(*other.owner(), Owner::Session { id: b"s2" });
    }
}
