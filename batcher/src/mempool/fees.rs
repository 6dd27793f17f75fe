//! What a transaction must pay at least, and what is proposed to signers.
//!
//! The cost of a transaction, in wei:
//!
//! ```text
//! cost = word_wei * words                                (data on L1: half a word for a short transfer)
//!      + withdrawal_wei                                  (for a withdrawal: its word, and what settles it)
//!      + batch_wei / operations_per_batch                (commitment and proof, shared by the batch)
//!      + proving_us * proving_wei_per_s / 1,000,000      (CPU)
//! ```
//!
//! With a price of the token, `wei_per_quantum`, the estimate is the cost and a margin; the floor is a part of
//! the cost, since prices move between estimate and batch, and at least the configured minimum. Without one,
//! the minimum is all. Of short transfers both are rounded up to what the short form can hold.

use std::sync::{Arc, PoisonError, RwLock};

pub use cairn_client::api::wire::FeeKind;
use cairn_types::{AMOUNT_BITS, PackedFee, TokenId};
use documented::DocumentedFields;
use serde::{Deserialize, Serialize};

/// Half words of the data stream: docs/spec.md, section 5.
const fn half_words(kind: FeeKind) -> u128 {
    match kind {
        FeeKind::Transfer => 1,
        FeeKind::LongTransfer => 2,
        FeeKind::TransferToNew | FeeKind::Withdraw | FeeKind::ChangeKey => 4,
    }
}

/// What fees are made of: the `[mempool.fees]` section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields, default)]
pub struct FeeConfig {
    /// Of tokens that `tokens` does not name: the least fee, quanta.
    pub minimum: u64,
    /// Of tokens that `tokens` does not name: the least fee of what makes a leaf, which stays forever, quanta.
    pub new_leaf_minimum: u64,
    /// Tokens with minima and prices of their own.
    pub tokens: Vec<TokenFees>,
    /// The part of the cost that a fee must cover, percent. 0 leaves the minima alone.
    pub floor_percent: u64,
    /// What is added to the cost when a fee is proposed, percent.
    pub margin_percent: u64,
    /// Price of a second of proving, wei.
    pub proving_wei_per_s: u64,
    /// Operations that share what a batch costs on L1, at the least, whatever the last batches had: fewer would raise the fee, and the fee
    /// would keep them few.
    pub target_batch_operations: u32,
}

/// Fees of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenFees {
    /// Its number.
    pub token: TokenId,
    /// The least fee, quanta.
    pub minimum: u64,
    /// The least fee of what makes a leaf, quanta.
    pub new_leaf_minimum: u64,
    /// What a quantum is worth, wei; without it fees do not follow the cost.
    pub wei_per_quantum: Option<u64>,
}

impl Default for FeeConfig {
    fn default() -> Self {
        Self {
            minimum: 1,
            new_leaf_minimum: 10,
            tokens: Vec::new(),
            floor_percent: 50,
            margin_percent: 20,
            // A core hour of 0.04 dollars, an ether of 3,000.
            proving_wei_per_s: 3_700_000_000,
            target_batch_operations: 1_000,
        }
    }
}

impl FeeConfig {
    /// Refuses settings that nobody can mean.
    ///
    /// # Errors
    /// The field, what it must be, and what it is.
    pub fn check(&self) -> Result<(), String> {
        for fees in &self.tokens {
            let token = fees.token;
            if self.tokens.iter().filter(|other| other.token == token).count() > 1 {
                return Err(format!("mempool.fees.tokens: token {token} is named twice"));
            }
            if fees.wei_per_quantum == Some(0) {
                return Err(format!(
                    "mempool.fees.tokens: wei_per_quantum of token {token}: expected at least 1, got 0"
                ));
            }
        }
        Ok(())
    }

    fn token(&self, token: TokenId) -> TokenFees {
        let named = self.tokens.iter().find(|fees| fees.token == token);
        named.copied().unwrap_or(TokenFees {
            token,
            minimum: self.minimum,
            new_leaf_minimum: self.new_leaf_minimum,
            wei_per_quantum: None,
        })
    }
}

