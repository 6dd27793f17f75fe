//! What a transaction offers, and by how much it must offer more to take the place of another.
//!
//! Nodes keep a transaction unless its replacement offers at least 10 % more in every fee; a blob transaction, at least
//! 100 % more (go-ethereum's `--txpool.pricebump` and `--blobpool.pricebump`; other nodes have the same figures).

use thiserror::Error;

/// What L1 asks now, in wei a gas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Market {
    /// Base fee of the latest block.
    pub base_fee: u128,
    /// What the node advises for the proposer.
    pub priority_fee: u128,
    /// For blob gas; none if the node knows of none.
    pub blob_base_fee: Option<u128>,
}

/// What may be spent, in wei a gas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// In all.
    pub max_fee: u128,
    /// For the proposer.
    pub max_priority_fee: u128,
    /// For the proposer, at least.
    pub min_priority_fee: u128,
    /// For blob gas.
    pub max_blob_fee: u128,
}

/// What a transaction offers, in wei a gas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fees {
    /// In all, at most.
    pub max_fee: u128,
    /// For the proposer.
    pub priority_fee: u128,
    /// For blob gas, at most; none without blobs.
    pub blob_fee: Option<u128>,
}

/// More would be needed than may be spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the {what} needs {needed} wei a gas, settlement.{setting} allows {cap}")]
pub struct AboveCap {
    /// Which fee.
    pub what: &'static str,
    /// The setting that caps it.
    pub setting: &'static str,
    /// Wei.
    pub needed: u128,
    /// Wei.
    pub cap: u128,
}

impl Caps {
    /// What a new transaction offers: enough for the base fee to double. One with blobs offers half of each cap at most where
    /// that is enough, so that it can be replaced, by twice as much.
    ///
    /// # Errors
    /// Not even the fees of now are within the caps.
    pub fn first(&self, market: &Market, blobs: bool) -> Result<Fees, AboveCap> {
        // A transaction that offers the proposer less than is advised is mined, too, if later.
        let advised = market.priority_fee.max(self.min_priority_fee);
        let priority_fee = advised.min(most(self.max_priority_fee, self.min_priority_fee, blobs));
        let needed = market.base_fee.saturating_add(priority_fee);
        self.allow_fee(needed)?;
        let wanted = market.base_fee.saturating_mul(2).saturating_add(priority_fee);
        let blob_fee = match (blobs, market.blob_base_fee) {
            (false, _) => None,
            // A node without the method still takes the transaction; 1 wei is the least there is.
            (true, base) => {
                let base = base.unwrap_or(1).max(1);
                self.allow_blob_fee(base)?;
                Some(base.saturating_mul(2).min(most(self.max_blob_fee, base, true)))
            }
        };
        let max_fee = wanted.min(most(self.max_fee, needed, blobs));
        Ok(Fees { max_fee, priority_fee, blob_fee })
    }

    /// What takes the place of a transaction that offers `old`: by the nodes' rule, and no less than a new one would offer.
    ///
    /// # Errors
    /// That is above the caps.
    pub fn bump(&self, old: &Fees, market: &Market) -> Result<Fees, AboveCap> {
        let blobs = old.blob_fee.is_some();
        let raise = |fee: u128| raised(fee, blobs);
        let (least_fee, least_priority) = (raise(old.max_fee), raise(old.priority_fee));
        self.allow_fee(least_fee)?;
        allow("priority fee", "max_priority_fee_gwei", least_priority, self.max_priority_fee)?;
        let least_blob = old.blob_fee.map(raise);
        if let Some(fee) = least_blob {
            self.allow_blob_fee(fee)?;
        }
        let new = self.first(market, blobs)?;
        let max_fee = new.max_fee.max(least_fee);
        Ok(Fees {
            max_fee,
            priority_fee: new.priority_fee.max(least_priority).min(max_fee),
            blob_fee: new.blob_fee.max(least_blob),
        })
    }

    fn allow_fee(&self, needed: u128) -> Result<(), AboveCap> {
        allow("fee", "max_fee_gwei", needed, self.max_fee)
    }

    fn allow_blob_fee(&self, needed: u128) -> Result<(), AboveCap> {
        allow("blob fee", "max_blob_fee_gwei", needed, self.max_blob_fee)
    }
}

fn allow(
    what: &'static str,
    setting: &'static str,
    needed: u128,
    cap: u128,
) -> Result<(), AboveCap> {
    if needed <= cap { Ok(()) } else { Err(AboveCap { what, setting, needed, cap }) }
}

/// The most that is offered at first under a cap, when so much is needed.
fn most(cap: u128, needed: u128, blobs: bool) -> u128 {
    if blobs && needed <= cap / 2 { cap / 2 } else { cap }
}

