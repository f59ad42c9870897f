//! What a request touches that the words of the command do not tell.

use lockstep_core::{Op, keys};

use super::selector::Access;
use super::user::User;
use crate::here::{LockCall, QueueCall, Session};
use crate::{BadArgs, Here, Request, Spec, error};

const READ: Access = Access { read: true, write: false };

impl User {
    /// Whether a request may be carried out that [`User::check`] has nothing against, for a
    /// connection that is attached to this session: SORT reads keys of any name; the id of a
    /// job has the name of its queue in it; some commands tell of all locks, or of all that a session has.
    ///
    /// # Errors
    /// What to tell the client, and the key that it may not touch, if it is one.
    pub fn check_request<'a>(
        &self,
        spec: &'static Spec,
        request: &Request<'a>,
        attached: Option<&[u8]>,
    ) -> Result<(), (BadArgs, &'a [u8])> {
        let every = |access| self.has_every_key(spec, access);
        match request {
            Request::Op(Op::Key { op }) => self.check_sort(spec, op).map_err(|bad| (bad, &b""[..])),
            Request::Here(Here::Lock(
                LockCall::Graph { .. } | LockCall::Deadlocks { .. } | LockCall::OfOwner { .. },
            )) if !every(READ) => Err((error::NO_PERMISSION_KEY, b"*")),
            // What ends with a session may have any name.
            Request::Here(Here::Session(Session::List { .. })) if !every(READ) => {
                Err((error::NO_PERMISSION_KEY, b"*"))
            }
            Request::Here(Here::Session(Session::Destroy(id) | Session::Info(id)))
                if attached != Some(id) && !every(READ) =>
            {
                Err((error::NO_PERMISSION_KEY, b"*"))
            }
            request if spec.keys.is_empty() => self.check_names(spec, request),
            _ => Ok(()),
        }
    }

    /// The names of queues of a command that has no key specifications.
    fn check_names<'a>(
        &self,
        spec: &'static Spec,
        request: &Request<'a>,
    ) -> Result<(), (BadArgs, &'a [u8])> {
        // What waits for something is also given something.
        let read = spec.is("readonly") || spec.is("blocking");
        let access = Access { read, write: spec.is("write") };
        let words: [&[u8]; 1] = [spec.name.as_bytes()];
        let fits = |name: &[u8]| {
            let mut able = self.selectors.iter().filter(|it| it.allows_command(spec, &words));
            able.any(|it| it.allows_key(name, access))
        };
        match names(request).into_iter().find(|name| !fits(name)) {
            Some(name) => Err((error::NO_PERMISSION_KEY, name)),
            None => Ok(()),
        }
    }

    fn check_sort(&self, spec: &'static Spec, op: &keys::Op<'_>) -> Result<(), BadArgs> {
        let (keys::Op::Sort { terms, get, .. } | keys::Op::SortStore { terms, get, .. }) = op
        else {
            return Ok(());
        };
        if (!terms.looks_elsewhere() && get.is_empty()) || self.has_every_key(spec, READ) {
            return Ok(());
        }
        Err(if terms.looks_elsewhere() { error::SORT_BY_DENIED } else { error::SORT_GET_DENIED })
    }

    fn has_every_key(&self, spec: &'static Spec, access: Access) -> bool {
        let words: [&[u8]; 1] = [spec.name.as_bytes()];
        let mut able = self.selectors.iter().filter(|it| it.allows_command(spec, &words));
        able.any(|it| it.allows_every_key(access))
    }
}

/// The queues that a request names.
fn names<'a>(request: &Request<'a>) -> Vec<&'a [u8]> {
    match request {
        Request::Op(Op::Queue { op }) => vec![op.name()],
        Request::Here(Here::Queue(QueueCall::Sum { ops })) => {
            ops.iter().map(|op| op.name()).collect()
        }
        Request::Here(Here::Queue(QueueCall::Parted { op } | QueueCall::Several { op })) => {
            vec![op.name()]
        }
        _ => Vec::new(),
    }
}
