//! How much looking for secrets may cost: a bound that grows with the text.
//! A secret of a million equal letters, sought in a text of them, must not hold up a thread; a text
//! that would cost too much is withheld instead.

/// What one byte of a text may cost, in comparisons.
const PER_BYTE: usize = 32;
/// What reading an escape costs, and what comes of it: there may be three readings to follow.
const PER_ESCAPE: usize = 24;
/// What every text may cost.
const AT_LEAST: usize = 1 << 22;

/// What is left of the comparisons a text is worth.
#[derive(Debug)]
pub(super) struct Effort {
    left: usize,
}

impl Effort {
    pub(super) const fn for_text(text: &[u8]) -> Self {
        Self { left: AT_LEAST.saturating_add(text.len().saturating_mul(PER_BYTE)) }
    }

    /// Takes one comparison; false once there are none left.
    pub(super) const fn spend(&mut self) -> bool {
        self.left = self.left.saturating_sub(1);
        self.left > 0
    }

    /// Takes what reading one escape costs.
    pub(super) const fn spend_on_escape(&mut self) {
        self.left = self.left.saturating_sub(PER_ESCAPE);
    }

    pub(super) const fn is_spent(&self) -> bool {
        self.left == 0
    }
}