/// What things cost now. All zero until somebody has measured: then the minima are the floors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Market {
    /// A word of data on L1, wei, where it is cheapest.
    pub word_wei: u128,
    /// The word of a withdrawal on L1, wei.
    pub withdrawal_wei: u128,
    /// What a batch costs on L1 whatever is in it, wei: its commitment, and its share of a proof.
    pub batch_wei: u128,
    /// Operations that share it: those that the last batches had, or the configured target if that is more. 0 counts as 1.
    pub operations_per_batch: u32,
    /// CPU time of proving an operation, microseconds, as measured.
    pub proving_us: u64,
}

/// What a transaction of this kind costs the operator, wei: the formula of this module.
#[must_use]
pub fn cost_wei(kind: FeeKind, market: &Market, proving_wei_per_s: u64) -> u128 {
    let data = market.word_wei.saturating_mul(half_words(kind)) / 2;
    let withdrawal = if kind == FeeKind::Withdraw { market.withdrawal_wei } else { 0 };
    let batch = market.batch_wei / u128::from(market.operations_per_batch.max(1));
    let proving = u128::from(market.proving_us) * u128::from(proving_wei_per_s) / 1_000_000;
    data.saturating_add(withdrawal).saturating_add(batch).saturating_add(proving)
}

/// A part of the cost in quanta, rounded up, below what a fee may be.
fn quanta(cost_wei: u128, percent: u64, wei_per_quantum: u64) -> u64 {
    let wei = cost_wei.saturating_mul(percent.into()) / 100;
    let quanta = wei.div_ceil(wei_per_quantum.max(1).into());
    u64::try_from(quanta).unwrap_or(MOST).min(MOST)
}

/// The largest fee.
const MOST: u64 = (1 << AMOUNT_BITS) - 1;

/// The least fee that the short form holds and is not below `fee`.
fn round_up_to_short(fee: u64) -> u64 {
    let (mut mantissa, mut power) = (fee, 1u64);
    while mantissa > PackedFee::MAX_MANTISSA {
        mantissa = mantissa.div_ceil(10);
        power = power.saturating_mul(10);
    }
    mantissa.saturating_mul(power).min(MOST)
}

/// What fees must be now. Clones share it: the node measures and updates, intake reads.
#[derive(Debug, Clone)]
pub struct FeePolicy(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    config: FeeConfig,
    market: RwLock<Market>,
}

impl FeePolicy {
    /// The minima alone, until the first [`Self::update`].
    #[must_use]
    pub fn new(config: FeeConfig) -> Self {
        Self(Arc::new(Shared { config, market: RwLock::default() }))
    }

    /// Operations that share a batch's cost, at the least.
    pub(crate) fn target_operations(&self) -> u32 {
        self.0.config.target_batch_operations
    }

    /// What things cost from now on.
    pub fn update(&self, market: Market) {
        *self.0.market.write().unwrap_or_else(PoisonError::into_inner) = market;
    }

