//! A rollup on L1, as its users read it: from a node of their own, whatever the operator says.

use alloy::{
    contract,
    eips::{BlockId, BlockNumberOrTag},
    primitives::{Address, B256, U256},
    providers::{DynProvider, Provider},
};
use cairn_types::{TokenId, Word, domain};
use thiserror::Error;

use super::{
    connection::connect_with,
    contracts::{ICustody, IErc20, IRollupL1},
    error::{L1Error, is_revert, rpc},
};
use crate::{api::receipt::ReceiptDomain, token::Token};

/// Tokens that are looked through for a name. A node's word alone makes nobody ask for ever.
const MOST_TOKENS: u64 = 256;
/// Decimals of ether.
const ETHER_DECIMALS: u8 = 18;

/// Why a rollup cannot be read.
#[derive(Debug, Error)]
pub enum RollupError {
    /// The node's.
    #[error(transparent)]
    L1(#[from] L1Error),
    /// The rollup has not so many.
    #[error("the rollup has no token {0}")]
    NoToken(TokenId),
    /// Nobody has registered a token of this name.
    #[error("the rollup has no token {name}; it has {known}")]
    NoTokenNamed {
        /// As asked for.
        name: String,
        /// Those that there are.
        known: String,
    },
    /// Names are not unique.
    #[error("several tokens are called {name}: give the number of one: {numbers}")]
    SeveralTokens {
        /// As asked for.
        name: String,
        /// Theirs.
        numbers: String,
    },
    /// More than anyone looks through.
    #[error(
        "the rollup has {got} tokens, of which {MOST_TOKENS} are looked through for a name: give \
         the token's number"
    )]
    TooManyTokens {
        /// So many.
        got: U256,
    },
}

/// What L1 has verified proofs of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proven {
    /// The last batch; 0 is genesis.
    pub batch: u32,
    /// The state commitment after it.
    pub state: B256,
    /// The block of L1 that both were read at.
    pub l1_block: u64,
}

/// A rollup and its custody, to be read.
#[derive(Debug, Clone)]
pub struct Rollup {
    provider: DynProvider,
    rollup: Address,
    custody: Address,
    chain_id: u64,
}

impl Rollup {
    /// Asks the node at an `http://` or `https://` URL for a rollup and its custody.
    ///
    /// Trust: the caller knows the rollup's address from elsewhere, and believes the node.
    ///
    /// # Errors
    /// The URL is none, the node does not answer, or there is no rollup at this address.
    pub async fn connect(url: &str, rollup: Address) -> Result<Self, L1Error> {
        let provider = connect_with(url)?;
        let chain_id = provider.get_chain_id().await.map_err(|e| rpc("reading the chain id", e))?;
        let code = provider.get_code_at(rollup).await;
        if code.map_err(|e| rpc("reading the contract's code", e))?.is_empty() {
            return Err(L1Error::NoContract { address: rollup, chain_id });
        }
        let custody = IRollupL1::new(rollup, &provider).CUSTODY().call().await;
        let custody = custody
            .map_err(|e| rpc("reading the custody's address (is this a Cairn rollup?)", e))?;
        Ok(Self { provider, rollup, custody, chain_id })
    }

    /// The rollup's contract.
    #[must_use]
    pub fn address(&self) -> Address {
        self.rollup
    }

    /// The contract that holds the funds, as the rollup names it.
    #[must_use]
    pub fn custody(&self) -> Address {
        self.custody
    }

    /// The node's chain.
    #[must_use]
    pub fn chain_id(&self) -> u64 {
        self.chain_id
    }

    /// What transactions of this rollup are signed for.
    #[must_use]
    pub fn domain(&self) -> Word {
        domain(self.chain_id, &self.rollup.into_array())
    }

    /// What receipts of this rollup are signed for.
    #[must_use]
    pub fn receipt_domain(&self) -> ReceiptDomain {
        ReceiptDomain { chain_id: self.chain_id, rollup: self.rollup }
    }

