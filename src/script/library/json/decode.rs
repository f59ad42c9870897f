//! From JSON to values.

use std::ffi::c_int;

use mlua_sys as ffi;
use mlua_sys::lua_State;

use super::{DEPTH_MAX, settings};
use crate::library::bad_argument;
use crate::stack::{Raised, Raises, Stack, inner};

/// `cjson.decode`.
pub(super) unsafe extern "C-unwind" fn decode(state: *mut lua_State) -> c_int {
    unsafe {
        if ffi::lua_gettop(state) == 1 {
            ffi::luaL_checklstring(state, 1, std::ptr::null_mut());
        }
        inner(state, |stack| {
            if stack.top() != 1 {
                return Err(bad_argument(stack, 1, "decode", "expected 1 argument"));
            }
            let text = stack.bytes(1).unwrap_or_default();
            if text.len() >= 2 && (text[0] == 0 || text[1] == 0) {
                return Err(stack.raise("JSON parser does not support UTF-16 or UTF-32"));
            }
            let depth_max = settings().decode_depth_max.min(DEPTH_MAX);
            let mut reader = Reader { stack, text, at: 0, depth: 0, depth_max };
            let token = reader.token()?;
            reader.value(token)?;
            let (token, at) = reader.token()?;
            match token {
                Token::End => Ok(1),
                other => Err(reader.expected("the end", &other, at)),
            }
        })
    }
}

enum Token {
    ObjectBegin,
    ObjectEnd,
    ArrayBegin,
    ArrayEnd,
    Text(Vec<u8>),
    Number(f64),
    Boolean(bool),
    Null,
    Colon,
    Comma,
    End,
    Bad(&'static str),
}

impl Token {
    fn name(&self) -> &'static str {
        match self {
            Token::ObjectBegin => "T_OBJ_BEGIN",
            Token::ObjectEnd => "T_OBJ_END",
            Token::ArrayBegin => "T_ARR_BEGIN",
            Token::ArrayEnd => "T_ARR_END",
            Token::Text(_) => "T_STRING",
            Token::Number(_) => "T_NUMBER",
            Token::Boolean(_) => "T_BOOLEAN",
            Token::Null => "T_NULL",
            Token::Colon => "T_COLON",
            Token::Comma => "T_COMMA",
            Token::End => "T_END",
            Token::Bad(why) => why,
        }
    }
}

struct Reader<'a> {
    stack: Stack,
    text: &'a [u8],
    at: usize,
    depth: u32,
    depth_max: u32,
}

