//! One contract: signed, noted, sent, and waited for, but not for ever.

use std::time::{Duration, Instant};

use alloy::{
    eips::Encodable2718,
    network::{NetworkTransactionBuilder, TransactionBuilder},
    primitives::{Address, B256, Bytes, U256, keccak256, utils::format_ether},
    providers::Provider,
    rpc::types::{TransactionReceipt, TransactionRequest},
};

use super::{
    DeployError, Deployer,
    journal::{Sent, Working},
    manifest::Contract,
};
use crate::l1::{
    artifacts::{Artifact, Artifacts, BuildError},
    error::{L1Error, rpc},
    fees::{GWEI, MOST_TIP},
    resent::is_known,
    revert::reverted,
};

/// Between two looks for a receipt, at first and at most.
const PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(2)];
/// Between two lines that say what is waited for.
const TELL_EVERY: Duration = Duration::from_secs(15);
/// Looks in a row that find the nonce taken and no receipt, until another transaction must have taken it: the nodes
/// behind one URL need not have the same block.
const MOST_ABSENCES: u32 = 5;

/// What a contract is made with.
pub(super) struct Creation {
    pub(super) artifact: Artifact,
    pub(super) file: String,
    pub(super) arguments: Bytes,
}

impl Creation {
    pub(super) fn new(
        artifacts: &Artifacts,
        file: &str,
        name: &str,
        arguments: Vec<u8>,
    ) -> Result<Self, BuildError> {
        Ok(Self {
            artifact: artifacts.read(file, name)?,
            file: file.to_owned(),
            arguments: arguments.into(),
        })
    }

    fn code(&self) -> Vec<u8> {
        [&self.artifact.creation[..], &self.arguments[..]].concat()
    }

    fn name(&self) -> &str {
        &self.artifact.name
    }
}

impl Deployer {
    /// The contract that comes after `place` others: looked at if the journal has it, else made.
    pub(super) async fn create(
        &self,
        journal: &mut Working<'_>,
        place: usize,
        creation: Creation,
    ) -> Result<Address, DeployError> {
        if let Some(contract) = journal.progress().contracts.get(place) {
            self.check_made(contract, &creation).await?;
            (self.tell)(&format!("{} is there, at {}", contract.name, contract.address));
            return Ok(contract.address);
        }
        let (nonce, receipt) = match self.transact(journal, &creation).await {
            Ok(mined) => mined,
            Err(error) => {
                if error.is_final() {
                    // Kept: what the node said of its nonce may not be so.
                    let sent = journal.progress().sent.clone();
                    journal.note_sent(sent.map(|sent| Sent { is_given_up: true, ..sent }))?;
                }
                return Err(error);
            }
        };
        let contract = self.contract(creation, nonce, &receipt).await?;
        let address = contract.address;
        (self.tell)(&format!("{} is at {address}", contract.name));
        journal.note_made(contract, receipt.block_number)?;
        Ok(address)
    }

    /// A contract that no manifest has.
    pub(super) async fn create_once(&self, creation: Creation) -> Result<Address, DeployError> {
        let sent = self.sign(&creation, None).await?;
        self.send(&sent).await?;
        self.receipt(&sent).await?;
        Ok(self.sender.create(sent.nonce))
    }

    /// The nonce and the receipt of the contract's transaction: of the one that an earlier run has noted, and may
    /// have sent, or of a new one.
    async fn transact(
        &self,
        journal: &mut Working<'_>,
        creation: &Creation,
    ) -> Result<(u64, TransactionReceipt), DeployError> {
        let (sent, noted) = match journal.progress().sent.clone() {
            Some(sent) if sent.name == creation.name() => (sent, true),
            Some(Sent { name: got, .. }) => {
                let expected = creation.name().to_owned();
                return Err(DeployError::Unexpected { expected, got });
            }
            None => (self.note(journal, creation, None).await?, false),
        };
        let (sent, noted) = match sent.is_given_up && !self.is_mined(&sent).await? {
            true => (self.note(journal, creation, None).await?, false),
            false => (sent, noted),
        };
        let nonce = sent.nonce;
        if noted && let Look::Mined(receipt) = self.look(&sent).await? {
            return Ok((nonce, self.succeeded(*receipt).await?));
        }
        let sent = match self.send(&sent).await {
            Ok(()) => sent,
            Err(error @ L1Error::Rpc { .. }) if noted => {
                // Where somebody has taken the nonce, `receipt` finds out who.
                if self.count().await? > nonce {
                    sent
                } else {
                    (self.tell)(&format!("{error}; signing it again"));
                    // With the same nonce: at most one of the two is mined.
                    let again = self.note(journal, creation, Some(&sent)).await?;
                    self.send(&again).await?;
                    again
                }
            }
            Err(error) => return Err(error.into()),
        };
        Ok((nonce, self.receipt(&sent).await?))
    }

