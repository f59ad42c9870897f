//! What shows that a node knows the secret.

use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::message::{Nonce, PROOF_BYTES};

/// Which of the things that are derived from the secret. A proof of the one side is
/// never one of the other.
#[derive(Clone, Copy)]
pub(super) enum Role {
    Dials,
    IsDialled,
    Seals,
}

impl Role {
    fn words(self) -> &'static [u8] {
        match self {
            Role::Dials => b"lockstep peers: who dials",
            Role::IsDialled => b"lockstep peers: who is dialled",
            Role::Seals => b"lockstep peers: seals",
        }
    }
}

/// The code over some messages, each under its length.
pub(super) fn code(secret: &[u8], role: Role, messages: &[&[u8]]) -> [u8; PROOF_BYTES] {
    keyed(secret, role, messages).finalize().into_bytes().into()
}

/// Compares in constant time.
pub(super) fn is_proof(proof: &[u8], secret: &[u8], role: Role, messages: &[&[u8]]) -> bool {
    keyed(secret, role, messages).verify_slice(proof).is_ok()
}

fn keyed(secret: &[u8], role: Role, messages: &[&[u8]]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("any length makes a key");
    for message in [role.words()].iter().chain(messages) {
        mac.update(&(message.len() as u64).to_le_bytes());
        mac.update(message);
    }
    mac
}

/// The first numbers of the frames: of who dials, of who is dialled.
pub(super) fn seals(secret: &[u8], messages: &[&[u8]]) -> (u32, u32) {
    let code = code(secret, Role::Seals, messages);
    let number =
        |at: usize| u32::from_le_bytes([code[at], code[at + 1], code[at + 2], code[at + 3]]);
    (number(0), number(4))
}

pub(super) fn nonce() -> Nonce {
    rand::random()
}
