//! Each policy keeps the lines that the simplest description of it would keep.

use super::*;
use crate::chance::Chance;

/// Which keys are there, by a description in plain vectors, the newest in front.
trait Model {
    fn get(&mut self, key: usize, most: usize) -> bool;
    fn remove(&mut self, key: usize);
}

fn agree(policy: Policy, model: impl Fn() -> Box<dyn Model>) {
    for seed in 0..30 {
        let mut chance = Chance(seed);
        let most = 1 + chance.below(40);
        let (lines, mut model) = (lines(most, policy), model());
        for step in 0..3_000 {
            let key = chance.below(20) * chance.below(6);
            if chance.below(50) == 0 {
                lines.remove(name(key).at());
                model.remove(key);
                continue;
            }
            let hit = get(&lines, &name(key), &mut Vec::new());
            assert_eq!(hit, model.get(key, most), "seed {seed}, step {step}, {most} lines");
        }
    }
}

#[derive(Default)]
struct Lru(Vec<usize>);

impl Model for Lru {
    fn get(&mut self, key: usize, most: usize) -> bool {
        let hit = self.0.contains(&key);
        self.remove(key);
        self.0.truncate(most - 1);
        self.0.insert(0, key);
        hit
    }

    fn remove(&mut self, key: usize) {
        self.0.retain(|other| *other != key);
    }
}

#[test]
fn lru_is_what_its_name_says() {
    agree(Policy::Lru, || Box::<Lru>::default());
}

/// Keys with their marks, the newest in front, and the key the hand is at.
#[derive(Default)]
struct Sieve {
    keys: Vec<(usize, bool)>,
    hand: Option<usize>,
}

impl Sieve {
    fn place(&self, key: usize) -> Option<usize> {
        self.keys.iter().position(|(other, _)| *other == key)
    }

    fn evict(&mut self) {
        let mut at = self.hand.and_then(|key| self.place(key)).unwrap_or(self.keys.len() - 1);
        while self.keys[at].1 {
            self.keys[at].1 = false;
            at = at.checked_sub(1).unwrap_or(self.keys.len() - 1);
        }
        self.hand = at.checked_sub(1).map(|ahead| self.keys[ahead].0);
        self.keys.remove(at);
    }
}

impl Model for Sieve {
    fn get(&mut self, key: usize, most: usize) -> bool {
        if let Some(at) = self.place(key) {
            self.keys[at].1 = true;
            return true;
        }
        if self.keys.len() == most {
            self.evict();
        }
        self.keys.insert(0, (key, false));
        false
    }

    fn remove(&mut self, key: usize) {
        let Some(at) = self.place(key) else { return };
        if self.hand == Some(key) {
            self.hand = at.checked_sub(1).map(|ahead| self.keys[ahead].0);
        }
        self.keys.remove(at);
    }
}

#[test]
fn sieve_passes_over_what_was_used() {
    agree(Policy::Sieve, || Box::<Sieve>::default());
}

/// Keys with their uses, the newest in front; ghosts by the number of their going.
#[derive(Default)]
struct S3Fifo {
    small: Vec<(usize, u8)>,
    main: Vec<(usize, u8)>,
    ghosts: Vec<(usize, bool)>,
}

impl S3Fifo {
    fn len(&self) -> usize {
        self.small.len() + self.main.len()
    }

    /// Those that came back count until the row is twice as long as it need be.
    fn keep(&mut self, most: usize) {
        let there = |ghosts: &[(usize, bool)]| ghosts.iter().filter(|(_, there)| *there).count();
        while there(&self.ghosts) > most || self.ghosts.len() > 2 * most {
            self.ghosts.pop();
        }
    }

    fn evict(&mut self) {
        loop {
            if self.small.len() * 10 >= self.len() {
                let (key, uses) = self.small.pop().unwrap();
                if uses >= 2 {
                    self.main.insert(0, (key, 0));
                    continue;
                }
                self.ghosts.iter_mut().filter(|ghost| ghost.0 == key).for_each(|old| old.1 = false);
                self.ghosts.insert(0, (key, true));
                self.keep(self.len() - self.len() / 10);
            } else {
                let (key, uses) = self.main.pop().unwrap();
                if uses > 0 {
                    self.main.insert(0, (key, uses - 1));
                    continue;
                }
            }
            return self.keep(self.len());
        }
    }
}

impl Model for S3Fifo {
    fn get(&mut self, key: usize, most: usize) -> bool {
        let all = self.small.iter_mut().chain(&mut self.main);
        if let Some(found) = all.into_iter().find(|found| found.0 == key) {
            found.1 = (found.1 + 1).min(3);
            return true;
        }
        if self.len() == most {
            self.evict();
        }
        match self.ghosts.iter_mut().find(|ghost| **ghost == (key, true)) {
            Some(ghost) => {
                ghost.1 = false;
                self.main.insert(0, (key, 0));
            }
            None => self.small.insert(0, (key, 0)),
        }
        false
    }

    fn remove(&mut self, key: usize) {
        self.small.retain(|(other, _)| *other != key);
        self.main.retain(|(other, _)| *other != key);
    }
}

#[test]
fn s3_fifo_lets_new_lines_prove_themselves() {
    agree(Policy::S3Fifo, || Box::<S3Fifo>::default());
}
