//! `string.find`, `match`, `gmatch` and `gsub`.
//!
//! The library's own can be made to try for hours, and to use up the stack of the process.
//! These count what they try and how deep they are. Source: the Lua 5.1 reference manual,
//! section 5.4.1.

use std::ffi::c_int;

use mlua_sys as ffi;
use mlua_sys::lua_State;

use crate::stack::{Raises, Stack, inner};

/// How many parts of a string a pattern may capture.
const CAPTURES_MAX: usize = 32;
/// How deep a match may stand within matches.
const DEPTH_MAX: u32 = 200;
/// So many tries are paid for at once.
const TRIES_PER_TURN: u32 = 1024;
/// What has a meaning in a pattern.
const SPECIAL: &[u8] = b"^$*+?.([%-";

#[derive(Clone, Copy, Debug)]
enum Length {
    /// It is not closed yet.
    Open,
    /// `()`: the place alone.
    Place,
    Of(usize),
}

#[derive(Clone, Copy, Debug)]
struct Capture {
    start: usize,
    length: Length,
}

struct Matcher<'a> {
    stack: Stack,
    text: &'a [u8],
    pattern: &'a [u8],
    captures: Vec<Capture>,
    tries: u32,
    depth: u32,
}

impl<'a> Matcher<'a> {
    fn new(stack: Stack, text: &'a [u8], pattern: &'a [u8]) -> Self {
        // A pattern ends at a zero, as in the library; `%z` stands for one.
        let end = pattern.iter().position(|byte| *byte == 0).unwrap_or(pattern.len());
        let pattern = &pattern[..end];
        Matcher { stack, text, pattern, captures: Vec::new(), tries: 0, depth: 0 }
    }

    /// Where a match that begins at `from` ends.
    fn begin(&mut self, from: usize, pattern: usize) -> Raises<Option<usize>> {
        self.captures.clear();
        self.run(from, pattern)
    }

    fn count(&mut self) -> Raises<()> {
        self.tries += 1;
        if self.tries == TRIES_PER_TURN {
            self.tries = 0;
            return self.stack.spend(u64::from(TRIES_PER_TURN) / 2);
        }
        Ok(())
    }

    fn run(&mut self, at: usize, pattern: usize) -> Raises<Option<usize>> {
        if self.depth == DEPTH_MAX {
            return Err(self.stack.raise("pattern too complex"));
        }
        self.depth += 1;
        let end = self.run_from(at, pattern);
        self.depth -= 1;
        end
    }

    fn run_from(&mut self, mut at: usize, mut place: usize) -> Raises<Option<usize>> {
        loop {
            self.count()?;
            let pattern = self.pattern;
            let Some(first) = pattern.get(place) else { return Ok(Some(at)) };
            match first {
                b'(' if pattern.get(place + 1) == Some(&b')') => {
                    return self.open(at, place + 2, Length::Place);
                }
                b'(' => return self.open(at, place + 1, Length::Open),
                b')' => return self.close(at, place + 1),
                b'%' => match pattern.get(place + 1) {
                    Some(b'b') => {
                        let Some(end) = self.balanced(at, place + 2)? else { return Ok(None) };
                        (at, place) = (end, place + 4);
                        continue;
                    }
                    Some(b'f') => {
                        place += 2;
                        if pattern.get(place) != Some(&b'[') {
                            let text = "missing '[' after '%f' in pattern";
                            return Err(self.stack.raise(text));
                        }
                        let end = self.class_end(place)?;
                        let before = at.checked_sub(1).map_or(0, |at| self.text[at]);
                        let here = self.text.get(at).copied().unwrap_or(0);
                        if self.is_in_set(before, place, end - 1)
                            || !self.is_in_set(here, place, end - 1)
                        {
                            return Ok(None);
                        }
                        place = end;
                        continue;
                    }
                    Some(digit) if digit.is_ascii_digit() => {
                        let Some(end) = self.again(at, *digit)? else { return Ok(None) };
                        (at, place) = (end, place + 2);
                        continue;
                    }
                    _ => {}
                },
                b'$' if place + 1 == pattern.len() => {
                    return Ok((at == self.text.len()).then_some(at));
                }
                _ => {}
            }
            let end = self.class_end(place)?;
            let fits = at < self.text.len() && self.is_one(self.text[at], place, end);
            match pattern.get(end) {
                Some(b'?') => {
                    if fits && let Some(end) = self.run(at + 1, end + 1)? {
                        return Ok(Some(end));
                    }
                    place = end + 1;
                }
                Some(b'*') => return self.most(at, place, end),
                Some(b'+') if fits => return self.most(at + 1, place, end),
                Some(b'+') => return Ok(None),
                Some(b'-') => return self.fewest(at, place, end),
                _ if fits => (at, place) = (at + 1, end),
                _ => return Ok(None),
            }
        }
    }

