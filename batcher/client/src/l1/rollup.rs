//! A rollup on L1, as its users read it: from a node of their own, whatever the operator says.

use alloy::{
    contract,
    eips::BlockId,
    primitives::{Address, B256, U256},
    providers::{DynProvider, Provider},
};
use cairn_types::{TokenId, Word, domain};
use thiserror::Error;

use super::{
    connection::connect_with,
    contracts::{ICustody, IErc20, IRollupL1},
    error::{L1Error, rpc},
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
        let symbol = if_there(contract.symbol().call().await)?;
        let decimals = if_there(contract.decimals().call().await)?;
        Ok(Token::new(index, asset, &symbol, decimals, quantum_exponent))
    }

    fn contract(&self) -> IRollupL1::IRollupL1Instance<&DynProvider> {
        IRollupL1::new(self.rollup, &self.provider)
    }

    fn hatch(&self) -> ICustody::ICustodyInstance<&DynProvider> {
        ICustody::new(self.custody, &self.provider)
    }
}

/// What a token's contract says of itself; nothing where it does not. A node that fails is no such contract: with other
/// decimals, an amount would be another.
fn if_there<T: Default>(said: Result<T, contract::Error>) -> Result<T, L1Error> {
    match said.map_err(|error| rpc("reading a token's name and decimals", error)) {
        Err(error) if error.is_transient() => Err(error),
        said => Ok(said.unwrap_or_default()),
    }
}
