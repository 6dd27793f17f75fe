//! What must hold before work starts. Each failure is one line that says where and what to do; nothing was written then.

mod error;

use std::{
    collections::BTreeSet,
    io,
    net::{SocketAddr, TcpListener},
    path::Path,
};

use alloy::{
    contract,
    eips::BlockNumberOrTag,
    primitives::{Address, B256, U256, keccak256},
    providers::{DynProvider, Provider},
    rpc::types::Filter,
    sol_types::SolEvent,
};
use cairn_types::{DataMode, domain};

pub use self::error::CheckError;
use super::config::L1Config;
use crate::l1::{
    circuit_sets::circuit_sets,
    contracts::{IAccessControl, IRollupL1},
    data_modes::DataModes,
    error::{L1Error, rpc},
};

/// Gas of a batch's commit and proof together, with room: what the account must be able to pay once.
const GAS_OF_A_BATCH: u64 = 2_000_000;
/// Blocks that are searched at once for the rollup's genesis.
const WINDOW: u64 = 2_000;

/// That nobody listens at `address`, which `field` says.
///
/// # Errors
/// Somebody does, or the address is not this machine's.
pub fn port_is_free(field: &'static str, address: SocketAddr) -> Result<(), CheckError> {
    TcpListener::bind(address).map(drop).map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => CheckError::PortInUse { field, address },
        _ => CheckError::Listen { field, address, source },
    })
}

/// That files can be made in the folder, which is made if it is not there.
///
/// # Errors
/// What the file system says.
pub fn is_writable(path: &Path) -> Result<(), CheckError> {
    let made = std::fs::create_dir_all(path).and_then(|()| tempfile::tempfile_in(path));
    made.map(drop).map_err(|source| CheckError::DataDir { path: path.to_owned(), source })
}

/// State commitment that the rollup started with.
async fn genesis(
    provider: &DynProvider,
    address: Address,
    first_block: u64,
    head: u64,
) -> Result<B256, CheckError> {
    let what = "reading the rollup's genesis";
    let end = head.min(first_block.saturating_add(WINDOW));
    let (mut from, mut width) = (first_block, WINDOW);
    while from <= end {
        let filter = Filter::new()
            .address(address)
            .event_signature(IRollupL1::BatchCommitted::SIGNATURE_HASH)
            .topic1(B256::ZERO)
            .from_block(from)
            .to_block(end.min(from.saturating_add(width - 1)));
        match provider.get_logs(&filter).await {
            Ok(logs) => match logs.first() {
                Some(log) => {
                    let event = IRollupL1::BatchCommitted::decode_log(&log.inner);
                    return Ok(event.map_err(|e| rpc(what, e))?.batch.state);
                }
                None => from = from.saturating_add(width),
            },
            // Nodes differ in how many blocks they search at once.
            Err(error) if width > 1 && error.is_error_resp() => width /= 2,
            Err(error) => return Err(rpc(what, error).into()),
        }
    }
    Err(CheckError::NoGenesis { address, first_block })
}

/// The rollup as L1 has it: this one, alive, and readable.
#[derive(Debug, Clone)]
pub struct RollupOnL1 {
    /// The contract that holds the funds.
    pub custody: Address,
    /// State commitment that it started with.
    pub genesis: B256,
    /// How batches may publish their data.
    pub data_modes: DataModes,
    provider: DynProvider,
    address: Address,
    chain_id: u64,
}

