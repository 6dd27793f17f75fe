//! The chunk circuits, one a size, each with its wrapper: read when a batch first needs them.
//!
//! They are the largest circuits, and most batches need one or two of the sizes. The circuit set needs
//! the keys of all wrappers, which are small and kept by themselves.

use std::sync::OnceLock;

use cairn_circuits::{
    chunk::{ChunkCircuit, ChunkWitness, class},
    circuit_set::{Family, Size},
    config::VerifierKey,
    recursion::{Proven, Wrapper},
    serialize::{decode_key, encode_key},
    soundness::{LayerSecurity, layer_security, stark_security},
    statement::Statement,
};

use crate::{cache::Cache, circuits::Leaf, error::ProverError};

/// All sizes, smallest first.
pub(crate) const SIZES: [Size; 3] = [Size::Small, Size::Medium, Size::Large];

/// What proves chunks of one size.
#[derive(Debug)]
pub(crate) struct ChunkProver {
    chunk: ChunkCircuit,
    wrapper: Wrapper,
}

impl ChunkProver {
    fn load(cache: &Cache, size: Size) -> Result<Self, ProverError> {
        let name = class(size).name;
        let chunk = ChunkCircuit::from_source(size, &cache.circuit(&format!("chunk-{name}")))?;
        cache.check()?;
        let wrapper_name = format!("chunk-{name}-wrapper");
        let source = cache.circuit(&wrapper_name);
        let inner = chunk.circuit.verifier_data();
        let wrapper = Wrapper::from_source(Family::Chunk, size, &inner, &source);
        cache.check()?;
        Ok(Self { chunk, wrapper })
    }

    /// Proves a chunk. The proof has been verified, as with all that follow.
    pub(crate) fn prove(&self, witness: &ChunkWitness) -> Result<Leaf, ProverError> {
        let proof = self.chunk.prove(witness)?;
        Ok((Statement::from(&witness.statement()), proof))
    }

    /// Brings a chunk's proof to the common shape.
    pub(crate) fn wrap(&self, (statement, proof): &Leaf) -> Result<Proven, ProverError> {
        Ok(self.wrapper.prove(statement.clone(), proof)?)
    }

    fn security(&self) -> [LayerSecurity; 2] {
        let name = self.chunk.class().name;
        [
            stark_security(&format!("chunk, {name}"), self.chunk.leaf()),
            layer_security(&format!("chunk verifier, {name}"), &self.chunk.circuit.common),
        ]
    }
}

/// The chunk circuits of all sizes.
#[derive(Debug)]
pub(crate) struct ChunkProvers {
    cache: Cache,
    loaded: [OnceLock<ChunkProver>; SIZES.len()],
}

impl ChunkProvers {
    /// None is read yet.
    pub(crate) fn new(cache: Cache) -> Self {
        Self { cache, loaded: Default::default() }
    }

    /// The key of a size's wrapper, from the cache or from its circuits.
    pub(crate) fn key(&self, size: Size) -> Result<VerifierKey, ProverError> {
        let name = format!("chunk-{}-wrapper.key", class(size).name);
        if let Some(key) = self.cache.get(&name)?.and_then(|bytes| decode_key(&bytes).ok()) {
            return Ok(key);
        }
        // Not kept in memory: the next batch may need another size.
        let key = ChunkProver::load(&self.cache, size)?.wrapper.key().clone();
        self.cache.put(&name, &encode_key(&key)?)?;
        Ok(key)
    }

    /// The circuits of a size.
    ///
    /// # Errors
    /// They cannot be read or kept, or are not secure enough.
    pub(crate) fn get(&self, size: Size) -> Result<&ChunkProver, ProverError> {
        let cell = &self.loaded[size as usize - 1];
        if cell.get().is_none() {
            let prover = ChunkProver::load(&self.cache, size)?;
            ProverError::check_security(&prover.security())?;
            // Another call may have been faster; both hold the same circuits.
            let _ = cell.set(prover);
        }
        Ok(cell.get().expect("set above"))
    }

    /// Of the sizes that have been used.
    pub(crate) fn security(&self) -> Vec<LayerSecurity> {
        self.loaded.iter().filter_map(OnceLock::get).flat_map(ChunkProver::security).collect()
    }
}
