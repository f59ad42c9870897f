//! CRC-64 with Jones' polynomial, bits reflected, as Redis uses it.

/// The polynomial 0xAD93D23594C935A9 with its bits in the other order.
const POLYNOMIAL: u64 = 0x95AC_9329_AC4B_C9B5;

static TABLE: [u64; 256] = table();

/// The checksum of these bytes.
pub fn checksum(bytes: &[u8]) -> u64 {
    update(0, bytes)
}

/// The checksum of what had the checksum `crc`, and these bytes behind it.
pub fn update(crc: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(crc, |crc, byte| (crc >> 8) ^ TABLE[usize::from(crc as u8 ^ byte)])
}

const fn table() -> [u64; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u64;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ POLYNOMIAL } else { crc >> 1 };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_check_value_is_right() {
        assert_eq!(super::checksum(b"123456789"), 0xE9C6_D914_C4B8_D9CA);
    }
}
