//! A server of a few commands that show every side of a connection.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lockstep_commands::{Reply, error};
use lockstep_net::client::{Frame, RespClient};
use lockstep_net::{
    Closed, ConnectionLimits, Connections, Handler, Link, Listener, Next, Output, OutputClass,
};
use tokio::sync::{Notify, broadcast, watch};
use tokio::task::JoinHandle;

/// What tests see of the handlers and steer in them.
pub struct Stage {
    /// Lets deferred replies and blocked commands end.
    pub release: Notify,
    /// What is said to all subscribers.
    pub channel: broadcast::Sender<Vec<u8>>,
    /// Commands executed.
    pub commands: AtomicUsize,
    /// What was noted, in order.
    pub noted: Mutex<Vec<String>>,
    /// Whether clients have to AUTH.
    pub asks_password: bool,
    closed: Mutex<Vec<Closed>>,
}

pub struct Server {
    pub address: SocketAddr,
    pub connections: Arc<Connections>,
    pub stage: Arc<Stage>,
    pub stop: watch::Sender<bool>,
    pub ended: JoinHandle<()>,
}

impl Server {
    pub async fn start() -> Self {
        Server::start_with(ConnectionLimits::default(), false).await
    }

    pub async fn start_with(limits: ConnectionLimits, asks_password: bool) -> Self {
        let listener = Listener::bind(&["127.0.0.1".to_owned()], 0).unwrap();
        let address = listener.addresses()[0];
        let connections = Connections::new(limits);
        let stage = Arc::new(Stage {
            release: Notify::new(),
            channel: broadcast::channel(1000).0,
            commands: AtomicUsize::new(0),
            noted: Mutex::default(),
            asks_password,
            closed: Mutex::default(),
        });
        let (stop, stopped) = watch::channel(false);
        let actor = Arc::clone(&stage);
        let make = move |link| Actor::new(Arc::clone(&actor), link);
        let ended = tokio::spawn(listener.run(Arc::clone(&connections), stopped, make));
        Server { address, connections, stage, stop, ended }
    }

    pub async fn connect(&self) -> RespClient {
        RespClient::connect(self.address).await.unwrap()
    }

    /// Waits until a connection has ended and says why.
    pub async fn closed(&self) -> Closed {
        let closed = until(|| self.stage.closed.lock().unwrap().pop());
        closed.await
    }

    /// Waits until so many commands were executed.
    pub async fn executed(&self, count: usize) {
        until(|| (self.stage.commands.load(SeqCst) >= count).then_some(())).await;
    }
}

/// Waits until `look` finds something.
pub async fn until<T>(look: impl Fn() -> Option<T>) -> T {
    let found = async {
        loop {
            match look() {
                Some(found) => return found,
                None => tokio::time::sleep(Duration::from_millis(1)).await,
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), found).await.expect("it happens within 20 s")
}

/// The text of a reply.
pub fn text(frame: &Frame) -> String {
    match frame {
        Frame::BlobString { data, .. } | Frame::SimpleString { data, .. } => {
            String::from_utf8_lossy(data).into_owned()
        }
        Frame::SimpleError { data, .. } => format!("-{data}"),
        Frame::Array { data, .. } | Frame::Push { data, .. } => {
            data.iter().map(text).collect::<Vec<_>>().join(" ")
        }
        other => format!("{other:?}"),
    }
}

struct Actor {
    stage: Arc<Stage>,
    unfinished: VecDeque<Vec<u8>>,
    /// What is unfinished waits to be released.
    waits: bool,
    subscribed: Option<broadcast::Receiver<Vec<u8>>>,
    authenticated: bool,
    link: Arc<Link>,
}

impl Actor {
    fn new(stage: Arc<Stage>, link: Arc<Link>) -> Self {
        let authenticated = !stage.asks_password;
        Actor {
            stage,
            unfinished: VecDeque::new(),
            waits: false,
            subscribed: None,
            authenticated,
            link,
        }
    }

    fn finish(&mut self, reply: &[u8], out: &mut Output) {
        if self.unfinished.is_empty() {
            out.bulk(reply);
        } else {
            self.unfinished.push_back(reply.to_vec());
        }
    }
}

impl Handler for Actor {
    fn command(&mut self, words: &[&[u8]], out: &mut Output) -> Next {
        self.stage.commands.fetch_add(1, SeqCst);
        let name = words[0].to_ascii_uppercase();
        let argument = words.get(1).copied().unwrap_or_default();
        match &name[..] {
            b"AUTH" => self.authenticated = true,
            _ if !self.authenticated => {
                out.raw(b"-NOAUTH Authentication required.\r\n");
                return Next::More;
            }
            b"PING" => self.finish(b"PONG", out),
            b"ECHO" => self.finish(argument, out),
            b"HELLO" => {
                out.protocol = lockstep_commands::Protocol::Resp3;
                out.reply(&Reply::Map(vec![(Reply::bulk("proto"), Reply::Int(3))]));
            }
            b"BIG" => {
                let len = std::str::from_utf8(argument).unwrap().parse().unwrap();
                self.finish(&vec![b'x'; len], out);
            }
            // A reply that is ready a moment later, as a write's.
            b"DEFER" => self.unfinished.push_back(argument.to_vec()),
            b"DEFERSETTLE" => {
                self.unfinished.push_back(argument.to_vec());
                return Next::Settle;
            }
            b"WAIT" => {
                self.unfinished.push_back(argument.to_vec());
                self.waits = true;
            }
            b"BLOCK" => {
                self.unfinished.push_back(argument.to_vec());
                self.waits = true;
                return Next::Block;
            }
            b"SUBSCRIBE" => {
                self.subscribed = Some(self.stage.channel.subscribe());
                self.finish(b"subscribed", out);
            }
            b"NOTE" => {
                let word = String::from_utf8_lossy(argument).into_owned();
                self.stage.noted.lock().unwrap().push(word);
                self.finish(b"noted", out);
            }
            b"ID" => self.finish(self.link.id.to_string().as_bytes(), out),
            b"PANIC" => panic!("asked for"),
            b"QUIT" => {
                self.finish(b"OK", out);
                return Next::Close;
            }
            _ => out.reply(&Reply::Error(error::unknown_command(words))),
        }
        Next::More
    }

    async fn settle(&mut self, out: &mut Output) -> Next {
        if self.waits {
            self.stage.release.notified().await;
            self.waits = false;
        }
        tokio::task::yield_now().await;
        for reply in self.unfinished.drain(..) {
            out.bulk(&reply);
        }
        Next::More
    }

    fn has_unfinished(&self) -> bool {
        !self.unfinished.is_empty()
    }

    async fn interrupted(&mut self, out: &mut Output) -> Next {
        let Some(channel) = &mut self.subscribed else { return std::future::pending().await };
        let Ok(message) = channel.recv().await else { return Next::Close };
        out.reply(&Reply::Push(vec![Reply::bulk("message"), Reply::Bulk(message)]));
        Next::More
    }

    fn authenticated(&self) -> bool {
        self.authenticated
    }

    fn idle_exempt(&self) -> bool {
        self.subscribed.is_some()
    }

    fn class(&self) -> OutputClass {
        match self.subscribed {
            Some(_) => OutputClass::PubSub,
            None => OutputClass::Normal,
        }
    }

    async fn closed(&mut self, why: Closed) {
        self.stage.closed.lock().unwrap().push(why);
    }
}
