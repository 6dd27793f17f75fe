//! What is signed.

use super::{Builder, DigestTarget, arithmetic::linear, kind::Kind, operand::OperandTarget};
use cairn_gadgets::poseidon2::hash;
use cairn_primitives::Tag;
use cairn_types::word_tag;
use plonky2::iop::target::Target;

/// The digest that the payer's key signs: every field of the operation, the payer's nonce and token,
/// and the key of the payee, under the rollup's domain.
pub(crate) fn signed_digest(
    builder: &mut Builder,
    domain: [Target; 4],
    operand: &OperandTarget,
    nonce: Target,
) -> DigestTarget {
    let kind = &operand.kind;
    let tags = [
        (word_tag::TRANSFER, kind.transfer),
        (word_tag::TRANSFER_TO_NEW, kind.of(Kind::TransferToNew)),
        (word_tag::WITHDRAW, kind.of(Kind::Withdraw)),
        (word_tag::CHANGE_KEY, kind.of(Kind::ChangeKey)),
    ];
    let operation_type = linear(builder, &tags.map(|(tag, selector)| (tag.into(), selector)));
    let to = builder.mul(kind.transfer, operand.payee.value);
    let fields = [
        operation_type,
        operand.payer.value,
        nonce,
        operand.token,
        operand.amount,
        operand.fee,
        operand.expiry,
        to,
    ];
    let message: Vec<Target> = domain.into_iter().chain(fields).chain(operand.target).collect();
    hash(builder, Tag::SignedOperation, &message)
}