    async fn note(
        &self,
        journal: &mut Working<'_>,
        creation: &Creation,
        old: Option<&Sent>,
    ) -> Result<Sent, DeployError> {
        let sent = self.sign(creation, old).await?;
        journal.note_sent(Some(sent.clone()))?;
        Ok(sent)
    }

    /// Signs the transaction, or once more the one that the node does not take as it is.
    async fn sign(&self, creation: &Creation, old: Option<&Sent>) -> Result<Sent, L1Error> {
        let (what, name) = ("deploying a contract", creation.name());
        let nonce = match old {
            Some(old) => old.nonce,
            // Behind whatever else the account has under way.
            None => {
                let count = self.provider.get_transaction_count(self.sender).pending().await;
                count.map_err(|e| rpc(what, e))?
            }
        };
        let request = TransactionRequest::default()
            .with_from(self.sender)
            .with_chain_id(self.config.chain_id)
            .with_nonce(nonce)
            .with_deploy_code(creation.code());
        let gas = self.provider.estimate_gas(request.clone()).await;
        let gas = gas.map_err(|e| rpc(what, e).about(name))?;
        let fees = self.provider.estimate_eip1559_fees().await;
        let fees = fees.map_err(|e| rpc("reading the gas price", e))?;
        let tip = fees.max_priority_fee_per_gas.min(MOST_TIP);
        self.check_fee(name, gas, fees.max_fee_per_gas)?;
        let request = request
            .with_gas_limit(gas)
            .with_max_fee_per_gas(fees.max_fee_per_gas)
            .with_max_priority_fee_per_gas(tip);
        let signed = request.build(&self.wallet).await;
        let signed = signed.map_err(|e| rpc("signing a transaction", e.to_string()))?;
        let mut transactions = old.map(|old| old.transactions.clone()).unwrap_or_default();
        transactions.push(*signed.tx_hash());
        let raw = signed.encoded_2718().into();
        Ok(Sent { name: name.to_owned(), nonce, transactions, raw, is_given_up: false })
    }

    /// No answer is no refusal: the transaction is waited for then.
    async fn send(&self, sent: &Sent) -> Result<(), L1Error> {
        let Sent { name, nonce, raw, .. } = sent;
        let hash = sent.transaction();
        (self.tell)(&format!("{name}: sending transaction {hash}, nonce {nonce}"));
        match self.provider.send_raw_transaction(raw).await {
            Ok(_) => Ok(()),
            Err(error) => match rpc("deploying a contract", error).about(name) {
                L1Error::Unavailable { reason, .. } => {
                    (self.tell)(&format!("{reason}; it may have been sent"));
                    Ok(())
                }
                // An earlier run has sent it.
                L1Error::Rpc { reason, .. } if is_known(&reason) => Ok(()),
                error => Err(error),
            },
        }
    }

    /// Waits for the receipt.
    async fn receipt(&self, sent: &Sent) -> Result<TransactionReceipt, DeployError> {
        let Sent { name, nonce, .. } = sent;
        let (transaction, started) = (sent.transaction(), Instant::now());
        let ([mut pause, longest], mut told, mut absences) = (PAUSES, TELL_EVERY, 0);
        loop {
            let reason = match self.look(sent).await {
                Ok(Look::Mined(receipt)) => return Ok(self.succeeded(*receipt).await?),
                Ok(Look::Absent) => {
                    absences = 0;
                    None
                }
                Ok(Look::Replaced) => {
                    absences += 1;
                    if absences == MOST_ABSENCES {
                        return Err(self.replaced(sent).await?);
                    }
                    None
                }
                Err(error) if error.is_transient() => Some(error.to_string()),
                Err(error) => return Err(error.into()),
            };
            let (waited, patience) = (started.elapsed(), self.patience);
            if waited >= patience {
                let (name, reason) = (name.clone(), reason.unwrap_or_default());
                return Err(DeployError::NotMined { name, transaction, patience, reason });
            }
            if waited >= told {
                told += TELL_EVERY;
                let reason = reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
                (self.tell)(&format!(
                    "{name}: transaction {transaction}, nonce {nonce}, is not mined after {} of {} s{reason}",
                    waited.as_secs(),
                    patience.as_secs()
                ));
            }
            tokio::time::sleep(pause.min(patience - waited)).await;
            pause = (2 * pause).min(longest);
        }
    }

