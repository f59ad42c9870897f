//! Where keys go: RESTORE after RESTORE, many on their way at a time. Where keys are spread
//! over nodes each goes to the node that leads its slot.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lockstep_core::Slot;
use lockstep_core::slot::SLOTS;
use lockstep_net::client::Frame;

use super::super::ctl::ask::{Connection, Trouble, items, text};
use super::file::Value;
use super::lane::{Lane, Verdict};
use super::pieces::{self, Written};
use super::report::Report;
use super::values::Kind;
use super::words::Asked;

/// What was refused for the moment is sent again so often.
const AGAIN_TIMES: u32 = 100;
const AGAIN_AFTER: Duration = Duration::from_millis(200);

/// The server that keys go to, or the cluster that it is in.
pub(super) struct Target {
    /// Empty: nothing is written. The first one is the server that was named.
    lanes: Vec<Lane>,
    /// The lane of each slot; empty: keys are not spread.
    slots: Vec<usize>,
    user: Option<String>,
    password: Option<String>,
    replace: bool,
    /// The database that is selected there.
    db: u64,
    /// Why nothing can go to the selected database.
    closed: Option<String>,
}

impl Target {
    /// Connects to the target.
    ///
    /// # Errors
    /// It is not there, or does not let us in.
    pub(super) async fn open(asked: &Asked) -> Result<Self, Trouble> {
        let mut target = Target {
            lanes: Vec::new(),
            slots: Vec::new(),
            user: asked.user.clone(),
            password: asked.password.clone(),
            replace: asked.replace,
            db: 0,
            closed: None,
        };
        if !asked.dry_run {
            target.lane_to(&asked.to).await?;
            target.find_slots().await?;
        }
        Ok(target)
    }

    /// Brings a key to its place, at once or with the next ones.
    pub(super) async fn put(&mut self, value: Value, report: &mut Report) -> Result<(), Trouble> {
        if value.expires_ms.is_some_and(|at| at <= now_ms()) {
            report.of(value.kind()).expired += 1;
            return Ok(());
        }
        if self.lanes.is_empty() {
            report.done(value.kind(), value.payload.len());
            return Ok(());
        }
        if value.db != self.db {
            self.select(value.db, report).await?;
        }
        if let Some(why) = &self.closed {
            report.lost(value.kind(), &value.key, why);
            return Ok(());
        }
        let lane = self.slots.get(usize::from(Slot::of(&value.key).0)).copied().unwrap_or(0);
        if self.lanes[lane].put(value, self.replace) {
            self.settle_lane(lane, report).await?;
        }
        Ok(())
    }

    /// Waits until all that is on its way has come to its place.
    pub(super) async fn settle(&mut self, report: &mut Report) -> Result<(), Trouble> {
        for lane in 0..self.lanes.len() {
            self.settle_lane(lane, report).await?;
        }
        Ok(())
    }

