//! Work for a client that goes on by itself: told to stop when its connection ends,
//! so that it gives back what it got.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use lockstep_commands::{BadArgs, error};
use lockstep_raft::many::Why;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::Node;
use crate::clients::Client;

/// What comes of it: an outcome, or what to tell the client instead.
pub(crate) type Answered<T> = Result<T, BadArgs>;

/// How it is told to stop, and why.
pub(crate) type Stop = watch::Receiver<Option<Why>>;

/// Work that goes on.
pub(crate) struct Running {
    stop: Arc<watch::Sender<Option<Why>>>,
    over: JoinHandle<()>,
}

/// What comes of the work.
pub(crate) struct Awaited<T> {
    node: Arc<Node>,
    client: Arc<Client>,
    stop: Arc<watch::Sender<Option<Why>>>,
    answer: oneshot::Receiver<Answered<T>>,
    /// When its time has been up for so long that some shard cannot have a leader;
    /// none: it waits without end.
    overdue: Option<Instant>,
}

/// How much longer than it may wait a client waits.
const OVERDUE_AFTER: Duration = Duration::from_secs(3);

/// How long work that was told to stop may take to answer.
const STOP_WAIT: Duration = Duration::from_secs(4);

/// Begins work for a client on a task of its own: it tells its answer, and goes on
/// until all is tidied up. `work` gives it, with the time when it gives up waiting.
pub(crate) fn begin<T, F>(
    node: Arc<Node>,
    client: Arc<Client>,
    work: impl FnOnce(Stop, oneshot::Sender<Answered<T>>) -> (Option<Instant>, F),
) -> (Running, Awaited<T>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let stop = Arc::new(watch::Sender::new(None));
    let (tell, answer) = oneshot::channel();
    let (deadline, work) = work(stop.subscribe(), tell);
    let overdue = deadline.map(|deadline| deadline + OVERDUE_AFTER);
    let over = tokio::spawn(work);
    (Running { stop: stop.clone(), over }, Awaited { node, client, stop, answer, overdue })
}

impl Running {
    /// Whether the work is done.
    pub(crate) fn is_over(&self) -> bool {
        self.over.is_finished()
    }

    /// Has it give back what it got, and waits for that.
    pub(crate) async fn end(self) {
        self.stop.send_replace(Some(Why::Gone));
        // Had it panicked, what it got ends with its leases.
        let _ = self.over.await;
    }
}

impl<T> Awaited<T> {
    /// Waits for what comes of it, for CLIENT UNBLOCK, or for the end of the node.
    pub(crate) async fn answer(mut self) -> Answered<T> {
        let why = tokio::select! {
            biased;
            answer = &mut self.answer => return told(answer),
            error = self.client.unblocked() => Why::Unblocked(error),
            () = self.node.waits.given_up() => Why::GivenUp,
            () = sleep_until(self.overdue) => Why::Unblocked(false),
        };
        self.stop.send_replace(Some(why));
        match tokio::time::timeout(STOP_WAIT, self.answer).await {
            Ok(answer) => told(answer),
            // It goes on giving back without the client.
            Err(_) => Err(error::UNCERTAIN),
        }
    }
}

/// Waits until it is told to stop.
pub(crate) async fn stopped(stop: &mut Stop) -> Why {
    match stop.wait_for(Option::is_some).await.map(|why| *why) {
        Ok(Some(why)) => why,
        // Nobody is left who could wait for it.
        _ => Why::Gone,
    }
}

/// Waits until a time, if there is one.
pub(crate) async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

fn told<T>(answer: Result<Answered<T>, oneshot::error::RecvError>) -> Answered<T> {
    answer.unwrap_or(Err(error::UNCERTAIN))
}
