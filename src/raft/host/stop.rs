//! Leaving in order.

use super::Host;

impl Host {
    /// Hands over all leaderships, lets what was proposed end, and stops.
    pub async fn stop(&self) {
        self.inner.stop.send_replace(true);
        for group in self.inner.groups.all() {
            group.stop().await;
        }
    }
}
