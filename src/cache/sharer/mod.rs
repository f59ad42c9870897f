//! A node's half of the protocol, for one shard: its session with the home, the
//! requests that are on their way, and what becomes of its lines.
//!
//! It changes lines, and writes those that are lent to it ([`Sharer::write`]), never answers
//! from them: hits go past it ([`hit`](crate::hit()))
//! and look at the [`Pass`] that it publishes. Everything that happens is told to it
//! with the time of its node; what it wants done is added to [`Out`].

mod answers;
mod attests;
mod flights;
mod follow;
mod news;

mod lent;

use std::sync::Arc;

use lockstep_core::ShardId;

use crate::marks::Marks;
use crate::message::ToHome;
use crate::pass::Own;
use crate::{
    Content, Epoch, Era, Evicted, Limbo, Name, Named, Nonce, Pass, Session, Settings, Store, Time,
    View, hit,
};
use attests::Attests;
use flights::Flights;
use follow::Follow;
use lent::Lent;

pub use flights::Reader;
pub use lent::Written;

/// A node's half of the protocol, for one shard.
#[derive(Clone, Debug, Hash)]
pub struct Sharer {
    shard: ShardId,
    settings: Settings,
    boot: u64,
    /// How often it asked for a session.
    asked: u64,
    /// It asks for none before: it does not know what it said in its life before.
    quiet_until: Time,
    /// The session it has.
    session: Option<Live>,
    /// The newest session it ever had in this life.
    had: Option<Session>,
    /// Grows with every session, and when all lines go at once.
    era: Era,
    /// Sessions of homes before this one are not taken any more.
    floor: Epoch,
    marks: Marks,
    /// The newest message about all keys.
    flushed: u64,
    flights: Flights,
    attests: Attests,
    pass: Own,
    follow: Follow,
    /// Keys that are written here.
    lent: Lent,
    /// Of how many what was written was lost.
    lost: u64,
    /// What was known of writes when that ended.
    limbo: Option<Limbo>,
}

/// A session that lasts.
#[derive(Clone, Debug, Hash)]
struct Live {
    session: Session,
    /// Until when, by this node's clock.
    until: Time,
}

/// What has to be done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Out {
    /// What the home has to be told.
    pub to_home: Vec<ToHome>,
    /// What clients are answered.
    pub answers: Vec<(Reader, Answer)>,
    /// Lines that had to go; the machines of their shards have to be told
    /// ([`Sharer::evicted`]).
    pub evicted: Vec<Evicted>,
}

/// What a reader takes for good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Care {
    /// A copy, under a lease.
    #[default]
    Lease,
    /// What the home has said since the reader came, whatever clocks say.
    Confirmed,
}

/// What a client that waits is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// What the key holds.
    Content(Content),
    /// Nothing from here: the leader of the shard has to be asked.
    Elsewhere,
}

impl Sharer {
    /// Of a node in its `boot`th life, which begins now. One that had no life before
    /// knows what it said in it.
    pub fn new(shard: ShardId, boot: u64, first: bool, now: Time, settings: Settings) -> Self {
        let quiet_until = if first { now } else { now.after(settings.wait_out()) };
        Sharer {
            shard,
            boot,
            asked: 0,
            quiet_until,
            session: None,
            had: None,
            era: Era(0),
            floor: Epoch::default(),
            marks: Marks::new(settings.high_water_marks),
            flushed: 0,
            flights: Flights::new(boot),
            attests: Attests::default(),
            pass: Own::default(),
            follow: Follow::new(settings.high_water_marks),
            lent: Lent::default(),
            lost: 0,
            limbo: None,
            settings,
        }
    }

    /// What hits look at.
    pub fn pass(&self) -> Arc<Pass> {
        self.pass.0.clone()
    }

    /// What those look at who read from a replica of the shard here.
    pub fn view(&self) -> Arc<View> {
        self.follow.view()
    }

    /// The session it has.
    pub fn session(&self) -> Option<Session> {
        self.session.as_ref().map(|live| live.session)
    }

    /// Whether a session has ended that it had, or had before one that it had.
    pub fn is_over(&self, session: Session) -> bool {
        self.had >= Some(session) && self.session() != Some(session)
    }

    /// Until when its session is good; none: it has none.
    pub fn until(&self) -> Option<Time> {
        self.session.as_ref().map(|live| live.until)
    }

    /// In which era its lines are good.
    pub fn era(&self) -> Era {
        self.era
    }

    /// How many requests are on their way, and how many clients wait for them.
    pub fn waiting(&self) -> (usize, usize) {
        (self.flights.len(), self.flights.readers())
    }

    /// A client wants to know what a key holds: answered at once from a line, or
    /// later under the number of the reader.
    pub fn read(
        &mut self,
        store: &impl Store,
        name: &Name,
        (reader, care): (Reader, Care),
        clock: impl Fn() -> Time,
        out: &mut Out,
    ) -> Option<Content> {
        // It may have come since the reader looked.
        if care == Care::Lease
            && let Some(content) = hit(store, &self.pass.0, name.at(), &clock)
        {
            return Some(content);
        }
        self.miss(clock(), store, name, (reader, care), out);
        None
    }

