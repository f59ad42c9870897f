//! A cluster of a test: nodes on ports and in folders of their own on this
//! machine, started, killed and stopped one by one.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::client::Client;
use super::ports::free_port;
use crate::binary::lockstep_binary;

/// How long nodes wait for each other before they take one for dead, unless a test
/// says otherwise: longer than a busy machine stands still.
const PATIENT_MS: &str = "20000";

/// How long a cluster may take to get ready.
const READY_PATIENCE: Duration = Duration::from_secs(60);
const END_PATIENCE: Duration = Duration::from_secs(30);
const LOG_LINES_SHOWN: usize = 200;

/// A cluster. What is left of it at the end is killed and cleaned away; when the
/// test fails the ends of the nodes' logs are shown.
#[derive(Debug)]
pub struct Cluster {
    nodes: Vec<Node>,
    seeds: String,
    arguments: Vec<String>,
    folder: TempDir,
}

/// Where a node of a test runs.
#[derive(Clone, Debug)]
pub struct Place {
    /// Its address.
    pub host: IpAddr,
    /// The program, with arguments, that starts it there; empty: none is needed.
    pub enter: Vec<String>,
}

impl Place {
    /// This machine.
    pub fn here() -> Place {
        Place { host: Ipv4Addr::LOCALHOST.into(), enter: Vec::new() }
    }
}

#[derive(Debug)]
struct Node {
    place: Place,
    port: u16,
    peer_port: u16,
    admin_port: u16,
    arguments: Vec<String>,
    child: Option<Child>,
}

impl Node {
    fn new(place: Place, arguments: &[&str]) -> Node {
        let arguments = arguments.iter().map(ToString::to_string).collect();
        let [port, peer_port, admin_port] = [(); 3].map(|()| free_port());
        Node { place, port, peer_port, admin_port, arguments, child: None }
    }

    fn seed(&self) -> String {
        format!("{}:{}@{}", self.place.host, self.port, self.peer_port)
    }
}

impl Cluster {
    /// So many nodes, founded and ready. `arguments` go to each of them.
    ///
    /// # Panics
    /// When they do not get ready.
    pub fn start(count: usize, arguments: &[&str]) -> Self {
        let mut cluster = Self::prepare(count, arguments);
        (0..count).for_each(|node| cluster.spawn(node));
        cluster.wait_ready();
        cluster
    }

    /// So many nodes that do not run yet.
    pub fn prepare(count: usize, arguments: &[&str]) -> Self {
        Self::prepare_at(&vec![Place::here(); count], arguments)
    }

    /// A node in each of these places, none of which runs yet.
    pub fn prepare_at(places: &[Place], arguments: &[&str]) -> Self {
        let nodes: Vec<Node> = places.iter().map(|place| Node::new(place.clone(), &[])).collect();
        let seeds: Vec<String> = nodes.iter().map(Node::seed).collect();
        Cluster {
            nodes,
            seeds: seeds.join(","),
            arguments: arguments.iter().map(ToString::to_string).collect(),
            folder: TempDir::new().expect("a temporary folder can be made"),
        }
    }

    /// Adds a node that is none of the seeds, with further arguments, and gives
    /// its number. It does not run yet.
    pub fn add(&mut self, arguments: &[&str]) -> usize {
        self.nodes.push(Node::new(Place::here(), arguments));
        self.nodes.len() - 1
    }

