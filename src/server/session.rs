//! What one connection knows of itself.

use std::sync::Arc;

use crate::clients::Client;

/// What one connection knows of itself. Lives on the connection's task.
#[derive(Debug)]
pub struct Session {
    /// What others may see of it (CLIENT LIST) and may ask of it (CLIENT KILL).
    pub client: Arc<Client>,
}
