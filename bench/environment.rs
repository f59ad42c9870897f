//! Where a run took place: machine, generator, server.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use redis_protocol::resp2::types::OwnedFrame;
use serde::Serialize;

use crate::wire::{reply_length, request, value};

const PATIENCE: Duration = Duration::from_secs(10);
/// Settings of the server that decide about its speed.
const SETTINGS: [&str; 4] = ["appendonly", "appendfsync", "fsync", "save"];

/// Where a run took place.
#[derive(Clone, Debug, Serialize)]
pub struct Environment {
    /// The processor.
    pub processor: String,
    /// How many of them this process may use.
    pub processors: usize,
    /// The kernel.
    pub kernel: String,
    /// The frequency governor, if the kernel tells.
    pub governor: Option<String>,
    /// The version of the generator.
    pub generator: String,
    /// How the generator was compiled.
    pub build: &'static str,
    /// The command line of the generator.
    pub command: Vec<String>,
    /// Name and version of the server.
    pub server: String,
    /// Its settings of durability.
    pub settings: Vec<(String, String)>,
}

impl Environment {
    /// The environment of this process and of the server there.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub fn of(server: SocketAddr) -> io::Result<Self> {
        let mut ask = Ask::connect(server)?;
        let info = ask.bytes(&[b"INFO", b"server"])?;
        let settings = SETTINGS.iter().filter_map(|name| ask.setting(name)).collect();
        Ok(Self {
            processor: processor(),
            processors: std::thread::available_parallelism().map_or(1, usize::from),
            kernel: first_line("/proc/sys/kernel/osrelease").unwrap_or_default(),
            governor: first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
            generator: env!("CARGO_PKG_VERSION").to_owned(),
            build: if cfg!(debug_assertions) { "debug" } else { "release" },
            command: std::env::args().collect(),
            server: server_name(&String::from_utf8_lossy(&info)),
            settings,
        })
    }
}

/// A connection for single questions.
struct Ask(TcpStream);

impl Ask {
    fn connect(server: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&server, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self(stream))
    }

    fn call(&mut self, words: &[&[u8]]) -> io::Result<OwnedFrame> {
        self.0.write_all(&request(words))?;
        let mut input = Vec::new();
        let mut piece = [0; 4096];
        loop {
            if let Some(length) = reply_length(&input).map_err(io::Error::other)? {
                return value(&input[..length]).map_err(io::Error::other);
            }
            match self.0.read(&mut piece)? {
                0 => return Err(io::Error::other("the server closed the connection")),
                count => input.extend_from_slice(&piece[..count]),
            }
        }
    }

    fn bytes(&mut self, words: &[&[u8]]) -> io::Result<Vec<u8>> {
        match self.call(words)? {
            OwnedFrame::BulkString(bytes) => Ok(bytes),
            OwnedFrame::Error(text) => Err(io::Error::other(format!("the server says: {text}"))),
            _ => Err(io::Error::other("the server gave an odd reply to INFO")),
        }
    }

    /// A setting, if the server has it.
    fn setting(&mut self, name: &str) -> Option<(String, String)> {
        match self.call(&[b"CONFIG", b"GET", name.as_bytes()]).ok()? {
            OwnedFrame::Array(pair) => match pair.as_slice() {
                [_, OwnedFrame::BulkString(bytes)] => {
                    Some((name.to_owned(), String::from_utf8_lossy(bytes).into_owned()))
                }
                _ => None,
            },
            _ => None,
        }
    }
}

fn server_name(info: &str) -> String {
    let field = |name: &str| {
        info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
    };
    match (field("lockstep_version"), field("redis_version")) {
        (Some(version), _) => format!("lockstep {version}"),
        (None, Some(version)) => format!("redis {version}"),
        (None, None) => "unknown".to_owned(),
    }
}

fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("model name"));
    line.and_then(|line| line.split(": ").nth(1)).unwrap_or("unknown").to_owned()
}

fn first_line(path: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    text.lines().next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_is_known_by_its_own_version() {
        assert_eq!(server_name("redis_version:7.0.15\r\n"), "redis 7.0.15");
        let both = "redis_version:7.4.0\r\nlockstep_version:0.1.0\r\n";
        assert_eq!(server_name(both), "lockstep 0.1.0");
    }
}
