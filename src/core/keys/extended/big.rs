//! Whole numbers of any size, as far as reading and printing need them.

use std::cmp::Ordering;

/// A whole number, 32 bits to a limb, the lowest first, no zero limbs on top.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Big {
    limbs: Vec<u32>,
}

impl Big {
    /// Reads decimal digits.
    pub(super) fn from_digits(digits: &[u8]) -> Self {
        let mut number = Big::default();
        for chunk in digits.chunks(9) {
            let value = chunk.iter().fold(0, |value, digit| value * 10 + u32::from(digit - b'0'));
            number.multiply_add(10u32.pow(chunk.len() as u32), value);
        }
        number
    }

    /// Multiplies by a power of ten.
    #[must_use]
    pub(super) fn times_power_of_ten(mut self, power: usize) -> Self {
        for _ in 0..power / 9 {
            self.multiply_add(1_000_000_000, 0);
        }
        self.multiply_add(10u32.pow((power % 9) as u32), 0);
        self
    }

    /// How many bits it has.
    pub(super) fn bits(&self) -> usize {
        self.limbs.last().map_or(0, |top| self.limbs.len() * 32 - top.leading_zeros() as usize)
    }

    #[must_use]
    pub(super) fn shifted_left(&self, by: usize) -> Self {
        let mut limbs = vec![0; by / 32];
        let shift = by % 32;
        let mut carry = 0;
        for limb in &self.limbs {
            let wide = u64::from(*limb) << shift | carry;
            limbs.push(wide as u32);
            carry = wide >> 32;
        }
        limbs.push(carry as u32);
        Big { limbs }.trimmed()
    }

    /// Sets low bits that are not set.
    #[must_use]
    pub(super) fn with_low_bits(mut self, bits: u32) -> Self {
        match self.limbs.first_mut() {
            Some(limb) => *limb |= bits,
            None if bits > 0 => self.limbs.push(bits),
            None => {}
        }
        self
    }

    /// Takes away a number that is not larger.
    pub(super) fn subtract(&mut self, other: &Big) {
        let mut borrow = 0;
        for (at, limb) in self.limbs.iter_mut().enumerate() {
            let less = i64::from(other.limbs.get(at).copied().unwrap_or(0)) + borrow;
            let difference = i64::from(*limb) - less;
            *limb = difference as u32;
            borrow = i64::from(difference < 0);
        }
        self.trim();
    }

    pub(super) fn to_decimal(&self) -> String {
        let mut rest = self.clone();
        let mut chunks = Vec::new();
        while !rest.limbs.is_empty() {
            chunks.push(rest.divide(1_000_000_000));
        }
        let mut text = chunks.pop().unwrap_or(0).to_string();
        for chunk in chunks.iter().rev() {
            text.push_str(&format!("{chunk:09}"));
        }
        text
    }

    fn multiply_add(&mut self, factor: u32, add: u32) {
        let mut carry = u64::from(add);
        for limb in &mut self.limbs {
            let wide = u64::from(*limb) * u64::from(factor) + carry;
            *limb = wide as u32;
            carry = wide >> 32;
        }
        if carry > 0 {
            self.limbs.push(carry as u32);
        }
    }

    /// Divides, and gives the remainder.
    fn divide(&mut self, divisor: u32) -> u32 {
        let mut rest = 0;
        for limb in self.limbs.iter_mut().rev() {
            let wide = rest << 32 | u64::from(*limb);
            *limb = (wide / u64::from(divisor)) as u32;
            rest = wide % u64::from(divisor);
        }
        self.trim();
        rest as u32
    }

    fn trim(&mut self) {
        while self.limbs.last() == Some(&0) {
            self.limbs.pop();
        }
    }

    fn trimmed(mut self) -> Self {
        self.trim();
        self
    }
}

impl From<u64> for Big {
    fn from(number: u64) -> Self {
        Big { limbs: vec![number as u32, (number >> 32) as u32] }.trimmed()
    }
}

impl Ord for Big {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_len = self.limbs.len().cmp(&other.limbs.len());
        by_len.then_with(|| self.limbs.iter().rev().cmp(other.limbs.iter().rev()))
    }
}

impl PartialOrd for Big {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::Big;

    #[test]
    fn digits_come_back_as_they_were() {
        let text = "123456789012345678901234567890123456789012345678901234567890";
        assert_eq!(Big::from_digits(text.as_bytes()).to_decimal(), text);
        assert_eq!(Big::default().to_decimal(), "0");
    }

    #[test]
    fn shifting_multiplies_by_powers_of_two() {
        let number = Big::from(u64::MAX);
        assert_eq!(number.shifted_left(65).to_decimal(), "680564733841876926889855726716117319680");
        assert_eq!(number.shifted_left(65).bits(), 129);
    }

    #[test]
    fn subtracting_borrows() {
        let mut number = Big::from(1).shifted_left(96);
        number.subtract(&Big::from(1));
        assert_eq!(number.to_decimal(), "79228162514264337593543950335");
    }
}
