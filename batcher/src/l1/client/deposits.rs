//! Many deposits of one account, on their way at the same time.

use std::{
    collections::{BTreeMap, HashSet},
    future::poll_fn,
    pin::Pin,
    task::Poll,
    time::Duration,
};

use alloy::{
    eips::BlockId,
    network::TransactionBuilder,
    primitives::{Address, B256, U256},
    providers::Provider,
    rpc::types::{TransactionReceipt, TransactionRequest},
    sol_types::SolCall,
};
use cairn_types::{AccountId, PublicKey};

use super::{L1Client, Pending};
use crate::l1::{
    contracts::ICustody,
    error::{L1Error, rpc},
    fees::{Fees, GWEI, MOST_GWEI},
};

/// Deposits on their way at the same time. They must fit a block: of those that do not, anvil drops some.
const WINDOW: usize = 128;
/// How long the last one may take: what a node has dropped never comes.
const PATIENCE: Duration = Duration::from_secs(60);
/// What a deposit may take of the gas that the first one of its token has taken.
const GAS_ROOM: u64 = 2;
/// By how much the base fee may rise meanwhile: each full block raises it by an eighth.
const FEE_ROOM: u128 = 1_000;
/// Wei that a deposit offers for a gas at the most, with that room, whatever the node has said: ten thousand gwei.
const MOST_FEE: u128 = 50 * MOST_GWEI as u128 * GWEI;

const WHAT: &str = "depositing";
/// No account has the largest id yet: a deposit into it makes a new one.
const NO_ACCOUNT: AccountId = AccountId::MAX;

/// A deposit to be.
#[derive(Debug, Clone, Copy)]
pub struct Deposit {
    /// Index of its token.
    pub token: u16,
    /// Whether the amount comes with the call, as the fee does.
    pub is_ether: bool,
    /// Base units.
    pub amount: U256,
    /// Whose it is.
    pub key: PublicKey,
}

/// Gas and fees that are known: with them a transaction is one question to the node, and none is asked for a nonce.
#[derive(Debug, Clone, Copy)]
struct Price {
    gas_limit: u64,
    fees: Fees,
}

impl L1Client {
    /// Makes deposits, the first of each token before all others, else in their order; returns their mean gas. `done`
    /// is told how many more are on their way, and returns when more may be sent.
    ///
    /// The first of a token is mined before the others are sent: they take the gas that it took. Fees are those of a
    /// chain of one's own, with room for the blocks that the deposits fill.
    ///
    /// # Errors
    /// The node's, and what the contract reverts with.
    pub async fn deposit_all(
        &self,
        deposits: &[Deposit],
        fee: U256,
        mut done: impl AsyncFnMut(usize) -> Result<(), L1Error>,
    ) -> Result<u64, L1Error> {
        let mut prices: BTreeMap<u16, Price> = BTreeMap::new();
        let (mut first_block, mut gas) = (None, 0);
        let mut others = Vec::with_capacity(deposits.len());
        for deposit in deposits {
            if prices.contains_key(&deposit.token) {
                others.push(deposit);
                continue;
            }
            let receipt = self.send_deposit(deposit, fee).await?.receipt().await?;
            prices.insert(deposit.token, self.price(&receipt).await?);
            first_block = first_block.or(receipt.block_number);
            gas += receipt.gas_used;
            done(1).await?;
        }

        let (mut hashes, mut last) = (HashSet::with_capacity(others.len()), None);
        for window in others.chunks(WINDOW) {
            let sent = window.iter().filter_map(|deposit| {
                let price = *prices.get(&deposit.token)?;
                Some(self.send_request(WHAT, priced(self.request(deposit, NO_ACCOUNT, fee), price)))
            });
            for pending in in_order(sent).await {
                let pending = pending?;
                hashes.insert(*pending.transaction.tx_hash());
                last = Some(pending);
            }
            done(window.len()).await?;
        }
        if let Some(mut last) = last {
            last.transaction.set_timeout(Some(PATIENCE));
            // One account's transactions are mined in the order of their nonces: with the last one all are.
            let end = last.receipt().await?.block_number;
            gas += self.gas_of(hashes, first_block.unwrap_or(0)..=end.unwrap_or(0)).await?;
        }
        Ok(gas / (deposits.len() as u64).max(1))
    }

