//! Tokens of a development rollup, and deposits for its accounts.

use alloy::{
    primitives::{Address, U256},
    signers::local::PrivateKeySigner,
};
use cairn_types::PublicKey;

use super::deployment::Token;
use crate::{
    development::development_key,
    l1::{
        client::{Deposit, L1Client},
        deployment::Deployment,
        error::L1Error,
    },
};

/// Quanta that each account gets of each token.
pub(super) const BALANCE: u64 = 100_000_000_000;
/// A quantum of ether is a gwei, one of the demo's token as much of its 18 decimals.
const QUANTUM_EXPONENT: u8 = 9;
/// Accounts that collect fees, counted down from here so that users do not have them.
const FEE_ACCOUNT: u64 = u64::MAX;

/// Registers ether and the demo's token, and deposits of each for so many accounts, in their order.
pub(super) async fn fund(
    url: &str,
    signer: PrivateKeySigner,
    contracts: Deployment,
    token: Address,
    accounts: u32,
) -> Result<Vec<Token>, L1Error> {
    let names = ["ETH", "CDT"].into_iter().map(str::to_owned);
    let assets = [Address::ZERO, token];
    let tokens: Vec<_> = names
        .zip(assets)
        .map(|(name, asset)| Token { name, asset, quantum_exponent: QUANTUM_EXPONENT })
        .collect();
    let amount = U256::from(BALANCE) * U256::from(10).pow(U256::from(QUANTUM_EXPONENT));
    let l1 = L1Client::new(url, signer, contracts)?;
    let fee = l1.priority_fee().await?;
    for (number, token) in (0u64..).zip(&tokens) {
        if !token.asset.is_zero() && accounts > 0 {
            l1.mint_and_approve(token.asset, amount * U256::from(accounts)).await?;
        }
        let fee_key = development_key(FEE_ACCOUNT - number).public().into();
        l1.register_token(token.asset, token.quantum_exponent, &fee_key, fee).await?;
    }
    let mut deposits = Vec::new();
    for account in 0..accounts {
        let key: PublicKey = development_key(account.into()).public().into();
        for (token, is_ether) in (0..).zip(tokens.iter().map(|token| token.asset.is_zero())) {
            deposits.push(Deposit { token, is_ether, amount, key });
        }
    }
    l1.deposit_all(&deposits, fee, async |_| Ok(())).await?;
    Ok(tokens)
}