/// The least that replaces `fee`: rounded up, and never the same.
fn raised(fee: u128, blobs: bool) -> u128 {
    let more = if blobs { fee } else { fee.div_ceil(10) };
    fee.saturating_add(more.max(1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GWEI: u128 = 1_000_000_000;

    fn caps() -> impl Strategy<Value = Caps> {
        (0..1_000 * GWEI, 0..1_000 * GWEI, 0..1_000 * GWEI).prop_map(|(a, b, c)| {
            let (max_priority_fee, max_fee) = (a.min(b), a.max(b));
            let min_priority_fee = max_priority_fee.min(GWEI / 100);
            Caps { max_fee, max_priority_fee, min_priority_fee, max_blob_fee: c }
        })
    }

    fn market() -> impl Strategy<Value = Market> {
        (0..500 * GWEI, 0..50 * GWEI, prop::option::of(1..500 * GWEI)).prop_map(
            |(base_fee, priority_fee, blob_base_fee)| Market {
                base_fee,
                priority_fee,
                blob_base_fee,
            },
        )
    }

    fn within(fees: &Fees, caps: &Caps) -> bool {
        fees.max_fee <= caps.max_fee
            && fees.priority_fee <= caps.max_priority_fee
            && fees.priority_fee <= fees.max_fee
            && fees.blob_fee.is_none_or(|fee| fee <= caps.max_blob_fee)
    }

    /// go-ethereum's two rules, as its pools compute them.
    fn replaces(new: u128, old: u128, percent: u128) -> bool {
        new > old && new >= old * (100 + percent) / 100
    }

    proptest! {
        #[test]
        fn a_new_transaction_can_be_mined_now_and_is_within_the_caps(
            caps in caps(), market in market(), blobs in any::<bool>()
        ) {
            let Ok(fees) = caps.first(&market, blobs) else { return Ok(()) };
            prop_assert!(within(&fees, &caps));
            prop_assert!(fees.max_fee >= market.base_fee + fees.priority_fee);
            prop_assert_eq!(fees.blob_fee.is_some(), blobs);
            prop_assert!(fees.blob_fee.is_none_or(|f| f >= market.blob_base_fee.unwrap_or(1)));
        }

        #[test]
        fn bumps_replace_by_the_nodes_rule_until_the_cap_and_never_pass_it(
            caps in caps(), markets in prop::collection::vec(market(), 1..12), blobs in any::<bool>()
        ) {
            let percent = if blobs { 100 } else { 10 };
            let Ok(mut fees) = caps.first(&markets[0], blobs) else { return Ok(()) };
            for market in &markets {
                let Ok(new) = caps.bump(&fees, market) else { continue };
                prop_assert!(within(&new, &caps), "{:?} {:?}", new, caps);
                prop_assert!(replaces(new.max_fee, fees.max_fee, percent));
                prop_assert!(replaces(new.priority_fee, fees.priority_fee, percent));
                if let (Some(new), Some(old)) = (new.blob_fee, fees.blob_fee) {
                    prop_assert!(replaces(new, old, percent));
                }
                fees = new;
            }
        }
    }

    #[test]
    fn a_blob_transaction_can_be_replaced_within_the_caps() {
        let caps =
            Caps { max_fee: 100, max_priority_fee: 10, min_priority_fee: 1, max_blob_fee: 80 };
        let market = Market { base_fee: 30, priority_fee: 9, blob_base_fee: Some(30) };
        let first = caps.first(&market, true).unwrap();
        assert_eq!(first, Fees { max_fee: 50, priority_fee: 5, blob_fee: Some(40) });
        let bumped = Fees { max_fee: 100, priority_fee: 10, blob_fee: Some(80) };
        assert_eq!(caps.bump(&first, &market), Ok(bumped));
        // What half a cap does not pay for may take all of it; without blobs, a tenth more is enough.
        let dear = Market { base_fee: 60, priority_fee: 9, blob_base_fee: Some(50) };
        let dear_first = Fees { max_fee: 100, priority_fee: 5, blob_fee: Some(80) };
        assert_eq!(caps.first(&dear, true), Ok(dear_first));
        let plain = Fees { max_fee: 69, priority_fee: 9, blob_fee: None };
        assert_eq!(caps.first(&market, false), Ok(plain));
    }

    #[test]
    fn small_fees_are_rounded_up() {
        let pairs = [(0, 1), (1, 2), (9, 10), (10, 11), (11, 13), (100, 110)];
        for (old, new) in pairs {
            assert_eq!(raised(old, false), new);
        }
        assert_eq!((raised(0, true), raised(1, true), raised(7, true)), (1, 2, 14));
    }

    #[test]
    fn the_setting_that_holds_a_transaction_back_is_named() {
        let caps = Caps { max_fee: 10, max_priority_fee: 1, min_priority_fee: 0, max_blob_fee: 5 };
        let market = Market { base_fee: 10, priority_fee: 1, blob_base_fee: Some(1) };
        let line = "the fee needs 11 wei a gas, settlement.max_fee_gwei allows 10";
        assert_eq!(caps.first(&market, false).unwrap_err().to_string(), line);
        let market = Market { base_fee: 1, priority_fee: 1, blob_base_fee: Some(6) };
        let line = "the blob fee needs 6 wei a gas, settlement.max_blob_fee_gwei allows 5";
        assert_eq!(caps.first(&market, true).unwrap_err().to_string(), line);
        assert!(caps.first(&market, false).is_ok());
    }
}
