//! What a scenario may have at the most. What exceeds a batch is no reason to refuse it: there are several then.

use cairn_types::AMOUNT_BITS;
use thiserror::Error;

use super::scenario::Scenario;
use crate::parse::shown;

/// What the account that deposits has on the local L1, but for what gas may take.
const MOST_WEI: u128 = 99_000_000 * 10_u128.pow(18);

/// Tokens that are deployed, minted and registered one after the other, each with a block of its own.
const MOST_TOKENS: usize = 256;

/// What does not fit the rollup, or the local L1.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TooMuch {
    /// More than a local L1 should be kept busy with.
    #[error("the transfers have {got} tokens, expected at most {most}: leave out the rarest")]
    Tokens {
        /// As found.
        got: usize,
        /// As there may be.
        most: usize,
    },
    /// More than one account can bring.
    #[error("what the payers of {token} need is {quanta} times {unit}, expected at most {most}")]
    Deposits {
        /// Its name, as it is shown.
        token: String,
        /// All of its deposits.
        quanta: u128,
        /// What a quantum is.
        unit: String,
        /// The limit.
        most: String,
    },
}

/// Refuses what no deposits could bring into the rollup.
///
/// # Errors
/// What there is too much of, and what there may be.
pub fn check(scenario: &Scenario) -> Result<(), TooMuch> {
    let (tokens, most) = (scenario.tokens.len(), MOST_TOKENS);
    if tokens > most {
        return Err(TooMuch::Tokens { got: tokens, most });
    }
    let mut deposited = vec![0_u128; tokens];
    for balance in &scenario.first_balances {
        deposited[balance.token] += u128::from(balance.amount);
    }
    for (token, quanta) in scenario.tokens.iter().zip(deposited) {
        let exceeds = |unit, most: &str| TooMuch::Deposits {
            token: shown(&token.name),
            quanta,
            unit: format!("10^{} {unit}", token.quantum_exponent),
            most: most.to_owned(),
        };
        if quanta >> AMOUNT_BITS != 0 {
            return Err(exceeds("base units", "2^62 of them"));
        }
        let wei = 10_u128.checked_pow(token.quantum_exponent.into());
        let wei = wei.and_then(|quantum| quantum.checked_mul(quanta));
        if token.is_ether && wei.is_none_or(|wei| wei > MOST_WEI) {
            return Err(exceeds("wei", "99 million ether, which is what the local L1 has"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfers::TransferRecord;

    fn checked(token: &str, amount: u128) -> Result<(), TooMuch> {
        let (token, from, to) = (token.into(), "a".into(), "b".into());
        check(&Scenario::from_records(&[TransferRecord { timestamp: 1, token, from, to, amount }]))
    }

    #[test]
    fn more_ether_than_there_is_is_refused() {
        let ether = 10_u128.pow(18);
        // The payee withdraws half of it.
        checked("eth", 65_999_999 * ether).unwrap();
        for amount in [100_000_001 * ether, u128::MAX] {
            let error = checked("eth", amount).unwrap_err().to_string();
            assert!(error.contains("payers of \"eth\"") && error.contains("99 million"), "{error}");
        }
        // Of a token the demo makes as much as is asked for.
        checked("0xc", u128::MAX).unwrap();
        check(&Scenario::random(2_000, 1)).unwrap();
    }

    #[test]
    fn more_than_an_account_can_have_is_refused() {
        let mut scenario = Scenario::random(64, 1);
        scenario.first_balances[0].amount = 1 << AMOUNT_BITS;
        assert!(matches!(check(&scenario), Err(TooMuch::Deposits { .. })));
        let one = scenario.tokens[0].clone();
        scenario.tokens = vec![one; MOST_TOKENS + 1];
        assert!(matches!(check(&scenario), Err(TooMuch::Tokens { .. })));
    }
}
