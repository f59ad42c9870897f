//! Where keys go: RESTORE after RESTORE, many on their way at a time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lockstep_net::client::Frame;

use super::super::ctl::ask::{Connection, Trouble};
use super::file::Value;
use super::report::Report;
use super::values::Kind;
use super::words::Asked;

/// So many commands, or so many bytes, are sent at once and answered before more are.
const COMMANDS_MAX: usize = 512;
const BYTES_MAX: usize = 4 << 20;
/// What was refused because nobody leads, or the target has to load or to make room first,
/// is sent again for so long.
const AGAIN_TIMES: u32 = 100;
const AGAIN_AFTER: Duration = Duration::from_millis(200);
/// How such refusals begin.
const PASSING: [&str; 7] =
    ["CLUSTERDOWN", "TRYAGAIN", "LOADING", "BUSY ", "MASTERDOWN", "NOREPLICAS", "MISCONF"];
/// How refusals begin behind which nothing can come to its place.
const FATAL: [&str; 5] = ["NOAUTH", "NOPERM", "WRONGPASS", "READONLY", "DENIED"];

/// The server that keys go to.
pub(super) struct Target {
    /// None: nothing is written.
    connection: Option<Connection>,
    replace: bool,
    /// The database that is selected there.
    db: u64,
    /// Why nothing can go to the selected database.
    closed: Option<String>,
    sent: Vec<Value>,
    bytes: usize,
}

impl Target {
    /// Connects to the target.
    ///
    /// # Errors
    /// It is not there, or does not let us in.
    pub(super) async fn open(asked: &Asked) -> Result<Self, Trouble> {
        let connection = if asked.dry_run { None } else { Some(connect(asked).await?) };
        let (replace, sent) = (asked.replace, Vec::new());
        Ok(Target { connection, replace, db: 0, closed: None, sent, bytes: 0 })
    }

    /// Brings a key to its place, at once or with the next ones.
    pub(super) async fn put(&mut self, value: Value, report: &mut Report) -> Result<(), Trouble> {
        if value.expires_ms.is_some_and(|at| at <= now_ms()) {
            report.of(value.kind()).expired += 1;
            return Ok(());
        }
        let Some(connection) = &mut self.connection else {
            report.done(value.kind(), value.payload.len());
            return Ok(());
        };
        if value.db != self.db {
            self.settle(report).await?;
            return Box::pin(self.select_and_put(value, report)).await;
        }
        if let Some(why) = &self.closed {
            report.lost(value.kind(), &value.key, why);
            return Ok(());
        }
        send(connection, &value, self.replace);
        self.bytes += value.key.len() + value.payload.len();
        self.sent.push(value);
        if self.sent.len() >= COMMANDS_MAX || self.bytes >= BYTES_MAX {
            self.settle(report).await?;
        }
        Ok(())
    }

    async fn select_and_put(&mut self, value: Value, report: &mut Report) -> Result<(), Trouble> {
        let connection = self.connection.as_mut().expect("asked for by who has one");
        self.db = value.db;
        self.closed = match connection.ask(&["SELECT", &value.db.to_string()]).await {
            Ok(_) => None,
            Err(Trouble::Refused(why)) => Some(format!("database {}: {why}", value.db)),
            Err(trouble) => return Err(trouble),
        };
        self.put(value, report).await
    }

    /// Waits until all that is on its way has come to its place.
    pub(super) async fn settle(&mut self, report: &mut Report) -> Result<(), Trouble> {
        let Some(connection) = &mut self.connection else { return Ok(()) };
        connection.flush().await?;
        let sent = std::mem::take(&mut self.sent);
        self.bytes = 0;
        let mut refused = Vec::new();
        for value in sent {
            let answer = connection.answer().await?;
            if let Some(why) = judged(answer, &value, report)? {
                refused.push((value, why));
            }
        }
        for (value, why) in refused {
            again(connection, &value, self.replace, why, report).await?;
        }
        Ok(())
    }

    /// Brings a library of functions to its place.
    pub(super) async fn load(&mut self, code: Vec<u8>, report: &mut Report) -> Result<(), Trouble> {
        self.settle(report).await?;
        let Some(connection) = &mut self.connection else {
            report.done(Kind::Library, code.len());
            return Ok(());
        };
        let mut words: Vec<&[u8]> = vec![b"FUNCTION", b"LOAD"];
        if self.replace {
            words.push(b"REPLACE");
        }
        words.push(&code);
        match connection.insist(&words).await {
            Ok(_) => report.done(Kind::Library, code.len()),
            Err(Trouble::Refused(why)) if why.starts_with("ERR Library '") => {
                report.of(Kind::Library).skipped += 1;
            }
            Err(Trouble::Refused(why)) => {
                let line = code.split(|byte| *byte == b'\n').next().unwrap_or_default();
                report.lost(Kind::Library, line, &why);
            }
            Err(trouble) => return Err(trouble),
        }
        Ok(())
    }
}

async fn connect(asked: &Asked) -> Result<Connection, Trouble> {
    let mut connection = Connection::connect(&asked.to).await?;
    connection.show(asked.user.as_deref(), asked.password.as_deref()).await?;
    match connection.ask(&["PING"]).await {
        Err(Trouble::Refused(why)) if why.starts_with("NOAUTH") => Err(Trouble::Refused(format!(
            "{} asks for a password (--password, or the environment's REDISCLI_AUTH): {why}",
            asked.to
        ))),
        Err(trouble) => Err(trouble),
        Ok(_) => Ok(connection),
    }
}

fn send(connection: &mut Connection, value: &Value, replace: bool) {
    let at = value.expires_ms.unwrap_or(0).to_string();
    let mut words: Vec<&[u8]> = vec![b"RESTORE", &value.key, at.as_bytes(), &value.payload];
    words.push(b"ABSTTL");
    if replace {
        words.push(b"REPLACE");
    }
    connection.send(&words);
}

/// Notes what became of a value. Why it should be sent again, if it should.
fn judged(answer: Frame, value: &Value, report: &mut Report) -> Result<Option<String>, Trouble> {
    let Frame::SimpleError { data, .. } = answer else {
        report.done(value.kind(), value.payload.len());
        return Ok(None);
    };
    let why = data.to_string();
    let begins = |codes: &[&str]| codes.iter().any(|code| why.starts_with(code));
    if begins(&FATAL) {
        return Err(Trouble::Refused(why));
    }
    if begins(&PASSING) {
        return Ok(Some(why));
    }
    match why.starts_with("BUSYKEY") {
        true => report.of(value.kind()).skipped += 1,
        false => report.lost(value.kind(), &value.key, &why),
    }
    Ok(None)
}

/// Sends a value again until it is taken, or refused for good.
async fn again(
    connection: &mut Connection,
    value: &Value,
    replace: bool,
    mut why: String,
    report: &mut Report,
) -> Result<(), Trouble> {
    for _ in 0..AGAIN_TIMES {
        tokio::time::sleep(AGAIN_AFTER).await;
        send(connection, value, replace);
        connection.flush().await?;
        match judged(connection.answer().await?, value, report)? {
            Some(still) => why = still,
            None => return Ok(()),
        }
    }
    report.lost(value.kind(), &value.key, &why);
    Ok(())
}

/// The time by which keys of other servers end.
pub(super) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
