//! The ledger executed as the operator would: signatures verified together, transactions executed one by one until
//! a batch is full, each batch executed a second time from its words.
//!
//! ```text
//! rows -> wallets: plan, sign | verify -> execute, fill -> seal: witness, replay -> caller (cost, proof)
//! ```
//!
//! What is not here is what needs L1 or clients: the intake, the store, and the time that blocks wait for each other.
//! Batches are sealed when they are full, and at the end.

use cairn_primitives::schnorr::SecretKey;
use cairn_prover::measure::Stopwatch;
use cairn_state::{
    BatchBuilder, BatchWitness, Environment, State, Verified, apply, apply_verified,
};
use cairn_types::{
    Digest, FIRST_USER_ID, Operation, PriorityOperation, PublicKey, TokenId, domain,
};
use indicatif::ProgressBar;

use super::{
    error::ShadowError,
    figures::{Accepted, Taken, Times},
    ledger::{Ledger, Name, Row, TokenIndex},
    openings::{Fees, Openings, Token, quanta},
    refusal::{Reason, Refused},
    wallets::{Unsigned, Wallets},
};
use crate::sequencer::fill::{Fill, Limits, priority_words};

/// Rows that are planned, signed and verified together. What comes from outside is deposited before the other rows of
/// its portion, as L1's operations are before all others of a batch: early, by so many rows at the most.
const PORTION: usize = 49_152;

/// How the ledger is played.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Of no rollup, and the time of the run.
    pub environment: Environment,
    /// What a batch may hold.
    pub limits: Limits,
    /// What transactions pay.
    pub fees: Fees,
}

impl Setting {
    /// Batches within these limits, made at this second.
    #[must_use]
    pub fn new(timestamp: u32, limits: Limits, fees: Fees) -> Self {
        let domain = domain(0, &[0; 20]);
        Self { environment: Environment { domain, timestamp }, limits, fees }
    }
}

/// A batch that is executed.
#[derive(Debug)]
pub struct Sealed {
    /// From 1 on.
    pub number: u32,
    /// What happened in it.
    pub witness: BatchWitness,
    /// Transfers of the ledger that it has, of all kinds.
    pub transfers: u32,
}

/// The run under way.
#[derive(Debug)]
pub struct Player<'a> {
    ledger: &'a Ledger,
    tokens: &'a [Token],
    setting: Setting,
    wallets: Wallets,
    state: State,
    open: Open,
    sealed: u32,
    /// What sealing took, with what the caller does with a batch.
    sealing: Taken,
    /// What became of the transfers.
    pub accepted: Accepted,
    /// Those that are not among them, in order.
    pub refused: Vec<Refused>,
    /// What it took.
    pub times: Times,
}

/// The batch that is filled.
#[derive(Debug)]
struct Open {
    before: State,
    fill: Fill,
    operations: Vec<Operation>,
}

impl Open {
    fn on(state: &State) -> Self {
        Self { before: state.clone(), fill: Fill::default(), operations: Vec::new() }
    }
}

impl<'a> Player<'a> {
    /// Registers the tokens and gives the accounts what they start with: a first state, and no batch.
    ///
    /// # Errors
    /// The state refuses that.
    pub fn new(
        ledger: &'a Ledger,
        tokens: &'a [Token],
        openings: &Openings,
        setting: Setting,
    ) -> Result<Self, ShadowError> {
        let watch = Stopwatch::start();
        let mut state = State::genesis();
        let mut wallets = Wallets::new(ledger);
        for (index, token) in tokens.iter().enumerate() {
            let operation = PriorityOperation::RegisterToken {
                // A ledger has no more tokens than a rollup.
                token: index as TokenId,
                quantum_exponent: token.exponent,
                key: fee_key(index),
            };
            apply(&mut state, &Operation::Priority(operation), &setting.environment)
                .map_err(ShadowError::Genesis)?;
        }
        for (&owner, &balance) in &openings.balances {
            match wallets.deposit(&mut state, &setting, owner, balance) {
                Ok(_) => {}
                Err(Reason::Rule(refusal)) => return Err(ShadowError::Genesis(refusal)),
                Err(reason) => {
                    return Err(ShadowError::Differs { batch: 0, reason: reason.to_string() });
                }
            }
        }
        state.summary();
        let mut times = Times::default();
        times.wallets.add(&watch);
        let open = Open::on(&state);
        let (accepted, refused) = (Accepted::default(), Vec::new());
        let (sealed, sealing) = (0, Taken::default());
        Ok(Self {
            ledger,
            tokens,
            setting,
            wallets,
            state,
            open,
            sealed,
            sealing,
            accepted,
            refused,
            times,
        })
    }

