//! Counters of six bits, one behind the other, the lowest bits first.

use super::{COUNTER_BITS, Counters, DENSE_BYTES, HEAD_BYTES};

const MASK: u16 = (1 << COUNTER_BITS) - 1;

/// A counter.
pub(super) fn get(body: &[u8], register: usize) -> u8 {
    let (at, shift) = place(register);
    (pair(body, at) >> shift & MASK) as u8
}

/// Raises a counter; whether it was below.
pub(super) fn raise(body: &mut [u8], register: usize, to: u8) -> bool {
    if get(body, register) >= to {
        return false;
    }
    let (at, shift) = place(register);
    let [low, high] = (pair(body, at) & !(MASK << shift) | u16::from(to) << shift).to_le_bytes();
    body[at] = low;
    // The last counter ends with the last byte.
    if let Some(next) = body.get_mut(at + 1) {
        *next = high;
    }
    true
}

/// The bytes of these counters.
pub(super) fn of(counters: &Counters) -> Vec<u8> {
    let mut body = vec![0; DENSE_BYTES - HEAD_BYTES];
    for (register, counter) in counters.iter().enumerate() {
        raise(&mut body, register, *counter);
    }
    body
}

/// The byte that a counter begins in, and behind how many bits of it.
fn place(register: usize) -> (usize, usize) {
    (register * COUNTER_BITS / 8, register * COUNTER_BITS % 8)
}

fn pair(body: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([body[at], body.get(at + 1).copied().unwrap_or(0)])
}
