//! Native cryptographic primitives of Cairn: Poseidon2 over Goldilocks and Schnorr over ecGFp5.
