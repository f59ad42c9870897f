//! `struct`: values as bytes, by a format.

use std::ffi::c_int;

use mlua_sys as ffi;
use mlua_sys::{lua_CFunction, lua_State};

use super::bad_argument;
use crate::stack::{Raises, Stack, inner};

pub(super) const FUNCTIONS: &[(&str, lua_CFunction)] =
    &[("pack", pack), ("unpack", unpack), ("size", size)];

/// The widest integer.
const INTEGER_BYTES_MAX: usize = 32;
/// The alignment of `!` without a number.
const ALIGN_MAX: usize = 8;

/// A format that is read.
struct Format<'a> {
    stack: Stack,
    function: &'static str,
    rest: &'a [u8],
    big: bool,
    align: usize,
}

impl<'a> Format<'a> {
    fn new(stack: Stack, function: &'static str) -> Raises<Self> {
        let Some(rest) = stack.bytes(1) else {
            return Err(bad_argument(stack, 1, function, "string expected, got no value"));
        };
        Ok(Format { stack, function, rest, big: false, align: 1 })
    }

    /// The next option and its size; what only changes how others are read is done.
    fn next(&mut self) -> Raises<Option<(u8, usize)>> {
        loop {
            self.stack.spend(1)?;
            let Some((option, rest)) = self.rest.split_first() else { return Ok(None) };
            self.rest = rest;
            let size = match option {
                b'b' | b'B' | b'x' => 1,
                b'h' | b'H' => 2,
                b'l' | b'L' | b'T' | b'd' => 8,
                b'f' => 4,
                b'c' => self.number(1)?,
                b'i' | b'I' => {
                    let size = self.number(4)?;
                    if size > INTEGER_BYTES_MAX {
                        let text = format!(
                            "integral size {size} is larger than limit of {INTEGER_BYTES_MAX}"
                        );
                        return Err(self.stack.raise(&text));
                    }
                    size
                }
                b's' => 0,
                other => {
                    self.control(*other)?;
                    continue;
                }
            };
            return Ok(Some((*option, size)));
        }
    }

    fn control(&mut self, option: u8) -> Raises<()> {
        match option {
            b' ' => {}
            b'>' => self.big = true,
            b'<' => self.big = false,
            b'!' => {
                let align = self.number(ALIGN_MAX)?;
                if !align.is_power_of_two() {
                    let text = format!("alignment {align} is not a power of 2");
                    return Err(self.stack.raise(&text));
                }
                self.align = align;
            }
            // What is no option has no size.
            other if self.function == "size" && other.is_ascii_alphanumeric() => {}
            other => {
                let why = format!("invalid format option '{}'", char::from(other));
                return Err(bad_argument(self.stack, 1, self.function, &why));
            }
        }
        Ok(())
    }

    fn number(&mut self, otherwise: usize) -> Raises<usize> {
        let mut number = None;
        while let Some((digit, rest)) = self.rest.split_first()
            && digit.is_ascii_digit()
        {
            self.rest = rest;
            let next = number.unwrap_or(0) * 10 + usize::from(digit - b'0');
            if next > i32::MAX as usize {
                return Err(self.stack.raise("integral size overflow"));
            }
            number = Some(next);
        }
        Ok(number.unwrap_or(otherwise))
    }

    /// How many bytes come before what stands at `at`.
    fn padding(&self, at: usize, option: u8, size: usize) -> usize {
        if size == 0 || option == b'c' {
            return 0;
        }
        let size = size.min(self.align);
        (size - (at & (size - 1))) & (size - 1)
    }
}

unsafe extern "C-unwind" fn pack(state: *mut lua_State) -> c_int {
    unsafe {
        inner(state, |stack| {
            let mut format = Format::new(stack, "pack")?;
            let (mut out, mut argument) = (Vec::new(), 1);
            while let Some((option, size)) = format.next()? {
                out.resize(out.len() + format.padding(out.len(), option, size), 0);
                if option == b'x' {
                    out.push(0);
                    continue;
                }
                argument += 1;
                put(&format, option, size, argument, &mut out)?;
                stack.must_fit(out.len())?;
            }
            stack.push_bytes(&out);
            Ok(1)
        })
    }
}