    /// The last proven batch and the state after it, both of one block.
    ///
    /// # Errors
    /// The node's.
    pub async fn proven(&self) -> Result<Proven, L1Error> {
        let what = "reading the proven state";
        let l1_block = self.provider.get_block_number().await.map_err(|e| rpc(what, e))?;
        let (contract, at) = (self.contract(), BlockId::number(l1_block));
        let batch = contract.provenBatches().block(at).call().await.map_err(|e| rpc(what, e))?;
        let state = contract.provenState().block(at).call().await.map_err(|e| rpc(what, e))?;
        Ok(Proven { batch, state, l1_block })
    }

    /// Timestamp of the latest block, seconds.
    ///
    /// # Errors
    /// The node's.
    pub async fn timestamp(&self) -> Result<u64, L1Error> {
        let what = "reading the latest block";
        let block = self.provider.get_block_by_number(BlockNumberOrTag::Latest).await;
        let block = block.map_err(|e| rpc(what, e))?.ok_or_else(|| rpc(what, "there is none"))?;
        Ok(block.header.timestamp)
    }

    /// Root of a batch's withdrawals; zero where it has none, or is not proven.
    ///
    /// # Errors
    /// The node's.
    pub async fn withdrawals_root(&self, batch: u32) -> Result<B256, L1Error> {
        let root = self.contract().withdrawalsRoot(batch).call().await;
        root.map_err(|e| rpc("reading a batch's withdrawals", e))
    }

    /// Whether a withdrawal was paid.
    ///
    /// # Errors
    /// The node's.
    pub async fn is_claimed(&self, batch: u32, index: u32) -> Result<bool, L1Error> {
        let claimed = self.hatch().isClaimed(batch, U256::from(index)).call().await;
        claimed.map_err(|e| rpc("reading whether a withdrawal was claimed", e))
    }

    /// Wei that come with each priority operation, as a deposit is.
    ///
    /// # Errors
    /// The node's.
    pub async fn priority_fee(&self) -> Result<U256, L1Error> {
        let fee = self.contract().PRIORITY_FEE().call().await;
        fee.map_err(|e| rpc("reading the fee of a priority operation", e))
    }

    /// A token by its number.
    ///
    /// # Errors
    /// The node's, or there is none.
    pub async fn token(&self, index: TokenId) -> Result<Token, RollupError> {
        if self.token_count().await? <= U256::from(index) {
            return Err(RollupError::NoToken(index));
        }
        Ok(self.token_at(index).await?)
    }

    /// A token by its number, its address, or the name that it has on L1.
    ///
    /// # Errors
    /// The node's; there is none, or several have this name.
    pub async fn token_named(&self, name: &str) -> Result<Token, RollupError> {
        if let Ok(index) = crate::parse::decimal(name) {
            return self.token(index).await;
        }
        let count = self.token_count().await?;
        if count > U256::from(MOST_TOKENS) {
            return Err(RollupError::TooManyTokens { got: count });
        }
        let (mut known, mut found) = (Vec::new(), Vec::new());
        for index in 0..count.saturating_to::<TokenId>() {
            let token = self.token_at(index).await?;
            let is_it = token.symbol == name
                || crate::parse::address(name).is_ok_and(|address| address == token.asset);
            known.push(token.to_string());
            found.extend(is_it.then_some(token));
        }
        let name = name.chars().take(64).collect();
        match &found[..] {
            [token] => Ok(token.clone()),
            [] => Err(RollupError::NoTokenNamed { name, known: known.join(", ") }),
            several => {
                let numbers: Vec<_> = several.iter().map(|token| token.index.to_string()).collect();
                Err(RollupError::SeveralTokens { name, numbers: numbers.join(", ") })
            }
        }
    }

