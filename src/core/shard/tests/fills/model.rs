//! What filling keys should do, said as simply as possible.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::token;
use crate::{Db, Outcome};

/// What somebody does.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Fill { ttl_ms: u64, wait: Option<(u64, u64)> },
    HandIn { token: u64, life_ms: Option<u64> },
    Abort { token: u64 },
    Set { life_ms: Option<u64> },
    Del,
    Flush,
    Swap { with: Db },
    Look,
}

type Place = (Db, &'static [u8]);

/// Somebody who waits: the connection, for how long it wants a token, until when it waits.
type Waiter = (u64, u64, Option<u64>);

/// What there is, who fills it, and who waits for that.
#[derive(Default)]
pub(super) struct Model {
    now_ms: u64,
    /// Values with the ends of their lives.
    values: BTreeMap<Place, (Vec<u8>, Option<u64>)>,
    /// Tokens with their ends.
    tokens: BTreeMap<Place, (u64, u64)>,
    lines: BTreeMap<Place, VecDeque<Waiter>>,
    given: BTreeSet<u64>,
}

impl Model {
    /// What the shard said to a step, and to those who waited, must be this. Tokens are
    /// taken from there: they are new ones.
    pub(super) fn check(
        &mut self,
        now_ms: u64,
        place: Place,
        value: &[u8],
        step: &Step,
        outcome: &Outcome,
        mut answers: BTreeMap<u64, Outcome>,
    ) {
        self.pass_time(now_ms, &mut answers);
        let expected = self.carry_out(place, value, step, outcome);
        assert_eq!(*outcome, expected, "{step:?} of {place:?}");
        let places: Vec<Place> = self.lines.keys().copied().collect();
        places.into_iter().for_each(|place| self.serve(place, &mut answers));
        assert!(answers.is_empty(), "nobody waited for {answers:?}");
    }

    /// How many wait.
    pub(super) fn waiting(&self) -> usize {
        self.lines.values().map(VecDeque::len).sum()
    }

    /// How many keys are filled.
    pub(super) fn filled(&self) -> usize {
        self.tokens.len()
    }

    /// A token that was given some time.
    pub(super) fn newest(&self) -> u64 {
        self.given.last().copied().unwrap_or_default()
    }

    /// The token for a key.
    pub(super) fn token(&self, place: Place) -> Option<u64> {
        self.tokens.get(&place).map(|(token, _)| *token)
    }

    fn pass_time(&mut self, now_ms: u64, answers: &mut BTreeMap<u64, Outcome>) {
        self.now_ms = now_ms;
        self.values.retain(|_, (_, ends_ms)| ends_ms.is_none_or(|ends_ms| ends_ms > now_ms));
        self.tokens.retain(|_, (_, ends_ms)| *ends_ms > now_ms);
        for line in self.lines.values_mut() {
            line.retain(|(conn, _, until_ms)| {
                let waits = until_ms.is_none_or(|until_ms| until_ms > now_ms);
                if !waits {
                    assert_eq!(answers.remove(conn), Some(Outcome::Nil), "{conn} waited in vain");
                }
                waits
            });
        }
    }

    fn carry_out(&mut self, place: Place, value: &[u8], step: &Step, said: &Outcome) -> Outcome {
        let lives = |life_ms: Option<u64>, now_ms| life_ms.map(|life_ms| now_ms + life_ms);
        match *step {
            Step::Fill { ttl_ms, wait } => self.fill(place, ttl_ms, wait, said),
            Step::HandIn { token, life_ms } => {
                if self.token(place) != Some(token) {
                    return Outcome::Nil;
                }
                self.tokens.remove(&place);
                self.values.insert(place, (value.to_vec(), lives(life_ms, self.now_ms)));
                Outcome::Ok
            }
            Step::Abort { token } => {
                let good = self.token(place) == Some(token);
                if good {
                    self.tokens.remove(&place);
                }
                Outcome::Int(good.into())
            }
            Step::Set { life_ms } => {
                self.tokens.remove(&place);
                self.values.insert(place, (value.to_vec(), lives(life_ms, self.now_ms)));
                Outcome::Ok
            }
            Step::Del => {
                self.tokens.remove(&place);
                Outcome::Int(self.values.remove(&place).is_some().into())
            }
            Step::Flush => {
                self.tokens.retain(|(db, _), _| *db != place.0);
                self.values.retain(|(db, _), _| *db != place.0);
                Outcome::Ok
            }
            Step::Swap { with } => {
                let (one, two) = (place.0, with);
                self.tokens.retain(|(db, _), _| *db != one && *db != two);
                let swapped = |db| {
                    if db == one {
                        two
                    } else if db == two {
                        one
                    } else {
                        db
                    }
                };
                let values = std::mem::take(&mut self.values).into_iter();
                self.values = values.map(|((db, key), item)| ((swapped(db), key), item)).collect();
                Outcome::Ok
            }
            Step::Look => match self.values.get(&place) {
                Some((value, _)) => Outcome::Bytes(value.clone()),
                None => Outcome::Nil,
            },
        }
    }

    fn fill(
        &mut self,
        place: Place,
        ttl_ms: u64,
        wait: Option<(u64, u64)>,
        said: &Outcome,
    ) -> Outcome {
        if let Some((value, _)) = self.values.get(&place) {
            return Outcome::Bytes(value.clone());
        }
        let Some((_, ends_ms)) = self.tokens.get(&place) else {
            return self.give(place, ttl_ms, said);
        };
        let Some((conn, block_ms)) = wait else {
            return Outcome::Int((ends_ms - self.now_ms) as i64);
        };
        let until_ms = (block_ms > 0).then(|| self.now_ms + block_ms);
        self.lines.entry(place).or_default().push_back((conn, ttl_ms, until_ms));
        Outcome::Waits
    }

    /// A token that nobody had before.
    fn give(&mut self, place: Place, ttl_ms: u64, said: &Outcome) -> Outcome {
        let token = token(said).unwrap_or_else(|| panic!("no token for {place:?}: {said:?}"));
        assert!(self.given.insert(token), "a token comes twice");
        self.tokens.insert(place, (token, self.now_ms + ttl_ms));
        Outcome::List(vec![Outcome::Bytes(place.1.to_vec()), Outcome::Int(token as i64)])
    }

    fn serve(&mut self, place: Place, answers: &mut BTreeMap<u64, Outcome>) {
        while !self.tokens.contains_key(&place) {
            let Some((conn, ttl_ms, _)) = self.lines.get_mut(&place).and_then(VecDeque::pop_front)
            else {
                return;
            };
            let told = answers.remove(&conn).unwrap_or_else(|| panic!("{conn} is not answered"));
            let expected = match self.values.get(&place) {
                Some((value, _)) => Outcome::Bytes(value.clone()),
                None => self.give(place, ttl_ms, &told),
            };
            assert_eq!(told, expected);
        }
    }
}
