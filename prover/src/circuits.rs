//! All circuits of the pipeline, from the cache or built.

use cairn_circuits::{
    circuit_set::{CircuitSet, Family, Role, Size},
    config::{D, F, Proof, SQUEEZE, WRAP},
    recursion::{Node, Proven, Wrapper},
    seal::{SealCircuit, SealWitness},
    shrink::{Forward, Shrink, Squeeze},
    soundness::{LayerSecurity, layer_security},
    statement::Statement,
    stream::{CAPACITY, StreamLeaf, StreamLeafWitness},
};
use cairn_types::{Digest, Header, SealStatement};
use cairn_wrap::config::WrapConfig;
use plonky2::{field::types::PrimeField64, plonk::proof::ProofWithPublicInputs};

use crate::{
    cache::Cache,
    chunks::{ChunkProvers, SIZES},
    engine::Run,
    error::ProverError,
    job::BatchJob,
    progress::Stage,
};

/// How many circuits there are.
const CIRCUITS: usize = 13;

/// A leaf's statement and proof.
pub(crate) type Leaf = (Statement, Proof);

/// The last plonky2 proof, hashed over BN254.
pub(crate) type WrapProof = ProofWithPublicInputs<F, WrapConfig, D>;

/// The circuits of the pipeline.
#[derive(Debug)]
pub(crate) struct Circuits {
    pub(crate) chunks: ChunkProvers,
    pub(crate) chunk_node: Node,
    pub(crate) stream: StreamLeaf,
    pub(crate) stream_wrapper: Wrapper,
    pub(crate) stream_node: Node,
    pub(crate) seal: SealCircuit,
    pub(crate) seal_wrapper: Wrapper,
    pub(crate) shrink: Shrink,
    pub(crate) squeeze: Squeeze,
    pub(crate) wrap: Forward<WrapConfig>,
    pub(crate) set: CircuitSet,
}

impl Circuits {
    /// Takes each circuit from the cache, or builds it and keeps it there.
    ///
    /// # Errors
    /// The cache cannot be read or written.
    pub(crate) fn load(cache: Cache, run: &mut Run<'_>) -> Result<Self, ProverError> {
        let chunks = ChunkProvers::new(cache.clone());
        run.stage(Stage::Circuits, CIRCUITS, |step| {
            macro_rules! load {
                ($circuit:expr) => {{
                    let circuit = $circuit;
                    cache.check()?;
                    step();
                    circuit
                }};
            }
            let source = |name| cache.circuit(name);
            let wrapper = |family, circuit: &cairn_circuits::config::Circuit, name| {
                Wrapper::from_source(family, Size::Small, &circuit.verifier_data(), &source(name))
            };
            let node = |family, name| Node::from_source(family, &source(name));
            // Two halves side by side. None of the second depends on the first.
            let (leaves, seal) = rayon::join(
                || {
                    let mut chunk_keys = Vec::with_capacity(SIZES.len());
                    for size in SIZES {
                        chunk_keys
                            .push((Role::Wrapper(Family::Chunk, size), load!(chunks.key(size)?)));
                    }
                    let chunk_node = load!(node(Family::Chunk, "chunk-node"));
                    let stream = load!(StreamLeaf::from_source(CAPACITY, &source("stream")));
                    let stream_wrapper =
                        load!(wrapper(Family::Stream, &stream.circuit, "stream-wrapper"));
                    let stream_node = load!(node(Family::Stream, "stream-node"));
                    Ok::<_, ProverError>((
                        chunk_keys,
                        chunk_node,
                        stream,
                        stream_wrapper,
                        stream_node,
                    ))
                },
                || {
                    let seal = load!(SealCircuit::from_source(&source("seal")));
                    let seal_wrapper = load!(wrapper(Family::Chain, &seal.circuit, "seal-wrapper"));
                    let chain_node = load!(node(Family::Chain, "chain-node"));
                    let shrink = load!(Shrink::from_source(&source("shrink")));
                    let squeeze =
                        load!(Squeeze::from_source(&SQUEEZE, &shrink.circuit, &source("squeeze")));
                    let wrap =
                        load!(Forward::from_source(&WRAP, &squeeze.circuit, &source("wrap")));
                    Ok::<_, ProverError>((seal, seal_wrapper, chain_node, shrink, squeeze, wrap))
                },
            );
            let (mut keys, chunk_node, stream, stream_wrapper, stream_node) = leaves?;
            let (seal, seal_wrapper, chain_node, shrink, squeeze, wrap) = seal?;
            keys.extend([
                (Role::Node(Family::Chunk), chunk_node.key().clone()),
                (Role::Wrapper(Family::Stream, Size::Small), stream_wrapper.key().clone()),
                (Role::Node(Family::Stream), stream_node.key().clone()),
                (Role::Wrapper(Family::Chain, Size::Small), seal_wrapper.key().clone()),
                (Role::Node(Family::Chain), chain_node.key().clone()),
            ]);
            let set = CircuitSet::new(keys);
            Ok(Self {
                chunks,
                chunk_node,
                stream,
                stream_wrapper,
                stream_node,
                seal,
                seal_wrapper,
                shrink,
                squeeze,
                wrap,
                set,
            })
        })
    }

    /// Proves the words of one stream leaf. The proof has been verified, as with all that follow.
    pub(crate) fn stream_leaf(&self, witness: &StreamLeafWitness) -> Result<Leaf, ProverError> {
        let proof = self.stream.prove(witness)?;
        Ok((Statement::from(&witness.statement()), proof))
    }

    /// Proves the header over the roots of both trees.
    pub(crate) fn seal(
        &self,
        job: &BatchJob,
        header: Header,
        chunk: &Proven,
        stream: &Proven,
    ) -> Result<(SealStatement, Proof), ProverError> {
        let witness = SealWitness { header, previous: job.previous_chain_hash, chunk, stream };
        Ok(self.seal.prove(&self.set, &witness)?)
    }

    /// Root of the circuit set.
    pub(crate) fn set_root(&self) -> Digest {
        Digest::new(self.set.root().map(|element| element.to_canonical_u64()))
            .expect("the elements are canonical")
    }

    /// Fails unless every layer has the security that it must have, as built.
    ///
    /// # Errors
    /// [`ProverError::Security`] names the first that has not.
    pub(crate) fn check_security(&self) -> Result<(), ProverError> {
        ProverError::check_security(&self.security())
    }

    /// The soundness of every layer, in the order of the pipeline; of chunks, the sizes that have been used.
    pub(crate) fn security(&self) -> Vec<LayerSecurity> {
        let layers = [
            ("wrappers and nodes", cairn_circuits::recursion::shape::common()),
            ("stream leaf", &self.stream.circuit.common),
            ("seal", &self.seal.circuit.common),
            ("shrink", &self.shrink.circuit.common),
            ("squeeze", &self.squeeze.circuit.common),
            ("wrap", &self.wrap.circuit.common),
        ];
        let layers = layers.map(|(layer, common)| layer_security(layer, common));
        self.chunks.security().into_iter().chain(layers).collect()
    }
}
