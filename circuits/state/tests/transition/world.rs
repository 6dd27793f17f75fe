//! A small rollup to test with: two tokens, and users with known keys.

use cairn_primitives::schnorr::SecretKey;
use cairn_state::{BatchBuilder, Effects, Environment, Refusal, State, apply, sign};
use cairn_types::{
    Account, AccountId, Authorization, ForcedTransaction, Operation, PriorityOperation, PublicKey,
    SignedTransaction, TokenId, Transaction, Word,
};

pub(crate) const ENVIRONMENT: Environment =
    Environment { domain: Word::new([0xdd; 31]), timestamp: 1_700_000_000 };

/// Leaf ids of [`World::new`].
pub(crate) const ALICE: AccountId = 1 << 16;
pub(crate) const BOB: AccountId = ALICE + 1;
/// Bob's leaf of token 1.
pub(crate) const BOB_1: AccountId = ALICE + 2;

/// Secret keys by number; the fee accounts have [`OPERATOR`].
pub(crate) const OPERATOR: u8 = 0;
pub(crate) const ALICE_KEY: u8 = 1;
pub(crate) const BOB_KEY: u8 = 2;

pub(crate) fn secret(n: u8) -> SecretKey {
    SecretKey::from_seed(&[n; 32])
}

pub(crate) fn key(n: u8) -> PublicKey {
    secret(n).public().into()
}

pub(crate) fn register(token: TokenId) -> PriorityOperation {
    PriorityOperation::RegisterToken { token, quantum_exponent: 10, key: key(OPERATOR) }
}

pub(crate) fn deposit(leaf: AccountId, token: TokenId, amount: u64, n: u8) -> PriorityOperation {
    PriorityOperation::Deposit { leaf, token, amount, key: key(n) }
}

/// Queued in the second of the batch.
pub(crate) fn forced(signed: &SignedTransaction) -> PriorityOperation {
    PriorityOperation::Forced(ForcedTransaction::new(signed, ENVIRONMENT.timestamp))
}

/// Tokens 0 and 1; Alice has 1,000 of token 0, Bob 500 of each.
pub(crate) fn genesis_operations() -> Vec<Operation> {
    let operations = [
        register(0),
        register(1),
        deposit(0, 0, 1_000, ALICE_KEY),
        deposit(0, 0, 500, BOB_KEY),
        deposit(0, 1, 500, BOB_KEY),
    ];
    operations.map(Operation::Priority).to_vec()
}

/// The state after [`genesis_operations`].
pub(crate) fn world() -> State {
    let mut state = State::genesis();
    for operation in genesis_operations() {
        apply(&mut state, &operation, &ENVIRONMENT).unwrap();
    }
    state
}

/// What an honest signer states.
pub(crate) fn authorization(state: &State, transaction: &Transaction) -> Authorization {
    let payer = state.account(transaction.from());
    let recipient = match *transaction {
        Transaction::Transfer { to, .. } => state.account(to).key,
        _ => PublicKey::ZERO,
    };
    let (token, nonce) = (payer.token, payer.nonce);
    Authorization { domain: ENVIRONMENT.domain, token, nonce, expiry: 0, recipient }
}

pub(crate) fn signed(state: &State, transaction: Transaction, n: u8) -> SignedTransaction {
    sign(&secret(n), transaction, authorization(state, &transaction))
}

pub(crate) fn apply_signed(
    state: &mut State,
    transaction: Transaction,
    n: u8,
) -> Result<Effects, Refusal> {
    let operation = Operation::Signed(signed(state, transaction, n));
    apply(state, &operation, &ENVIRONMENT)
}

pub(crate) fn push_signed(
    batch: &mut BatchBuilder,
    transaction: Transaction,
    n: u8,
) -> Result<Effects, Refusal> {
    let operation = Operation::Signed(signed(batch.state(), transaction, n));
    batch.push(operation)
}

pub(crate) fn balance(state: &State, id: AccountId) -> u64 {
    state.account(id).balance
}

/// Every leaf that may exist, in order of ids.
pub(crate) fn leaves(state: &State) -> Vec<(AccountId, Account)> {
    (0..state.next_token())
        .chain(1 << 16..state.next_id() as u32)
        .map(|id| (id, state.account(id)))
        .collect()
}
