//! A server of a test: started on ports and in a folder of its own, cleaned away
//! at the end, its log shown when the test fails.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::client::Client;
use super::ports::free_port;
use crate::binary::lockstep_binary;

const START_PATIENCE: Duration = Duration::from_secs(60);
const END_PATIENCE: Duration = Duration::from_secs(30);
const LOG_LINES_SHOWN: usize = 60;

/// Which server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The one under test.
    Lockstep,
    /// redis-server, to compare with.
    Redis,
}

/// A server process with its folder.
#[derive(Debug)]
pub struct Server {
    kind: Kind,
    port: u16,
    admin_port: u16,
    folder: TempDir,
    arguments: Vec<String>,
    child: Option<Child>,
}

impl Server {
    /// A Lockstep with these further arguments.
    pub fn lockstep(arguments: &[&str]) -> Self {
        Self::start(Kind::Lockstep, arguments)
    }

    /// A redis-server without persistence, with these further arguments.
    pub fn redis(arguments: &[&str]) -> Self {
        Self::start(Kind::Redis, arguments)
    }

    /// A server that answers.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start(kind: Kind, arguments: &[&str]) -> Self {
        let mut server = Self {
            kind,
            port: free_port(),
            admin_port: free_port(),
            folder: TempDir::new().expect("a temporary folder can be made"),
            arguments: arguments.iter().map(ToString::to_string).collect(),
            child: None,
        };
        server.restart();
        server
    }

    /// The port for clients.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The admin port (Lockstep).
    pub fn admin_port(&self) -> u16 {
        self.admin_port
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The number of the process.
    ///
    /// # Panics
    /// When it does not run.
    pub fn process(&self) -> u32 {
        self.child.as_ref().expect("the server runs").id()
    }

    /// A new connection.
    ///
    /// # Panics
    /// When the server takes none.
    pub fn client(&self) -> Client {
        Client::connect(self.port).expect("the server takes connections")
    }

    /// What the server has written since its first start.
    pub fn log(&self) -> String {
        let bytes = fs::read(self.log_path()).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Starts it again with the same ports and data.
    ///
    /// # Panics
    /// When it does not start.
    pub fn restart(&mut self) {
        assert!(self.child.is_none(), "the server runs already");
        fs::create_dir_all(self.data()).expect("the data folder can be made");
        let child = self.command().spawn();
        self.child = Some(child.unwrap_or_else(|problem| panic!("{:?}: {problem}", self.kind)));
        let started = Instant::now();
        while !self.answers() {
            let ended = self.child.as_mut().expect("just started").try_wait();
            assert!(matches!(ended, Ok(None)), "the server ended: {ended:?}\n{}", self.log());
            assert!(started.elapsed() < START_PATIENCE, "no answer\n{}", self.log());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Changes the arguments of the next start.
    pub fn arguments(&mut self, arguments: &[&str]) {
        self.arguments = arguments.iter().map(ToString::to_string).collect();
    }

    /// Ends it at once, as a crash does.
    ///
    /// # Panics
    /// When it does not run.
    pub fn kill(&mut self) {
        let mut child = self.child.take().expect("the server runs");
        child.kill().expect("a child can be killed");
        child.wait().expect("a child can be waited for");
    }

    /// Sends a signal by name (`TERM`, `STOP`, ...).
    ///
    /// # Panics
    /// When the process is gone.
    pub fn signal(&self, name: &str) {
        let sent =
            Command::new("kill").args([&format!("-{name}"), &self.process().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "SIG{name} could not be sent");
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// When it does not end.
    pub fn wait(&mut self) -> ExitStatus {
        let mut child = self.child.take().expect("the server runs");
        let asked = Instant::now();
        loop {
            if let Some(status) = child.try_wait().expect("a child can be waited for") {
                return status;
            }
            if asked.elapsed() > END_PATIENCE {
                child.kill().expect("a child can be killed");
                child.wait().expect("a child can be waited for");
                panic!("the server does not end\n{}", self.log());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Asks it to end and waits.
    pub fn stop(&mut self) -> ExitStatus {
        self.signal("TERM");
        self.wait()
    }

    fn answers(&self) -> bool {
        let answer = || -> io::Result<bool> {
            let mut client = Client::connect(self.port)?;
            client.patience(Duration::from_secs(5));
            let pong = client.try_call(&["PING"])?;
            Ok(!pong.is_error() || pong.text().starts_with("NOAUTH"))
        };
        answer().unwrap_or(false)
    }

    fn command(&self) -> Command {
        let log = File::options().create(true).append(true).open(self.log_path());
        let log = log.expect("the log can be written");
        let mut command = match self.kind {
            Kind::Lockstep => Command::new(lockstep_binary()),
            Kind::Redis => Command::new("redis-server"),
        };
        command.args(["--port", &self.port.to_string(), "--dir"]).arg(self.data());
        match self.kind {
            Kind::Lockstep => command.args(["--admin-port", &self.admin_port.to_string()]),
            Kind::Redis => command.args(["--save", "", "--daemonize", "no"]),
        };
        // Settings of whoever runs the tests must not change them.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("LOCKSTEP_") {
                command.env_remove(name);
            }
        }
        command.args(&self.arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        command.stdout(log.try_clone().expect("a file can be shared")).stderr(log);
        command
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("log")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have ended by itself, which is as good.
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            show_log(self.kind, &self.log_path());
        }
    }
}

fn show_log(kind: Kind, path: &Path) {
    let text = fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let shown = &lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..];
    eprintln!("--- the end of the log of {kind:?}\n{}\n---", shown.join("\n"));
}

/// Waits until something holds.
///
/// # Panics
/// When it does not within 30 seconds.
pub fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < END_PATIENCE, "still not: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}
