//! The reference transition function: what each operation does to the state.

use cairn_primitives::schnorr::{SecretKey, verify};
use cairn_primitives::{Digest, F, Tag, hash};
use cairn_types::{
    AMOUNT_BITS, Account, AccountId, Authorization, BALANCE_BITS, ForcedTransaction, Operation,
    PriorityOperation, PublicKey, SignedTransaction, TokenId, Transaction, Withdrawal, Word,
};

use crate::{Environment, Fault, Refusal, State};

/// A read, or read and write, of a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeafChange {
    /// Which leaf.
    pub id: AccountId,
    /// Before, after the earlier changes of the same operation.
    pub before: Account,
    /// After; equal to `before` for a read.
    pub after: Account,
}

/// What an operation does to the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effects {
    /// The leaves A, B and C of `docs/spec.md`, section 4, in order of execution.
    pub leaves: [Option<LeafChange>; 3],
    /// Afterwards.
    pub next_id: u64,
    /// Afterwards.
    pub next_token: u32,
    /// For the withdrawal stream.
    pub withdrawal: Option<Withdrawal>,
    /// Why a forced transaction changes nothing; `None` if it does, and for all other operations.
    pub fault: Option<Fault>,
}

/// Executes `operation`, or refuses it and leaves the state as it was.
///
/// # Errors
/// The first reason found; the signature is judged last.
pub fn apply(
    state: &mut State,
    operation: &Operation,
    environment: &Environment,
) -> Result<Effects, Refusal> {
    let effects = effects(state, operation, environment)?;
    state.commit(&effects);
    Ok(effects)
}

/// What [`apply`] would do.
///
/// # Errors
/// As [`apply`].
pub fn effects(
    state: &State,
    operation: &Operation,
    environment: &Environment,
) -> Result<Effects, Refusal> {
    match operation {
        Operation::Priority(operation) => priority_effects(state, operation, &environment.domain),
        Operation::Signed(signed) => {
            let message = || message_digest(&signed.transaction, &signed.authorization);
            let holds =
                |key: &PublicKey| verify(&(*key).into(), &message(), &signed.signature.into());
            signed_effects(state, signed, environment, holds)
        }
    }
}

/// What a signed transaction does; `holds` judges its signature under the key of the payer's leaf.
///
/// # Errors
/// The first reason found; the signature is judged last.
pub(crate) fn signed_effects(
    state: &State,
    signed: &SignedTransaction,
    environment: &Environment,
    holds: impl FnOnce(&PublicKey) -> bool,
) -> Result<Effects, Refusal> {
    let effects = transaction_effects(state, &signed.transaction)?;
    authorize(signed, &effects, environment, holds)?;
    Ok(effects)
}

/// What a priority operation does; L1 has authorized it, or has left the judgement to [`forced_effects`].
///
/// # Errors
/// All but those of authorization. None for a forced transaction that L1 accepts.
pub(crate) fn priority_effects(
    state: &State,
    operation: &PriorityOperation,
    domain: &Word,
) -> Result<Effects, Refusal> {
    operation.words()?; // refuses what the stream cannot hold: a zero key, a large amount
    let mut step = Step::new(state);
    match *operation {
        PriorityOperation::Forced(forced) => return Ok(forced_effects(state, &forced, domain)),
        PriorityOperation::RegisterToken { token, key, .. } => {
            if u32::from(token) != state.next_token {
                return Err(Refusal::NextToken { expected: state.next_token, got: token });
            }
            step.create(B, token.into(), key, token, 0)?;
            step.effects.next_token += 1;
        }
        PriorityOperation::Deposit { leaf, token, amount, key } => {
            if u32::from(token) >= state.next_token {
                return Err(Refusal::UnknownToken { expected: state.next_token, got: token });
            }
            let named = step.get(leaf);
            step.change(B, leaf, named);
            if (named.key, named.token) == (key, token) {
                step.credit(C, leaf, amount)?;
            } else {
                step.create_next(C, key, token, amount)?;
            }
        }
    }
    Ok(step.effects)
}

/// What a forced transaction does: what the transaction would do in a batch of the second in which L1 accepted
/// it, or nothing. Then it reads the leaf that shows why, if there is one.
fn forced_effects(state: &State, forced: &ForcedTransaction, domain: &Word) -> Effects {
    let signed = forced.signed(*domain);
    let environment = Environment { domain: *domain, timestamp: forced.enqueued };
    effects(state, &Operation::Signed(signed), &environment).unwrap_or_else(|refusal| {
        let fault = Fault::new(state, &signed, &refusal);
        let mut step = Step::new(state);
        let id = match (fault, signed.transaction) {
            (Fault::Payee, Transaction::Transfer { to, .. }) => to,
            (_, transaction) => transaction.from(),
        };
        step.change(A, id, step.get(id));
        step.effects.fault = Some(fault);
        step.effects
    })
}

