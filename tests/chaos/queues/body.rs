//! What a message carries: who pushed it, its number, and bytes that follow from both.

/// How long a body is.
pub const BYTES: usize = 1024;

/// A message; no two are alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Message {
    /// Who pushes it.
    pub producer: u32,
    /// Which of its messages it is.
    pub number: u32,
}

impl Message {
    /// The same as a number.
    pub fn id(self) -> u64 {
        u64::from(self.producer) << 32 | u64::from(self.number)
    }

    /// Its body.
    pub fn body(self) -> Vec<u8> {
        let words = (1..BYTES as u64 / 8).map(|at| mixed(self.id().wrapping_add(at << 48)));
        std::iter::once(self.id()).chain(words).flat_map(u64::to_be_bytes).collect()
    }

    /// The message with this body; none: nobody ever pushed these bytes.
    pub fn of(body: &[u8]) -> Option<Message> {
        let id = u64::from_be_bytes(*body.first_chunk()?);
        let message = Message { producer: (id >> 32) as u32, number: id as u32 };
        (message.body() == body).then_some(message)
    }
}

/// One step of splitmix64: every bit of the outcome depends on every bit of the number.
fn mixed(number: u64) -> u64 {
    let mut word = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}

#[test]
fn a_body_that_differs_in_one_bit_belongs_to_no_message() {
    let message = Message { producer: 7, number: 12 };
    let body = message.body();
    assert_eq!((body.len(), Message::of(&body)), (BYTES, Some(message)));
    for at in 0..BYTES {
        let mut other = body.clone();
        other[at] ^= 1 << (at % 8);
        assert_eq!(Message::of(&other), None, "byte {at}");
    }
    assert_eq!(Message::of(&body[..BYTES - 1]), None);
}
