//! A client that hides nothing: bytes out, bytes in.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use super::raw::reply_length;
use super::server::wait_for;
use super::value::Value;

/// No reply of a sound server takes longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection.
#[derive(Debug)]
pub struct Client {
    stream: TcpStream,
    input: Vec<u8>,
    /// Where in the input the next reply starts.
    at: usize,
}

impl Client {
    /// Connects to this port of 127.0.0.1.
    ///
    /// # Errors
    /// When nobody listens there.
    pub fn connect(port: u16) -> io::Result<Self> {
        Self::over(TcpStream::connect(("127.0.0.1", port))?)
    }

    /// A client on a connection that is there.
    ///
    /// # Errors
    /// When the connection is gone.
    pub fn over(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { stream, input: Vec::new(), at: 0 })
    }

    /// Waits so long for a reply.
    pub fn patience(&mut self, time: Duration) {
        self.stream.set_read_timeout(Some(time)).expect("the time is not zero");
    }

    /// A second handle of the same connection, to send from another thread.
    ///
    /// # Panics
    /// When the process has no more files.
    pub fn second_handle(&self) -> Self {
        let stream = self.stream.try_clone().expect("there are files left");
        Self { stream, input: Vec::new(), at: 0 }
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// When the connection is gone.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// The bytes of the next reply.
    ///
    /// # Errors
    /// When the connection ends or the reply does not come.
    pub fn receive(&mut self) -> io::Result<Vec<u8>> {
        loop {
            if let Some(length) = reply_length(&self.input[self.at..]) {
                self.at += length;
                return Ok(self.input[self.at - length..self.at].to_vec());
            }
            self.input.drain(..std::mem::take(&mut self.at));
            let mut piece = [0; 16 << 10];
            match self.stream.read(&mut piece)? {
                0 => return Err(ErrorKind::UnexpectedEof.into()),
                count => self.input.extend_from_slice(&piece[..count]),
            }
        }
    }

    /// The next reply.
    ///
    /// # Errors
    /// When the connection ends or the reply does not come.
    pub fn reply(&mut self) -> io::Result<Value> {
        Ok(Value::of(&self.receive()?))
    }

    /// Sends a command and gives its reply.
    ///
    /// # Errors
    /// When the connection ends or the reply does not come.
    pub fn try_call<W: AsRef<[u8]>>(&mut self, words: &[W]) -> io::Result<Value> {
        self.send(&request(words))?;
        self.reply()
    }

    /// Sends a command, given as words with blanks between, and gives its reply.
    ///
    /// # Panics
    /// When the connection ends or the reply does not come.
    pub fn call(&mut self, line: &str) -> Value {
        self.call_words(&words(line))
    }

    /// Sends a command and gives its reply.
    ///
    /// # Panics
    /// When the connection ends or the reply does not come.
    pub fn call_words<W: AsRef<[u8]>>(&mut self, words: &[W]) -> Value {
        self.try_call(words).unwrap_or_else(|problem| {
            let shown: Vec<_> =
                words.iter().map(|w| w.as_ref().escape_ascii().to_string()).collect();
            panic!("no reply to {shown:?}: {problem}")
        })
    }

    /// All bytes up to the end of the connection.
    ///
    /// # Errors
    /// When the connection does not end.
    pub fn rest(&mut self) -> io::Result<Vec<u8>> {
        let mut rest = self.input.split_off(std::mem::take(&mut self.at));
        self.input.clear();
        match self.stream.read_to_end(&mut rest) {
            // A server that closes with unread input resets the connection.
            Err(problem) if problem.kind() != ErrorKind::ConnectionReset => Err(problem),
            _ => Ok(rest),
        }
    }

    /// Ends the sending direction.
    pub fn finish(&mut self) {
        // Already closed is as good.
        let _ = self.stream.shutdown(Shutdown::Write);
    }
}

/// Sends commands as one pipeline.
///
/// # Panics
/// When the connection is over.
pub fn send(client: &mut Client, lines: &[&str]) {
    let bytes: Vec<u8> = lines.iter().flat_map(|line| request(&words(line))).collect();
    client.send(&bytes).expect("the connection lasts");
}

/// Waits until so many clients of a node wait for something.
pub fn wait_for_blocked(observer: &mut Client, count: usize) {
    wait_for("clients that wait", || {
        let info = observer.call("INFO clients").text();
        info.contains(&format!("\r\nblocked_clients:{count}\r\n"))
    });
}

/// The bytes of a command.
pub fn request<W: AsRef<[u8]>>(words: &[W]) -> Vec<u8> {
    let mut out = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        out.extend_from_slice(format!("${}\r\n", word.as_ref().len()).as_bytes());
        out.extend_from_slice(word.as_ref());
        out.extend_from_slice(b"\r\n");
    }
    out
}

/// The words of a line.
pub fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}
