//! From a plonky2 proof to Groth16 over BN254: the last plonky2 layer's hash, its verifier in R1CS, keys and export.

pub mod config;
pub mod export;
pub mod groth16;
pub mod poseidon2_bn254;
pub mod r1cs;
pub mod solidity;
pub mod verifier;
