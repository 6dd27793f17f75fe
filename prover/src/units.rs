//! The circuits, in units that are read together.

use cairn_circuits::{
    chunk::{ChunkCircuit, ChunkWitness, class},
    circuit_set::{CircuitSet, Family, Size},
    config::{Proof, SQUEEZE, WRAP},
    exit::{CAPACITY as EXIT_CAPACITY, ExitCircuit, ExitWitness},
    recursion::{Node, Proven, Wrapper, shape},
    seal::{SealCircuit, SealWitness},
    shrink::{Forward, Shrink, Squeeze},
    soundness::{LayerSecurity, circuit_security, stark_security},
    statement::Statement,
    stream::{StreamClass, StreamLeaf, StreamLeafWitness},
};
use cairn_types::{Digest, SealStatement};
use cairn_wrap::{config::WrapConfig, groth16, r1cs::Builder, verifier::WrapVerifier};

use crate::{
    cache::Cache,
    circuits::{Leaf, WrapProof},
    error::ProverError,
    on_demand::Unit,
    tasks::Wrapped,
};

/// What proves chunks of one size.
#[derive(Debug)]
pub(crate) struct ChunkProver {
    chunk: ChunkCircuit,
    pub(crate) wrapper: Wrapper,
}

impl ChunkProver {
    pub(crate) fn load(cache: &Cache, size: Size) -> Result<Self, ProverError> {
        let name = class(size).name;
        let chunk = ChunkCircuit::from_source(size, &cache.circuit(&format!("chunk-{name}")))?;
        let wrapper_name = format!("chunk-{name}-wrapper");
        let source = cache.circuit(&wrapper_name);
        let inner = chunk.circuit.verifier_data();
        let wrapper = Wrapper::from_source(Family::Chunk, size, &inner, &source);
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
}

impl Unit for ChunkProver {
    fn security(&self) -> Vec<LayerSecurity> {
        let name = self.chunk.class().name;
        vec![
            stark_security(&format!("chunk, {name}"), self.chunk.leaf()),
            circuit_security(&format!("chunk verifier, {name}"), &self.chunk.circuit),
        ]
    }
}

/// What proves the evaluation of streams, in leaves of one class.
#[derive(Debug)]
pub(crate) struct StreamProver {
    class: StreamClass,
    leaf: StreamLeaf,
    pub(crate) wrapper: Wrapper,
}

impl StreamProver {
    pub(crate) fn load(cache: &Cache, class: StreamClass) -> Result<Self, ProverError> {
        let name = match class {
            StreamClass::AtX => "stream",
            StreamClass::AtZ => "half-blob-stream",
            StreamClass::WholeBlob => "blob-stream",
        };
        let source = cache.circuit(name);
        let leaf = StreamLeaf::from_source(class.evaluation(), class.capacity(), &source);
        let wrapper = Wrapper::from_source(
            Family::Stream,
            class.size(),
            &leaf.circuit.verifier_data(),
            &cache.circuit(&format!("{name}-wrapper")),
        );
        Ok(Self { class, leaf, wrapper })
    }

    /// Proves the words of one leaf.
    pub(crate) fn prove(&self, witness: &StreamLeafWitness) -> Result<Leaf, ProverError> {
        let proof = self.leaf.prove(witness)?;
        Ok((Statement::from(&witness.statement()), proof))
    }

    /// Brings a leaf's proof to the common shape.
    pub(crate) fn wrap(&self, (statement, proof): &Leaf) -> Result<Proven, ProverError> {
        Ok(self.wrapper.prove(statement.clone(), proof)?)
    }
}

impl Unit for StreamProver {
    fn security(&self) -> Vec<LayerSecurity> {
        let name = match self.class {
            StreamClass::AtX => "stream leaf",
            StreamClass::AtZ => "half blob stream leaf",
            StreamClass::WholeBlob => "blob stream leaf",
        };
        vec![circuit_security(name, &self.leaf.circuit)]
    }
}

/// What makes a link of the header chain.
#[derive(Debug)]
pub(crate) struct SealProver {
    seal: SealCircuit,
    pub(crate) wrapper: Wrapper,
}

impl SealProver {
    pub(crate) fn load(cache: &Cache) -> Result<Self, ProverError> {
        let seal = SealCircuit::from_source(&cache.circuit("seal"));
        let wrapper = Wrapper::from_source(
            Family::Chain,
            Size::Small,
            &seal.circuit.verifier_data(),
            &cache.circuit("seal-wrapper"),
        );
        Ok(Self { seal, wrapper })
    }

