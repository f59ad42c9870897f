//! What the user of a connection may do.

use std::sync::Arc;

use lockstep_commands::users::Denied;
use lockstep_commands::{BadArgs, Command, Request, error};
use lockstep_core::{Op, Outcome};

use super::Front;
use crate::clients;
use crate::config::Setting;
use crate::users::{Context, Entry, Reason, Rights};

impl Front {
    /// What the user may do; none: everything.
    pub(super) fn rights(&self) -> Option<Arc<Rights>> {
        (!self.session.user.is_unlimited()).then(|| self.session.user.rights())
    }

    /// Whether the user may run a command, by its words.
    ///
    /// # Errors
    /// What the client is told.
    pub(super) fn permit(
        &self,
        rights: &Rights,
        command: &'static Command,
        words: &[&[u8]],
    ) -> Result<(), BadArgs> {
        self.judge(rights, command, words).map_err(|denied| denied.text(command.spec))
    }

    /// The same for a command that was queued.
    ///
    /// # Errors
    /// What stands in its place in the reply.
    pub(super) fn permit_queued(
        &self,
        rights: Option<&Rights>,
        command: &'static Command,
        words: &[&[u8]],
    ) -> Result<(), BadArgs> {
        match rights {
            None => Ok(()),
            Some(rights) => self.judge(rights, command, words).map_err(Denied::text_at_exec),
        }
    }

    fn judge(
        &self,
        rights: &Rights,
        command: &'static Command,
        words: &[&[u8]],
    ) -> Result<(), Denied> {
        rights.user.check(command.spec, words).inspect_err(|denied| {
            self.log_denied((*denied).into(), denied.object(command.spec, words));
        })
    }

    /// What becomes of a request by what its words do not tell: it is refused, or a
    /// script that carries its user.
    ///
    /// # Errors
    /// What the client is told.
    pub(super) fn limit<'a>(
        &self,
        rights: Option<&'a Rights>,
        command: &'static Command,
        request: Result<Request<'a>, BadArgs>,
    ) -> Result<Request<'a>, BadArgs> {
        let (Some(rights), Ok(request)) = (rights, &request) else { return request };
        let attached = self.session.attached.as_deref();
        if let Err((bad, key)) = rights.user.check_request(command.spec, request, attached) {
            if bad == error::NO_PERMISSION_KEY {
                self.log_denied(Reason::Key, key);
            }
            return Err(bad);
        }
        Ok(match request.clone() {
            Request::Op(Op::Script { op }) => {
                Request::Op(Op::Script { op: op.for_user(&rights.bytes) })
            }
            request => request,
        })
    }

    fn log_denied(&self, reason: Reason, object: &[u8]) {
        let in_multi = self.transaction.is_open() || self.executes;
        let entry = Entry {
            reason,
            context: if in_multi { Context::Multi } else { Context::TopLevel },
            object: object.to_vec(),
            user: self.session.user.name().to_vec(),
            client: clients::line(&self.session.client),
        };
        self.node.users.log.add(entry, self.node.settings.size(Setting::AcllogMaxLen));
    }

    /// What LOCKSCAN gave, without the names that the user may not see.
    pub(super) fn seen_by(
        rights: Option<&Rights>,
        command: &'static Command,
        outcome: Result<Outcome, BadArgs>,
    ) -> Result<Outcome, BadArgs> {
        let Some(rights) = rights.filter(|_| command.spec.name == "lockscan") else {
            return outcome;
        };
        outcome.map(|outcome| match outcome {
            Outcome::List(mut parts) => {
                if let Some(Outcome::List(names)) = parts.last_mut() {
                    names.retain(|name| match name {
                        Outcome::Bytes(name) => rights.user.sees_key(command.spec, name),
                        _ => false,
                    });
                }
                Outcome::List(parts)
            }
            other => other,
        })
    }

    /// A command may wait: should the user lose what it needs meanwhile, its connection is
    /// closed.
    pub(super) fn note_wait(&self, words: &[&[u8]]) {
        self.session.client.set_waiting(words);
    }
}