    /// What things cost now.
    #[must_use]
    pub fn market(&self) -> Market {
        *self.0.market.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The fee below which a transaction is refused, quanta.
    #[must_use]
    pub fn floor(&self, token: TokenId, kind: FeeKind) -> u64 {
        self.fee(token, kind, self.0.config.floor_percent)
    }

    /// The fee that is proposed to a signer now, quanta.
    #[must_use]
    pub fn estimate(&self, token: TokenId, kind: FeeKind) -> u64 {
        self.fee(token, kind, self.0.config.margin_percent.saturating_add(100))
    }

    fn fee(&self, token: TokenId, kind: FeeKind, percent: u64) -> u64 {
        let config = &self.0.config;
        let fees = config.token(token);
        let minimum = match kind {
            FeeKind::TransferToNew => fees.minimum.max(fees.new_leaf_minimum),
            _ => fees.minimum,
        };
        let cost = fees.wei_per_quantum.map_or(0, |wei| {
            quanta(cost_wei(kind, &self.market(), config.proving_wei_per_s), percent, wei)
        });
        let fee = minimum.max(cost);
        if kind == FeeKind::Transfer { round_up_to_short(fee) } else { fee }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn policy() -> FeePolicy {
        let token = TokenFees {
            token: 1,
            minimum: 5,
            new_leaf_minimum: 50,
            wei_per_quantum: Some(1_000_000_000),
        };
        FeePolicy::new(FeeConfig { tokens: vec![token], ..FeeConfig::default() })
    }

    /// A word for 763 gas, a batch for 324,000 gas and 1,000 operations, at 10 gwei; 6 ms of CPU.
    const MARKET: Market = Market {
        word_wei: 7_630_000_000_000,
        withdrawal_wei: 24_420_000_000_000,
        batch_wei: 3_240_000_000_000_000,
        operations_per_batch: 1_000,
        proving_us: 6_000,
    };

    #[test]
    fn minima_hold_without_a_market_or_a_price() {
        use FeeKind::*;
        let policy = policy();
        assert_eq!([Transfer, TransferToNew].map(|kind| policy.floor(1, kind)), [5, 50]);
        assert_eq!([Transfer, TransferToNew].map(|kind| policy.floor(0, kind)), [1, 10]);
        policy.update(MARKET);
        assert_eq!([Transfer, TransferToNew].map(|kind| policy.floor(0, kind)), [1, 10]);
    }

    #[test]
    fn the_cost_is_that_of_the_formula() {
        use FeeKind::*;
        // 3,815 gwei of data, 3,240 of the batch, 0.0222 of CPU.
        let short = 3_815_000_000_000 + 3_240_000_000_000 + 22_200_000;
        assert_eq!(cost_wei(Transfer, &MARKET, 3_700_000_000), short);
        assert_eq!(cost_wei(LongTransfer, &MARKET, 3_700_000_000), short + 3_815_000_000_000);
        assert_eq!(
            cost_wei(Withdraw, &MARKET, 3_700_000_000),
            cost_wei(ChangeKey, &MARKET, 3_700_000_000) + MARKET.withdrawal_wei
        );
        let policy = policy();
        policy.update(MARKET);
        // Half of it is 3,528 gwei, rounded up to 2^11 - 1 at the most times a power of ten; 120 % of it are 8,467.
        assert_eq!(policy.floor(1, Transfer), 3_530);
        assert_eq!(policy.estimate(1, Transfer), 8_470);
        assert_eq!(policy.floor(1, LongTransfer), 5_436);
    }

    #[test]
    fn nothing_overflows() {
        let policy = policy();
        let most = u128::MAX;
        policy.update(Market {
            word_wei: most,
            withdrawal_wei: most,
            batch_wei: most,
            operations_per_batch: 0,
            proving_us: u64::MAX,
        });
        assert_eq!(policy.floor(1, FeeKind::Withdraw), MOST);
        assert_eq!(policy.estimate(1, FeeKind::Transfer), MOST);
    }

    #[test]
    fn a_token_has_one_row_and_a_price() {
        let row = TokenFees { token: 3, ..TokenFees::default() };
        let config = FeeConfig { tokens: vec![row, row], ..FeeConfig::default() };
        assert_eq!(config.check().unwrap_err(), "mempool.fees.tokens: token 3 is named twice");
        let free = TokenFees { wei_per_quantum: Some(0), ..row };
        let config = FeeConfig { tokens: vec![free], ..FeeConfig::default() };
        assert!(config.check().unwrap_err().contains("wei_per_quantum of token 3"));
    }

    proptest! {
        #[test]
        fn rounded_fees_have_a_short_form(fee in 0..1u64 << 61) {
            let rounded = round_up_to_short(fee);
            prop_assert!(rounded >= fee && PackedFee::new(rounded).is_ok());
            // No packable fee lies between.
            prop_assert!(rounded - fee < rounded.div_ceil(200).max(1));
        }
    }
}