    /// Brings a library of functions to its place.
    pub(super) async fn load(&mut self, code: Vec<u8>, report: &mut Report) -> Result<(), Trouble> {
        self.settle(report).await?;
        let Some(lane) = self.lanes.first_mut() else {
            report.done(Kind::Library, code.len());
            return Ok(());
        };
        let words: [&[u8]; 4] = [b"FUNCTION", b"LOAD", b"REPLACE", &code];
        let without: [&[u8]; 3] = [words[0], words[1], words[3]];
        let words = if self.replace { &words[..] } else { &without[..] };
        match lane.connection.insist(words).await {
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

    async fn select(&mut self, db: u64, report: &mut Report) -> Result<(), Trouble> {
        self.settle(report).await?;
        self.db = db;
        // Where keys are spread there is one database only, which is said of the others.
        self.closed = match self.lanes[0].connection.ask(&["SELECT", &db.to_string()]).await {
            Ok(_) => None,
            Err(Trouble::Refused(why)) => Some(format!("database {db}: {why}")),
            Err(trouble) => return Err(trouble),
        };
        Ok(())
    }

    async fn settle_lane(&mut self, lane: usize, report: &mut Report) -> Result<(), Trouble> {
        for (value, verdict) in self.lanes[lane].settle(report).await? {
            self.insist(lane, &value, verdict, report).await?;
        }
        Ok(())
    }

    /// Sends a value again until it is taken, or refused for good.
    async fn insist(
        &mut self,
        mut lane: usize,
        value: &Value,
        mut verdict: Verdict,
        report: &mut Report,
    ) -> Result<(), Trouble> {
        let mut last = String::new();
        for _ in 0..AGAIN_TIMES {
            match verdict {
                Verdict::Settled => return Ok(()),
                Verdict::TooLarge(why) => return self.write(lane, value, &why, report).await,
                Verdict::Moved(address) => {
                    lane = self.lane_to(&address).await?;
                    if let Some(known) = self.slots.get_mut(usize::from(Slot::of(&value.key).0)) {
                        *known = lane;
                    }
                }
                Verdict::Again(why) => {
                    tokio::time::sleep(AGAIN_AFTER).await;
                    last = why;
                }
            }
            // What is on its way there would be answered first.
            for (other, open) in self.lanes[lane].settle(report).await? {
                Box::pin(self.insist(lane, &other, open, report)).await?;
            }
            verdict = self.lanes[lane].one(value, self.replace, report).await?;
        }
        if !matches!(verdict, Verdict::Settled) {
            report.lost(value.kind(), &value.key, &last);
        }
        Ok(())
    }

    /// Writes what is too large for one command.
    async fn write(
        &mut self,
        lane: usize,
        value: &Value,
        why: &str,
        report: &mut Report,
    ) -> Result<(), Trouble> {
        let connection = &mut self.lanes[lane].connection;
        match pieces::write(connection, value, self.replace).await? {
            Some(Written::Whole) => report.done(value.kind(), value.payload.len()),
            Some(Written::Skipped) => report.of(value.kind()).skipped += 1,
            Some(Written::Refused(why)) => report.lost(value.kind(), &value.key, &why),
            None => report.lost(value.kind(), &value.key, why),
        }
        Ok(())
    }

    /// The lane to the node at this address, a new one if there is none.
    async fn lane_to(&mut self, address: &str) -> Result<usize, Trouble> {
        if let Some(known) = self.lanes.iter().position(|lane| lane.address == address) {
            return Ok(known);
        }
        let mut connection = Connection::connect(address).await?;
        connection.show(self.user.as_deref(), self.password.as_deref()).await?;
        match connection.ask(&["PING"]).await {
            Err(Trouble::Refused(why)) if why.starts_with("NOAUTH") => {
                return Err(Trouble::Refused(format!(
                    "{address} asks for a password (--password, or the environment's \
                     REDISCLI_AUTH): {why}"
                )));
            }
            Err(trouble) => return Err(trouble),
            Ok(_) => self.lanes.push(Lane::new(address.to_owned(), connection)),
        }
        Ok(self.lanes.len() - 1)
    }

    /// Asks who leads which slots, if keys are spread.
    async fn find_slots(&mut self) -> Result<(), Trouble> {
        let ranges = match self.lanes[0].connection.ask(&["CLUSTER", "SLOTS"]).await {
            Ok(ranges) => ranges,
            Err(Trouble::Refused(_)) => return Ok(()),
            Err(trouble) => return Err(trouble),
        };
        self.slots = vec![0; usize::from(SLOTS)];
        for range in items(&ranges) {
            let [Frame::Number { data: from, .. }, Frame::Number { data: to, .. }, node, ..] =
                items(range)
            else {
                continue;
            };
            let [host, port, ..] = items(node) else { continue };
            let (host, port) = (text(host), text(port));
            if host.is_empty() {
                continue;
            }
            let lane = self.lane_to(&format!("{host}:{port}")).await?;
            let place = |slot: i64| usize::try_from(slot).unwrap_or(usize::MAX);
            let range = place(*from)..place(to.saturating_add(1));
            if let Some(slots) = self.slots.get_mut(range) {
                slots.fill(lane);
            }
        }
        Ok(())
    }
}

/// The time by which keys of other servers end.
pub(super) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
