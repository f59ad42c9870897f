//! The processes of the nodes.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::words::Plan;

/// How long a node may take to stop.
const STOP_TIME: Duration = Duration::from_secs(20);
/// How often a stopping node is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// The processes of the nodes. Those that are left are killed at the end.
pub(super) struct Nodes {
    list: Vec<Running>,
}

struct Running {
    port: u16,
    child: Child,
    /// The command that starts it, for people.
    shown: String,
    ended: bool,
}

impl Nodes {
    /// Starts a process for each port.
    ///
    /// # Errors
    /// A folder or a process could not be made.
    pub(super) fn start(plan: &Plan, ports: &[u16]) -> Result<Nodes, String> {
        let mut nodes = Nodes { list: Vec::new() };
        for port in ports {
            nodes.list.push(start(plan, ports, *port)?);
        }
        Ok(nodes)
    }

    /// What is to be said of the nodes that have ended since the last look.
    pub(super) fn ended(&mut self) -> Vec<String> {
        let mut told = Vec::new();
        for node in self.list.iter_mut().filter(|node| !node.ended) {
            let Ok(Some(status)) = node.child.try_wait() else { continue };
            node.ended = true;
            let (port, shown) = (node.port, &node.shown);
            told.push(format!(
                "the node on port {port} has ended ({status}); start it again with\n  {shown}"
            ));
        }
        told
    }

    /// How many run.
    pub(super) fn running(&self) -> usize {
        self.list.iter().filter(|node| !node.ended).count()
    }

    /// Where the nodes are, and what to try.
    pub(super) fn described(&self, plan: &Plan) -> String {
        let mut text = String::new();
        for (at, node) in self.list.iter().enumerate() {
            let (number, port, process) = (at + 1, node.port, node.child.id());
            text.push_str(&format!("node {number}  127.0.0.1:{port}  process {process}\n"));
        }
        let first = self.list.first().map_or(0, |node| node.port);
        let cluster = if plan.in_cluster_mode() { " -c" } else { "" };
        text.push_str(&format!(
            "data and logs: {}\n\ntry:  redis-cli{cluster} -p {first}\n      lockstep ctl node list --addr 127.0.0.1:{first}\nstop: Ctrl-C\n",
            plan.dir.display()
        ));
        text
    }

    /// Asks all to stop and waits until they have.
    pub(super) async fn stop(&mut self) {
        for node in self.list.iter().filter(|node| !node.ended) {
            node.signal();
        }
        let begun = Instant::now();
        while self.list.iter_mut().any(Running::still_runs) && begun.elapsed() < STOP_TIME {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
}

impl Running {
    fn signal(&self) {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        // One that has just ended needs no signal.
        let _ = id.map(|id| kill_process(id, Signal::TERM));
    }

    fn still_runs(&mut self) -> bool {
        self.ended = self.ended || matches!(self.child.try_wait(), Ok(Some(_)) | Err(_));
        !self.ended
    }
}

impl Drop for Running {
    /// No process outlives the cluster.
    fn drop(&mut self) {
        if self.still_runs() {
            // Whatever fails here, there is nobody to tell.
            let _ = self.child.kill();
            let _: std::io::Result<ExitStatus> = self.child.wait();
        }
    }
}

fn start(plan: &Plan, ports: &[u16], port: u16) -> Result<Running, String> {
    let number = ports.iter().position(|other| *other == port).map_or(0, |at| at + 1);
    let dir = plan.dir.join(format!("node-{number}"));
    fs::create_dir_all(&dir).map_err(|why| format!("{}: {why}", dir.display()))?;
    let log = plan.dir.join(format!("node-{number}.log"));
    let log = File::options().create(true).append(true).open(&log);
    let log = log.map_err(|why| format!("the log of node {number}: {why}"))?;
    let program = std::env::current_exe().map_err(|why| format!("this program: {why}"))?;
    let seeds: Vec<String> = ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
    let mut flags = vec![
        ("port".to_owned(), port.to_string()),
        ("dir".to_owned(), dir.display().to_string()),
        ("seeds".to_owned(), seeds.join(",")),
    ];
    flags.extend(plan.flags.iter().cloned());
    let mut command = Command::new(&program);
    command.args(flags.iter().flat_map(|(name, value)| [format!("--{name}"), value.clone()]));
    let shown: Vec<String> =
        flags.iter().map(|(name, value)| format!("--{name} {value}")).collect();
    // A group of its own: Ctrl-C at the terminal is for this process, which then
    // stops the nodes.
    command.process_group(0).stdin(Stdio::null());
    let second = log.try_clone().map_err(|why| format!("the log of node {number}: {why}"))?;
    let child = command.stdout(log).stderr(second).spawn();
    let child = child.map_err(|why| format!("node {number} cannot be started: {why}"))?;
    let shown = format!("{} {}", program.display(), shown.join(" "));
    Ok(Running { port, child, shown, ended: false })
}
