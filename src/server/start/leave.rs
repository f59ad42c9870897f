//! The end of a node: others take over what it leads, its clients are served
//! meanwhile, and what they have begun is answered.

use std::future::Future;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::Node;
use crate::config::Setting;
use crate::logging::id;

/// How long requests that wait may take to be taken back and answered.
const WAITS_MAX: Duration = Duration::from_secs(3);

/// Ends the service of clients, which `serving` is. `closing` ends it.
pub(super) async fn leave(
    node: &Node,
    closing: &watch::Sender<bool>,
    serving: impl Future<Output = ()>,
) {
    let grace = Duration::from_secs(node.settings.number(Setting::ShutdownTimeout).max(1));
    let end = Instant::now() + grace;
    tokio::pin!(serving);
    tokio::select! {
        () = &mut serving => return,
        () = node.shards.host().hand_over() => {}
        () = tokio::time::sleep_until(end) => {}
    }
    let waits_end = end.min(Instant::now() + WAITS_MAX);
    tokio::select! {
        () = &mut serving => return,
        // Whoever is not answered by then finds its connection closed.
        _ = tokio::time::timeout_at(waits_end, node.waits.give_up()) => {}
    }
    closing.send_replace(true);
    if tokio::time::timeout_at(end, &mut serving).await.is_err() {
        tracing::warn!(
            id = id::CONNECTIONS_CUT,
            "some connections did not end in time and are cut"
        );
    }
}