/// What a transaction does if its signer has authorized it. Alone it is what rebuilds the state from
/// data that L1 has accepted.
///
/// # Errors
/// All but those of authorization.
pub(crate) fn transaction_effects(
    state: &State,
    transaction: &Transaction,
) -> Result<Effects, Refusal> {
    let (from, amount, fee) = (transaction.from(), transaction.amount(), transaction.fee());
    if amount >> AMOUNT_BITS != 0 {
        return Err(Refusal::AmountRange { got: amount });
    }
    if fee >> AMOUNT_BITS != 0 {
        return Err(Refusal::FeeRange { got: fee });
    }
    let mut step = Step::new(state);
    let token = step.debit(from, amount + fee)?;
    match *transaction {
        Transaction::Transfer { to, .. } => {
            let payee = step.existing(to)?;
            if payee.token != token {
                return Err(Refusal::Token { expected: token, got: payee.token });
            }
            step.credit(B, to, amount)?;
        }
        Transaction::TransferToNew { key, .. } => step.create_next(B, key, token, amount)?,
        Transaction::Withdraw { recipient, .. } => {
            step.effects.withdrawal = Some(Withdrawal { token, recipient, amount });
        }
        Transaction::ChangeKey { key, .. } => step.change_key(key)?,
    }
    step.credit(C, token.into(), fee)?;
    Ok(step.effects)
}

/// Judges what the signer states against the state, then the signature.
fn authorize(
    signed: &SignedTransaction,
    effects: &Effects,
    environment: &Environment,
    holds: impl FnOnce(&PublicKey) -> bool,
) -> Result<(), Refusal> {
    let SignedTransaction { transaction, authorization, signature: _ } = signed;
    let [Some(LeafChange { before: payer, .. }), payee, _] = &effects.leaves else {
        unreachable!("every transaction has a payer")
    };
    if authorization.domain != environment.domain {
        let (expected, got) = (environment.domain, authorization.domain);
        return Err(Refusal::Domain { expected, got });
    }
    let (expiry, timestamp) = (authorization.expiry, environment.timestamp);
    if expiry != 0 && expiry < timestamp {
        return Err(Refusal::Expired { expiry, timestamp });
    }
    if authorization.token != payer.token {
        return Err(Refusal::Token { expected: payer.token, got: authorization.token });
    }
    if authorization.nonce != payer.nonce {
        return Err(Refusal::Nonce { expected: payer.nonce, got: authorization.nonce });
    }
    let recipient = match (transaction, payee) {
        (Transaction::Transfer { .. }, Some(payee)) => payee.before.key,
        _ => PublicKey::ZERO,
    };
    if authorization.recipient != recipient {
        let (expected, got) = (recipient, authorization.recipient);
        return Err(Refusal::RecipientKey { expected, got });
    }
    if holds(&payer.key) { Ok(()) } else { Err(Refusal::Signature) }
}

/// What the payer signs: the tagged hash of the transaction's message.
pub fn message_digest(transaction: &Transaction, authorization: &Authorization) -> Digest {
    hash(Tag::SignedOperation, &transaction.message(authorization).map(F::new))
}

/// Signs a transaction. Whether the state takes it, [`apply`] says.
pub fn sign(
    key: &SecretKey,
    transaction: Transaction,
    authorization: Authorization,
) -> SignedTransaction {
    let signature = key.sign(&message_digest(&transaction, &authorization)).into();
    SignedTransaction { transaction, authorization, signature }
}

/// Positions in [`Effects::leaves`].
const A: usize = 0;
const B: usize = 1;
const C: usize = 2;

/// An operation under way: reads see the changes before them, the state itself is not touched.
struct Step<'a> {
    state: &'a State,
    effects: Effects,
}

impl<'a> Step<'a> {
    fn new(state: &'a State) -> Self {
        let (next_id, next_token) = (state.next_id, state.next_token);
        Self {
            state,
            effects: Effects {
                leaves: [None; 3],
                next_id,
                next_token,
                withdrawal: None,
                fault: None,
            },
        }
    }

    fn get(&self, id: AccountId) -> Account {
        let changes = self.effects.leaves.iter().rev().flatten();
        changes
            .filter(|change| change.id == id)
            .map(|change| change.after)
            .next()
            .unwrap_or_else(|| self.state.account(id))
    }

    fn existing(&self, id: AccountId) -> Result<Account, Refusal> {
        let account = self.get(id);
        if account.is_empty() { Err(Refusal::UnknownAccount { id }) } else { Ok(account) }
    }

    fn change(&mut self, slot: usize, id: AccountId, after: Account) {
        let before = self.get(id);
        self.effects.leaves[slot] = Some(LeafChange { id, before, after });
    }