    /// As many as there are, then fewer.
    fn most(&mut self, at: usize, place: usize, end: usize) -> Raises<Option<usize>> {
        let mut count = 0;
        while at + count < self.text.len() && self.is_one(self.text[at + count], place, end) {
            count += 1;
            self.count()?;
        }
        for count in (0..=count).rev() {
            if let Some(end) = self.run(at + count, end + 1)? {
                return Ok(Some(end));
            }
        }
        Ok(None)
    }

    fn fewest(&mut self, mut at: usize, place: usize, end: usize) -> Raises<Option<usize>> {
        loop {
            if let Some(end) = self.run(at, end + 1)? {
                return Ok(Some(end));
            }
            if at == self.text.len() || !self.is_one(self.text[at], place, end) {
                return Ok(None);
            }
            at += 1;
            self.count()?;
        }
    }

    fn open(&mut self, at: usize, place: usize, length: Length) -> Raises<Option<usize>> {
        if self.captures.len() == CAPTURES_MAX {
            return Err(self.stack.raise("too many captures"));
        }
        let before = self.captures.len();
        self.captures.push(Capture { start: at, length });
        let end = self.run(at, place)?;
        if end.is_none() {
            self.captures.truncate(before);
        }
        Ok(end)
    }

    fn close(&mut self, at: usize, place: usize) -> Raises<Option<usize>> {
        let open = |capture: &Capture| matches!(capture.length, Length::Open);
        let Some(last) = self.captures.iter().rposition(open) else {
            return Err(self.stack.raise("invalid pattern capture"));
        };
        self.captures[last].length = Length::Of(at - self.captures[last].start);
        let end = self.run(at, place)?;
        if end.is_none() {
            self.captures[last].length = Length::Open;
        }
        Ok(end)
    }

    /// `%bxy`.
    fn balanced(&mut self, at: usize, place: usize) -> Raises<Option<usize>> {
        let (Some(opens), Some(closes)) = (self.pattern.get(place), self.pattern.get(place + 1))
        else {
            return Err(self.stack.raise("unbalanced pattern"));
        };
        if self.text.get(at) != Some(opens) {
            return Ok(None);
        }
        let mut depth = 1;
        for end in at + 1..self.text.len() {
            self.count()?;
            let byte = &self.text[end];
            if byte == closes {
                depth -= 1;
                if depth == 0 {
                    return Ok(Some(end + 1));
                }
            } else if byte == opens {
                depth += 1;
            }
        }
        Ok(None)
    }

    /// `%1`: what was captured, once more.
    fn again(&mut self, at: usize, digit: u8) -> Raises<Option<usize>> {
        let capture = usize::from(digit).checked_sub(usize::from(b'1'));
        let capture = capture.and_then(|number| self.captures.get(number).copied());
        let Some(Capture { start, length: Length::Of(length) }) = capture else {
            return Err(self.stack.raise("invalid capture index"));
        };
        self.stack.spend(length as u64 / 16)?;
        let same = self.text[at..].starts_with(&self.text[start..start + length]);
        Ok(same.then_some(at + length))
    }

