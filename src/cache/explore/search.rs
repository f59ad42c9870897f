//! Walks over all states that can be reached, each once.

use std::collections::HashSet;
use std::hash::Hash;

use siphasher::sip128::{Hasher128, SipHasher13};

use super::limits::Bounds;
use super::world::{Step, World};

/// What was found.
#[derive(Debug)]
pub(super) enum Found {
    /// Nothing wrong, in so many states.
    Sound(usize),
    /// Something that must not be, and how it came to that.
    Broken(String, Vec<Step>),
    /// Nothing wrong yet, and more states than are looked at.
    Unfinished,
}

/// Looks at `most` states at most.
pub(super) fn search(bounds: Bounds, most: usize) -> Found {
    let mut seen = HashSet::new();
    let world = World::new(bounds);
    seen.insert(digest(&world));
    let steps = world.steps();
    // The states on the way, what can happen in each, and what happened last.
    let mut way = vec![(world, steps)];
    let mut happened = Vec::new();
    while let Some((world, steps)) = way.last_mut() {
        let Some(step) = steps.pop() else {
            way.pop();
            happened.pop();
            continue;
        };
        let mut next = world.clone();
        happened.push(step.clone());
        if let Err(why) = next.take(step) {
            return Found::Broken(why, happened);
        }
        if !seen.insert(digest(&next)) {
            happened.pop();
            continue;
        }
        if seen.len() >= most {
            return Found::Unfinished;
        }
        let steps = next.steps();
        way.push((next, steps));
    }
    Found::Sound(seen.len())
}

fn digest(world: &World) -> u128 {
    let mut hasher = SipHasher13::new();
    world.hash(&mut hasher);
    hasher.finish128().as_u128()
}
