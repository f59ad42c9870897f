//! NATS: streams that keep messages until they are acknowledged, on disk.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_nats::jetstream::consumer::{AckPolicy, Consumer, pull};
use async_nats::jetstream::stream::{Config, RetentionPolicy, StorageType};
use async_nats::jetstream::{self, Context};
use futures_util::StreamExt;

use crate::seen::Seen;
use crate::{Flags, Problem};

/// More than all consumers together are given.
const UNACKED_MAX: i64 = 100_000;

/// A context for every client, and the consumer of every stream.
pub struct Clients {
    contexts: Vec<Context>,
    consumers: Vec<Consumer<pull::Config>>,
}

pub async fn connect(flags: &Flags) -> Result<Clients, Problem> {
    let mut connections = Vec::new();
    for at in 0..flags.connections {
        let port = flags.ports[at % flags.ports.len()];
        let client = async_nats::connect(format!("127.0.0.1:{port}")).await?;
        connections.push(jetstream::new(client));
    }
    let clients = flags.producers + flags.consumers;
    let contexts: Vec<Context> =
        (0..clients).map(|index| connections[index % connections.len()].clone()).collect();
    for queue in 0..flags.queues {
        let config = Config {
            name: name(queue),
            subjects: vec![subject(queue)],
            retention: RetentionPolicy::WorkQueue,
            storage: StorageType::File,
            num_replicas: flags.replicas,
            ..Default::default()
        };
        contexts[0].create_stream(config).await?;
    }
    let mut consumers = Vec::new();
    for index in 0..flags.consumers {
        // Each on its own connection; all of a stream are the same for the server.
        let context = &contexts[flags.producers + index];
        let stream = context.get_stream(name(index % flags.queues)).await?;
        let config = pull::Config {
            durable_name: Some("consumers".to_owned()),
            ack_policy: AckPolicy::Explicit,
            max_ack_pending: UNACKED_MAX,
            ..Default::default()
        };
        consumers.push(stream.get_or_create_consumer("consumers", config).await?);
    }
    Ok(Clients { contexts, consumers })
}

fn name(queue: usize) -> String {
    format!("queue-{queue}")
}

fn subject(queue: usize) -> String {
    format!("queue.{queue}")
}

impl Clients {
    pub fn produce(
        &self,
        flags: &Flags,
        index: usize,
        seen: Arc<Seen>,
    ) -> impl Future<Output = Result<(), Problem>> + use<> {
        let (context, flags) = (self.contexts[index].clone(), flags.clone());
        async move {
            let body = vec![b'.'; flags.bytes];
            let mut flying = VecDeque::new();
            let mut queue = index;
            loop {
                while seen.goes_on() && flying.len() < flags.window {
                    queue = (queue + 1) % flags.queues;
                    let sent = Instant::now();
                    let confirm = context.publish(subject(queue), body.clone().into()).await?;
                    flying.push_back((sent, confirm));
                }
                let Some((sent, confirm)) = flying.pop_front() else { return Ok(()) };
                confirm.await?;
                seen.pushed(sent);
            }
        }
    }

    pub fn consume(
        &self,
        flags: &Flags,
        index: usize,
        seen: Arc<Seen>,
    ) -> impl Future<Output = Result<(), Problem>> + use<> {
        let (consumer, prefetch) = (self.consumers[index].clone(), flags.prefetch);
        async move {
            let asking = consumer.stream().max_messages_per_batch(usize::from(prefetch));
            let mut messages = asking.heartbeat(Duration::from_secs(5)).messages().await?;
            while let Some(message) = messages.next().await {
                message?.ack().await?;
                seen.acked();
            }
            Err("a consumer was cancelled".into())
        }
    }
}
