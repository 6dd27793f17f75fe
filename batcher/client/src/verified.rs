//! Accounts as L1 has proven them, whatever the operator says.

use std::time::Duration;

use cairn_types::{Account, AccountId};
use thiserror::Error;

use crate::{
    Client, ClientError, ProofError,
    api::{methods, wire::ById},
    check_proof,
    l1::{Proven, Rollup, error::L1Error},
};

/// How often a proof is asked for: the operator and the node may stand at different batches for some seconds.
const ATTEMPTS: u32 = 6;
/// The pause between two of them.
const PAUSE: Duration = Duration::from_secs(2);

/// Why an account is not known to be as stated.
#[derive(Debug, Error)]
pub enum VerifyError {
    /// The operator gives no proof.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// L1 cannot be read.
    #[error(transparent)]
    L1(#[from] L1Error),
    /// The operator's proof does not hold.
    #[error("the operator's proof of account {id} does not hold: {source}")]
    Proof {
        /// The account.
        id: AccountId,
        /// Why not.
        source: ProofError,
    },
}

/// An account in the last state that L1 has proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// The account; one with a zero key where there is none.
    pub account: Account,
    /// What L1 had proven.
    pub proven: Proven,
}

impl Client {
    /// An account as it is in the state that L1 has proven: the operator's proof, held against L1.
    ///
    /// Trust: the rollup's address and its node are the caller's own choice. What was executed since the proven batch
    /// is not in this state.
    ///
    /// # Errors
    /// The operator gives no proof that holds, or L1 cannot be read. A proof of another state is asked for again: the
    /// two may stand at different batches for some seconds.
    pub async fn verified_account(
        &self,
        l1: &Rollup,
        id: AccountId,
    ) -> Result<Verified, VerifyError> {
        let mut attempt = 1;
        loop {
            let proof = self.ask::<methods::Proof>(&ById { id }).await?;
            let proven = l1.proven().await?;
            match check_proof(&proof, id, proven.state.into()) {
                Ok(account) => return Ok(Verified { account, proven }),
                Err(ProofError::State { .. }) if attempt < ATTEMPTS => {
                    attempt += 1;
                    tokio::time::sleep(PAUSE).await;
                }
                Err(source) => return Err(VerifyError::Proof { id, source }),
            }
        }
    }
}
