//! The end-to-end tests: the server as its users see it.

#![allow(clippy::unwrap_used)]

mod acl;
mod cache;
mod chaos;
mod clients;
mod cluster;
mod command_info;
mod differential;
mod durability;
mod fields;
mod first_run;
mod floors;
mod front;
mod fuzz;
mod golden;
mod import;
mod limits;
mod locks;
mod memory;
mod metrics;
mod outcome_words;
mod pubsub;
mod queues;
mod readme;
mod redis_cli;
mod restart;
mod scripts;
mod simulation;
mod systems;
mod tracking;
mod waits;
