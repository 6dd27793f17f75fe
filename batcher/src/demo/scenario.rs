//! What the demo plays: tokens, first balances and the users' actions, from a seed or from a file of real transfers.
//!
//! A scenario is plain: accounts and tokens are indices, amounts are quanta. Keys, leaf ids, nonces and signatures come when it is played.

use std::collections::BTreeMap;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;

use crate::transfers::TransferRecord;

/// Index into [`Scenario::accounts`].
pub type Account = usize;
/// Index into [`Scenario::tokens`].
pub type Token = usize;

/// A token of the scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenSpec {
    /// The name it has in the source.
    pub name: String,
    /// Ether, or an ERC-20 contract that the demo deploys.
    pub is_ether: bool,
    /// One quantum is `10^quantum_exponent` base units.
    pub quantum_exponent: u8,
}

/// A first balance, deposited through L1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FirstBalance {
    /// Who owns it.
    pub account: Account,
    /// Of which token.
    pub token: Token,
    /// Quanta.
    pub amount: u64,
}

/// A signed L2 operation to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// To an account that has a leaf of this token.
    Transfer {
        /// Payer and signer.
        from: Account,
        /// Payee.
        to: Account,
        /// Token of both leaves.
        token: Token,
        /// Quanta.
        amount: u64,
        /// Quanta.
        fee: u64,
    },
    /// To an account that has none yet.
    TransferToNew {
        /// Payer and signer.
        from: Account,
        /// Whose key the new leaf gets.
        to: Account,
        /// Token of both leaves.
        token: Token,
        /// Quanta.
        amount: u64,
        /// Quanta.
        fee: u64,
    },
    /// To an L1 address, derived from the account.
    Withdraw {
        /// Payer and signer.
        from: Account,
        /// Which of its leaves.
        token: Token,
        /// Quanta.
        amount: u64,
        /// Quanta.
        fee: u64,
    },
    /// Gives the leaf to another key.
    ChangeKey {
        /// Owner and signer.
        account: Account,
        /// Which of its leaves.
        token: Token,
        /// Whose key the leaf gets.
        to: Account,
        /// Quanta.
        fee: u64,
    },
}

/// What the demo plays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scenario {
    /// Names of the accounts, from which their keys are derived.
    pub accounts: Vec<String>,
    /// The tokens, in the order of their registration.
    pub tokens: Vec<TokenSpec>,
    /// The deposits, in order.
    pub first_balances: Vec<FirstBalance>,
    /// The L2 operations, in order.
    pub actions: Vec<Action>,
}

/// Largest amount with a 35-bit mantissa: up to here a transfer takes the short form whatever its digits.
const SHORT_MANTISSA_MAX: u64 = (1 << 35) - 1;
/// One transfer of so many takes the long form.
const LONG_EVERY: usize = 8;

