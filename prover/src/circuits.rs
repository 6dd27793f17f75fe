//! All circuits of the pipeline, from the cache or built.
//!
//! The circuit set needs a key of each, which are small and kept by themselves; the circuits are read on demand.

use cairn_circuits::{
    circuit_set::{CircuitSet, Family, Role, Size},
    config::{D, F, Proof, VerifierKey},
    recursion::Node,
    serialize::{decode_key, encode_key},
    soundness::LayerSecurity,
    statement::Statement,
    stream::StreamClass,
};
use cairn_types::Digest;
use cairn_wrap::config::WrapConfig;
use plonky2::{field::types::PrimeField64, plonk::proof::ProofWithPublicInputs};

use crate::{
    cache::Cache,
    error::ProverError,
    on_demand::{OnDemand, Unit},
    progress::Stage,
    run::Run,
    units::{ChunkProver, ExitProver, SealProver, StreamProver, WrapProver, recursion_security},
};

/// A leaf's statement and proof.
pub(crate) type Leaf = (Statement, Proof);

/// The last plonky2 proof, hashed over BN254.
pub(crate) type WrapProof = ProofWithPublicInputs<F, WrapConfig, D>;

/// Members of the circuit set.
const MEMBERS: usize = 12;

/// The circuits of the pipeline.
#[derive(Debug)]
pub(crate) struct Circuits {
    /// By [`Size::ALL`].
    chunks: [OnDemand<ChunkProver>; 4],
    pub(crate) chunk_node: OnDemand<Node>,
    /// By [`StreamClass::ALL`].
    streams: [OnDemand<StreamProver>; 3],
    pub(crate) stream_node: OnDemand<Node>,
    pub(crate) seal: OnDemand<SealProver>,
    pub(crate) chain_node: OnDemand<Node>,
    pub(crate) exit: OnDemand<ExitProver>,
    pub(crate) wrap: OnDemand<WrapProver>,
    pub(crate) set: CircuitSet,
}

impl Circuits {
    /// Takes each key from the cache, or builds its circuit and keeps both there.
    ///
    /// # Errors
    /// The cache cannot be read or written, or a circuit is not secure enough.
    pub(crate) fn load(cache: &Cache, run: &mut Run<'_>) -> Result<Self, ProverError> {
        let chunks =
            Size::ALL.map(|size| OnDemand::new(cache, move |cache| ChunkProver::load(cache, size)));
        let [chunk_node, stream_node, chain_node] = [
            (Family::Chunk, "chunk-node"),
            (Family::Stream, "stream-node"),
            (Family::Chain, "chain-node"),
        ]
        .map(|(family, name)| {
            OnDemand::new(cache, move |cache| Ok(Node::from_source(family, &cache.circuit(name))))
        });
        let streams = StreamClass::ALL
            .map(|class| OnDemand::new(cache, move |cache| StreamProver::load(cache, class)));
        let seal = OnDemand::new(cache, SealProver::load);
        let exit = OnDemand::new(cache, ExitProver::load);
        let wrap = OnDemand::new(cache, WrapProver::load);

        let keys = run.stage(Stage::Circuits, MEMBERS, |steps| {
            let node = |family, unit: &OnDemand<Node>| {
                steps.run(|| member(cache, Role::Node(family), unit, Node::key))
            };
            // Two halves side by side. The chunks' circuits are the largest: one after the other.
            let (chunk_keys, others) = rayon::join(
                || {
                    let units = Size::ALL.into_iter().zip(&chunks).map(|(size, unit)| {
                        let role = Role::Wrapper(Family::Chunk, size);
                        steps.run(|| member(cache, role, unit, |unit| unit.wrapper.key()))
                    });
                    units.collect::<Result<Vec<_>, _>>()
                },
                || {
                    let units = StreamClass::ALL.into_iter().zip(&streams).map(|(class, unit)| {
                        let role = Role::Wrapper(Family::Stream, class.size());
                        steps.run(|| member(cache, role, unit, |unit| unit.wrapper.key()))
                    });
                    let streams = units.collect::<Result<Vec<_>, _>>()?;
                    let role = Role::Wrapper(Family::Chain, Size::Small);
                    let seal =
                        steps.run(|| member(cache, role, &seal, |unit| unit.wrapper.key()))?;
                    let role = Role::Wrapper(Family::Chain, ExitProver::SIZE);
                    let exit =
                        steps.run(|| member(cache, role, &exit, |unit| unit.wrapper.key()))?;
                    let chunk_node = node(Family::Chunk, &chunk_node)?;
                    let stream_node = node(Family::Stream, &stream_node)?;
                    let chain_node = node(Family::Chain, &chain_node)?;
                    let others = vec![seal, exit, chunk_node, stream_node, chain_node];
                    Ok::<_, ProverError>([streams, others].concat())
                },
            );
            Ok([chunk_keys?, others?].concat())
        })?;
        let set = CircuitSet::new(keys);
        Ok(Self { chunks, chunk_node, streams, stream_node, seal, chain_node, exit, wrap, set })
    }

    /// What proves chunks of this size.
    pub(crate) fn chunk(&self, size: Size) -> &OnDemand<ChunkProver> {
        &self.chunks[size as usize - 1]
    }

    /// What proves stream leaves of a class.
    pub(crate) fn stream(&self, class: StreamClass) -> &OnDemand<StreamProver> {
        &self.streams[class.size() as usize - 1]
    }

    /// Root of the circuit set.
    pub(crate) fn set_root(&self) -> Digest {
        Digest::new(self.set.root().map(|element| element.to_canonical_u64()))
            .expect("the elements are canonical")
    }

    /// The soundness of the layers that have been used, in the order of the pipeline.
    pub(crate) fn security(&self) -> Vec<LayerSecurity> {
        fn of<T: Unit>(unit: &OnDemand<T>) -> Vec<LayerSecurity> {
            unit.loaded().map(Unit::security).unwrap_or_default()
        }
        let chunks = self.chunks.iter().flat_map(of);
        chunks
            .chain([recursion_security()])
            .chain(self.streams.iter().flat_map(of))
            .chain(of(&self.seal))
            .chain(of(&self.exit))
            .chain(of(&self.wrap))
            .collect()
    }
}

/// The key of a member of the set, from the cache or from its circuits.
fn member<T: Unit>(
    cache: &Cache,
    role: Role,
    unit: &OnDemand<T>,
    key: impl Fn(&T) -> &VerifierKey,
) -> Result<(Role, VerifierKey), ProverError> {
    let name = format!("member-{}.key", role.position());
    if let Some(key) = cache.get(&name)?.and_then(|bytes| decode_key(&bytes).ok()) {
        return Ok((role, key));
    }
    // Not kept in memory: the next batch may not need it.
    let key = key(&unit.read()?).clone();
    cache.put(&name, &encode_key(&key)?)?;
    Ok((role, key))
}