    fn miss(
        &mut self,
        now: Time,
        store: &impl Store,
        name: &Name,
        (reader, care): (Reader, Care),
        out: &mut Out,
    ) {
        self.pass_time(now);
        let careful = care == Care::Confirmed && self.settings.rules.careful_ask_anew;
        let live = self.is_live(now) && !careful;
        if self.flights.readers() >= self.settings.readers_max {
            return out.answers.push((reader, Answer::Elsewhere));
        }
        match self.flights.newest(name).map(|flight| flight.open) {
            Some(true) if !careful => {
                self.flights.join(name, |flight| &mut flight.joined, reader);
            }
            Some(_) if !live => self.flights.join(name, |flight| &mut flight.late, reader),
            _ if self.flights.len() >= self.settings.flights_max => {
                out.answers.push((reader, Answer::Elsewhere));
            }
            _ => self.ask(now, store, name, vec![reader], out),
        }
        if care == Care::Confirmed {
            self.flights.newest(name).into_iter().for_each(|flight| flight.careful = true);
        }
    }

    /// Sends a request for a copy, for those who wait now.
    fn ask(
        &mut self,
        now: Time,
        store: &impl Store,
        name: &Name,
        first: Vec<Reader>,
        out: &mut Out,
    ) {
        // Also what is of a session that is over: its version tells whether it is good.
        let had = store.copy(name.at()).map(|seen| seen.content);
        let had = had.filter(|content| content.value.is_some() && content.version > 0);
        let version = had.as_ref().map(|content| content.version);
        let open = self.is_live(now) || !self.settings.rules.lease_closes_flights;
        let flight = self.flights.begin(name, had, now, open, first);
        let name = name.clone();
        out.to_home.push(match version {
            Some(version) => ToHome::Confirm { flight, name, version },
            None => ToHome::GetS { flight, name },
        });
    }

    /// Asks for a session, or for more time. To be called every
    /// [`Settings::renew`] while lines are wanted.
    pub fn renew(&mut self, now: Time, out: &mut Out) {
        self.pass_time(now);
        if now < self.quiet_until {
            return;
        }
        self.asked += 1;
        let nonce = Nonce { boot: self.boot, count: self.asked };
        let keeps = self.session.is_some();
        out.to_home.push(ToHome::Renew { nonce, sent: now, had: self.had, keeps });
    }

    /// Gives up what was not answered for too long; its readers go elsewhere.
    pub fn give_up_late(&mut self, now: Time, out: &mut Out) {
        let sent_before = Time(now.0.saturating_sub(crate::time::nanos(self.settings.flight)));
        while let Some(number) = self.flights.sent_before(sent_before) {
            self.send_elsewhere(number, out);
        }
        self.attests.give_up(sent_before);
    }

    /// A line of this shard has gone to make room, or because somebody wanted it to.
    pub fn evicted(&mut self, line: &Evicted, out: &mut Out) {
        // Whatever came before it is known as old since it came itself.
        if let Some(session) = self.session()
            && line.era == self.era
        {
            self.give_back(session, &line.name, line.q, out);
        }
    }

    /// Tells the home that a copy is not kept. It may forget then that this node has the
    /// key, so nobody may join a flight any more that would be served by an older grant,
    /// nor may what comes with such a one be kept. What was
    /// written to it is in the log before.
    fn give_back(&mut self, session: Session, name: &Name, q: u64, out: &mut Out) {
        if self.has_gone(name, q) {
            return;
        }
        self.marks.raise(name, q);
        if self.settings.rules.put_closes_flights {
            self.flights.close(name);
        }
        out.to_home.push(ToHome::PutS { session, lines: vec![(name.clone(), q)] });
    }

    /// Goes on with other settings. How long leases last must not change.
    pub fn set(&mut self, settings: Settings) {
        self.settings = settings;
    }

    /// Ends its session, and takes none of a home before this one. What a node does
    /// before it asks to become the home itself.
    pub fn resign(&mut self, epoch: Epoch) {
        self.floor = self.floor.max(epoch);
        if self.session.as_ref().is_some_and(|live| live.session.epoch < self.floor) {
            self.end_session();
        }
    }

    /// What this node knows of writes that may not be open, if its last session in which it
    /// read from a replica was with a home of that term: the last one before it leads itself.
    pub fn limbo(&self, term: u64) -> Option<Limbo> {
        let counts = |limbo: &&Limbo| limbo.is_of(term) || !self.settings.rules.limbo_of_last;
        self.limbo.as_ref().filter(counts).cloned()
    }

    fn end_session(&mut self) {
        self.keep_limbo();
        self.session = None;
        self.attests.forget();
        self.lose_lent();
        self.close_flights();
        self.pass.0.publish(self.era, Time(0));
        // Behind that: nobody takes the session for good any more, nor looks at the replica.
        self.follow.forget();
    }

    fn is_live(&self, now: Time) -> bool {
        self.session.as_ref().is_some_and(|live| now < live.until)
    }

    /// Notices that the lease is over.
    fn pass_time(&mut self, now: Time) {
        if !self.is_live(now) {
            self.close_flights();
        }
    }

    fn close_flights(&mut self) {
        if self.settings.rules.lease_closes_flights {
            self.flights.close_all();
        }
    }

    fn send_elsewhere(&mut self, number: u64, out: &mut Out) {
        let Some(flight) = self.flights.end(number) else { return };
        let readers = flight.first.into_iter().chain(flight.joined).chain(flight.late);
        out.answers.extend(readers.map(|reader| (reader, Answer::Elsewhere)));
    }
}
