//! The admin port: metrics and health over HTTP.
