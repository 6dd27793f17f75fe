//! The circuits of Cairn: operations, streams, nodes, seal, exit and shrink.

pub mod chunk;
pub mod circuit_set;
pub mod config;
pub mod exit;
pub mod proving;
pub mod recursion;
pub mod seal;
pub mod serialize;
pub mod shrink;
pub mod soundness;
pub mod source;
pub mod statement;
pub mod stream;
