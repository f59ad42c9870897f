//! The queues family.