    /// Plays the whole ledger; `sealed` takes each batch.
    ///
    /// # Errors
    /// A batch whose second execution differs, and those of `sealed`.
    pub fn play(
        &mut self,
        bar: &ProgressBar,
        mut sealed: impl FnMut(Sealed) -> Result<(), ShadowError>,
    ) -> Result<(), ShadowError> {
        let rows = &self.ledger.rows;
        for (portion, first) in rows.chunks(PORTION).zip((0..).step_by(PORTION)) {
            self.portion(portion, first, &mut sealed)?;
            bar.inc(portion.len() as u64);
        }
        self.seal(&mut sealed)
    }

    /// The state commitment after all that was played.
    pub fn state(&mut self) -> Digest {
        self.state.summary().commitment()
    }

    /// Leaves of users.
    #[must_use]
    pub fn accounts(&self) -> u64 {
        self.state.next_id().saturating_sub(FIRST_USER_ID)
    }

    fn portion(
        &mut self,
        rows: &[Row],
        first: usize,
        sealed: &mut impl FnMut(Sealed) -> Result<(), ShadowError>,
    ) -> Result<(), ShadowError> {
        let watch = Stopwatch::start();
        let mut refused = Vec::new();
        let mut ahead = self.state.clone();
        let deposits = self.plan_deposits(&mut ahead, rows, first, &mut refused);
        let unsigned = self.plan_payments(&mut ahead, rows, first, &mut refused);
        drop(ahead);
        refused.sort_by_key(|refused| refused.row);
        self.refused.append(&mut refused);
        let signed = self.wallets.sign(&unsigned);
        self.times.wallets.add(&watch);

        let watch = Stopwatch::start();
        let verified = Verified::check_many(&signed);
        self.times.verify.add(&watch);

        let (watch, before) = (Stopwatch::start(), self.sealing);
        // The deposits of a batch come first.
        if !deposits.is_empty() && self.open.fill.data_words() > 0 {
            self.seal(sealed)?;
        }
        for operation in deposits {
            self.deposit(operation, sealed)?;
        }
        for verified in verified {
            let verified = verified.ok_or_else(|| self.differs("a signature does not hold"))?;
            self.transaction(&verified, sealed)?;
        }
        self.times.execute.add(&watch);
        // Batches were sealed on the way, and proven perhaps.
        self.times.execute.subtract(before, self.sealing);
        Ok(())
    }

    fn plan_deposits(
        &mut self,
        ahead: &mut State,
        rows: &[Row],
        first: usize,
        refused: &mut Vec<Refused>,
    ) -> Vec<PriorityOperation> {
        let mut deposits = Vec::new();
        for (row, index) in rows.iter().zip(first..).filter(|(row, _)| row.is_made()) {
            match self.plan_deposit(ahead, row) {
                Ok(operation) => {
                    self.accepted.count(row, false);
                    deposits.push(operation);
                }
                Err(reason) => refused.push(Refused { row: index, reason }),
            }
        }
        deposits
    }

    fn plan_deposit(&mut self, ahead: &mut State, row: &Row) -> Result<PriorityOperation, Reason> {
        let payee: Name = row.to.ok_or(Reason::Nobody)?;
        let amount = quanta(self.ledger, &self.token(row.token)?, row)?;
        self.wallets.deposit(ahead, &self.setting, (row.token, payee), amount)
    }