fn put(
    format: &Format<'_>,
    option: u8,
    size: usize,
    argument: c_int,
    out: &mut Vec<u8>,
) -> Raises<()> {
    let stack = format.stack;
    let expected = |what: &str| {
        let kind = match stack.kind(argument) {
            ffi::LUA_TNONE => "nil".to_owned(),
            _ => stack.kind_name(argument),
        };
        bad_argument(stack, argument, "pack", &format!("{what} expected, got {kind}"))
    };
    if matches!(option, b'c' | b's') {
        let bytes = stack.bytes(argument).ok_or_else(|| expected("string"))?;
        let size = if size == 0 { bytes.len() } else { size };
        let Some(bytes) = bytes.get(..size) else {
            return Err(bad_argument(stack, argument + 1, "pack", "string too short"));
        };
        stack.must_fit(out.len() + size)?;
        out.extend_from_slice(bytes);
        out.extend((option == b's').then_some(0));
        return Ok(());
    }
    if unsafe { ffi::lua_isnumber(stack.state, argument) } == 0 {
        return Err(expected("number"));
    }
    let number = stack.number(argument);
    let mut bytes = match option {
        b'f' => (number as f32).to_le_bytes().to_vec(),
        b'd' => number.to_le_bytes().to_vec(),
        _ => {
            let value = if number < 0.0 { (number as i64) as u64 } else { number as u64 };
            let mut bytes = value.to_le_bytes().to_vec();
            bytes.resize(size, 0);
            bytes
        }
    };
    if format.big {
        bytes.reverse();
    }
    out.extend(bytes);
    Ok(())
}

unsafe extern "C-unwind" fn unpack(state: *mut lua_State) -> c_int {
    unsafe {
        let from = ffi::luaL_optinteger(state, 3, 1);
        inner(state, |stack| {
            let mut format = Format::new(stack, "unpack")?;
            let Some(data) = stack.bytes(2) else {
                return Err(bad_argument(stack, 2, "unpack", "string expected, got no value"));
            };
            let Some(mut at) = usize::try_from(from).ok().and_then(|from| from.checked_sub(1))
            else {
                return Err(bad_argument(stack, 3, "unpack", "offset must be 1 or greater"));
            };
            let short = || bad_argument(stack, 2, "unpack", "data string too short");
            let mut count = 0;
            while let Some((option, mut size)) = format.next()? {
                at = at.saturating_add(format.padding(at, option, size));
                stack.need(2)?;
                if option == b'c' && size == 0 {
                    if count == 0 || stack.kind(-1) != ffi::LUA_TNUMBER {
                        return Err(stack.raise("format 'c0' needs a previous size"));
                    }
                    size = stack.number(-1) as usize;
                    stack.pop(1);
                    count -= 1;
                }
                let end = at.checked_add(size).ok_or_else(short)?;
                let bytes = data.get(at..end).ok_or_else(short)?;
                at = end;
                match option {
                    b'x' => continue,
                    b'c' => stack.push_bytes(bytes),
                    b's' => {
                        let rest = &data[at..];
                        let Some(end) = rest.iter().position(|byte| *byte == 0) else {
                            return Err(stack.raise("unfinished string in data"));
                        };
                        stack.push_bytes(&rest[..end]);
                        at += end + 1;
                    }
                    _ => stack.push_number(number(&format, option, bytes)),
                }
                count += 1;
            }
            stack.push_number((at + 1) as f64);
            Ok(count + 1)
        })
    }
}

fn number(format: &Format<'_>, option: u8, bytes: &[u8]) -> f64 {
    let mut little = bytes.to_vec();
    if format.big {
        little.reverse();
    }
    let mut wide = [0; 8];
    wide.iter_mut().zip(&little).for_each(|(to, from)| *to = *from);
    let value = u64::from_le_bytes(wide);
    match option {
        b'f' => f64::from(f32::from_bits(value as u32)),
        b'd' => f64::from_bits(value),
        option if option.is_ascii_uppercase() => value as f64,
        _ if bytes.len() >= 8 => value as i64 as f64,
        _ => {
            let unused = 64 - 8 * bytes.len() as u32;
            ((value.checked_shl(unused).unwrap_or(0)) as i64 >> unused.min(63)) as f64
        }
    }
}

unsafe extern "C-unwind" fn size(state: *mut lua_State) -> c_int {
    unsafe {
        inner(state, |stack| {
            let mut format = Format::new(stack, "size")?;
            let mut at = 0;
            while let Some((option, size)) = format.next()? {
                at += format.padding(at, option, size);
                if option == b's' {
                    let why = "option 's' has no fixed size";
                    return Err(bad_argument(stack, 1, "size", why));
                }
                if option == b'c' && size == 0 {
                    let why = "option 'c0' has no fixed size";
                    return Err(bad_argument(stack, 1, "size", why));
                }
                at += size;
            }
            stack.push_number(at as f64);
            Ok(1)
        })
    }
}