    /// Proves a header over the roots of both trees, and brings the proof to the common shape.
    pub(crate) fn prove(
        &self,
        set: &CircuitSet,
        witness: &SealWitness<'_>,
    ) -> Result<(SealStatement, Proven), ProverError> {
        let (statement, proof) = self.seal.prove(set, witness)?;
        Ok((statement, self.wrapper.prove(Statement::from(&statement), &proof)?))
    }
}

impl Unit for SealProver {
    fn security(&self) -> Vec<LayerSecurity> {
        vec![circuit_security("seal", &self.seal.circuit)]
    }
}

/// What lets leaves exit.
#[derive(Debug)]
pub(crate) struct ExitProver {
    exit: ExitCircuit,
    pub(crate) wrapper: Wrapper,
}

impl ExitProver {
    /// The family's second size: the first is the seal.
    pub(crate) const SIZE: Size = Size::Medium;

    pub(crate) fn load(cache: &Cache) -> Result<Self, ProverError> {
        let exit = ExitCircuit::from_source(EXIT_CAPACITY, &cache.circuit("exit"));
        let wrapper = Wrapper::from_source(
            Family::Chain,
            Self::SIZE,
            &exit.circuit.verifier_data(),
            &cache.circuit("exit-wrapper"),
        );
        Ok(Self { exit, wrapper })
    }

    /// Proves that leaves exit, and brings the proof to the common shape.
    pub(crate) fn prove(
        &self,
        circuit_set_root: Digest,
        witness: &ExitWitness,
    ) -> Result<(SealStatement, Proven), ProverError> {
        let (statement, proof) = self.exit.prove(circuit_set_root, witness)?;
        Ok((statement, self.wrapper.prove(Statement::from(&statement), &proof)?))
    }
}

impl Unit for ExitProver {
    fn security(&self) -> Vec<LayerSecurity> {
        vec![circuit_security("exit", &self.exit.circuit)]
    }
}

impl Unit for Node {
    fn security(&self) -> Vec<LayerSecurity> {
        vec![recursion_security()]
    }
}

/// Every wrapper and node has the same shape.
pub(crate) fn recursion_security() -> LayerSecurity {
    shape::security()
}

/// From the header chain to the constraint system of the SNARK.
#[derive(Debug)]
pub(crate) struct WrapProver {
    shrink: Shrink,
    squeeze: Squeeze,
    wrap: Forward<WrapConfig>,
    pub(crate) verifier: WrapVerifier,
}

impl WrapProver {
    pub(crate) fn load(cache: &Cache) -> Result<Self, ProverError> {
        let shrink = Shrink::from_source(&cache.circuit("shrink"));
        let squeeze = Squeeze::from_source(&SQUEEZE, &shrink.circuit, &cache.circuit("squeeze"));
        let wrap =
            Forward::<WrapConfig>::from_source(&WRAP, &squeeze.circuit, &cache.circuit("wrap"));
        let verifier =
            WrapVerifier::new(wrap.circuit.verifier_only.clone(), wrap.circuit.common.clone())?;
        Ok(Self { shrink, squeeze, wrap, verifier })
    }

    /// From a proof of the chain family, of this statement, towards the last layer.
    pub(crate) fn shrink(
        &self,
        set: &CircuitSet,
        statement: &SealStatement,
        proven: &Proven,
    ) -> Result<Proof, ProverError> {
        let shrunk = self.shrink.prove(set, statement, proven)?;
        Ok(self.squeeze.prove(&shrunk)?)
    }

    /// The last plonky2 proof.
    fn wrap(&self, squeezed: &Proof) -> Result<WrapProof, ProverError> {
        Ok(self.wrap.prove(squeezed)?)
    }

    /// The last plonky2 proof and the witness of the SNARK over it.
    pub(crate) fn finish(
        &self,
        statement: &SealStatement,
        squeezed: &Proof,
    ) -> Result<Wrapped, ProverError> {
        let wrapped = self.wrap(squeezed)?;
        let proof_bytes = wrapped.to_bytes().len();
        let witness = self.synthesize(statement, &wrapped)?;
        Ok(Wrapped { witness, proof_bytes })
    }

    /// The constraint system of the SNARK with its witness, its public input that of the seal.
    fn synthesize(
        &self,
        statement: &SealStatement,
        wrapped: &WrapProof,
    ) -> Result<Builder, ProverError> {
        let builder = self.verifier.synthesize(wrapped)?;
        let expected = statement.public_input();
        let got = builder.public_inputs().first().map(|input| groth16::encode_scalar(*input));
        if got != Some(expected) {
            return Err(ProverError::PublicInput {
                expected: hex::encode(expected),
                got: got.map(hex::encode).unwrap_or_default(),
            });
        }
        Ok(builder)
    }
}

impl Unit for WrapProver {
    fn security(&self) -> Vec<LayerSecurity> {
        vec![
            circuit_security("shrink", &self.shrink.circuit),
            circuit_security("squeeze", &self.squeeze.circuit),
            circuit_security("wrap", &self.wrap.circuit),
        ]
    }
}
