//! A connection to a node of the target, with what is on its way there.

use lockstep_net::client::Frame;

use super::super::ctl::ask::{Connection, Trouble};
use super::file::Value;
use super::report::Report;

/// So many commands, or so many bytes, are sent at once and answered before more are.
const COMMANDS_MAX: usize = 512;
const BYTES_MAX: usize = 4 << 20;
/// How refusals begin that pass: nobody leads, or the target has to load or to make room.
const PASSING: [&str; 7] =
    ["CLUSTERDOWN", "TRYAGAIN", "LOADING", "BUSY ", "MASTERDOWN", "NOREPLICAS", "MISCONF"];
/// How refusals begin behind which nothing can come to its place.
const FATAL: [&str; 5] = ["NOAUTH", "NOPERM", "WRONGPASS", "READONLY", "DENIED"];
/// What refuses a command for its length names this.
const TOO_LARGE: &str = "cluster-command-bytes-max";

/// What became of a value.
pub(super) enum Verdict {
    /// It is there, was skipped, or is lost, and that is noted.
    Settled,
    /// It may be sent again: why it was refused.
    Again(String),
    /// It belongs to the node at this address.
    Moved(String),
    /// It is too large for one command: what says so.
    TooLarge(String),
}

/// A connection to a node of the target.
pub(super) struct Lane {
    pub address: String,
    pub connection: Connection,
    sent: Vec<Value>,
    bytes: usize,
}

impl Lane {
    pub(super) fn new(address: String, connection: Connection) -> Self {
        Lane { address, connection, sent: Vec::new(), bytes: 0 }
    }

    /// Sends a value with the next ones; whether so much is on its way that it should be
    /// settled.
    pub(super) fn put(&mut self, value: Value, replace: bool) -> bool {
        restore(&mut self.connection, &value, replace);
        self.bytes += value.key.len() + value.payload.len();
        self.sent.push(value);
        self.sent.len() >= COMMANDS_MAX || self.bytes >= BYTES_MAX
    }

    /// Waits for the answers. What is not settled yet.
    pub(super) async fn settle(
        &mut self,
        report: &mut Report,
    ) -> Result<Vec<(Value, Verdict)>, Trouble> {
        self.connection.flush().await?;
        self.bytes = 0;
        let mut open = Vec::new();
        for value in std::mem::take(&mut self.sent) {
            match judged(self.connection.answer().await?, &value, report)? {
                Verdict::Settled => {}
                verdict => open.push((value, verdict)),
            }
        }
        Ok(open)
    }

    /// Sends a value and waits for the answer.
    pub(super) async fn one(
        &mut self,
        value: &Value,
        replace: bool,
        report: &mut Report,
    ) -> Result<Verdict, Trouble> {
        restore(&mut self.connection, value, replace);
        self.connection.flush().await?;
        judged(self.connection.answer().await?, value, report)
    }
}

fn restore(connection: &mut Connection, value: &Value, replace: bool) {
    let at = value.expires_ms.unwrap_or(0).to_string();
    let words: [&[u8]; 6] =
        [b"RESTORE", &value.key, at.as_bytes(), &value.payload, b"ABSTTL", b"REPLACE"];
    connection.send(&words[..if replace { 6 } else { 5 }]);
}

/// Notes what became of a value, as far as that is settled.
fn judged(answer: Frame, value: &Value, report: &mut Report) -> Result<Verdict, Trouble> {
    let Frame::SimpleError { data, .. } = answer else {
        report.done(value.kind(), value.payload.len());
        return Ok(Verdict::Settled);
    };
    let why = data.to_string();
    let begins = |codes: &[&str]| codes.iter().any(|code| why.starts_with(code));
    if begins(&FATAL) {
        return Err(Trouble::Refused(why));
    }
    if let Some(address) = why.strip_prefix("MOVED ").and_then(|rest| rest.split(' ').nth(1)) {
        return Ok(Verdict::Moved(address.to_owned()));
    }
    if why.contains(TOO_LARGE) {
        return Ok(Verdict::TooLarge(why));
    }
    if begins(&PASSING) {
        return Ok(Verdict::Again(why));
    }
    match why.starts_with("BUSYKEY") {
        true => report.of(value.kind()).skipped += 1,
        false => report.lost(value.kind(), &value.key, &why),
    }
    Ok(Verdict::Settled)
}