    /// Whether one of the transactions has made the contract, whatever the node said before.
    async fn is_mined(&self, sent: &Sent) -> Result<bool, L1Error> {
        Ok(matches!(self.look(sent).await?, Look::Mined(receipt) if receipt.status()))
    }

    /// The node says what gas costs: what it says is told, and bounded.
    fn check_fee(&self, name: &str, gas: u64, fee: u128) -> Result<(), L1Error> {
        let (gwei, most) = (fee.div_ceil(GWEI), u128::from(self.most_gwei));
        if gwei > most {
            let reason = format!(
                "the node asks for {gwei} gwei a gas, more than {most}: wait, ask another node, or give --max-fee-gwei"
            );
            return Err(rpc("reading the gas price", reason).about(name));
        }
        let cost = format_ether(U256::from(fee) * U256::from(gas));
        (self.tell)(&format!("{name}: {gas} gas at {gwei} gwei at the most, {cost} ether"));
        Ok(())
    }

    async fn look(&self, sent: &Sent) -> Result<Look, L1Error> {
        // Before the receipts: what took the nonce has one by now.
        let count = self.count().await?;
        for hash in sent.transactions.iter().rev() {
            let receipt = self.provider.get_transaction_receipt(*hash).await;
            if let Some(receipt) = receipt.map_err(|e| rpc("waiting for a transaction", e))? {
                return Ok(Look::Mined(Box::new(receipt)));
            }
        }
        Ok(if count > sent.nonce { Look::Replaced } else { Look::Absent })
    }

    /// Why the nonce is taken, and none of the transactions has a receipt.
    async fn replaced(&self, sent: &Sent) -> Result<DeployError, L1Error> {
        let (name, nonce) = (sent.name.clone(), sent.nonce);
        let address = self.sender.create(nonce);
        if self.code(address).await?.is_empty() {
            return Ok(DeployError::Replaced { name, nonce });
        }
        Ok(DeployError::NoReceipt { name, address, transaction: sent.transaction() })
    }

    /// A contract of an earlier run is what it would be now, and where it was.
    async fn check_made(&self, noted: &Contract, creation: &Creation) -> Result<(), DeployError> {
        let Contract { name, address, nonce, arguments, code_hash, .. } = noted;
        let (expected, got) = (creation.artifact.name.clone(), name.clone());
        let same = got == expected && *arguments == creation.arguments;
        if !same || *address != self.sender.create(*nonce) {
            return Err(DeployError::Unexpected { expected, got });
        }
        if keccak256(self.code(*address).await?) != *code_hash {
            return Err(DeployError::Gone { name: got, address: *address });
        }
        Ok(())
    }

    async fn contract(
        &self,
        creation: Creation,
        nonce: u64,
        receipt: &TransactionReceipt,
    ) -> Result<Contract, L1Error> {
        let address = self.sender.create(nonce);
        let code = self.code(address).await?;
        if code.is_empty() {
            let chain_id = self.config.chain_id;
            return Err(L1Error::NoContract { address, chain_id });
        }
        let code_hash = keccak256(code);
        let transaction = receipt.transaction_hash;
        let Creation { artifact: Artifact { name, .. }, file, arguments } = creation;
        Ok(Contract { name, file, address, nonce, arguments, code_hash, transaction })
    }

    async fn count(&self) -> Result<u64, L1Error> {
        let count = self.provider.get_transaction_count(self.sender).await;
        count.map_err(|e| rpc("reading the deployer's nonce", e))
    }

    async fn succeeded(&self, receipt: TransactionReceipt) -> Result<TransactionReceipt, L1Error> {
        if receipt.status() {
            return Ok(receipt);
        }
        Err(reverted(&self.provider, "deploying a contract", &receipt).await)
    }

    pub(super) async fn code_hash(&self, address: Address) -> Result<B256, L1Error> {
        Ok(keccak256(self.code(address).await?))
    }

    async fn code(&self, address: Address) -> Result<Bytes, L1Error> {
        let code = self.provider.get_code_at(address).await;
        code.map_err(|e| rpc("reading a contract's code", e))
    }
}

/// What the chain says of a transaction.
enum Look {
    Mined(Box<TransactionReceipt>),
    /// Nothing yet.
    Absent,
    /// Another transaction has its nonce.
    Replaced,
}

impl Sent {
    fn transaction(&self) -> B256 {
        self.transactions.last().copied().unwrap_or_default()
    }
}
