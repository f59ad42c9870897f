//! fred, an asynchronous client for Rust.

use fred::error::Error;
use fred::prelude::*;
use fred::types::{ClusterHash, CustomCommand, RespVersion};
use lockstep_tests::{Server, wait_for, wait_for_blocked};
use tokio::runtime::Runtime;

/// What a client of fred is made with.
pub(crate) struct Fred {
    pub(crate) port: u16,
    pub(crate) version: RespVersion,
    /// How often a command may be sent whose connection breaks.
    pub(crate) attempts: u32,
}

impl Default for Fred {
    fn default() -> Fred {
        Fred { port: 0, version: RespVersion::RESP3, attempts: 3 }
    }
}

impl Fred {
    /// A client that connects again as often as it must.
    pub(crate) async fn connect(&self) -> Result<Client, Error> {
        let client = Builder::default_centralized()
            .with_config(|config| {
                config.server = ServerConfig::new_centralized("127.0.0.1", self.port);
                config.version = self.version.clone();
            })
            .with_connection_config(|config| config.max_command_attempts = self.attempts)
            .set_policy(ReconnectPolicy::new_constant(0, 20))
            .build()?;
        client.init().await?;
        Ok(client)
    }
}

/// Where its tasks run.
pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

#[test]
fn a_session_of_fred() {
    let server = super::server();
    for version in [RespVersion::RESP2, RespVersion::RESP3] {
        let fred = Fred { port: server.port(), version, ..Fred::default() };
        runtime().block_on(session(&server, &fred)).unwrap();
    }
}

async fn session(server: &Server, fred: &Fred) -> Result<(), Error> {
    let client = fred.connect().await?;
    client.flushall::<()>(false).await?;
    keys(&client).await?;
    pipelines(&client).await?;
    transactions(&client, &fred.connect().await?).await?;
    scripts(&client).await?;
    channels(server, &client, &fred.connect().await?).await?;
    waits(server, &client, &fred.connect().await?).await?;
    locks_and_queues(&client).await?;
    client.quit().await
}

async fn keys(client: &Client) -> Result<(), Error> {
    let () = client.set("greeting", "hello", None, None, false).await?;
    let old: Option<String> =
        client.set("greeting", "x", None, Some(SetOptions::NX), false).await?;
    assert_eq!(old, None);
    assert_eq!(client.get::<String, _>("greeting").await?, "hello");
    assert_eq!(client.get::<Option<String>, _>("nothing").await?, None);
    assert_eq!(client.incr_by::<i64, _>("n", 7).await?, 7);
    let () = client.set("short", "x", Some(Expiration::EX(100)), None, false).await?;
    assert!(client.ttl::<i64, _>("short").await? > 90);
    let refused = client.incr::<i64, _>("greeting").await.unwrap_err();
    assert!(refused.details().contains("not an integer"), "{refused}");
    assert_eq!(client.hset::<i64, _, _>("h", [("a", "1"), ("b", "2")]).await?, 2);
    let all: std::collections::BTreeMap<String, i64> = client.hgetall("h").await?;
    assert_eq!(all.into_iter().collect::<Vec<_>>(), [("a".to_owned(), 1), ("b".to_owned(), 2)]);
    let bytes: Vec<u8> = (0..=255).collect();
    let () = client.set(bytes.as_slice(), bytes.as_slice(), None, None, false).await?;
    assert_eq!(client.get::<Vec<u8>, _>(bytes.as_slice()).await?, bytes);
    Ok(())
}

async fn pipelines(client: &Client) -> Result<(), Error> {
    let pipeline = client.pipeline();
    for number in 0..2_000 {
        let () = pipeline.set(format!("key:{number}"), number, None, None, false).await?;
    }
    let () = pipeline.incr("n").await?;
    assert_eq!(pipeline.last::<i64>().await?, 8);
    let keys: Vec<String> = (0..2_000).map(|number| format!("key:{number}")).collect();
    assert_eq!(client.mget::<Vec<i64>, _>(keys).await?, (0..2_000).collect::<Vec<_>>());
    // What one command is refused is no matter of the others.
    let pipeline = client.pipeline();
    let () = pipeline.incr("n").await?;
    let () = pipeline.incr("greeting").await?;
    let () = pipeline.incr("n").await?;
    let replies = pipeline.try_all::<i64>().await;
    assert!(matches!(replies[..], [Ok(9), Err(_), Ok(10)]), "{replies:?}");
    Ok(())
}