    /// Where the class of characters that begins at `place` ends.
    fn class_end(&self, place: usize) -> Raises<usize> {
        let pattern = self.pattern;
        match pattern[place] {
            b'%' if place + 1 == pattern.len() => {
                Err(self.stack.raise("malformed pattern (ends with '%')"))
            }
            b'%' => Ok(place + 2),
            b'[' => {
                let mut at = place + 1;
                if pattern.get(at) == Some(&b'^') {
                    at += 1;
                }
                loop {
                    let Some(byte) = pattern.get(at) else {
                        return Err(self.stack.raise("malformed pattern (missing ']')"));
                    };
                    at += 1;
                    if *byte == b'%' && at < pattern.len() {
                        at += 1;
                    }
                    if pattern.get(at) == Some(&b']') {
                        return Ok(at + 1);
                    }
                }
            }
            _ => Ok(place + 1),
        }
    }

    fn is_one(&self, byte: u8, place: usize, end: usize) -> bool {
        match self.pattern[place] {
            b'.' => true,
            b'%' => is_class(byte, self.pattern[place + 1]),
            b'[' => self.is_in_set(byte, place, end - 1),
            other => other == byte,
        }
    }

    /// Whether a byte is in the set from the bracket at `place` to that at `last`.
    fn is_in_set(&self, byte: u8, place: usize, last: usize) -> bool {
        let pattern = self.pattern;
        let mut at = place + 1;
        let positive = pattern[at] != b'^';
        at += usize::from(!positive);
        while at < last {
            if pattern[at] == b'%' {
                at += 1;
                if is_class(byte, pattern[at]) {
                    return positive;
                }
                at += 1;
            } else if pattern[at + 1] == b'-' && at + 2 < last {
                if (pattern[at]..=pattern[at + 2]).contains(&byte) {
                    return positive;
                }
                at += 3;
            } else {
                if pattern[at] == byte {
                    return positive;
                }
                at += 1;
            }
        }
        !positive
    }

    /// Pushes a capture; without captures the first one is all that matched.
    fn push_capture(&self, number: usize, whole: std::ops::Range<usize>) -> Raises<()> {
        let Some(capture) = self.captures.get(number) else {
            if number != 0 {
                return Err(self.stack.raise("invalid capture index"));
            }
            self.stack.push_bytes(&self.text[whole]);
            return Ok(());
        };
        match capture.length {
            Length::Place => self.stack.push_number((capture.start + 1) as f64),
            Length::Open => return Err(self.stack.raise("unfinished capture")),
            Length::Of(length) => {
                self.stack.push_bytes(&self.text[capture.start..capture.start + length]);
            }
        }
        Ok(())
    }

    /// Pushes all captures, at least `least`; how many.
    fn push_captures(&self, least: usize, whole: std::ops::Range<usize>) -> Raises<c_int> {
        let count = self.captures.len().max(least);
        self.stack.need(count as c_int + 1)?;
        self.stack.must_fit(self.text.len() / 2)?;
        for number in 0..count {
            self.push_capture(number, whole.clone())?;
        }
        Ok(count as c_int)
    }
}

fn is_class(byte: u8, class: u8) -> bool {
    let found = match class.to_ascii_lowercase() {
        b'a' => byte.is_ascii_alphabetic(),
        b'c' => byte.is_ascii_control(),
        b'd' => byte.is_ascii_digit(),
        b'l' => byte.is_ascii_lowercase(),
        b'p' => byte.is_ascii_punctuation(),
        b's' => byte.is_ascii_whitespace() || byte == 0x0b,
        b'u' => byte.is_ascii_uppercase(),
        b'w' => byte.is_ascii_alphanumeric(),
        b'x' => byte.is_ascii_hexdigit(),
        b'z' => byte == 0,
        _ => return class == byte,
    };
    found != class.is_ascii_uppercase()
}

/// The argument at a place; nothing has to be dropped where it is none.
unsafe fn argument<'a>(state: *mut lua_State, at: c_int) -> &'a [u8] {
    unsafe {
        let mut len = 0;
        let start = ffi::luaL_checklstring(state, at, &mut len);
        std::slice::from_raw_parts(start.cast(), len)
    }
}

/// `string.find`.
pub(crate) unsafe extern "C-unwind" fn find(state: *mut lua_State) -> c_int {
    unsafe { look(state, true) }
}

