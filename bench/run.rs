//! A whole run: threads, connections, what they saw.

use std::cell::RefCell;
use std::io;
use std::net::TcpStream;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::LocalSet;

use crate::environment::Environment;
use crate::line::Line;
use crate::pacer::{self, Due};
use crate::progress::Progress;
use crate::record::{Recorder, Window};
use crate::workload::Shared;
use crate::{Flags, Report, preload};

/// A run that ends with its work, not with its time.
const VERY_LONG: Duration = Duration::from_secs(100_000);

/// Prepares, measures, reports.
///
/// # Errors
/// When the server cannot be reached or a connection breaks.
pub fn run(flags: &Flags) -> io::Result<Report> {
    let environment = Environment::of(flags.address)?;
    if flags.preload && flags.workload.reads_keys() {
        preload::preload(flags)?;
    }
    let seen = measure(flags)?;
    Ok(Report::new(flags, environment, seen))
}

/// Measures.
///
/// # Errors
/// When the server cannot be reached or a connection breaks.
pub fn measure(flags: &Flags) -> io::Result<Recorder> {
    let mut streams = connect(flags)?.into_iter().map(Some).collect::<Vec<_>>();
    let plan = Plan::new(flags);
    let drawing = plan.progress.draw(flags.quiet, plan.begin, plan.window);
    let mut due = pacer::start(flags, plan.begin, plan.window, Arc::clone(&plan.dropped));
    let threads = flags.threads.min(flags.clients);
    let shares: Vec<Share> = (0..threads)
        .map(|thread| {
            let clients: Vec<usize> = (thread..flags.clients).step_by(threads).collect();
            let streams = deal(&mut streams, thread, threads).into_iter().flatten().collect();
            Share { clients, streams, due: deal(&mut due, thread, threads) }
        })
        .collect();
    let seen = std::thread::scope(|scope| {
        let running: Vec<_> =
            shares.into_iter().map(|share| scope.spawn(|| plan.thread(share))).collect();
        let seen = running.into_iter().map(|thread| thread.join().map_err(|_| panicked())?);
        seen.collect::<io::Result<Vec<Recorder>>>()
    });
    plan.progress.finish(drawing);
    let mut all = Recorder::new(plan.window);
    seen?.into_iter().for_each(|seen| all.merge(seen));
    all.dropped += plan.dropped.load(Ordering::Relaxed);
    plan.shared.settle(&mut all.counters);
    Ok(all)
}

/// Makes all connections before the clock starts.
fn connect(flags: &Flags) -> io::Result<Vec<TcpStream>> {
    let ports =
        if flags.ports.is_empty() { vec![flags.address.port()] } else { flags.ports.clone() };
    let address = |port: &u16| std::net::SocketAddr::new(flags.address.ip(), *port);
    let turns = ports.iter().map(address).cycle();
    turns.take(flags.clients).map(TcpStream::connect).collect()
}

fn panicked() -> io::Error {
    io::Error::other("a thread of the generator panicked")
}

/// What belongs to the connections of one thread.
fn deal<T>(all: &mut [Option<T>], thread: usize, threads: usize) -> Vec<Option<T>> {
    all.iter_mut().skip(thread).step_by(threads).map(Option::take).collect()
}

/// The connections of one thread.
struct Share {
    clients: Vec<usize>,
    streams: Vec<TcpStream>,
    due: Vec<Option<Due>>,
}

/// What all threads of a run share.
struct Plan<'a> {
    flags: &'a Flags,
    begin: Instant,
    window: Window,
    shared: Shared,
    progress: Progress,
    dropped: Arc<AtomicU64>,
}

impl<'a> Plan<'a> {
    fn new(flags: &'a Flags) -> Self {
        let begin = Instant::now();
        let timed = flags.timed();
        let from = begin + timed.map_or(Duration::ZERO, |_| flags.warmup);
        let until = from + timed.unwrap_or(VERY_LONG);
        Self {
            flags,
            begin,
            window: Window { from, until },
            shared: Shared::new(flags),
            progress: Progress::default(),
            dropped: Arc::new(AtomicU64::new(0)),
        }
    }

    fn thread(&self, share: Share) -> io::Result<Recorder> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let recorder = Rc::new(RefCell::new(Recorder::new(self.window)));
        LocalSet::new().block_on(&runtime, self.connections(share, &recorder))?;
        drop(runtime);
        let recorder = Rc::into_inner(recorder).expect("the connections of this thread have ended");
        Ok(recorder.into_inner())
    }

    async fn connections(&self, share: Share, recorder: &Rc<RefCell<Recorder>>) -> io::Result<()> {
        let mut due = share.due.into_iter();
        let mut tasks = tokio::task::JoinSet::new();
        for (client, stream) in share.clients.into_iter().zip(share.streams) {
            let script = self.shared.script(self.flags, client);
            let (recorder, progress) = (Rc::clone(recorder), self.progress.clone());
            let mut line = Line::new(stream, script, self.window, recorder, progress)?;
            if let Some(requests) = self.flags.requests {
                line.limit(part(requests, client, self.flags.clients));
            }
            let pipeline = self.flags.pipeline;
            match due.next().flatten() {
                Some(due) => tasks.spawn_local(line.open(due)),
                None => tasks.spawn_local(line.closed(pipeline)),
            };
        }
        while let Some(ended) = tasks.join_next().await {
            ended.map_err(|_| panicked())??;
        }
        Ok(())
    }
}

/// The share of one of `parts` equal parts; the first take the remainder.
fn part(whole: u64, index: usize, parts: usize) -> u64 {
    let (index, parts) = (index as u64, parts as u64);
    whole / parts + u64::from(index < whole % parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_make_the_whole() {
        for (whole, parts) in [(0, 3), (7, 3), (100, 7), (2, 5)] {
            assert_eq!((0..parts).map(|index| part(whole, index, parts)).sum::<u64>(), whole);
        }
    }
}