    async fn token_count(&self) -> Result<U256, L1Error> {
        let count = self.hatch().tokenCount().call().await;
        count.map_err(|e| rpc("reading how many tokens there are", e))
    }

    async fn token_at(&self, index: TokenId) -> Result<Token, L1Error> {
        let info = self.hatch().tokenAt(index).call().await;
        let info = info.map_err(|e| rpc("reading a token", e))?;
        let (asset, quantum_exponent) = (info.asset, info.quantumExponent);
        if asset.is_zero() {
            return Ok(Token::new(index, asset, "ETH", ETHER_DECIMALS, quantum_exponent));
        }
        let contract = IErc20::new(asset, &self.provider);
        // A contract need not have them: then amounts are its base units.
        let symbol = if_there(contract.symbol().call().await, index)?;
        let decimals = if_there(contract.decimals().call().await, index)?;
        Ok(Token::new(index, asset, &symbol, decimals, quantum_exponent))
    }

    fn contract(&self) -> IRollupL1::IRollupL1Instance<&DynProvider> {
        IRollupL1::new(self.rollup, &self.provider)
    }

    fn hatch(&self) -> ICustody::ICustodyInstance<&DynProvider> {
        ICustody::new(self.custody, &self.provider)
    }
}

/// What a token's contract says of itself; nothing where it refuses, is silent, or says something else. A node that does
/// not answer the call is no such contract: with other decimals, an amount would be another.
fn if_there<T: Default>(said: Result<T, contract::Error>, token: TokenId) -> Result<T, L1Error> {
    match said {
        Ok(said) => Ok(said),
        Err(contract::Error::ZeroData(..) | contract::Error::AbiError(_)) => Ok(T::default()),
        Err(contract::Error::TransportError(error)) if is_revert(&error) => Ok(T::default()),
        Err(error) => {
            Err(rpc("reading a token's name and decimals", error).about(format!("token {token}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::l1::node::{Answer, Node};

    /// A word of 32 bytes, as a contract returns it.
    fn word(value: u64) -> Answer {
        Answer::Result(json!(format!("0x{value:064x}")))
    }

    /// A rollup with one token, whose contract answers as `symbol` and `decimals` do.
    async fn token(symbol: Answer, decimals: Answer) -> Result<Token, L1Error> {
        let node = Node::start(move |_, method, params| {
            let call = params.to_string();
            match method {
                "eth_call" if call.contains("95d89b41") => symbol.clone(),
                "eth_call" if call.contains("313ce567") => decimals.clone(),
                "eth_call" => {
                    // Its address, that it is registered, the quantum's exponent, and what custody owes.
                    let words = [0x77, 1, 2, 0].map(|word| format!("{word:064x}"));
                    Answer::Result(json!(format!("0x{}", words.concat())))
                }
                _ => Answer::Result(json!("0x1")),
            }
        })
        .await;
        let provider = connect_with(node.url.as_str()).unwrap();
        let [rollup, custody] = [1, 2].map(Address::repeat_byte);
        Rollup { provider, rollup, custody, chain_id: 1 }.token_at(1).await
    }

    #[tokio::test]
    async fn only_a_contract_can_have_no_decimals() {
        let reverts = Answer::Error(3, "execution reverted");
        let nothing = Answer::Result(json!("0x"));
        for none in [reverts.clone(), nothing] {
            let token = token(none.clone(), none).await.unwrap();
            assert_eq!((token.symbol.as_str(), token.decimals), ("token-1", 0));
        }
        assert_eq!(token(reverts.clone(), word(6)).await.unwrap().decimals, 6);
        // Of a node that does not serve the call at all, which nothing is waited for.
        for refusal in [
            Answer::Error(-32601, "the method eth_call does not exist"),
            Answer::Error(-32000, "this key may not call"),
        ] {
            let error = token(reverts.clone(), refusal).await.unwrap_err().to_string();
            assert!(error.contains("reading a token's name and decimals: token 1: "), "{error}");
        }
    }
}