/// `string.match`.
pub(crate) unsafe extern "C-unwind" fn match_(state: *mut lua_State) -> c_int {
    unsafe { look(state, false) }
}

unsafe fn look(state: *mut lua_State, finds: bool) -> c_int {
    unsafe {
        let (text, pattern) = (argument(state, 1), argument(state, 2));
        let from = ffi::luaL_optinteger(state, 3, 1);
        let plain = finds && ffi::lua_toboolean(state, 4) != 0;
        inner(state, |stack| {
            let from = begin(from, text.len());
            if finds && (plain || !pattern.iter().any(|byte| SPECIAL.contains(byte))) {
                return find_plain(stack, text, pattern, from);
            }
            let anchored = pattern.first() == Some(&b'^');
            let mut matcher = Matcher::new(stack, text, pattern);
            for at in from..=text.len() {
                if let Some(end) = matcher.begin(at, usize::from(anchored))? {
                    if !finds {
                        return matcher.push_captures(1, at..end);
                    }
                    stack.push_number((at + 1) as f64);
                    stack.push_number(end as f64);
                    return Ok(matcher.push_captures(0, at..end)? + 2);
                }
                if anchored {
                    break;
                }
            }
            stack.push_nil();
            Ok(1)
        })
    }
}

/// The place that an index from 1, or from behind below 0, means.
fn begin(index: i64, len: usize) -> usize {
    let index = if index < 0 { index + len as i64 + 1 } else { index };
    usize::try_from(index - 1).unwrap_or(0).min(len)
}

fn find_plain(stack: Stack, text: &[u8], wanted: &[u8], from: usize) -> Raises<c_int> {
    let rest = &text[from..];
    stack.spend((rest.len() as u64).saturating_mul(1 + wanted.len().min(8) as u64) / 16)?;
    let mut found = None;
    let mut at = 0;
    while let Some(first) = wanted.first() {
        let Some(near) = rest[at..].iter().position(|byte| byte == first) else { break };
        at += near;
        if rest[at..].starts_with(wanted) {
            found = Some(at);
            break;
        }
        at += 1;
    }
    if wanted.is_empty() {
        found = Some(0);
    }
    match found {
        Some(at) => {
            stack.push_number((from + at + 1) as f64);
            stack.push_number((from + at + wanted.len()) as f64);
            Ok(2)
        }
        None => {
            stack.push_nil();
            Ok(1)
        }
    }
}

/// `string.gmatch`: a function with the text, the pattern and the place.
pub(crate) unsafe extern "C-unwind" fn gmatch(state: *mut lua_State) -> c_int {
    unsafe {
        argument(state, 1);
        argument(state, 2);
        ffi::lua_settop(state, 2);
        ffi::lua_pushnumber(state, 0.0);
        ffi::lua_pushcclosure(state, gmatch_next, 3);
    }
    1
}

unsafe extern "C-unwind" fn gmatch_next(state: *mut lua_State) -> c_int {
    unsafe {
        inner(state, |stack| {
            let text = stack.bytes(ffi::lua_upvalueindex(1)).unwrap_or_default();
            let pattern = stack.bytes(ffi::lua_upvalueindex(2)).unwrap_or_default();
            let from = stack.number(ffi::lua_upvalueindex(3)) as usize;
            let mut matcher = Matcher::new(stack, text, pattern);
            for at in from..=text.len() {
                if let Some(end) = matcher.begin(at, 0)? {
                    // An empty match moves on by one.
                    let next = if end == at { end + 1 } else { end };
                    stack.push_number(next as f64);
                    ffi::lua_replace(state, ffi::lua_upvalueindex(3));
                    return matcher.push_captures(1, at..end);
                }
            }
            Ok(0)
        })
    }
}

