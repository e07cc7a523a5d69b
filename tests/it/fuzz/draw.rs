//! Numbers for the mutators: the same seed, the same inputs. No secret ever comes from here.

/// SplitMix64: ten lines, and its sequence will not change with a crate's version, as a kept seed needs.
pub struct Draw(u64);

impl Draw {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`; zero where there is none.
    pub fn below(&mut self, end: usize) -> usize {
        if end == 0 {
            return 0;
        }
        usize::try_from(self.next() % end as u64).unwrap()
    }

    /// True once in `times`.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub fn one_of<'a, T: ?Sized + ToOwned>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.below(all.len())]
    }

    pub fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    /// Two places in a text of this length, in order and not far from each other as a rule.
    pub fn range(&mut self, length: usize) -> (usize, usize) {
        let begin = self.below(length + 1);
        let most = if self.once_in(4) { length } else { 24 };
        let width = self.below(most.min(length - begin) + 1);
        (begin, begin + width)
    }
}
