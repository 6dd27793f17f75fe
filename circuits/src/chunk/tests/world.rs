//! A prover without scruples: executes any operation on a tree of its own, as the formulas of the
//! circuit have it but without a check, and gives the witness that goes with it.

use super::tree::{BALANCE, Leaf, NONCE, TOKEN, Tree};
use crate::config::F;
use crate::operation::{AccessValues, Kind, OperandValues, SlotValues};
use cairn_primitives::{Tag, hash, schnorr::SecretKey};
use cairn_state::{Running, StateSummary};
use cairn_types::{ChunkEnvironment, Digest, PublicKey, Signature, Streams, Word, word_tag};
use plonky2::field::types::{Field, PrimeField64};

/// Registered tokens: 0 and 1; their fee leaves are paid by and pay like any other.
pub(super) const TOKENS: u32 = 2;
pub(super) const ALICE: u32 = 1 << 16;
pub(super) const BOB: u32 = ALICE + 1;
/// Has token 1.
pub(super) const CAROL: u32 = ALICE + 2;
pub(super) const NEXT_ID: u32 = ALICE + 3;
/// Of every account at the start.
pub(super) const FUNDS: u64 = 1_000_000_007;
pub(super) const FIRST_NONCE: u64 = 7;
pub(super) const TIMESTAMP: u32 = 1_700_000_000;

/// Everything before a chunk.
pub(super) struct World {
    pub(super) tree: Tree,
    pub(super) next_id: u64,
    pub(super) next_token: u32,
    pub(super) streams: Streams,
    pub(super) domain: Word,
}

pub(super) fn element(value: u64) -> F {
    F::from_canonical_u64(value)
}

/// The key that owns a leaf at the start.
pub(super) fn secret(id: u32) -> SecretKey {
    SecretKey::from_seed(&id.to_le_bytes())
}

pub(super) fn key(id: u32) -> [F; 5] {
    PublicKey::from(secret(id).public()).elements().map(element)
}

pub(super) fn account(id: u32, token: u64) -> Leaf {
    let [k0, k1, k2, k3, k4] = key(id);
    [k0, k1, k2, k3, k4, element(token), element(FIRST_NONCE), element(FUNDS)]
}

impl World {
    pub(super) fn new() -> Self {
        let mut tree = Tree::new();
        for (id, token) in [(0, 0), (1, 1), (ALICE, 0), (BOB, 0), (CAROL, 1)] {
            tree.set(id, account(id, token));
        }
        Self {
            tree,
            next_id: NEXT_ID.into(),
            next_token: TOKENS,
            streams: Streams::default(),
            domain: Word::new([0xd0; 31]),
        }
    }

    pub(super) fn environment(&self) -> ChunkEnvironment {
        ChunkEnvironment {
            domain: self.domain,
            timestamp: TIMESTAMP,
            circuit_set_root: Digest::new([1, 2, 3, 4]).unwrap(),
        }
    }

    pub(super) fn running(&self) -> Running {
        let state = StateSummary {
            root: self.tree.root().into(),
            next_id: self.next_id,
            next_token: self.next_token,
        };
        Running { state, streams: self.streams }
    }

    /// Changes a leaf.
    pub(super) fn edit(&mut self, id: u32, change: impl FnOnce(&mut Leaf)) {
        let mut leaf = self.tree.get(id);
        change(&mut leaf);
        self.tree.set(id, leaf);
    }

    /// Signs an operation with the key that its payer had at the start, for the payer's present nonce.
    pub(super) fn sign(&self, operand: &OperandValues) -> Signature {
        let payer = operand.payer.to_canonical_u64() as u32;
        let nonce = self.tree.get(payer)[NONCE];
        sign(operand, self.domain, nonce, &secret(payer))
    }

    /// Executes an operation, signed if it needs to be.
    pub(super) fn execute(&mut self, operand: OperandValues) -> SlotValues {
        let signature = match operand.kind {
            Kind::RegisterToken | Kind::Deposit | Kind::Noop => Signature::default(),
            _ => self.sign(&operand),
        };
        self.execute_with(operand, signature)
    }

    /// Executes an operation with any signature.
    pub(super) fn execute_with(
        &mut self,
        operand: OperandValues,
        signature: Signature,
    ) -> SlotValues {
        let OperandValues { kind, payer, payee, token, amount, fee, target, .. } = operand;
        let priority = matches!(kind, Kind::RegisterToken | Kind::Deposit);
        let signed = !priority && kind != Kind::Noop;
        let mut slot = SlotValues { operand, signature, ..SlotValues::default() };

        if signed || kind == Kind::Deposit {
            slot.payer = self.access(payer, |leaf| {
                if signed {
                    leaf[BALANCE] = leaf[BALANCE] - amount - fee;
                    leaf[NONCE] += F::ONE;
                }
                if kind == Kind::ChangeKey {
                    leaf[..5].copy_from_slice(&target);
                }
            });
        }
        let named = &slot.payer.before;
        let found = named[..5] == target && named[TOKEN] == token;
        let next = kind == Kind::TransferToNew || (kind == Kind::Deposit && !found);
        if !matches!(kind, Kind::Noop | Kind::Withdraw | Kind::ChangeKey) {
            slot.payee = self.access(payee, |leaf| {
                if next || kind == Kind::RegisterToken {
                    leaf.iter_mut().zip(target).for_each(|(element, key)| *element += key);
                    leaf[TOKEN] += token;
                }
                leaf[BALANCE] += amount;
            });
        }
        if signed {
            slot.fee = self.access(token, |leaf| leaf[BALANCE] += fee);
        }
        self.next_id += u64::from(next);
        self.next_token += u32::from(kind == Kind::RegisterToken);
        slot
    }

    fn access(&mut self, id: F, change: impl FnOnce(&mut Leaf)) -> AccessValues {
        let id = id.to_canonical_u64() as u32;
        let access = AccessValues { before: self.tree.get(id), siblings: self.tree.siblings(id) };
        self.edit(id, change);
        access
    }
}

/// Signs an operation, whatever it is.
pub(super) fn sign(
    operand: &OperandValues,
    domain: Word,
    nonce: F,
    secret: &SecretKey,
) -> Signature {
    let (tag, to) = match operand.kind {
        Kind::TransferToNew => (word_tag::TRANSFER_TO_NEW, F::ZERO),
        Kind::Withdraw => (word_tag::WITHDRAW, F::ZERO),
        Kind::ChangeKey => (word_tag::CHANGE_KEY, F::ZERO),
        _ => (word_tag::TRANSFER, operand.payee),
    };
    let mut message = domain.limbs().map(element).to_vec();
    message.extend([
        element(tag.into()),
        operand.payer,
        nonce,
        operand.token,
        operand.amount,
        operand.fee,
        operand.expiry,
        to,
    ]);
    message.extend(operand.target);
    let message: Vec<_> = message.into_iter().map(cairn_gadgets::field::from_plonky2).collect();
    secret.sign(&hash(Tag::SignedOperation, &message)).into()
}
