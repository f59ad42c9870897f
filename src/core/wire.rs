//! The byte form of operations and snapshots.
//!
//! Little, explicit and stable: unsigned integers are LEB128 varints, signed
//! ones zigzag first, byte strings carry their length, enums a tag that is
//! written out at the variant and never reused. Decoding borrows from the input
//! and never reads past it, so that any bytes at all give a value or
//! [`Malformed`], never a panic and never an allocation larger than the input.

/// The bytes are not what an encoder of this version writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// A value with a byte form.
pub trait Wire<'a>: Sized {
    /// Appends the byte form.
    fn put(&self, out: &mut Vec<u8>);
    /// Reads a value from the front of `input` and moves `input` behind it.
    fn take(input: &mut &'a [u8]) -> Result<Self, Malformed>;
}

/// Takes `count` bytes from the front of `input`.
pub fn take_bytes<'a>(input: &mut &'a [u8], count: usize) -> Result<&'a [u8], Malformed> {
    let (front, rest) = input.split_at_checked(count).ok_or(Malformed)?;
    *input = rest;
    Ok(front)
}

impl<'a> Wire<'a> for u8 {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(*self);
    }

    fn take(input: &mut &'a [u8]) -> Result<Self, Malformed> {
        let (first, rest) = input.split_first().ok_or(Malformed)?;
        *input = rest;
        Ok(*first)
    }
}

impl<'a> Wire<'a> for bool {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }

    fn take(input: &mut &'a [u8]) -> Result<Self, Malformed> {
        match u8::take(input)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Malformed),
        }
    }
}

impl<'a> Wire<'a> for u64 {
    fn put(&self, out: &mut Vec<u8>) {
        let mut rest = *self;
        while rest >= 0x80 {
            out.push((rest as u8) | 0x80);
            rest >>= 7;
        }
        out.push(rest as u8);
    }

    fn take(input: &mut &'a [u8]) -> Result<Self, Malformed> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = u8::take(input)?;
            let part = u64::from(byte & 0x7f);
            if shift == 63 && part > 1 {
                return Err(Malformed);
            }
            value |= part << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Malformed)
    }
}

impl<'a> Wire<'a> for u32 {
    fn put(&self, out: &mut Vec<u8>) {
        u64::from(*self).put(out);
    }

    fn take(input: &mut &'a [u8]) -> Result<Self, Malformed> {
        u32::try_from(u64::take(input)?).map_err(|_| Malformed)
    }
}

impl<'a> Wire<'a> for u16 {
    fn put(&self, out: &mut Vec<u8>) {
        u64::from(*self).put(out);
    }

    fn take(input: &mut &'a [u8]) -> Result<Self, Malformed> {
        u16::try_from(u64::take(input)?).map_err(|_| Malformed)
    }
}

impl<'a> Wire<'a> for usize {
    fn put(&self, out: &mut Vec<u8>) {
        (*self as u64).put(out);
    }

    fn take(input: &mut &'a [u8]) -> Result<Self, Malformed> {
        usize::try_from(u64::take(input)?).map_err(|_| Malformed)
    }
}

impl<'a> Wire<'a> for i64 {
    fn put(&self, out: &mut Vec<u8>) {
        (((*self << 1) ^ (*self >> 63)) as u64).put(out);
    }

    fn take(input: &mut &'a [u8]) -> Result<Self, Malformed> {
        let raw = u64::take(input)?;
        Ok(((raw >> 1) as i64) ^ -((raw & 1) as i64))
    }
}

impl<'a> Wire<'a> for f64 {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_bits().to_le_bytes());
    }

    fn take(input: &mut &'a [u8]) -> Result<Self, Malformed> {
        let bytes = take_bytes(input, 8)?;
        let bytes = bytes.try_into().expect("take_bytes gave eight bytes");
        Ok(f64::from_bits(u64::from_le_bytes(bytes)))
    }
}

impl<'a> Wire<'a> for &'a [u8] {
    fn put(&self, out: &mut Vec<u8>) {
        self.len().put(out);
        out.extend_from_slice(self);
    }

    fn take(input: &mut &'a [u8]) -> Result<Self, Malformed> {
        let count = usize::take(input)?;
        take_bytes(input, count)
    }
}