    /// Takes `total` from the payer, counts its nonce and gives its token.
    fn debit(&mut self, id: AccountId, total: u64) -> Result<TokenId, Refusal> {
        let payer = self.existing(id)?;
        let nonce = payer.nonce.checked_add(1).ok_or(Refusal::NonceExhausted { id })?;
        let balance = payer.balance.checked_sub(total);
        let balance = balance.ok_or(Refusal::Balance { expected: total, got: payer.balance })?;
        self.change(A, id, Account { nonce, balance, ..payer });
        Ok(payer.token)
    }

    /// Hands the payer's leaf over.
    fn change_key(&mut self, key: PublicKey) -> Result<(), Refusal> {
        if key.is_zero() {
            return Err(Refusal::ZeroKey);
        }
        if let Some(payer) = &mut self.effects.leaves[A] {
            payer.after.key = key;
        }
        Ok(())
    }

    fn credit(&mut self, slot: usize, id: AccountId, amount: u64) -> Result<(), Refusal> {
        let payee = self.existing(id)?;
        let balance = payee.balance + amount; // < 2^63 + 2^62
        if balance >> BALANCE_BITS != 0 {
            return Err(Refusal::BalanceRange { id, got: balance });
        }
        self.change(slot, id, Account { balance, ..payee });
        Ok(())
    }

    fn create(
        &mut self,
        slot: usize,
        id: AccountId,
        key: PublicKey,
        token: TokenId,
        balance: u64,
    ) -> Result<(), Refusal> {
        if key.is_zero() {
            return Err(Refusal::ZeroKey);
        }
        if !self.get(id).is_empty() {
            return Err(Refusal::Occupied { id });
        }
        self.change(slot, id, Account { key, token, nonce: 0, balance });
        Ok(())
    }

    fn create_next(
        &mut self,
        slot: usize,
        key: PublicKey,
        token: TokenId,
        balance: u64,
    ) -> Result<(), Refusal> {
        let next_id = self.effects.next_id;
        let id = next_id.try_into().map_err(|_| Refusal::IdsExhausted { next_id })?;
        self.create(slot, id, key, token, balance)?;
        self.effects.next_id += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    //! Refusals that need a state which no short list of operations reaches.

    use super::*;

    fn key() -> PublicKey {
        PublicKey::new([1, 2, 3, 4, 5]).expect("canonical")
    }

    /// Names an empty leaf, so that it creates one.
    fn deposit() -> PriorityOperation {
        PriorityOperation::Deposit { leaf: 1, token: 0, amount: 9, key: key() }
    }

    fn state() -> State {
        let mut state = State::genesis();
        let register =
            PriorityOperation::RegisterToken { token: 0, quantum_exponent: 0, key: key() };
        for operation in [register, deposit()] {
            let effects = priority_effects(&state, &operation, &Word::default()).expect("accepted");
            state.commit(&effects);
        }
        state
    }

    #[test]
    fn ids_run_out() {
        let mut state = state();
        state.next_id = u32::MAX.into();
        let effects = priority_effects(&state, &deposit(), &Word::default()).expect("the last id");
        state.commit(&effects);
        assert_eq!(state.next_id, 1 << 32);
        let refused = Err(Refusal::IdsExhausted { next_id: 1 << 32 });
        assert_eq!(priority_effects(&state, &deposit(), &Word::default()), refused);
        let to_new = Transaction::TransferToNew { from: 0, key: key(), amount: 0, fee: 0 };
        assert_eq!(transaction_effects(&state, &to_new), refused);
    }

    #[test]
    fn new_leaves_must_be_empty() {
        let mut state = state();
        state.next_id -= 1;
        let id = 1 << 16;
        assert_eq!(
            priority_effects(&state, &deposit(), &Word::default()),
            Err(Refusal::Occupied { id })
        );
        state.next_token = 0;
        let again = PriorityOperation::RegisterToken { token: 0, quantum_exponent: 0, key: key() };
        assert_eq!(
            priority_effects(&state, &again, &Word::default()),
            Err(Refusal::Occupied { id: 0 })
        );
    }

    #[test]
    fn nonces_run_out() {
        let mut state = state();
        let id = 1 << 16;
        let change = LeafChange {
            id,
            before: state.account(id),
            after: Account { nonce: u32::MAX - 1, ..state.account(id) },
        };
        let numbers = Step::new(&state).effects;
        state.commit(&Effects { leaves: [Some(change), None, None], ..numbers });
        let pay = Transaction::Transfer { from: id, to: id, amount: 0, fee: 0 };
        let effects = transaction_effects(&state, &pay).expect("the last nonce");
        state.commit(&effects);
        assert_eq!(transaction_effects(&state, &pay), Err(Refusal::NonceExhausted { id }));
    }
}
