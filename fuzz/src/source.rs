//! Where decisions come from: a fuzzer's bytes, or a seed.

/// Gives bytes until it has no more.
pub trait Source {
    /// The next byte.
    fn byte(&mut self) -> Option<u8>;

    /// So many bytes, or as many as there are.
    fn bytes(&mut self, count: usize) -> Vec<u8> {
        std::iter::from_fn(|| self.byte()).take(count).collect()
    }

    /// A number below `end`, which is at most 256; 0 where there are no more bytes.
    fn below(&mut self, end: usize) -> usize {
        usize::from(self.byte().unwrap_or_default()) % end.max(1)
    }

    /// Sixteen bytes; zeros where there are no more.
    fn sixteen(&mut self) -> [u8; 16] {
        std::array::from_fn(|_| self.byte().unwrap_or_default())
    }
}

/// A fuzzer's bytes, from the first to the last.
impl Source for &[u8] {
    fn byte(&mut self) -> Option<u8> {
        self.split_off_first().copied()
    }
}

/// Bytes without end, the same for the same seed: SplitMix64.
#[derive(Debug, Clone)]
pub struct Seed(pub u64);

impl Source for Seed {
    fn byte(&mut self) -> Option<u8> {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Some((mixed >> 56) as u8)
    }
}

/// A few bytes of a datagram changed, cut off, added or swapped.
pub fn mutated(source: &mut impl Source, datagram: &[u8]) -> Vec<u8> {
    let mut mutant = datagram.to_vec();
    let length = mutant.len();
    let place = |source: &mut dyn FnMut() -> u8| usize::from(source()) | usize::from(source()) << 8;
    let mut next = || source.byte().unwrap_or_default();
    match next() % 8 {
        0 => mutant.truncate(place(&mut next) % (length + 1)),
        1 => (0..=next() % 32).for_each(|_| mutant.push(next())),
        2 if length > 1 => mutant.swap(place(&mut next) % length, place(&mut next) % length),
        3 if length > 0 => drop(mutant.remove(place(&mut next) % length)),
        4 if length > 0 => mutant.insert(place(&mut next) % length, next()),
        kind if length > 0 => {
            for _ in 0..kind.saturating_sub(4) {
                mutant[place(&mut next) % length] ^= 1 << (next() % 8);
            }
        }
        _ => {}
    }
    mutant
}
