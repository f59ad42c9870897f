//! A network between two processes that can be made bad while they run.
//!
//! A [`Proxy`] stands in front of one port. What goes through it can be held back,
//! delayed, slowed down, changed, cut, in each direction by itself; for everybody, or
//! for the connections of one node, which is known by what it says first. The system
//! below still speaks TCP: bytes are late or wrong, never lost or out of order within
//! a connection, as with any network that TCP runs over.

mod pump;
mod rules;

use std::collections::HashMap;
use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use socket2::SockRef;

pub use rules::{Faults, Way};

use rules::Rules;

/// How long who waits for a change of the rules sleeps at most.
const NAP: Duration = Duration::from_millis(20);

/// How long connecting to the target may take.
const CONNECT_MAX: Duration = Duration::from_secs(2);

/// A port in front of another one. Everything ends when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    inner: Arc<Inner>,
    accepting: Option<JoinHandle<()>>,
    flapping: Mutex<Option<Flapping>>,
}

#[derive(Debug)]
struct Flapping {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

/// What the threads share.
#[derive(Debug)]
struct Inner {
    target: Mutex<SocketAddr>,
    rules: Mutex<HashMap<Option<u64>, Rules>>,
    changed: Condvar,
    lines: Mutex<HashMap<u64, Arc<Line>>>,
    counts: [Counts; 2],
    last: AtomicU64,
    stopping: AtomicBool,
}

#[derive(Debug, Default)]
struct Counts {
    bytes: AtomicU64,
    corrupted: AtomicU64,
}

/// One connection through the proxy.
#[derive(Debug)]
struct Line {
    near: TcpStream,
    far: TcpStream,
    /// The node that dialled, as soon as it has said so.
    from: OnceLock<u64>,
    closed: AtomicBool,
}

impl Proxy {
    /// A proxy on a free port in front of this one.
    ///
    /// # Panics
    /// When no port can be bound.
    pub fn to(target: SocketAddr) -> Proxy {
        Proxy::on(0, target).expect("a free port can be bound")
    }

    /// A proxy on this port of 127.0.0.1.
    ///
    /// # Errors
    /// When the port cannot be bound.
    pub fn on(port: u16, target: SocketAddr) -> io::Result<Proxy> {
        let socket = TcpListener::bind(("127.0.0.1", port))?;
        let address = socket.local_addr()?;
        let inner = Arc::new(Inner {
            target: Mutex::new(target),
            rules: Mutex::default(),
            changed: Condvar::new(),
            lines: Mutex::default(),
            counts: Default::default(),
            last: AtomicU64::new(0),
            stopping: AtomicBool::new(false),
        });
        let shared = Arc::clone(&inner);
        let accepting = Some(std::thread::spawn(move || accept_all(&socket, &shared)));
        Ok(Proxy { address, inner, accepting, flapping: Mutex::default() })
    }

    /// Where it is reached.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// New connections go here from now on.
    pub fn leads_to(&self, target: SocketAddr) {
        *locked(&self.inner.target) = target;
    }

    /// Sets what happens to the bytes of everybody for whom nothing else is set.
    pub fn set(&self, way: Way, faults: Faults) {
        self.change(None, |rules| rules.set(way, faults));
    }

    /// Sets what happens to the bytes of the connections that one node makes.
    pub fn set_from(&self, node: u64, way: Way, faults: Faults) {
        self.change(Some(node), |rules| rules.set(way, faults));
    }

    /// Closes all connections, and new ones at once, until it is mended.
    pub fn cut(&self) {
        self.change(None, |rules| rules.cut = true);
    }

    /// The same for the connections that one node makes.
    pub fn cut_from(&self, node: u64) {
        self.change(Some(node), |rules| rules.cut = true);
    }

    /// Holds everything back in both directions, and closes nothing: what a cable that
    /// is pulled looks like. What was held back arrives when it is mended.
    pub fn hold(&self) {
        self.set(Way::Both, Faults { held: true, ..Faults::default() });
    }

    /// Closes all connections with a reset; new ones may come at once.
    pub fn reset(&self) {
        for line in locked(&self.inner.lines).values() {
            line.close();
        }
    }

    /// Ends all faults, and the flapping.
    pub fn mend(&self) {
        self.stop_flapping();
        locked(&self.inner.rules).clear();
        self.inner.changed.notify_all();
    }

