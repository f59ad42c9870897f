//! `lockstep healthcheck`: asks the admin port of the node on this machine.
//!
//! Containers call it as their health check, with the same environment as the
//! node, so it finds the port in the same layers.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::process::ExitCode;
use std::time::Duration;

use super::{Given, print, tell, tell_all};
use crate::config::special::addresses;
use crate::config::{Setting, Settings};

/// How long the node may take at each step.
const PATIENCE: Duration = Duration::from_secs(1);
/// How much of the answer is read.
const ANSWER_BYTES_MAX: u64 = 16 * 1024;

/// Exits with 0 if the node is ready.
pub(super) fn check(given: &Given) -> ExitCode {
    let settings = match given.layers().settle() {
        Ok(settings) => settings,
        Err(errors) => return tell_all(&errors),
    };
    match ask(&settings) {
        Ok(answer) => verdict(&answer),
        Err(why) => {
            tell(&format!("not ready: {why}"));
            ExitCode::FAILURE
        }
    }
}

fn verdict(answer: &str) -> ExitCode {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
    let line = body.lines().next().unwrap_or("no answer");
    if head.starts_with("HTTP/1.1 200 ") {
        return print(&format!("{line}\n"));
    }
    tell(&format!("not ready: {}", body.lines().collect::<Vec<_>>().join(", ")));
    ExitCode::FAILURE
}

fn ask(settings: &Settings) -> Result<String, String> {
    let port = settings.port(Setting::AdminPort);
    if port == 0 {
        return Err("the admin port is turned off".to_owned());
    }
    let address = near(settings, port);
    request(address).map_err(|error| format!("{address} does not answer: {error}"))
}

/// The admin port on this machine: loopback, unless the node listens elsewhere only.
fn near(settings: &Settings, port: u16) -> SocketAddr {
    let loopback = SocketAddr::from(([127, 0, 0, 1], port));
    let bound = addresses(settings);
    let bound = bound.iter().map(|host| host.trim_start_matches('-'));
    let hosts: Vec<&str> = bound.map(|host| if host == "*" { "127.0.0.1" } else { host }).collect();
    let mut found = hosts.iter().filter_map(|host| (*host, port).to_socket_addrs().ok()?.next());
    match found.next() {
        Some(first) if first.ip().is_unspecified() => loopback,
        Some(first) => first,
        None => loopback,
    }
}

fn request(address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: lockstep\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
