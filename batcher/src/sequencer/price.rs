//! What L1 charges, against what it used to charge.

use crate::store::records::L1View;

/// L1's gas of a commitment and a proof without the data, roughly: only ratios of prices matter here.
const GAS: f64 = 600_000.0;

/// Blob gas of a batch of three blobs.
const BLOB_GAS: f64 = 3.0 * 131_072.0;

/// Blocks of L1 over which the average forgets half: half an hour of Ethereum.
const HALF_LIFE: f64 = 150.0;

/// L1's price now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Price {
    /// Well below the average.
    Cheap,
    /// Near the average, or nothing is known yet.
    #[default]
    Usual,
    /// Well above the average.
    Dear,
}

/// A running average of L1's price.
#[derive(Debug, Clone, Default)]
pub struct Prices {
    block: u64,
    now: f64,
    average: Option<f64>,
}

impl Prices {
    /// Takes note of L1 as the watcher saw it; again is the same as once.
    pub fn see(&mut self, view: &L1View) {
        if view.block == self.block && self.average.is_some() {
            return;
        }
        let blocks = view.block.saturating_sub(self.block).max(1);
        self.block = view.block;
        self.now = GAS * view.base_fee as f64 + BLOB_GAS * view.blob_base_fee as f64;
        let kept = 0.5_f64.powf(blocks as f64 / HALF_LIFE);
        let average = self.average.map_or(self.now, |a| a * kept + self.now * (1.0 - kept));
        self.average = Some(average);
    }

    /// The price now: `cheap` and `dear` are multiples of the average.
    #[must_use]
    pub fn level(&self, cheap: f64, dear: f64) -> Price {
        match self.average {
            Some(average) if self.now < average * cheap => Price::Cheap,
            Some(average) if self.now > average * dear => Price::Dear,
            _ => Price::Usual,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_judged_by_those_before_it() {
        let mut prices = Prices::default();
        assert_eq!(prices.level(0.7, 1.5), Price::Usual);
        let view = |block, base_fee| L1View { block, base_fee, ..Default::default() };
        for block in 1..100 {
            prices.see(&view(block, 1_000));
            assert_eq!(prices.level(0.7, 1.5), Price::Usual);
        }
        prices.see(&view(100, 3_000));
        assert_eq!(prices.level(0.7, 1.5), Price::Dear);
        prices.see(&view(101, 500));
        assert_eq!(prices.level(0.7, 1.5), Price::Cheap);
        // What lasts becomes usual.
        (102..1_000).for_each(|block| prices.see(&view(block, 500)));
        assert_eq!(prices.level(0.7, 1.5), Price::Usual);
    }
}
