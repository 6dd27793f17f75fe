//! Constraints of the seal.

use cairn_types::KIND_BATCHES;
use plonky2::field::types::Field;
use plonky2::iop::target::Target;

use super::header::HeaderTarget;
use crate::circuit_set::Family;
use crate::config::{Builder, F};
use crate::recursion::MemberTarget;
use crate::statement::SealStatementTarget;

/// The private inputs of a seal.
#[derive(Debug)]
pub(super) struct SealTarget {
    pub(super) header: HeaderTarget,
    pub(super) circuit_set_root: [Target; 4],
    pub(super) previous: [Target; 8],
    pub(super) chunk: MemberTarget,
    pub(super) stream: MemberTarget,
}

impl SealTarget {
    /// Adds the seal, and registers the digest of its statement as the public inputs.
    pub(super) fn new(builder: &mut Builder) -> Self {
        let header = HeaderTarget::new(builder);
        let circuit_set_root = builder.add_virtual_target_arr();
        let previous = builder.add_virtual_target_arr();

        let chunk = MemberTarget::new(builder, Family::Chunk, circuit_set_root);
        let expected = header.chunk_statement(builder, circuit_set_root).digest(builder);
        builder.connect_array(chunk.statement_digest(), expected);

        let stream = MemberTarget::new(builder, Family::Stream, circuit_set_root);
        let expected = header.stream_statement(builder, circuit_set_root).digest(builder);
        builder.connect_array(stream.statement_digest(), expected);

        let statement = SealStatementTarget {
            kind: builder.constant(F::from_canonical_u32(KIND_BATCHES)),
            circuit_set_root,
            from: previous,
            to: header.chain_hash(builder, previous),
        };
        let digest = statement.digest(builder);
        builder.register_public_inputs(&digest);
        Self { header, circuit_set_root, previous, chunk, stream }
    }
}