/// `string.gsub`.
pub(crate) unsafe extern "C-unwind" fn gsub(state: *mut lua_State) -> c_int {
    unsafe {
        let (text, pattern) = (argument(state, 1), argument(state, 2));
        let kind = ffi::lua_type(state, 3);
        let fits = [ffi::LUA_TNUMBER, ffi::LUA_TSTRING, ffi::LUA_TTABLE, ffi::LUA_TFUNCTION];
        if !fits.contains(&kind) {
            ffi::luaL_argerror(state, 3, c"string/function/table expected".as_ptr());
        }
        let times = ffi::luaL_optinteger(state, 4, text.len() as i64 + 1);
        inner(state, |stack| {
            let anchored = pattern.first() == Some(&b'^');
            let mut matcher = Matcher::new(stack, text, pattern);
            let mut out = Vec::new();
            let (mut at, mut count) = (0, 0);
            while count < times {
                let end = matcher.begin(at, usize::from(anchored))?;
                if let Some(end) = end {
                    count += 1;
                    replace(&matcher, at..end, &mut out)?;
                }
                match end {
                    Some(end) if end > at => at = end,
                    _ if at < text.len() => {
                        out.push(text[at]);
                        at += 1;
                    }
                    _ => break,
                }
                if anchored {
                    break;
                }
            }
            out.extend_from_slice(&text[at..]);
            stack.must_fit(out.len())?;
            stack.spend(out.len() as u64 / 64)?;
            stack.push_bytes(&out);
            stack.push_number(count as f64);
            Ok(2)
        })
    }
}

/// Adds what stands in the place of a match: by the third argument.
fn replace(matcher: &Matcher<'_>, whole: std::ops::Range<usize>, out: &mut Vec<u8>) -> Raises<()> {
    let stack = matcher.stack;
    let top = stack.top();
    match stack.kind(3) {
        ffi::LUA_TFUNCTION => {
            stack.need(CAPTURES_MAX as c_int + 4)?;
            stack.push_copy(3);
            let count = matcher.push_captures(1, whole.clone())?;
            stack.call(count)?;
        }
        ffi::LUA_TTABLE => {
            stack.need(4)?;
            // With what its metatable says, which may run a function.
            unsafe { ffi::lua_pushcclosure(stack.state, index, 0) };
            stack.push_copy(3);
            matcher.push_capture(0, whole.clone())?;
            stack.call(2)?;
        }
        _ => return replace_by_text(matcher, whole, out),
    }
    match stack.kind(-1) {
        ffi::LUA_TSTRING | ffi::LUA_TNUMBER => {
            add(stack, out, stack.bytes(-1).unwrap_or_default())?;
        }
        _ if !stack.boolean(-1) => add(stack, out, &matcher.text[whole])?,
        _ => {
            let kind = stack.kind_name(-1);
            return Err(stack.raise(&format!("invalid replacement value (a {kind})")));
        }
    }
    stack.set_top(top);
    Ok(())
}

fn replace_by_text(
    matcher: &Matcher<'_>,
    whole: std::ops::Range<usize>,
    out: &mut Vec<u8>,
) -> Raises<()> {
    let stack = matcher.stack;
    let top = stack.top();
    let mut by = stack.bytes(3).unwrap_or_default().iter();
    while let Some(byte) = by.next() {
        if *byte != b'%' {
            out.push(*byte);
            continue;
        }
        match by.next() {
            Some(b'0') => add(stack, out, &matcher.text[whole.clone()])?,
            Some(digit) if digit.is_ascii_digit() => {
                matcher.push_capture(usize::from(digit - b'1'), whole.clone())?;
                add(stack, out, stack.bytes(-1).unwrap_or_default())?;
                stack.set_top(top);
            }
            Some(other) => out.push(*other),
            // The zero behind the text.
            None => out.push(0),
        }
    }
    add(stack, out, b"")
}

/// Adds bytes, as long as there is memory for all.
fn add(stack: Stack, out: &mut Vec<u8>, bytes: &[u8]) -> Raises<()> {
    stack.must_fit(out.len() + bytes.len())?;
    stack.spend(1 + bytes.len() as u64 / 64)?;
    out.extend_from_slice(bytes);
    Ok(())
}

/// What stands in a table, by the rules of Lua.
unsafe extern "C-unwind" fn index(state: *mut lua_State) -> c_int {
    unsafe { ffi::lua_gettable(state, 1) };
    1
}
