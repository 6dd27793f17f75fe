//! Constraints of an exit.

use cairn_gadgets::poseidon2::hash;
use cairn_gadgets::sha256::sha256;
use cairn_primitives::Tag;
use cairn_types::KIND_EXIT;
use plonky2::field::types::Field;
use plonky2::iop::target::Target;

use super::entry::{EntryTarget, join};
use crate::config::{Builder, F};
use crate::seal::{domain_words, element_words};
use crate::statement::SealStatementTarget;

/// The private inputs of an exit.
#[derive(Debug)]
pub(super) struct ExitTarget {
    pub(super) circuit_set_root: [Target; 4],
    pub(super) domain: [Target; 4],
    pub(super) state: StateTarget,
    pub(super) entries: Vec<EntryTarget>,
}

/// What the state commitment hashes. Free but for that: L1 knows one commitment, which has one opening.
#[derive(Clone, Copy, Debug)]
pub(super) struct StateTarget {
    pub(super) root: [Target; 4],
    pub(super) next_id: Target,
    pub(super) next_token: Target,
}

impl ExitTarget {
    /// Adds the exit, and registers the digest of its statement as the public inputs.
    pub(super) fn new(builder: &mut Builder, entries: usize) -> Self {
        assert!(entries.is_multiple_of(2), "two entries are whole words, {entries} are not");
        let circuit_set_root = builder.add_virtual_target_arr();
        let domain = builder.add_virtual_target_arr();
        let state = StateTarget::new(builder);
        let entries: Vec<_> =
            (0..entries).map(|_| EntryTarget::new(builder, domain, state.root)).collect();

        let commitment = state.commitment(builder);
        let from = element_words(builder, &commitment);
        let statement = SealStatementTarget {
            kind: builder.constant(F::from_canonical_u32(KIND_EXIT)),
            circuit_set_root,
            from: std::array::from_fn(|i| from[i]),
            to: list_hash(builder, domain, &entries),
        };
        let digest = statement.digest(builder);
        builder.register_public_inputs(&digest);
        Self { circuit_set_root, domain, state, entries }
    }
}

impl StateTarget {
    fn new(builder: &mut Builder) -> Self {
        Self {
            root: builder.add_virtual_target_arr(),
            next_id: builder.add_virtual_target(),
            next_token: builder.add_virtual_target(),
        }
    }

    /// Twin of [`cairn_state::StateSummary::commitment`].
    fn commitment(&self, builder: &mut Builder) -> [Target; 4] {
        let [r0, r1, r2, r3] = self.root;
        hash(builder, Tag::State, &[r0, r1, r2, r3, self.next_id, self.next_token])
    }
}

/// `sha256(domain || list)`; the domain has 32 bytes, an entry 34.
fn list_hash(builder: &mut Builder, domain: [Target; 4], entries: &[EntryTarget]) -> [Target; 8] {
    let mut words = domain_words(builder, domain).to_vec();
    let halves: Vec<_> = entries.iter().flat_map(|entry| entry.halves).collect();
    words.extend(halves.chunks(2).map(|pair| join(builder, pair)));
    sha256(builder, &words)
}
