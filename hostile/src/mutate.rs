//! Random changes of inputs, for where libFuzzer is not: the same seed gives the same inputs.

/// Makes inputs of others.
#[derive(Debug)]
pub struct Mutator {
    random: u64,
}

/// Bytes that change the meaning of what they stand in.
const SHARP: &[u8] = b"\0\n\r\t \"'\\(),=|+-*<>#;:[]{}0123456789xNULL\x7f\x80\xff\xe2\x80\xae";

impl Mutator {
    /// One of a seed.
    pub fn new(seed: u64) -> Mutator {
        Mutator { random: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1 }
    }

    /// Numbers that look random (G. Marsaglia's xorshift64).
    fn next(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }

    /// A number below a limit; 0 if that is 0.
    pub fn below(&mut self, limit: usize) -> usize {
        ((self.next() >> 11) % (limit.max(1) as u64)) as usize
    }

    /// A changed input, no longer than `longest`: a stretch of one, with some bytes changed, left
    /// out, doubled, or taken from another.
    pub fn input(&mut self, inputs: &[Vec<u8>], longest: usize) -> Vec<u8> {
        let mut input = self.stretch(inputs, longest);
        for _ in 0..self.below(6) {
            let at = self.below(input.len());
            match self.below(5) {
                0 if !input.is_empty() => input[at] ^= 1 << self.below(8),
                1 if !input.is_empty() => input[at] = SHARP[self.below(SHARP.len())],
                2 => input.insert(at, SHARP[self.below(SHARP.len())]),
                3 => {
                    let end = (at + self.below(30)).min(input.len());
                    input.drain(at..end);
                }
                _ => {
                    let room = longest.saturating_sub(input.len());
                    let other = self.stretch(inputs, room.min(200));
                    input.splice(at..at, other);
                }
            }
        }
        input.truncate(longest);
        input
    }

    /// A stretch of some input, which begins where a line begins if it can; or noise.
    fn stretch(&mut self, inputs: &[Vec<u8>], longest: usize) -> Vec<u8> {
        if inputs.is_empty() || self.below(20) == 0 {
            return (0..self.below(longest.min(300))).map(|_| self.next() as u8).collect();
        }
        let whole = &inputs[self.below(inputs.len())];
        let room = whole.len().saturating_sub(longest / 2);
        let at = self.below(room);
        let line = whole[at..].iter().position(|byte| *byte == b'\n').map_or(0, |line| line + 1);
        let start = if room == 0 { 0 } else { at + line };
        let length = self.below(longest) + 1;
        whole[start..].iter().copied().take(length).collect()
    }
}
