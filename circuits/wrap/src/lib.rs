//! From a plonky2 proof to Groth16 over BN254: the last plonky2 layer's hash, its verifier in R1CS, keys and export.