    /// What others like it may take.
    async fn price(&self, mined: &TransactionReceipt) -> Result<Price, L1Error> {
        let fees = Fees::estimate(&self.provider, MOST_GWEI).await?;
        let max = fees.max.saturating_mul(FEE_ROOM).min(MOST_FEE);
        let gas_limit = mined.gas_used.saturating_mul(GAS_ROOM);
        Ok(Price { gas_limit, fees: Fees { max, ..fees } })
    }

    /// Gas of transactions that are mined in these blocks.
    async fn gas_of(
        &self,
        mut hashes: HashSet<B256>,
        blocks: std::ops::RangeInclusive<u64>,
    ) -> Result<u64, L1Error> {
        let what = "reading the receipts of deposits";
        let mut gas = 0;
        for number in blocks {
            let receipts = self.provider.get_block_receipts(BlockId::number(number)).await;
            let receipts = receipts.map_err(|e| rpc(what, e))?.unwrap_or_default();
            for receipt in receipts {
                let hash = receipt.transaction_hash;
                if !hashes.remove(&hash) {
                    continue;
                }
                if !receipt.status() {
                    return Err(L1Error::Reverted { what: WHAT, hash });
                }
                gas += receipt.gas_used;
            }
        }
        match hashes.len() {
            0 => Ok(gas),
            missing => Err(rpc(what, format!("{missing} are in no block"))),
        }
    }

    /// Sends a deposit that makes a new account, without waiting for it.
    ///
    /// # Errors
    /// The node's, and what the contract would revert with.
    pub async fn send_deposit(&self, deposit: &Deposit, fee: U256) -> Result<Pending, L1Error> {
        self.send_request(WHAT, self.request(deposit, NO_ACCOUNT, fee)).await
    }

    /// Sends a deposit into an account, without waiting for it. Where the account has another key or token, it makes a
    /// new one.
    ///
    /// # Errors
    /// As [`Self::send_deposit`].
    pub async fn send_deposit_into(
        &self,
        account: AccountId,
        deposit: &Deposit,
        fee: U256,
    ) -> Result<Pending, L1Error> {
        self.send_request(WHAT, self.request(deposit, account, fee)).await
    }

    fn request(&self, deposit: &Deposit, leaf: AccountId, fee: U256) -> TransactionRequest {
        let Deposit { token, is_ether, amount, key } = *deposit;
        let call = ICustody::depositCall { leaf, token, amount, key: key.elements() };
        let value = if is_ether { amount + fee } else { fee };
        self.calling(self.deployment.custody, value, &call)
    }

    /// A transaction that makes a call.
    pub(super) fn calling(
        &self,
        to: Address,
        value: U256,
        call: &impl SolCall,
    ) -> TransactionRequest {
        TransactionRequest::default()
            .with_from(self.sender)
            .with_to(to)
            .with_value(value)
            .with_input(call.abi_encode())
    }
}

fn priced(request: TransactionRequest, price: Price) -> TransactionRequest {
    price.fees.of(request.with_gas_limit(price.gas_limit))
}

/// A future, and what it has given.
type Task<F> = (Pin<Box<F>>, Option<<F as Future>::Output>);

/// Polls all of them until they are done, the first time in their order: a transaction takes its nonce then.
async fn in_order<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut all: Vec<Task<F>> = futures.map(|future| (Box::pin(future), None)).collect();
    poll_fn(|context| {
        let mut state = Poll::Ready(());
        for (future, output) in all.iter_mut().filter(|(_, output)| output.is_none()) {
            match future.as_mut().poll(context) {
                Poll::Ready(value) => *output = Some(value),
                Poll::Pending => state = Poll::Pending,
            }
        }
        state
    })
    .await;
    all.into_iter().filter_map(|(_, output)| output).collect()
}