    fn plan_payments(
        &mut self,
        ahead: &mut State,
        rows: &[Row],
        first: usize,
        refused: &mut Vec<Refused>,
    ) -> Vec<Unsigned> {
        let mut unsigned = Vec::with_capacity(rows.len());
        for (row, index) in rows.iter().zip(first..).filter(|(row, _)| !row.is_made()) {
            let accounts = ahead.next_id();
            let planned = self
                .token(row.token)
                .and_then(|token| self.wallets.pay(ahead, &self.setting, self.ledger, row, &token));
            match planned {
                Ok(payment) => {
                    self.accepted.count(row, ahead.next_id() > accounts);
                    unsigned.push(payment);
                }
                Err(reason) => refused.push(Refused { row: index, reason }),
            }
        }
        unsigned
    }

    fn token(&self, token: TokenIndex) -> Result<Token, Reason> {
        self.tokens.get(token as usize).copied().ok_or(Reason::NoAccount)
    }

    fn deposit(
        &mut self,
        operation: PriorityOperation,
        sealed: &mut impl FnMut(Sealed) -> Result<(), ShadowError>,
    ) -> Result<(), ShadowError> {
        if !self.open.fill.takes_priority(priority_words(&operation), &self.setting.limits) {
            self.seal(sealed)?;
        }
        let operation = Operation::Priority(operation);
        let effects = apply(&mut self.state, &operation, &self.setting.environment)
            .map_err(|refusal| self.differs(&refusal.to_string()))?;
        self.open.fill.add(&operation, &effects);
        self.open.operations.push(operation);
        Ok(())
    }

    fn transaction(
        &mut self,
        verified: &Verified,
        sealed: &mut impl FnMut(Sealed) -> Result<(), ShadowError>,
    ) -> Result<(), ShadowError> {
        let signed = *verified.signed();
        if self.open.fill.refuses(&signed.transaction, &self.setting.limits).is_some() {
            self.seal(sealed)?;
        }
        let effects = apply_verified(&mut self.state, verified, &self.setting.environment)
            .map_err(|refusal| self.differs(&refusal.to_string()))?;
        let operation = Operation::Signed(signed);
        self.open.fill.add(&operation, &effects);
        self.open.operations.push(operation);
        Ok(())
    }

    /// Ends the open batch, if it has anything: as the operator's sealer, its witness must give the sequencer's state,
    /// and so must its words alone.
    fn seal(
        &mut self,
        sealed: &mut impl FnMut(Sealed) -> Result<(), ShadowError>,
    ) -> Result<(), ShadowError> {
        if self.open.operations.is_empty() {
            return Ok(());
        }
        let watch = Stopwatch::start();
        let Setting { environment, .. } = self.setting;
        let expected = self.state.summary();
        let Open { mut before, operations, .. } =
            std::mem::replace(&mut self.open, Open::on(&self.state));
        let mut builder = BatchBuilder::new(before.clone(), environment);
        for operation in &operations {
            builder.push(*operation).map_err(|refusal| self.differs(&refusal.to_string()))?;
        }
        let (_, witness) = builder.finish();
        if witness.after.state != expected {
            return Err(self.differs("its operations lead to another state"));
        }
        before
            .replay(&environment.domain, &witness.priority, &witness.data)
            .map_err(|error| self.differs(&error.to_string()))?;
        if before.summary() != expected {
            return Err(self.differs("its words lead to another state"));
        }
        self.times.seal.add(&watch);
        self.sealed += 1;
        let transfers = u32::try_from(operations.len()).unwrap_or(u32::MAX);
        let taken = sealed(Sealed { number: self.sealed, witness, transfers });
        self.sealing.add(&watch);
        taken
    }

    fn differs(&self, reason: &str) -> ShadowError {
        ShadowError::Differs { batch: self.sealed + 1, reason: reason.to_owned() }
    }
}

fn fee_key(token: usize) -> PublicKey {
    SecretKey::from_seed(format!("cairn shadow fees of token {token}").as_bytes()).public().into()
}