    /// Is well for `up` and cut for `down`, again and again, until it is mended.
    pub fn flap(&self, up: Duration, down: Duration) {
        self.stop_flapping();
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, inner) = (Arc::clone(&stop), Arc::clone(&self.inner));
        let thread = std::thread::spawn(move || {
            let mut cut = false;
            let mut next = Instant::now() + up;
            while !stopped.load(SeqCst) && !inner.stopping.load(SeqCst) {
                let now = Instant::now();
                if now >= next {
                    cut = !cut;
                    inner.change(None, |rules| rules.cut = cut);
                    next = now + if cut { down } else { up };
                }
                std::thread::sleep(NAP.min(next.saturating_duration_since(now)));
            }
        });
        *locked(&self.flapping) = Some(Flapping { stop, thread });
    }

    /// How many connections go through it.
    pub fn connections(&self) -> usize {
        locked(&self.inner.lines).len()
    }

    /// The nodes whose connections go through it, by what they said first.
    pub fn nodes(&self) -> Vec<u64> {
        let lines = locked(&self.inner.lines);
        let mut nodes: Vec<u64> =
            lines.values().filter_map(|line| line.from.get().copied()).collect();
        nodes.sort_unstable();
        nodes.dedup();
        nodes
    }

    /// How many bytes were passed on.
    pub fn bytes(&self, way: Way) -> u64 {
        way.indices().iter().map(|at| self.inner.counts[*at].bytes.load(SeqCst)).sum()
    }

    /// How many bytes were passed on wrong.
    pub fn corrupted(&self, way: Way) -> u64 {
        way.indices().iter().map(|at| self.inner.counts[*at].corrupted.load(SeqCst)).sum()
    }

    fn change(&self, from: Option<u64>, change: impl FnOnce(&mut Rules)) {
        self.inner.change(from, change);
    }

    fn stop_flapping(&self) {
        let Some(flapping) = locked(&self.flapping).take() else { return };
        flapping.stop.store(true, SeqCst);
        flapping.thread.join().expect("flapping does not panic");
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.inner.stopping.store(true, SeqCst);
        self.stop_flapping();
        self.reset();
        self.inner.changed.notify_all();
        // Wakes the thread that accepts. If that fails it has ended already.
        let _ = TcpStream::connect_timeout(&self.address, CONNECT_MAX);
        if let Some(accepting) = self.accepting.take() {
            accepting.join().expect("accepting does not panic");
        }
    }
}

impl Inner {
    /// What holds for the connections of a node.
    fn rules(&self, from: Option<u64>) -> Rules {
        let rules = locked(&self.rules);
        let own = from.and_then(|node| rules.get(&Some(node)));
        own.or_else(|| rules.get(&None)).copied().unwrap_or_default()
    }

    fn change(&self, from: Option<u64>, change: impl FnOnce(&mut Rules)) {
        change(locked(&self.rules).entry(from).or_default());
        for line in locked(&self.lines).values() {
            if self.rules(line.from.get().copied()).cut {
                line.close();
            }
        }
        self.changed.notify_all();
    }

    /// Sleeps until the rules change, or a short while.
    fn nap(&self, at_most: Duration) {
        let rules = locked(&self.rules);
        let nap = at_most.min(NAP);
        drop(self.changed.wait_timeout(rules, nap).unwrap_or_else(PoisonError::into_inner));
    }
}

impl Line {
    /// Closes both ends with a reset.
    fn close(&self) {
        self.closed.store(true, SeqCst);
        for end in [&self.near, &self.far] {
            // An end that is closed already needs neither.
            let _ = SockRef::from(end).set_linger(Some(Duration::ZERO));
            let _ = end.shutdown(Shutdown::Both);
        }
    }

    fn is_closed(&self) -> bool {
        self.closed.load(SeqCst)
    }
}

fn accept_all(socket: &TcpListener, inner: &Arc<Inner>) {
    for near in socket.incoming() {
        if inner.stopping.load(SeqCst) {
            return;
        }
        let Ok(near) = near else { continue };
        if inner.rules(None).cut {
            // Dropping it is the refusal.
            continue;
        }
        let inner = Arc::clone(inner);
        std::thread::spawn(move || serve(&inner, near));
    }
}

fn serve(inner: &Arc<Inner>, near: TcpStream) {
    let target = *locked(&inner.target);
    let Ok(far) = TcpStream::connect_timeout(&target, CONNECT_MAX) else { return };
    // Only speed would be lost.
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    let line = Line { near, far, from: OnceLock::new(), closed: AtomicBool::new(false) };
    let line = Arc::new(line);
    let id = inner.last.fetch_add(1, SeqCst);
    locked(&inner.lines).insert(id, Arc::clone(&line));
    if inner.stopping.load(SeqCst) {
        line.close();
    }
    pump::both(inner, &line);
    locked(&inner.lines).remove(&id);
}

/// Nobody leaves these half changed.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
