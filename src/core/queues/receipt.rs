//! Ids and receipts as text.

use super::Receipt;

impl Receipt {
    /// Reads `part-seq-attempt`.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let mut numbers = text.split('-');
        let receipt = Receipt::Of {
            part: number(numbers.next()?)?.try_into().ok()?,
            seq: number(numbers.next()?)?,
            attempt: number(numbers.next()?)?.try_into().ok()?,
        };
        numbers.next().is_none().then_some(receipt)
    }

    /// The text that [`Receipt::parse`] reads.
    pub fn text(&self) -> Vec<u8> {
        let Receipt::Of { part, seq, attempt } = self;
        format!("{part}-{seq}-{attempt}").into_bytes()
    }
}

/// The id of a message: the same through all its deliveries.
pub(super) fn id(part: u32, seq: u64) -> Vec<u8> {
    format!("{part}-{seq}").into_bytes()
}

/// A number as we write it: no sign, no leading zeros.
fn number(digits: &str) -> Option<u64> {
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    let short = digits == "0" || !digits.starts_with('0');
    if plain && short { digits.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_is_read_as_it_was_written() {
        let receipt = Receipt::Of { part: 3, seq: u64::MAX, attempt: 1 };
        assert_eq!(Receipt::parse(&receipt.text()), Some(receipt));
    }

    #[test]
    fn what_we_do_not_write_is_no_receipt() {
        let bad = ["", "-", "0-1", "0-1-2-3", "0-01-1", "0-+1-1", "0--1", " 0-1-1", "0-1-x"];
        for text in bad {
            assert_eq!(Receipt::parse(text.as_bytes()), None, "{text:?}");
        }
        assert_eq!(Receipt::parse(b"0-18446744073709551616-1"), None);
        assert_eq!(Receipt::parse(b"4294967296-1-1"), None);
        assert_eq!(Receipt::parse(&[0xff, b'-', b'1', b'-', b'1']), None);
    }
}
