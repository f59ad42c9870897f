//! Streams of requests that are almost right.

/// A byte for [`request`](super::request), then some commands with some damage.
pub fn stream(random: &mut Random) -> Vec<u8> {
    let mut stream = vec![random.below(256) as u8];
    for _ in 0..random.below(6) {
        random.append_command(&mut stream);
    }
    for _ in 0..random.below(4) {
        random.damage(&mut stream);
    }
    stream
}

/// xorshift: enough to make tests, and the same every time.
#[derive(Debug)]
pub struct Random(u64);

impl Random {
    /// The numbers of one seed.
    pub fn new(seed: u64) -> Self {
        // Zero would give zeros for ever.
        Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number from zero up to `bound`, without it.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % bound
    }

    fn append_command(&mut self, stream: &mut Vec<u8>) {
        const LINES: [&str; 8] = [
            "PING\r\n",
            "\r\n",
            "SET a \"b c\"\n",
            "SET 'a\\'' b\r\n",
            "*0\r\n",
            "*-1\r\n",
            "  GET   a \r\n",
            "GET \"\\x4\\x41\"\r\n",
        ];
        if self.below(2) == 0 {
            stream.extend_from_slice(LINES[self.below(LINES.len())].as_bytes());
        } else {
            self.append_array(stream);
        }
    }

    /// Appends a command as an array; returns its words.
    pub fn append_array(&mut self, stream: &mut Vec<u8>) -> Vec<Vec<u8>> {
        let words: Vec<Vec<u8>> = (0..1 + self.below(12))
            .map(|_| (0..self.below(40)).map(|_| self.below(256) as u8).collect())
            .collect();
        stream.extend_from_slice(format!("*{}\r\n", words.len()).as_bytes());
        for word in &words {
            stream.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
            stream.extend_from_slice(word);
            stream.extend_from_slice(b"\r\n");
        }
        words
    }

    fn damage(&mut self, stream: &mut Vec<u8>) {
        const SIGNS: &[u8] = b"*$:-+ \r\n\0\"'\\019x";
        let at = 1 + self.below(stream.len());
        let sign = SIGNS[self.below(SIGNS.len())];
        match self.below(3) {
            0 => stream.insert(at.min(stream.len()), sign),
            1 if at < stream.len() => stream[at] = sign,
            _ if at < stream.len() => drop(stream.remove(at)),
            _ => {}
        }
    }
}