impl RollupOnL1 {
    /// Reads it, and holds it against the configuration.
    ///
    /// # Errors
    /// Another chain, no contract, one that is not this program's rollup or that is frozen, or no answer.
    pub async fn read(provider: &DynProvider, config: &L1Config) -> Result<Self, CheckError> {
        let (address, expected) = (config.rollup, config.chain_id);
        let got = provider.get_chain_id().await.map_err(|e| rpc("reading the chain id", e))?;
        if got != expected {
            return Err(CheckError::WrongChain { expected, got });
        }
        let code = provider.get_code_at(address).await;
        if code.map_err(|e| rpc("reading the rollup's code", e))?.is_empty() {
            return Err(CheckError::NoContract { address, chain_id: expected });
        }
        let contract = IRollupL1::new(address, provider);
        let not_cairn = |reason: String| CheckError::NotCairn { address, reason };
        // Node and chain have answered: what fails from here on, the contract fails, unless the node is gone.
        let asks = |what: &str, error: contract::Error| match rpc("reading the rollup", error) {
            error if error.is_transient() => CheckError::from(error),
            _ => not_cairn(format!("it does not answer {what}()")),
        };
        let got = contract.DOMAIN().call().await.map_err(|e| asks("DOMAIN", e))?;
        let ours = domain(expected, &address.0.0).bytes();
        if got[1..] != ours[..] || got[0] != 0 {
            let ours = B256::left_padding_from(&ours);
            return Err(not_cairn(format!("its DOMAIN is {got}, expected {ours}")));
        }
        let custody = contract.CUSTODY().call().await.map_err(|e| asks("CUSTODY", e))?;
        let modes = contract.DATA_MODES().call().await.map_err(|e| asks("DATA_MODES", e))?;
        if contract.frozen().call().await.map_err(|e| asks("frozen", e))? {
            return Err(CheckError::Frozen { address });
        }
        let first_block = config.first_block;
        let what = "reading the latest block";
        let head = provider.get_block_number().await.map_err(|e| rpc(what, e))?;
        if first_block > head {
            return Err(CheckError::NoGenesis { address, first_block });
        }
        Ok(Self {
            custody,
            genesis: genesis(provider, address, first_block, head).await?,
            data_modes: modes.into(),
            provider: provider.clone(),
            address,
            chain_id: expected,
        })
    }

    /// That proofs of these circuits count now. Gives the roots of all sets that are not retired.
    ///
    /// # Errors
    /// The set is not registered, not active yet or retired, or L1 does not answer.
    pub async fn check_circuits(&self, root: B256) -> Result<BTreeSet<B256>, CheckError> {
        let now = self.timestamp().await?;
        let mut accepted = BTreeSet::new();
        let mut reason = Some(
            "is not registered with the rollup: use the version that the rollup was deployed with, \
             or have the governor register this one"
                .to_owned(),
        );
        // What is said of the latest set with this root counts.
        for (_, set) in circuit_sets(&self.provider, self.address).await?.into_iter().rev() {
            if !set.retired {
                accepted.insert(set.root);
            }
            // One of several sets with this root is enough.
            if set.root != root || reason.is_none() {
                continue;
            }
            reason = if set.retired {
                Some("was retired by the council: use a later version".to_owned())
            } else if set.activeAt > now {
                let wait = set.activeAt - now;
                Some(format!(
                    "counts in {wait} s only: start again then, or use the version before"
                ))
            } else {
                None
            };
        }
        match reason {
            None => Ok(accepted),
            Some(reason) => Err(CheckError::CircuitSet { root, reason }),
        }
    }

    /// That this account may commit and prove, and can pay for it.
    ///
    /// # Errors
    /// A role that it lacks, too little ether, or L1 does not answer.
    pub async fn check_account(&self, account: Address) -> Result<(), CheckError> {
        let what = "reading who has which role";
        let access = IAccessControl::new(self.address, &self.provider);
        let rollup = IRollupL1::new(self.address, &self.provider);
        let is_open = rollup.openProving().call().await.map_err(|e| rpc(what, e))?;
        for role in ["COMMITTER_ROLE", "PROVER_ROLE"] {
            if is_open && role == "PROVER_ROLE" {
                continue;
            }
            let has = access.hasRole(keccak256(role), account).call().await;
            if !has.map_err(|e| rpc(what, e))? {
                return Err(CheckError::Role { role, account });
            }
        }
        let what = "reading the operator's balance";
        let balance = self.provider.get_balance(account).await.map_err(|e| rpc(what, e))?;
        let price = self.provider.get_gas_price().await;
        let price = price.map_err(|e| rpc("reading the gas price", e))?;
        let cost = U256::from(GAS_OF_A_BATCH) * U256::from(price);
        if balance < cost {
            return Err(CheckError::Unfunded { account, balance, cost });
        }
        Ok(())
    }

