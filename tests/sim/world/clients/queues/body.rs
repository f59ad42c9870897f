//! Bodies: whoever gets one sees whether it is whole.

/// The body of this number, of about so many bytes.
pub fn body(message: u64, bytes: usize) -> Vec<u8> {
    let mut body = format!("m{message}:").into_bytes();
    let more = bytes.saturating_sub(body.len());
    let letter = |at: usize| b'a' + ((message as usize).wrapping_mul(31) + at * 7) as u8 % 26;
    body.extend((0..more).map(letter));
    body
}

/// The number of a body, if it is as it was.
pub fn message(bytes: &[u8]) -> Option<u64> {
    let end = bytes.iter().position(|byte| *byte == b':')?;
    let number = std::str::from_utf8(bytes.get(1..end)?).ok()?.parse().ok()?;
    (body(number, bytes.len()) == bytes).then_some(number)
}
