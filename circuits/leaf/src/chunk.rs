//! A chunk: its tables filled, proven and verified.

use cairn_primitives::F;
use cairn_stark::config::Parameters;
use cairn_stark::native::{self, Keys, Proof, Trace};
use cairn_state::{Environment, OpeningError, PartialTree, Running, SlotWitness};
use thiserror::Error;

use crate::air::LeafAir;
use crate::class::Class;
use crate::operation;
use crate::signature::{self, SignatureTraces};
use crate::table::TooManyRows;
use crate::tree::{self, Access, TreeTraceError};
use crate::{compression, range, sponge};

/// Why a chunk was not proven.
#[derive(Debug, Error)]
pub enum LeafError {
    /// A table is full: the chunk needs a larger class or fewer operations.
    #[error(transparent)]
    TooManyRows(#[from] TooManyRows),
    /// An operation reads a leaf that the opening does not hold.
    #[error(transparent)]
    Opening(#[from] OpeningError),
    /// The proof system refused, or the proof does not verify.
    #[error(transparent)]
    Stark(#[from] native::Error),
}

impl From<TreeTraceError> for LeafError {
    fn from(error: TreeTraceError) -> Self {
        match error {
            TreeTraceError::TooManyRows(error) => error.into(),
            TreeTraceError::Opening(error) => error.into(),
        }
    }
}

/// The filled tables of a chunk, in the order of [`Class::airs`], and their public values.
#[derive(Debug)]
pub struct ChunkTraces {
    /// The tables.
    pub traces: Vec<Trace>,
    /// Of each table; only those of operations and tree have any.
    pub public_values: Vec<Vec<F>>,
}

impl ChunkTraces {
    /// Fills the tables with the operations `slots`, which follow `before`. `tree` is the account tree
    /// before them, opened at all leaves that they access.
    ///
    /// Trust: the operations are valid, pairs of short transfers are not cut. Others make traces that do
    /// not prove.
    ///
    /// # Errors
    /// [`LeafError::TooManyRows`] and [`LeafError::Opening`].
    pub fn fill(
        class: &Class,
        environment: &Environment,
        before: &Running,
        slots: &[SlotWitness],
        tree: PartialTree,
    ) -> Result<Self, LeafError> {
        let operations = operation::fill(environment, before, slots, 1 << class.operations)?;
        let mut requests = operations.requests;
        let accesses: Vec<_> = operations
            .leaves
            .iter()
            .map(|leaf| Access { id: leaf.id, time: leaf.last_time.into(), after: leaf.after })
            .collect();
        let (signatures, tree) = rayon::join(
            || signature::trace(1 << class.signatures, 1 << class.fixed_base(), &mut requests),
            || tree::trace(tree, &accesses, 1 << class.tree),
        );
        let SignatureTraces { signatures, steps, fixed_base } = signatures?;
        let tree = tree?;
        let (sponge, compressions) = rayon::join(
            || sponge::trace(&requests, 1 << class.sponge),
            || compression::trace(&requests, 1 << class.compressions),
        );
        let range = range::trace(&requests);

        let mut public_values = vec![Vec::new(); 8];
        public_values[OPERATIONS] = operations.public_values;
        public_values[TREE] =
            [tree.before, tree.after].iter().flat_map(|root| root.elements().map(F::new)).collect();
        let operations = operations.rows;
        Ok(Self {
            traces: vec![
                operations,
                signatures,
                steps,
                tree.rows,
                sponge?,
                compressions?,
                fixed_base,
                range,
            ],
            public_values,
        })
    }
}

/// Position of the table of operations in a batch.
pub const OPERATIONS: usize = 0;
/// Position of the table of the account tree in a batch.
pub const TREE: usize = 3;

/// What proves chunks of one class.
#[derive(Debug)]
pub struct Leaf {
    class: Class,
    airs: Vec<LeafAir>,
    keys: Keys,
}

impl Leaf {
    /// Lays out the lookups of a class.
    ///
    /// # Errors
    /// If the parameters do not fit the heights.
    pub fn new(class: Class, parameters: Parameters) -> Result<Self, LeafError> {
        let airs = class.airs();
        let keys = Keys::new(parameters, &airs, &class.log_heights())?;
        Ok(Self { class, airs, keys })
    }

    /// The class.
    pub fn class(&self) -> &Class {
        &self.class
    }

    /// The tables.
    pub fn airs(&self) -> &[LeafAir] {
        &self.airs
    }

    /// Parameters, heights, layout of lookups.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Proves filled tables, and verifies the proof.
    ///
    /// # Errors
    /// [`LeafError::Stark`], above all for traces of operations that are not valid.
    pub fn prove(&self, chunk: &ChunkTraces) -> Result<Proof, LeafError> {
        let proof = native::prove(&self.keys, &self.airs, &chunk.traces, &chunk.public_values)?;
        self.verify(&proof, &chunk.public_values)?;
        Ok(proof)
    }

    /// Verifies a proof of these public values.
    ///
    /// # Errors
    /// [`LeafError::Stark`].
    pub fn verify(&self, proof: &Proof, public_values: &[Vec<F>]) -> Result<(), LeafError> {
        Ok(native::verify(&self.keys, &self.airs, proof, public_values)?)
    }
}