    /// In which of these modes batches can have their data: those that the deployment allows, but for blobs where the
    /// chain has none.
    ///
    /// # Errors
    /// In none of them, or L1 does not answer.
    pub async fn check_data(&self, wanted: DataModes) -> Result<DataModes, CheckError> {
        let allowed = self.data_modes;
        let both = DataModes::from(allowed.bits() & wanted.bits());
        if both.bits() == 0 {
            return Err(CheckError::DataMode { allowed, wanted });
        }
        if !both.contains(DataMode::Blobs) || self.has_blobs().await? {
            return Ok(both);
        }
        let rest = DataModes::from(both.bits() & !DataModes::only(DataMode::Blobs).bits());
        if rest.bits() == 0 {
            return Err(CheckError::NoBlobs { chain_id: self.chain_id });
        }
        Ok(rest)
    }

    async fn timestamp(&self) -> Result<u64, L1Error> {
        Ok(self.head().await?.timestamp)
    }

    async fn has_blobs(&self) -> Result<bool, L1Error> {
        Ok(self.head().await?.excess_blob_gas.is_some())
    }

    async fn head(&self) -> Result<alloy::rpc::types::Header, L1Error> {
        let what = "reading the latest block";
        let block = self.provider.get_block_by_number(BlockNumberOrTag::Latest).await;
        let block = block.map_err(|e| rpc(what, e))?;
        block.map(|block| block.header).ok_or_else(|| rpc(what, "there is none"))
    }
}

#[cfg(test)]
mod tests {
    use alloy::{providers::ProviderBuilder, rpc::types::Block, transports::mock::Asserter};

    use super::*;

    /// A deployment that allows these modes, on a chain with blobs or without.
    fn rollup(data_modes: DataModes, has_blobs: bool) -> RollupOnL1 {
        let node = Asserter::new();
        let mut head = Block::<alloy::rpc::types::Transaction>::default();
        head.header.inner.excess_blob_gas = has_blobs.then_some(0);
        node.push_success(&head);
        RollupOnL1 {
            custody: Address::ZERO,
            genesis: B256::ZERO,
            data_modes,
            provider: ProviderBuilder::new().connect_mocked_client(node).erased(),
            address: Address::ZERO,
            chain_id: 5,
        }
    }

    #[tokio::test]
    async fn data_goes_where_configuration_deployment_and_chain_agree() {
        let both = DataModes::ON_L1;
        let [calldata, blobs, committee] = DataMode::ALL.map(DataModes::only);
        let good = [
            (both, both, true, both),
            (both, both, false, calldata),
            (calldata, both, true, calldata),
            (blobs, both, true, blobs),
            (both, calldata, false, calldata),
            (committee, committee, false, committee),
        ];
        for (allowed, wanted, has_blobs, expected) in good {
            let got = rollup(allowed, has_blobs).check_data(wanted).await.unwrap();
            assert_eq!(got, expected, "{allowed}, {wanted}, {has_blobs}");
        }
        let bad = [
            (both, blobs, "proving.data: chain 5 has no blobs (EIP-4844): set it to \"calldata\""),
            (blobs, both, "proving.data: chain 5 has no blobs (EIP-4844): set it to \"calldata\""),
            (
                calldata,
                blobs,
                "proving.data: the rollup takes data in calldata, expected one of: blobs",
            ),
        ];
        for (allowed, wanted, line) in bad {
            let error = rollup(allowed, false).check_data(wanted).await.unwrap_err();
            assert_eq!(error.to_string(), line);
        }
    }
}
