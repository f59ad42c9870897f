//! What the users of hosts tell each other over the hosts' links.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use lockstep_core::NodeId;

use super::{Host, Inner, message};
use crate::message::nobody_here;
use crate::{App, CallError, Lane, Later, Served};

impl Host {
    /// From now on `app` takes what its like on other nodes sends. The first one
    /// that is named stays.
    pub fn serve_app(&self, app: Arc<dyn App>) {
        let _ = self.inner.app.set(app);
    }

    /// Tells the user of another node's host something; it may be lost.
    pub fn tell_app(&self, node: NodeId, message: &[u8]) {
        self.inner.options.peers.tell(node, Lane::Data, message::app_message(message));
    }

    /// Asks the user of another node's host. An empty reply says that there is
    /// none yet.
    pub fn call_app(
        &self,
        node: NodeId,
        request: &[u8],
        timeout: Duration,
    ) -> Later<Result<Bytes, CallError>> {
        self.inner.options.peers.call(node, Lane::Data, message::app_request(request), timeout)
    }
}

impl Inner {
    pub(super) fn serve_app(&self, from: NodeId, request: &Bytes) -> Served {
        match (message::open_app_request(request), self.app.get()) {
            (Ok(request), Some(app)) => app.asked(from, request),
            _ => Served::Now(nobody_here()),
        }
    }

    pub(super) fn app_told(&self, from: NodeId, message: &[u8]) {
        if let Some(app) = self.app.get() {
            app.told(from, message);
        }
    }
}