impl Reader<'_> {
    fn expected(&self, what: &str, found: &Token, at: usize) -> Raised {
        let found = found.name();
        self.stack.raise(&format!("Expected {what} but found {found} at character {}", at + 1))
    }

    /// The next token, and where it begins.
    fn token(&mut self) -> Raises<(Token, usize)> {
        self.stack.spend(1)?;
        while matches!(self.text.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
        let at = self.at;
        let Some(first) = self.text.get(at) else { return Ok((Token::End, at)) };
        self.at += 1;
        let token = match first {
            b'{' => Token::ObjectBegin,
            b'}' => Token::ObjectEnd,
            b'[' => Token::ArrayBegin,
            b']' => Token::ArrayEnd,
            b':' => Token::Colon,
            b',' => Token::Comma,
            b'"' => return self.string(at),
            b't' if self.word(b"true") => Token::Boolean(true),
            b'f' if self.word(b"false") => Token::Boolean(false),
            b'n' if self.word(b"null") => Token::Null,
            b'-' | b'+' | b'0'..=b'9' | b'i' | b'I' | b'n' | b'N' => self.number(at),
            _ => Token::Bad("invalid token"),
        };
        Ok((token, at))
    }

    /// Whether this word stands where the token began; moves behind it.
    fn word(&mut self, word: &[u8]) -> bool {
        let is_it = self.text[self.at - 1..].starts_with(word);
        self.at += if is_it { word.len() - 1 } else { 0 };
        is_it
    }

    /// A number as C reads it, also `inf`, `nan` and hexadecimal digits.
    fn number(&mut self, at: usize) -> Token {
        let rest = &self.text[at..];
        let negative = rest[0] == b'-';
        let sign = usize::from(negative || rest[0] == b'+');
        let digits = &rest[sign..];
        let named = [&b"infinity"[..], b"inf", b"nan"];
        let named = named.into_iter().find(|name| {
            digits.get(..name.len()).is_some_and(|front| front.eq_ignore_ascii_case(name))
        });
        let (number, len) = match named {
            Some(_) if !settings().decode_invalid => return Token::Bad("invalid number"),
            Some(b"nan") => (f64::NAN, 3),
            Some(name) => (f64::INFINITY, name.len()),
            None => decimal(digits),
        };
        if len == 0 {
            let is_word = rest[0].is_ascii_alphabetic();
            return Token::Bad(if is_word { "invalid token" } else { "invalid number" });
        }
        self.at = at + sign + len;
        Token::Number(if negative { -number } else { number })
    }

    fn string(&mut self, begin: usize) -> Raises<(Token, usize)> {
        let mut out = Vec::new();
        loop {
            let Some(byte) = self.text.get(self.at) else {
                return Ok((Token::Bad("unexpected end of string"), self.at));
            };
            let at = self.at;
            self.at += 1;
            match byte {
                b'"' => break,
                b'\\' => match self.escape(&mut out) {
                    Ok(()) => {}
                    Err(why) => return Ok((Token::Bad(why), at)),
                },
                byte => out.push(*byte),
            }
        }
        self.stack.must_fit(out.len())?;
        self.stack.spend(out.len() as u64 / 32)?;
        Ok((Token::Text(out), begin))
    }

    fn escape(&mut self, out: &mut Vec<u8>) -> Result<(), &'static str> {
        let letter = self.text.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        out.push(match letter {
            b'"' | b'\\' | b'/' => letter,
            b'b' => 8,
            b't' => b'\t',
            b'n' => b'\n',
            b'f' => 12,
            b'r' => b'\r',
            b'u' => {
                let sign = self.unicode().ok_or("invalid unicode escape code")?;
                out.extend_from_slice(sign.encode_utf8(&mut [0; 4]).as_bytes());
                return Ok(());
            }
            _ => return Err("invalid escape code"),
        });
        Ok(())
    }

    /// What stands behind `\u`, with the second half of a pair.
    fn unicode(&mut self) -> Option<char> {
        let first = self.hex()?;
        if first & 0xfc00 != 0xd800 {
            return char::from_u32(first);
        }
        if self.text.get(self.at..self.at + 2) != Some(b"\\u") {
            return None;
        }
        self.at += 2;
        let second = self.hex().filter(|second| second & 0xfc00 == 0xdc00)?;
        char::from_u32(0x10000 + ((first & 0x3ff) << 10) + (second & 0x3ff))
    }

    fn hex(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        let mut number = 0;
        for digit in digits {
            number = number << 4 | char::from(*digit).to_digit(16)?;
        }
        self.at += 4;
        Some(number)
    }

    /// Pushes the value that begins with a token.
    fn value(&mut self, (token, at): (Token, usize)) -> Raises<()> {
        self.stack.need(4)?;
        match token {
            Token::Text(text) => self.stack.push_bytes(&text),
            Token::Number(number) => self.stack.push_number(number),
            Token::Boolean(yes) => self.stack.push_boolean(yes),
            Token::Null => unsafe {
                ffi::lua_pushlightuserdata(self.stack.state, std::ptr::null_mut());
            },
            Token::ObjectBegin => self.nested(Self::object)?,
            Token::ArrayBegin => self.nested(Self::array)?,
            other => return Err(self.expected("value", &other, at)),
        }
        Ok(())
    }

    fn nested(&mut self, read: fn(&mut Self) -> Raises<()>) -> Raises<()> {
        self.depth += 1;
        if self.depth > self.depth_max {
            let (depth, at) = (self.depth, self.at);
            let text = format!("Found too many nested data structures ({depth}) at character {at}");
            return Err(self.stack.raise(&text));
        }
        self.stack.push_table(0, 0);
        read(self)?;
        self.depth -= 1;
        Ok(())
    }

    fn object(&mut self) -> Raises<()> {
        let mut next = self.token()?;
        if matches!(next.0, Token::ObjectEnd) {
            return Ok(());
        }
        loop {
            match next {
                (Token::Text(name), _) => self.stack.push_bytes(&name),
                (other, at) => return Err(self.expected("object key string", &other, at)),
            }
            let (colon, at) = self.token()?;
            if !matches!(colon, Token::Colon) {
                return Err(self.expected("colon", &colon, at));
            }
            let value = self.token()?;
            self.value(value)?;
            self.stack.set_raw(-3);
            match self.token()? {
                (Token::ObjectEnd, _) => return Ok(()),
                (Token::Comma, _) => next = self.token()?,
                (other, at) => return Err(self.expected("comma or object end", &other, at)),
            }
        }
    }

    fn array(&mut self) -> Raises<()> {
        let mut next = self.token()?;
        if matches!(next.0, Token::ArrayEnd) {
            return Ok(());
        }
        for index in 1.. {
            self.value(next)?;
            self.stack.set_item(-2, index);
            match self.token()? {
                (Token::ArrayEnd, _) => return Ok(()),
                (Token::Comma, _) => next = self.token()?,
                (other, at) => return Err(self.expected("comma or array end", &other, at)),
            }
        }
        Ok(())
    }
}

/// The number at the front and how many bytes it has; 0: there is none.
fn decimal(text: &[u8]) -> (f64, usize) {
    let digits = |from: usize| {
        text[from.min(text.len())..].iter().take_while(|byte| byte.is_ascii_digit()).count()
    };
    if let [b'0', b'x' | b'X', rest @ ..] = text {
        let hex = rest.iter().take_while(|byte| byte.is_ascii_hexdigit());
        let value = |number: f64, digit: &u8| {
            number * 16.0 + f64::from(char::from(*digit).to_digit(16).unwrap_or(0))
        };
        let count = hex.clone().count();
        if count > 0 {
            return (hex.fold(0.0, value), count + 2);
        }
    }
    let mut len = digits(0);
    if len == 0 {
        return (0.0, 0);
    }
    if text.get(len) == Some(&b'.') {
        len += 1 + digits(len + 1);
    }
    if matches!(text.get(len), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(text.get(len + 1), Some(b'+' | b'-')));
        let power = digits(len + 1 + sign);
        len += if power > 0 { 1 + sign + power } else { 0 };
    }
    let number = std::str::from_utf8(&text[..len]).ok().and_then(|text| text.parse().ok());
    number.map_or((0.0, 0), |number| (number, len))
}