impl<'a> Wire<'a> for String {
    fn put(&self, out: &mut Vec<u8>) {
        self.as_bytes().put(out);
    }

    fn take(input: &mut &'a [u8]) -> Result<Self, Malformed> {
        let text = std::str::from_utf8(<&[u8]>::take(input)?).map_err(|_| Malformed)?;
        Ok(text.to_owned())
    }
}

impl<'a, T: Wire<'a>> Wire<'a> for Option<T> {
    fn put(&self, out: &mut Vec<u8>) {
        self.is_some().put(out);
        if let Some(value) = self {
            value.put(out);
        }
    }

    fn take(input: &mut &'a [u8]) -> Result<Self, Malformed> {
        bool::take(input)?.then(|| T::take(input)).transpose()
    }
}

impl<'a, T: Wire<'a>> Wire<'a> for Vec<T> {
    fn put(&self, out: &mut Vec<u8>) {
        self.len().put(out);
        for item in self {
            item.put(out);
        }
    }

    fn take(input: &mut &'a [u8]) -> Result<Self, Malformed> {
        let count = usize::take(input)?;
        // Every item takes at least one byte, so that a lying count cannot
        // make us reserve more than the input is long.
        if count > input.len() {
            return Err(Malformed);
        }
        (0..count).map(|_| T::take(input)).collect()
    }
}

impl<'a, A: Wire<'a>, B: Wire<'a>> Wire<'a> for (A, B) {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
        self.1.put(out);
    }

    fn take(input: &mut &'a [u8]) -> Result<Self, Malformed> {
        Ok((A::take(input)?, B::take(input)?))
    }
}

/// Declares an enum with its byte form: each variant carries its tag (one byte,
/// never reused within a major version), each field is written in order.
///
/// Variants without fields are written with empty braces.
#[macro_export]
macro_rules! wire_enum {
    (
        $(#[$meta:meta])*
        pub enum $name:ident <$lt:lifetime> {
            $( $(#[$vmeta:meta])* $tag:literal => $variant:ident { $( $(#[$fmeta:meta])* $field:ident : $ty:ty ),* $(,)? } ),* $(,)?
        }
    ) => {
        $(#[$meta])*
        pub enum $name<$lt> {
            $( $(#[$vmeta])* $variant { $( $(#[$fmeta])* $field: $ty ),* } ),*
        }

        impl<$lt> $crate::wire::Wire<$lt> for $name<$lt> {
            #[allow(unused_variables)]
            fn put(&self, out: &mut Vec<u8>) {
                match self {
                    $( Self::$variant { $( $field ),* } => {
                        out.push($tag);
                        $( $crate::wire::Wire::put($field, out); )*
                    } ),*
                }
            }

            fn take(input: &mut &$lt [u8]) -> Result<Self, $crate::wire::Malformed> {
                match <u8 as $crate::wire::Wire>::take(input)? {
                    $( $tag => Ok(Self::$variant {
                        $( $field: <$ty as $crate::wire::Wire>::take(input)? ),*
                    }), )*
                    _ => Err($crate::wire::Malformed),
                }
            }
        }
    };
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $( $(#[$vmeta:meta])* $tag:literal => $variant:ident { $( $(#[$fmeta:meta])* $field:ident : $ty:ty ),* $(,)? } ),* $(,)?
        }
    ) => {
        $(#[$meta])*
        pub enum $name {
            $( $(#[$vmeta])* $variant { $( $(#[$fmeta])* $field: $ty ),* } ),*
        }

        impl<'wire> $crate::wire::Wire<'wire> for $name {
            #[allow(unused_variables)]
            fn put(&self, out: &mut Vec<u8>) {
                match self {
                    $( Self::$variant { $( $field ),* } => {
                        out.push($tag);
                        $( $crate::wire::Wire::put($field, out); )*
                    } ),*
                }
            }

            fn take(input: &mut &'wire [u8]) -> Result<Self, $crate::wire::Malformed> {
                match <u8 as $crate::wire::Wire>::take(input)? {
                    $( $tag => Ok(Self::$variant {
                        $( $field: <$ty as $crate::wire::Wire>::take(input)? ),*
                    }), )*
                    _ => Err($crate::wire::Malformed),
                }
            }
        }
    };
}
