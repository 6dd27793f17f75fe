//! All circuits of the pipeline, from the cache or built.

use cairn_circuits::{
    chunk::{CHUNK_SLOTS, ChunkCircuit},
    circuit_set::{CircuitSet, Family, Role},
    config::{CONJECTURED_BITS, SQUEEZE, WRAP},
    recursion::{Node, Wrapper},
    seal::SealCircuit,
    shrink::{Forward, Shrink, Squeeze},
    soundness::{LayerSecurity, layer_security},
    stream::{CAPACITY, StreamLeaf},
};
use cairn_types::Digest;
use cairn_wrap::config::WrapConfig;
use plonky2::field::types::PrimeField64;

use crate::{cache::Cache, engine::Run, error::ProverError, progress::Stage};

/// How many circuits there are.
const CIRCUITS: usize = 12;

/// The circuits of the pipeline.
#[derive(Debug)]
pub(crate) struct Circuits {
    pub(crate) chunk: ChunkCircuit,
    pub(crate) chunk_wrapper: Wrapper,
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
    pub(crate) fn load(cache: &Cache, run: &mut Run<'_>) -> Result<Self, ProverError> {
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
                Wrapper::from_source(family, &circuit.verifier_data(), &source(name))
            };
            let node = |family, name| Node::from_source(family, &source(name));
            // Two halves side by side. None of the second depends on the first.
            let (leaves, seal) = rayon::join(
                || {
                    let chunk = load!(ChunkCircuit::from_source(CHUNK_SLOTS, &source("chunk")));
                    let chunk_wrapper =
                        load!(wrapper(Family::Chunk, &chunk.circuit, "chunk-wrapper"));
                    let chunk_node = load!(node(Family::Chunk, "chunk-node"));
                    let stream = load!(StreamLeaf::from_source(CAPACITY, &source("stream")));
                    let stream_wrapper =
                        load!(wrapper(Family::Stream, &stream.circuit, "stream-wrapper"));
                    let stream_node = load!(node(Family::Stream, "stream-node"));
                    Ok::<_, ProverError>((
                        chunk,
                        chunk_wrapper,
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
            let (chunk, chunk_wrapper, chunk_node, stream, stream_wrapper, stream_node) = leaves?;
            let (seal, seal_wrapper, chain_node, shrink, squeeze, wrap) = seal?;
            let set = CircuitSet::new(vec![
                (Role::ChunkWrapper, chunk_wrapper.key().clone()),
                (Role::ChunkNode, chunk_node.key().clone()),
                (Role::StreamWrapper, stream_wrapper.key().clone()),
                (Role::StreamNode, stream_node.key().clone()),
                (Role::SealWrapper, seal_wrapper.key().clone()),
                (Role::ChainNode, chain_node.key().clone()),
            ]);
            Ok(Self {
                chunk,
                chunk_wrapper,
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
        let expected = CONJECTURED_BITS;
        match self.security().into_iter().find(|layer| layer.conjectured_bits < expected as f64) {
            None => Ok(()),
            Some(LayerSecurity { layer, conjectured_bits: got, .. }) => {
                Err(ProverError::Security { layer, expected, got })
            }
        }
    }

    /// The soundness of every layer, in the order of the pipeline.
    pub(crate) fn security(&self) -> Vec<LayerSecurity> {
        [
            ("chunk leaf", &self.chunk.circuit.common),
            ("wrappers and nodes", cairn_circuits::recursion::shape::common()),
            ("stream leaf", &self.stream.circuit.common),
            ("seal", &self.seal.circuit.common),
            ("shrink", &self.shrink.circuit.common),
            ("squeeze", &self.squeeze.circuit.common),
            ("wrap", &self.wrap.circuit.common),
        ]
        .map(|(layer, common)| layer_security(layer, common))
        .to_vec()
    }
}
