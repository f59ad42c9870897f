//! Binding addresses.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;

/// How many connections may wait to be accepted.
const BACKLOG: i32 = 511;

/// An address could not be bound.
#[derive(Debug)]
pub struct BindError {
    /// The address that was asked for.
    pub address: String,
    /// The port that was asked for.
    pub port: u16,
    /// What the system said.
    pub error: io::Error,
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let BindError { address, port, error } = self;
        match error.kind() {
            io::ErrorKind::AddrInUse => write!(
                f,
                "cannot listen on {address} port {port}: another process does. Stop it, or choose \
                 another port with --port"
            ),
            io::ErrorKind::AddrNotAvailable => write!(
                f,
                "cannot listen on {address} port {port}: this machine has no such address. Correct \
                 --bind, or write -{address} if it may be missing"
            ),
            io::ErrorKind::PermissionDenied => write!(
                f,
                "cannot listen on {address} port {port}: not permitted. Ports below 1024 are \
                 reserved; choose another with --port"
            ),
            _ => write!(f, "cannot listen on {address} port {port}: {error}"),
        }
    }
}

impl std::error::Error for BindError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

/// Binds all addresses, each once: `* -::*` names that of IPv6 twice.
pub(super) fn all(addresses: &[String], port: u16) -> Result<Vec<TcpListener>, BindError> {
    let mut sockets: Vec<(IpAddr, TcpListener)> = Vec::new();
    for address in addresses {
        let (address, optional) = match address.strip_prefix('-') {
            Some(address) => (address, true),
            None => (address.as_str(), false),
        };
        match all_of(address, port, &mut sockets) {
            Ok(()) => {}
            Err(error) if optional && is_missing(&error) => {}
            Err(error) => return Err(BindError { address: address.to_owned(), port, error }),
        }
    }
    if sockets.is_empty() {
        let error = io::Error::new(io::ErrorKind::AddrNotAvailable, "no address is left");
        return Err(BindError { address: addresses.join(" "), port, error });
    }
    Ok(sockets.into_iter().map(|(_, socket)| socket).collect())
}

/// Binds everything one address stands for, unless that was done.
fn all_of(address: &str, port: u16, bound: &mut Vec<(IpAddr, TcpListener)>) -> io::Result<()> {
    let mut bind = |address: SocketAddr| -> io::Result<()> {
        if !bound.iter().any(|(ip, _)| *ip == address.ip()) {
            bound.push((address.ip(), one(address)?));
        }
        Ok(())
    };
    if address == "*" {
        bind((Ipv4Addr::UNSPECIFIED, port).into())?;
        return match bind((Ipv6Addr::UNSPECIFIED, port).into()) {
            Err(error) if is_missing(&error) => Ok(()),
            bound => bound,
        };
    }
    let bare = address.trim_start_matches('[').trim_end_matches(']');
    (bare, port).to_socket_addrs()?.try_for_each(bind)
}

fn one(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        // IPv4 has sockets of its own.
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// Whether this machine does not have the address at all.
fn is_missing(error: &io::Error) -> bool {
    const EAFNOSUPPORT: i32 = 97;
    error.kind() == io::ErrorKind::AddrNotAvailable || error.raw_os_error() == Some(EAFNOSUPPORT)
}
