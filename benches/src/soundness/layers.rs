//! The layers, from the chunk to the wrap, in the order of the pipeline.

use cairn_circuits::{
    chunk::ChunkCircuit,
    circuit_set::Size,
    config::{SQUEEZE, WRAP},
    exit::{CAPACITY, ExitCircuit},
    recursion::shape,
    seal::SealCircuit,
    shrink::{Forward, Shrink, Squeeze},
    soundness::{LayerSecurity, circuit_security, stark_security},
    source::Outline,
    stream::{StreamClass, StreamLeaf},
};
use cairn_prover::ProverError;
use cairn_wrap::config::WrapConfig;

use crate::error::BenchError;

/// The soundness of every layer. Takes some seconds: nothing is committed to.
///
/// # Errors
/// The parameters of a chunk do not fit its class, or are too weak.
pub fn layers() -> Result<Vec<LayerSecurity>, BenchError> {
    let mut layers = Vec::new();
    for size in Size::ALL {
        let chunk = ChunkCircuit::from_source(size, &Outline).map_err(ProverError::from)?;
        let name = chunk.class().name;
        layers.push(stark_security(&format!("chunk, {name}"), chunk.leaf()));
        layers.push(circuit_security(&format!("chunk verifier, {name}"), &chunk.circuit));
    }
    layers.push(shape::security());
    for (class, name) in [
        (StreamClass::AtX, "stream leaf"),
        (StreamClass::AtZ, "half blob stream leaf"),
        (StreamClass::WholeBlob, "blob stream leaf"),
    ] {
        let leaf = StreamLeaf::from_source(class.evaluation(), class.capacity(), &Outline);
        layers.push(circuit_security(name, &leaf.circuit));
    }
    layers.push(circuit_security("seal", &SealCircuit::from_source(&Outline).circuit));
    layers.push(circuit_security("exit", &ExitCircuit::from_source(CAPACITY, &Outline).circuit));

    let shrink = Shrink::from_source(&Outline);
    let squeeze = Squeeze::from_source(&SQUEEZE, &shrink.circuit, &Outline);
    let wrap = Forward::<WrapConfig>::from_source(&WRAP, &squeeze.circuit, &Outline);
    layers.extend([
        circuit_security("shrink", &shrink.circuit),
        circuit_security("squeeze", &squeeze.circuit),
        circuit_security("wrap", &wrap.circuit),
    ]);
    Ok(layers)
}