async fn transactions(client: &Client, other: &Client) -> Result<(), Error> {
    let transaction = client.multi();
    let () = transaction.incr("n").await?;
    let () = transaction.get("greeting").await?;
    assert_eq!(transaction.exec::<(i64, String)>(true).await?, (11, "hello".to_owned()));
    client.watch("n").await?;
    let _: i64 = other.incr("n").await?;
    let transaction = client.multi();
    let () = transaction.set("n", 0, None, None, false).await?;
    assert_eq!(transaction.exec::<Value>(true).await?, Value::Null);
    assert_eq!(client.get::<i64, _>("n").await?, 12);
    other.quit().await
}

async fn scripts(client: &Client) -> Result<(), Error> {
    const DOUBLE: &str =
        "redis.call('set', KEYS[1], ARGV[1] * 2) return redis.call('get', KEYS[1])";
    assert_eq!(client.eval::<i64, _, _, _>(DOUBLE, "doubled", 21).await?, 42);
    let sha: String = client.script_load(DOUBLE).await?;
    assert_eq!(client.evalsha::<i64, _, _, _>(&sha, "doubled", 4).await?, 8);
    assert_eq!(client.script_exists::<Vec<bool>, _>(&sha).await?, [true]);
    let unknown = client.evalsha::<i64, _, _, _>("0".repeat(40), "doubled", 4).await.unwrap_err();
    assert!(unknown.details().starts_with("NOSCRIPT"), "{unknown}");
    Ok(())
}

/// fred does not wait until a subscription has begun or ended.
fn wait_for_listeners(server: &Server, count: i64) {
    let mut observer = server.client();
    wait_for("subscriptions", || {
        let channels = observer.call("PUBSUB NUMSUB news").items()[1].int();
        let patterns = observer.call("PUBSUB NUMPAT").int();
        (channels, patterns) == (Some(count), Some(count))
    });
}

async fn channels(server: &Server, client: &Client, listener: &Client) -> Result<(), Error> {
    let mut messages = listener.message_rx();
    listener.subscribe("news").await?;
    listener.psubscribe("new*").await?;
    wait_for_listeners(server, 1);
    assert_eq!(client.publish::<i64, _, _>("news", "one").await?, 2);
    for _ in 0..2 {
        let message = messages.recv().await.expect("it is told of both");
        assert_eq!((&*message.channel, message.value.as_str().as_deref()), ("news", Some("one")));
    }
    listener.unsubscribe("news").await?;
    listener.punsubscribe("new*").await?;
    wait_for_listeners(server, 0);
    assert_eq!(client.publish::<i64, _, _>("news", "two").await?, 0);
    listener.quit().await
}

async fn waits(server: &Server, client: &Client, waiter: &Client) -> Result<(), Error> {
    let waiting = waiter.clone();
    let popped = tokio::spawn(async move {
        waiting.blpop::<(String, String), _>(vec!["first", "second"], 0.0).await
    });
    wait_for_blocked(&mut server.client(), 1);
    assert_eq!(client.rpush::<i64, _, _>("second", "job").await?, 1);
    let popped = popped.await.expect("it ends")?;
    assert_eq!(popped, ("second".to_owned(), "job".to_owned()));
    // It makes an error of the empty reply.
    let nothing = waiter.blpop::<Value, _>("first", 0.01).await.unwrap_err();
    assert_eq!(*nothing.kind(), ErrorKind::Timeout, "{nothing}");
    waiter.quit().await
}

async fn locks_and_queues(client: &Client) -> Result<(), Error> {
    assert!(call::<i64>(client, "LOCK door OWNER me PX 10000").await? > 0);
    assert_eq!(call::<Option<i64>>(client, "LOCK door OWNER you PX 10000").await?, None);
    assert_eq!(call::<i64>(client, "UNLOCK door OWNER me").await?, 1);
    let _: String = call(client, "QPUSH work job").await?;
    let (receipt, body): (String, String) = call(client, "QPOP work").await?;
    assert_eq!(body, "job");
    assert_eq!(call::<i64>(client, &format!("QACK work {receipt}")).await?, 1);
    Ok(())
}

/// A command that fred does not know.
async fn call<R: FromValue>(client: &Client, line: &str) -> Result<R, Error> {
    let mut words = line.split(' ').map(str::to_owned);
    let name = words.next().expect("a command has a name");
    client.custom(CustomCommand::new(name, ClusterHash::FirstKey, false), words.collect()).await
}
