//! Asking a node.

use std::net::ToSocketAddrs;
use std::time::{Duration, Instant};
use std::{fmt, io};

use lockstep_net::client::{Frame, RespClient};
use tokio::time::error::Elapsed;

/// How long a node may take to answer the first word.
const CONNECT_TIME: Duration = Duration::from_secs(5);
/// How long a change of the cluster may take.
const ANSWER_TIME: Duration = Duration::from_secs(60);
/// How long an election is waited for.
const ELECTION_TIME: Duration = Duration::from_secs(10);
/// How long to wait before asking again.
const ASK_AGAIN: Duration = Duration::from_millis(100);

/// Why it did not come to an answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The server has refused.
    Refused(String),
    /// No server answers.
    NoAnswer(String),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Refused(why) | Trouble::NoAnswer(why) => f.write_str(why),
        }
    }
}

/// A connection to a node.
pub(crate) struct Connection {
    client: RespClient,
    address: String,
}

impl Connection {
    /// Connects to `host:port`, and shows the password if there is one.
    pub(crate) async fn open(address: &str, password: Option<&str>) -> Result<Self, Trouble> {
        let mut connection = Self::connect(address).await?;
        let environment = std::env::var("REDISCLI_AUTH").ok().filter(|word| !word.is_empty());
        let password = password.map(str::to_owned).or(environment);
        connection.show(None, password.as_deref()).await?;
        Ok(connection)
    }

    /// Connects to `host:port`.
    pub(crate) async fn connect(address: &str) -> Result<Self, Trouble> {
        let failed = |why: String| Trouble::NoAnswer(format!("{address} does not answer: {why}"));
        let found = address.to_socket_addrs().map_err(|why| failed(why.to_string()))?;
        let mut last = "no such host".to_owned();
        for target in found {
            match tokio::time::timeout(CONNECT_TIME, RespClient::connect(target)).await {
                Ok(Ok(client)) => return Ok(Connection { client, address: address.to_owned() }),
                Ok(Err(why)) => last = why.to_string(),
                Err(_) => last = "no answer in time".to_owned(),
            }
        }
        Err(failed(last))
    }

    /// Shows a password, if there is one.
    pub(crate) async fn show(
        &mut self,
        user: Option<&str>,
        password: Option<&str>,
    ) -> Result<(), Trouble> {
        match (user, password) {
            (Some(user), password) => {
                self.ask(&["AUTH", user, password.unwrap_or_default()]).await.map(drop)
            }
            (None, Some(password)) => self.ask(&["AUTH", password]).await.map(drop),
            (None, None) => Ok(()),
        }
    }

    /// One command and its answer.
    pub(crate) async fn ask<W: AsRef<[u8]>>(&mut self, words: &[W]) -> Result<Frame, Trouble> {
        self.send(words);
        self.flush().await?;
        match self.answer().await? {
            Frame::SimpleError { data, .. } => Err(Trouble::Refused(data.to_string())),
            answer => Ok(answer),
        }
    }

    /// Keeps a command to be sent with others.
    pub(crate) fn send<W: AsRef<[u8]>>(&mut self, words: &[W]) {
        self.client.send(words);
    }

    /// Sends the commands that were kept.
    pub(crate) async fn flush(&mut self) -> Result<(), Trouble> {
        let sent = tokio::time::timeout(ANSWER_TIME, self.client.flush()).await;
        self.in_time(sent)
    }

    /// The next answer, errors as they are.
    pub(crate) async fn answer(&mut self) -> Result<Frame, Trouble> {
        let came = tokio::time::timeout(ANSWER_TIME, self.client.receive()).await;
        self.in_time(came)
    }

    fn in_time<T>(&self, done: Result<io::Result<T>, Elapsed>) -> Result<T, Trouble> {
        let why = match done {
            Ok(Ok(given)) => return Ok(given),
            Ok(Err(why)) => why.to_string(),
            Err(_) => format!("nothing came in {} s", ANSWER_TIME.as_secs()),
        };
        Err(Trouble::NoAnswer(format!("{} does not answer: {why}", self.address)))
    }
}

impl Connection {
    /// The same, asked again while an election goes on: nothing was changed then.
    pub(crate) async fn insist<W: AsRef<[u8]>>(&mut self, words: &[W]) -> Result<Frame, Trouble> {
        let begun = Instant::now();
        loop {
            match self.ask(words).await {
                Err(Trouble::Refused(why))
                    if why.starts_with("CLUSTERDOWN") && begun.elapsed() < ELECTION_TIME =>
                {
                    tokio::time::sleep(ASK_AGAIN).await;
                }
                answer => return answer,
            }
        }
    }
}

/// The text of an answer.
pub(crate) fn text(answer: &Frame) -> String {
    match answer {
        Frame::SimpleString { data, .. } | Frame::BlobString { data, .. } => {
            String::from_utf8_lossy(data).into_owned()
        }
        Frame::Number { data, .. } => data.to_string(),
        _ => String::new(),
    }
}

/// The elements of an answer.
pub(crate) fn items(answer: &Frame) -> &[Frame] {
    match answer {
        Frame::Array { data, .. } => data,
        _ => &[],
    }
}
