//! The connected clients.

/// The registry of connected clients.
#[derive(Debug, Default)]
pub struct Clients {}

/// One connected client, as others see it.
#[derive(Debug, Default)]
pub struct Client {}
