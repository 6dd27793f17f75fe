//! plonky2 twins of the native primitives: Poseidon2 hasher and gates, ecGFp5 and Schnorr, SHA-256, range checks.