impl Scenario {
    /// `transfers` random transfers of ether and one ERC-20 (one in eight in the long form), then a transfer to a new key, a change of
    /// key and a withdrawal of each token. The same seed gives the same scenario.
    #[must_use]
    pub fn random(transfers: usize, seed: u64) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let per_token = (transfers / 8).clamp(2, 1_000);
        let tokens = vec![
            ether(10),
            TokenSpec { name: "token".into(), is_ether: false, quantum_exponent: 12 },
        ];
        let holders: Vec<Vec<Account>> =
            (0..tokens.len()).map(|t| (t * per_token..(t + 1) * per_token).collect()).collect();
        let mut actions: Vec<Action> = (0..transfers)
            .map(|i| {
                let token = rng.random_range(0..tokens.len());
                let from = pick(&holders[token], &mut rng);
                let to = pick(&holders[token], &mut rng);
                let amount = if i % LONG_EVERY == LONG_EVERY - 1 {
                    // An odd number above the mantissa has no exact short form.
                    (SHORT_MANTISSA_MAX + rng.random_range(1..1_000_000)) | 1
                } else {
                    rng.random_range(1..=100_000_000)
                };
                Action::Transfer { from, to, token, amount, fee: rng.random_range(1..=2_000) }
            })
            .collect();
        let mut accounts = tokens.len() * per_token;
        for (token, holders) in holders.iter().enumerate() {
            let fee = 1_000;
            let (from, new) = (pick(holders, &mut rng), accounts);
            accounts += 2;
            actions.push(Action::TransferToNew { from, to: new, token, amount: 5_000_000, fee });
            actions.push(Action::ChangeKey { account: new, token, to: new + 1, fee });
            actions.push(Action::Withdraw { from, token, amount: 1_000_000, fee });
        }
        let first_balances = first_balances(&actions);
        let accounts = (0..accounts).map(|i| format!("account {i}")).collect();
        Self { accounts, tokens, first_balances, actions }
    }

    /// The transfers of a file in its order, and a withdrawal of each token by its last payee.
    ///
    /// A token's quantum is the smallest power of ten in which its largest transfer has a 35-bit mantissa, amounts are rounded down to it (a
    /// relative error below 10^-9 of the largest). Every payer starts with what it will spend, every payee with one quantum.
    #[must_use]
    pub fn from_records(records: &[TransferRecord]) -> Self {
        let mut accounts = Interner::default();
        let mut names = Interner::default();
        let mut largest: Vec<u128> = Vec::new();
        for record in records {
            let token = names.index(&record.token);
            largest.resize(names.names.len(), 0);
            largest[token] = largest[token].max(record.amount);
        }
        let tokens: Vec<TokenSpec> = names
            .names
            .iter()
            .zip(&largest)
            .map(|(name, &largest)| TokenSpec {
                name: name.clone(),
                is_ether: name == "eth",
                quantum_exponent: quantum_exponent(largest),
            })
            .collect();
        let fee = 1;
        let mut last_payee = BTreeMap::new();
        let mut actions: Vec<Action> = records
            .iter()
            .map(|record| {
                let token = names.index(&record.token);
                let (from, to) = (accounts.index(&record.from), accounts.index(&record.to));
                let scaled = record.amount / 10u128.pow(u32::from(tokens[token].quantum_exponent));
                let amount = u64::try_from(scaled).unwrap_or(SHORT_MANTISSA_MAX);
                last_payee.insert(token, (to, amount));
                Action::Transfer { from, to, token, amount, fee }
            })
            .collect();
        actions.extend(last_payee.iter().map(|(&token, &(from, amount))| Action::Withdraw {
            from,
            token,
            amount: amount / 2,
            fee,
        }));
        let first_balances = first_balances(&actions);
        Self { accounts: accounts.names, tokens, first_balances, actions }
    }

    /// How many of the actions are transfers to an account or to a new key.
    #[must_use]
    pub fn transfers(&self) -> usize {
        self.actions
            .iter()
            .filter(|a| matches!(a, Action::Transfer { .. } | Action::TransferToNew { .. }))
            .count()
    }
}

/// Every payer gets what it spends, every payee one quantum, in the order in which they appear; leaves that the actions create
/// themselves get none.
fn first_balances(actions: &[Action]) -> Vec<FirstBalance> {
    let mut order: Vec<(Account, Token)> = Vec::new();
    let mut amounts: BTreeMap<(Account, Token), u64> = BTreeMap::new();
    let mut created: Vec<(Account, Token)> = Vec::new();
    let mut add = |account, token, amount: u64, created: &[(Account, Token)]| {
        if !created.contains(&(account, token)) {
            let balance = amounts.entry((account, token)).or_insert_with(|| {
                order.push((account, token));
                1
            });
            *balance = balance.saturating_add(amount);
        }
    };
    for action in actions {
        match *action {
            Action::Transfer { from, to, token, amount, fee } => {
                add(from, token, amount + fee, &created);
                add(to, token, 0, &created);
            }
            Action::TransferToNew { from, to, token, amount, fee } => {
                add(from, token, amount + fee, &created);
                created.push((to, token));
            }
            Action::Withdraw { from, token, amount, fee } => {
                add(from, token, amount + fee, &created)
            }
            Action::ChangeKey { account, token, to, fee } => {
                add(account, token, fee, &created);
                created.push((to, token));
            }
        }
    }
    order
        .into_iter()
        .map(|(account, token)| FirstBalance { account, token, amount: amounts[&(account, token)] })
        .collect()
}

