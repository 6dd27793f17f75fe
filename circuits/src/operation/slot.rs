//! One slot: an operation of any kind, or nothing.

use super::{
    Builder,
    arithmetic::assert_zero_if,
    leaf::AccessTarget,
    message::signed_digest,
    operand::OperandTarget,
    payee::pay,
    payer::{PayerTarget, assert_not_expired, collect_fee},
    running::{RunningTarget, StateTarget},
    word,
};
use crate::statement::ChunkEnvironmentTarget;
use cairn_gadgets::schnorr::{SignatureTarget, verify_signature};

/// The witness of a slot.
#[derive(Debug, Clone)]
pub(crate) struct SlotTarget {
    /// The operation.
    pub(crate) operand: OperandTarget,
    /// Access A.
    pub(crate) payer: PayerTarget,
    /// Access B.
    pub(crate) payee: AccessTarget,
    /// Access C.
    pub(crate) fee: AccessTarget,
    /// Of signed operations.
    pub(crate) signature: SignatureTarget,
}

impl SlotTarget {
    /// Adds a slot to a chunk: `running` before it goes in, after it comes out.
    pub(crate) fn new(
        builder: &mut Builder,
        environment: &ChunkEnvironmentTarget,
        running: RunningTarget,
    ) -> (Self, RunningTarget) {
        let operand = OperandTarget::new(builder);
        let payer = PayerTarget::new(builder, &operand);
        let slot = Self {
            payee: AccessTarget::new(builder),
            fee: AccessTarget::new(builder),
            signature: SignatureTarget::new(builder),
            operand,
            payer,
        };
        slot.assert_authorized(builder, environment);
        let state = slot.apply(builder, running.state);
        let (streams, pair) = word::append(builder, &slot.operand, running.pair, running.streams);
        (slot, RunningTarget { state, streams, pair })
    }

    /// A signed operation carries a signature of the payer's key, and has not expired.
    fn assert_authorized(&self, builder: &mut Builder, environment: &ChunkEnvironmentTarget) {
        let payer = &self.payer.access.before;
        let digest = signed_digest(builder, environment.domain, &self.operand, payer.nonce);
        let valid = verify_signature(builder, payer.key, digest, &self.signature);
        let invalid = builder.not(valid);
        assert_zero_if(builder, self.operand.kind.signed, invalid.target);
        assert_not_expired(builder, &self.operand, environment.timestamp);
    }

    /// The three accesses, each on the tree that the one before left.
    fn apply(&self, builder: &mut Builder, state: StateTarget) -> StateTarget {
        let operand = &self.operand;
        let root = self.payer.debit(builder, operand, state.root);
        let state = StateTarget { root, ..state };
        let state = pay(builder, &self.payee, operand, self.payer.matches, state);
        let root = collect_fee(builder, &self.fee, operand, state.root);
        StateTarget { root, ..state }
    }
}
