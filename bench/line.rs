//! One connection.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::pacer::Due;
use crate::progress::Progress;
use crate::record::{Recorder, Window};
use crate::wire::reply_length;
use crate::workload::{Next, Script, Step};

/// How long replies are waited for after the window has closed.
const DRAIN: Duration = Duration::from_secs(10);
/// How long a consumer rests when its queue is empty.
const REST: Duration = Duration::from_millis(1);
const READ_BYTES: usize = 64 << 10;

/// A connection with its script and what it waits for.
pub struct Line {
    stream: TcpStream,
    script: Script,
    window: Window,
    recorder: Rc<RefCell<Recorder>>,
    progress: Progress,
    /// Requests without a reply yet, in order.
    waiting: VecDeque<Waiting>,
    /// Operations under way.
    under_way: usize,
    /// Operations that may still begin.
    quota: u64,
    out: Vec<u8>,
    input: Vec<u8>,
    empty: bool,
}

struct Waiting {
    step: Step,
    due: Instant,
    sent: Instant,
}

impl Line {
    /// Of a connection that stands.
    ///
    /// # Errors
    /// When the socket cannot be used asynchronously.
    pub fn new(
        stream: std::net::TcpStream,
        script: Script,
        window: Window,
        recorder: Rc<RefCell<Recorder>>,
        progress: Progress,
    ) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream: TcpStream::from_std(stream)?,
            script,
            window,
            recorder,
            progress,
            waiting: VecDeque::new(),
            under_way: 0,
            quota: u64::MAX,
            out: Vec::new(),
            input: Vec::new(),
            empty: false,
        })
    }

    /// Begins at most this many operations.
    pub fn limit(&mut self, operations: u64) {
        self.quota = operations;
    }

    /// Keeps `pipeline` operations in flight until the window closes.
    ///
    /// # Errors
    /// When the connection breaks or the server talks nonsense.
    pub async fn closed(mut self, pipeline: usize) -> io::Result<()> {
        let pipeline = pipeline.min(self.script.pipeline_max());
        loop {
            let now = Instant::now();
            if self.may_begin(now) {
                while self.under_way < pipeline && self.begin(now, now) {}
            }
            if self.waiting.is_empty() {
                return Ok(());
            }
            if !self.turn(now).await? {
                return Ok(());
            }
            if std::mem::take(&mut self.empty) {
                tokio::time::sleep(REST).await;
            }
        }
    }

    /// Begins an operation whenever one is due.
    ///
    /// # Errors
    /// When the connection breaks or the server talks nonsense.
    pub async fn open(mut self, mut due: Due) -> io::Result<()> {
        let mut batch = Vec::new();
        loop {
            tokio::select! {
                biased;
                count = due.recv_many(&mut batch, 1024) => {
                    if count == 0 {
                        break;
                    }
                }
                ready = self.stream.ready(self.interest()) => {
                    ready?;
                }
            }
            let now = Instant::now();
            for due in batch.drain(..) {
                self.begin(due, now);
            }
            self.exchange()?;
        }
        while !self.waiting.is_empty() && self.turn(Instant::now()).await? {}
        Ok(())
    }

    fn may_begin(&self, now: Instant) -> bool {
        now < self.window.until || (self.script.has_rest() && now < self.window.until + DRAIN)
    }

    /// Starts an operation; false when the script or the quota has ended.
    fn begin(&mut self, due: Instant, now: Instant) -> bool {
        if self.quota == 0 {
            return false;
        }
        let Some(step) = self.script.begin(&mut self.out) else { return false };
        self.quota -= 1;
        self.under_way += 1;
        self.waiting.push_back(Waiting { step, due, sent: now });
        self.recorder.borrow_mut().sent(due, now);
        true
    }

    /// Writes and reads once; false when the time for late replies is over.
    async fn turn(&mut self, now: Instant) -> io::Result<bool> {
        self.write()?;
        let left = (self.window.until + DRAIN).saturating_duration_since(now);
        match timeout(left, self.stream.ready(self.interest())).await {
            Ok(ready) => ready?,
            Err(_) => {
                self.recorder.borrow_mut().unanswered += self.under_way as u64;
                return Ok(false);
            }
        };
        self.exchange()?;
        Ok(true)
    }

    fn interest(&self) -> Interest {
        if self.out.is_empty() {
            Interest::READABLE
        } else {
            Interest::READABLE | Interest::WRITABLE
        }
    }

    fn exchange(&mut self) -> io::Result<()> {
        self.read()?;
        self.write()
    }

    fn write(&mut self) -> io::Result<()> {
        if self.out.is_empty() {
            return Ok(());
        }
        match self.stream.try_write(&self.out) {
            Ok(written) => {
                self.out.drain(..written);
                Ok(())
            }
            Err(problem) if problem.kind() == ErrorKind::WouldBlock => Ok(()),
            Err(problem) => Err(problem),
        }
    }

    fn read(&mut self) -> io::Result<()> {
        let old = self.input.len();
        self.input.resize(old + READ_BYTES, 0);
        let read = self.stream.try_read(&mut self.input[old..]);
        self.input.truncate(old + read.as_ref().copied().unwrap_or(0));
        match read {
            Ok(0) => {
                Err(io::Error::new(ErrorKind::UnexpectedEof, "the server closed a connection"))
            }
            Ok(_) => self.take_replies(),
            Err(problem) if problem.kind() == ErrorKind::WouldBlock => Ok(()),
            Err(problem) => Err(problem),
        }
    }

    fn take_replies(&mut self) -> io::Result<()> {
        let now = Instant::now();
        let input = std::mem::take(&mut self.input);
        let mut at = 0;
        while let Some(length) = reply_length(&input[at..]).map_err(io::Error::other)? {
            self.take_reply(&input[at..at + length], now)?;
            at += length;
        }
        self.input = input;
        self.input.drain(..at);
        Ok(())
    }

    fn take_reply(&mut self, reply: &[u8], now: Instant) -> io::Result<()> {
        let Some(Waiting { step, due, sent }) = self.waiting.pop_front() else {
            return Err(io::Error::other("the server sent a reply that nobody asked for"));
        };
        let mut recorder = self.recorder.borrow_mut();
        recorder.request(step.command, sent, now);
        let next = if reply.first() == Some(&b'-') {
            match self.script.refused(step, reply, &mut self.out, &mut recorder.counters) {
                Some(next) => next,
                None => {
                    recorder.error(String::from_utf8_lossy(&reply[1..]).trim_end());
                    Next::Failed
                }
            }
        } else {
            self.script.reply(step, reply, &mut self.out, &mut recorder.counters)
        };
        match next {
            Next::Request(step) => self.waiting.push_back(Waiting { step, due, sent: now }),
            Next::Requests(steps) => {
                let all = steps.into_iter().map(|step| Waiting { step, due, sent: now });
                self.waiting.extend(all);
            }
            Next::Onward(step) => self.waiting.push_back(Waiting { step, due: now, sent: now }),
            Next::Empty => self.empty = true,
            Next::Part | Next::Ended | Next::Done | Next::Busy | Next::Failed => {}
        }
        if matches!(next, Next::Onward(_) | Next::Ended | Next::Done) {
            for _ in 0..step.operations() {
                recorder.operation(due, now);
                self.progress.one_more();
            }
        }
        let ends = matches!(next, Next::Done | Next::Empty | Next::Busy | Next::Failed);
        self.under_way -= usize::from(ends);
        Ok(())
    }
}