    /// Changes what goes to each node at its next start.
    pub fn arguments(&mut self, arguments: &[&str]) {
        self.arguments = arguments.iter().map(ToString::to_string).collect();
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Starts a node.
    ///
    /// # Panics
    /// When it runs already.
    pub fn spawn(&mut self, node: usize) {
        assert!(self.nodes[node].child.is_none(), "node {node} runs already");
        fs::create_dir_all(self.data(node)).expect("the data folder can be made");
        let child = self.command(node).spawn().expect("the server can be started");
        self.nodes[node].child = Some(child);
    }

    /// Starts a node and waits until it is ready.
    ///
    /// # Panics
    /// When it does not get ready.
    pub fn restart(&mut self, node: usize) {
        self.spawn(node);
        self.wait_ready_node(node);
    }

    /// Ends a node at once, as a crash does.
    ///
    /// # Panics
    /// When it does not run.
    pub fn kill(&mut self, node: usize) {
        let mut child = self.nodes[node].child.take().expect("the node runs");
        child.kill().expect("a child can be killed");
        child.wait().expect("a child can be waited for");
    }

    /// Sends a signal by name (`TERM`, `STOP`, `CONT`, ...).
    ///
    /// # Panics
    /// When the process is gone.
    pub fn signal(&self, node: usize, name: &str) {
        let process = self.process(node).to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &process]).status();
        assert!(sent.is_ok_and(|status| status.success()), "SIG{name} could not be sent");
    }

    /// Asks a node to end and waits.
    ///
    /// # Panics
    /// When it does not end.
    pub fn stop(&mut self, node: usize) -> ExitStatus {
        self.signal(node, "TERM");
        self.wait_end(node)
    }

    /// Waits for the end of a node.
    ///
    /// # Panics
    /// When it does not end.
    pub fn wait_end(&mut self, node: usize) -> ExitStatus {
        let mut child = self.nodes[node].child.take().expect("the node runs");
        let asked = Instant::now();
        loop {
            if let Some(status) = child.try_wait().expect("a child can be waited for") {
                return status;
            }
            if asked.elapsed() > END_PATIENCE {
                child.kill().expect("a child can be killed");
                child.wait().expect("a child can be waited for");
                panic!("node {node} does not end\n{}", self.log(node));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Removes the data of a node that does not run.
    ///
    /// # Panics
    /// When it runs.
    pub fn wipe(&self, node: usize) {
        assert!(self.nodes[node].child.is_none(), "node {node} runs");
        fs::remove_dir_all(self.data(node)).expect("data can be removed");
    }

    /// Whether a node runs.
    pub fn runs(&self, node: usize) -> bool {
        self.nodes[node].child.is_some()
    }

    /// The number of a node's process.
    ///
    /// # Panics
    /// When it does not run.
    pub fn process(&self, node: usize) -> u32 {
        self.nodes[node].child.as_ref().expect("the node runs").id()
    }

    /// Whether a node does not run, or not any more: it may have ended by itself.
    pub fn has_ended(&mut self, node: usize) -> bool {
        let child = &mut self.nodes[node].child;
        if let Some(running) = child
            && !matches!(running.try_wait(), Ok(None))
        {
            *child = None;
        }
        child.is_none()
    }

    /// Waits until all nodes that run are ready.
    ///
    /// # Panics
    /// When they do not get ready.
    pub fn wait_ready(&mut self) {
        for node in 0..self.len() {
            if self.runs(node) {
                self.wait_ready_node(node);
            }
        }
    }

    /// Waits until a node is ready.
    ///
    /// # Panics
    /// When it ends or does not get ready.
    pub fn wait_ready_node(&mut self, node: usize) {
        let started = Instant::now();
        while !self.is_ready(node) {
            let ended = self.nodes[node].child.as_mut().expect("the node runs").try_wait();
            assert!(matches!(ended, Ok(None)), "node {node} ended: {ended:?}");
            let page = self.admin(node, "/readyz?verbose");
            assert!(started.elapsed() < READY_PATIENCE, "node {node} is not ready: {page:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Whether a node says that clients may be sent to it.
    pub fn is_ready(&self, node: usize) -> bool {
        self.admin(node, "/readyz").is_some_and(|page| page.starts_with("HTTP/1.1 200"))
    }

    /// What a node's admin port answers, head included.
    pub fn admin(&self, node: usize, path: &str) -> Option<String> {
        let own = &self.nodes[node];
        let mut stream = TcpStream::connect((own.place.host, own.admin_port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).ok()?;
        let mut page = String::new();
        stream.read_to_string(&mut page).ok()?;
        Some(page)
    }

    /// A new connection to a node.
    ///
    /// # Panics
    /// When the node takes none.
    pub fn client(&self, node: usize) -> Client {
        let stream = TcpStream::connect(self.address(node));
        stream.and_then(Client::over).expect("the node takes connections")
    }

    /// A new connection to a node, if it takes one.
    pub fn try_client(&self, node: usize) -> Option<Client> {
        TcpStream::connect(self.address(node)).and_then(Client::over).ok()
    }

    /// Where a node takes clients.
    pub fn address(&self, node: usize) -> SocketAddr {
        (self.nodes[node].place.host, self.nodes[node].port).into()
    }

    /// A node's port for clients.
    pub fn port(&self, node: usize) -> u16 {
        self.nodes[node].port
    }

    /// A node's port for other nodes.
    pub fn peer_port(&self, node: usize) -> u16 {
        self.nodes[node].peer_port
    }

    /// A node's data folder.
    pub fn data(&self, node: usize) -> PathBuf {
        self.folder.path().join(format!("node-{node}"))
    }

    /// What a node has written since its first start.
    pub fn log(&self, node: usize) -> String {
        let bytes = fs::read(self.log_path(node)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// A section of a node's INFO.
    pub fn info(&self, node: usize, section: &str) -> String {
        self.client(node).call(&format!("INFO {section}")).text()
    }

    /// The node that leads a shard, if one of those that run says so.
    pub fn leader(&self, shard: u16) -> Option<usize> {
        let line = format!("\r\nshard{shard}:role=leader,");
        (0..self.len())
            .filter(|node| self.runs(*node))
            .find(|node| self.info(*node, "lockstep").contains(&line))
    }

    /// The node that leads a shard, once there is one.
    ///
    /// # Panics
    /// When none is elected.
    pub fn wait_leader(&self, shard: u16) -> usize {
        let started = Instant::now();
        loop {
            if let Some(leader) = self.leader(shard) {
                return leader;
            }
            assert!(started.elapsed() < READY_PATIENCE, "nobody leads shard {shard}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn command(&self, node: usize) -> Command {
        let log = File::options().create(true).append(true).open(self.log_path(node));
        let log = log.expect("the log can be written");
        let own = &self.nodes[node];
        let mut command = match &own.place.enter[..] {
            [] => Command::new(lockstep_binary()),
            [program, arguments @ ..] => {
                let mut command = Command::new(program);
                command.args(arguments).arg(lockstep_binary());
                command
            }
        };
        // Settings of whoever runs the tests must not change them.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("LOCKSTEP_") {
                command.env_remove(name);
            }
        }
        for (name, port) in
            [("--port", own.port), ("--peer-port", own.peer_port), ("--admin-port", own.admin_port)]
        {
            command.args([name, &port.to_string()]);
        }
        command.arg("--dir").arg(self.data(node)).args(["--seeds", &self.seeds]);
        let mut all = self.arguments.iter().chain(&own.arguments);
        if all.all(|argument| argument != "--node-timeout") {
            command.args(["--node-timeout", PATIENT_MS]);
        }
        command.args(&self.arguments).args(&own.arguments);
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command.stdout(log.try_clone().expect("a file can be shared")).stderr(log);
        command
    }

    fn log_path(&self, node: usize) -> PathBuf {
        self.folder.path().join(format!("log-{node}"))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for node in &mut self.nodes {
            if let Some(mut child) = node.child.take() {
                // It may have ended by itself, which is as good.
                let _ = child.kill();
                let _ = child.wait();
            }
        }
        if std::thread::panicking() {
            (0..self.len()).for_each(|node| show_log(node, &self.log(node)));
        }
    }
}

fn show_log(node: usize, text: &str) {
    let lines: Vec<&str> = text.lines().collect();
    let shown = &lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..];
    eprintln!("--- the end of the log of node {node}\n{}\n---", shown.join("\n"));
}

/// A ready cluster of three nodes with six shards, for tests that lose no power.
pub fn three_nodes(arguments: &[&str]) -> Cluster {
    let mut all = vec!["--shards", "6", "--fsync", "never"];
    all.extend(arguments);
    Cluster::start(3, &all)
}
