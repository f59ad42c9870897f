//! RabbitMQ: durable queues, persistent messages, publisher confirms, acks by hand.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use futures_util::StreamExt;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions,
    ConfirmSelectOptions, QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};

use crate::seen::Seen;
use crate::{Flags, Problem};

const PERSISTENT: u8 = 2;

/// A channel for every client.
pub struct Clients {
    channels: Vec<Channel>,
    // Closed when dropped.
    _connections: Vec<Connection>,
}

pub async fn connect(flags: &Flags) -> Result<Clients, Problem> {
    let mut connections = Vec::new();
    for at in 0..flags.connections {
        let port = flags.ports[at % flags.ports.len()];
        let address = format!("amqp://guest:guest@127.0.0.1:{port}/%2f");
        connections.push(Connection::connect(&address, ConnectionProperties::default()).await?);
    }
    let mut channels = Vec::new();
    for index in 0..flags.producers + flags.consumers {
        let channel = connections[index % connections.len()].create_channel().await?;
        if index < flags.producers {
            channel.confirm_select(ConfirmSelectOptions::default()).await?;
        } else {
            channel.basic_qos(flags.prefetch, BasicQosOptions::default()).await?;
        }
        channels.push(channel);
    }
    // One after the other through different nodes, so that their leaders spread.
    for queue in 0..flags.queues {
        let options = QueueDeclareOptions { durable: true, ..Default::default() };
        let channel = &channels[queue % channels.len()];
        channel.queue_declare(name(queue).into(), options, kind(flags)).await?;
    }
    Ok(Clients { channels, _connections: connections })
}

fn kind(flags: &Flags) -> FieldTable {
    let mut table = FieldTable::default();
    let text = |text: &str| AMQPValue::LongString(text.into());
    if flags.replicas == 1 {
        table.insert("x-queue-type".into(), text("classic"));
    } else {
        let size = i32::try_from(flags.replicas).unwrap_or(i32::MAX);
        table.insert("x-queue-type".into(), text("quorum"));
        table.insert("x-queue-leader-locator".into(), text("balanced"));
        table.insert("x-quorum-initial-group-size".into(), AMQPValue::LongInt(size));
    }
    table
}

fn name(queue: usize) -> String {
    format!("queue-{queue}")
}

impl Clients {
    pub fn produce(
        &self,
        flags: &Flags,
        index: usize,
        seen: Arc<Seen>,
    ) -> impl Future<Output = Result<(), Problem>> + use<> {
        let (channel, flags) = (self.channels[index].clone(), flags.clone());
        async move {
            let body = vec![b'.'; flags.bytes];
            let properties = BasicProperties::default().with_delivery_mode(PERSISTENT);
            let mut flying = VecDeque::new();
            let mut queue = index;
            loop {
                while seen.goes_on() && flying.len() < flags.window {
                    queue = (queue + 1) % flags.queues;
                    let sent = Instant::now();
                    let options = BasicPublishOptions::default();
                    let confirm = channel
                        .basic_publish(
                            "".into(),
                            name(queue).into(),
                            options,
                            &body,
                            properties.clone(),
                        )
                        .await?;
                    flying.push_back((sent, confirm));
                }
                let Some((sent, confirm)) = flying.pop_front() else { return Ok(()) };
                if !confirm.await?.is_ack() {
                    return Err("a message was refused".into());
                }
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
        let channel = self.channels[flags.producers + index].clone();
        let (queue, tag) = (name(index % flags.queues), format!("consumer-{index}"));
        async move {
            let options = BasicConsumeOptions::default();
            let mut consumer = channel
                .basic_consume(queue.into(), tag.into(), options, FieldTable::default())
                .await?;
            while let Some(delivery) = consumer.next().await {
                delivery?.ack(BasicAckOptions::default()).await?;
                seen.acked();
            }
            Err("a consumer was cancelled".into())
        }
    }
}