fn ether(quantum_exponent: u8) -> TokenSpec {
    TokenSpec { name: "eth".into(), is_ether: true, quantum_exponent }
}

fn pick(from: &[Account], rng: &mut ChaCha20Rng) -> Account {
    from[rng.random_range(0..from.len())]
}

/// The smallest exponent that brings `largest` below the short form's mantissa.
fn quantum_exponent(largest: u128) -> u8 {
    let mut rest = largest;
    let mut exponent = 0;
    while rest > u128::from(SHORT_MANTISSA_MAX) {
        rest /= 10;
        exponent += 1;
    }
    exponent
}

/// Names to indices in the order of their first appearance.
#[derive(Debug, Default)]
struct Interner {
    names: Vec<String>,
    indices: BTreeMap<String, usize>,
}

impl Interner {
    fn index(&mut self, name: &str) -> usize {
        if let Some(&index) = self.indices.get(name) {
            return index;
        }
        let index = self.names.len();
        self.names.push(name.to_owned());
        self.indices.insert(name.to_owned(), index);
        index
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays the scenario on plain balances: no action may overdraw.
    fn play(scenario: &Scenario) {
        let mut balances: BTreeMap<(Account, Token), i128> = BTreeMap::new();
        for b in &scenario.first_balances {
            assert!(balances.insert((b.account, b.token), i128::from(b.amount)).is_none());
        }
        let spend = |balances: &mut BTreeMap<_, i128>, who, token, amount: u64| {
            let balance = balances.get_mut(&(who, token)).expect("payer has a leaf");
            *balance -= i128::from(amount);
            assert!(*balance >= 0);
        };
        for action in &scenario.actions {
            match *action {
                Action::Transfer { from, to, token, amount, fee } => {
                    spend(&mut balances, from, token, amount + fee);
                    *balances.get_mut(&(to, token)).expect("payee has a leaf") +=
                        i128::from(amount);
                }
                Action::TransferToNew { from, to, token, amount, fee } => {
                    spend(&mut balances, from, token, amount + fee);
                    assert!(balances.insert((to, token), i128::from(amount)).is_none());
                }
                Action::Withdraw { from, token, amount, fee } => {
                    spend(&mut balances, from, token, amount + fee);
                }
                Action::ChangeKey { account, token, to, fee } => {
                    spend(&mut balances, account, token, fee);
                    let balance = balances.remove(&(account, token)).expect("just paid");
                    assert!(balances.insert((to, token), balance).is_none());
                }
            }
        }
    }

    #[test]
    fn random_scenarios_execute_and_repeat() {
        for transfers in [0, 1, 7, 64, 500] {
            let scenario = Scenario::random(transfers, 7);
            assert_eq!(scenario, Scenario::random(transfers, 7));
            assert_eq!(scenario.transfers(), transfers + 2);
            play(&scenario);
        }
        assert_ne!(Scenario::random(64, 7), Scenario::random(64, 8));
    }

    #[test]
    fn records_become_transfers_that_execute() {
        let record = |token: &str, from: &str, to: &str, amount| TransferRecord {
            timestamp: 1,
            token: token.into(),
            from: from.into(),
            to: to.into(),
            amount,
        };
        let scenario = Scenario::from_records(&[
            record("eth", "a", "b", 24_200_000_000_000_000),
            record("0xc", "b", "a", 6_500_000_000_000_000_000_000_000),
            record("eth", "b", "b", 1),
        ]);
        assert_eq!(scenario.tokens[0].quantum_exponent, 6);
        assert!(scenario.tokens[0].is_ether && !scenario.tokens[1].is_ether);
        assert_eq!(scenario.transfers(), 3);
        assert!(matches!(scenario.actions[0], Action::Transfer { amount: 24_200_000_000, .. }));
        play(&scenario);
    }
}
