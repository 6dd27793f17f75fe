//! The batcher: intake, blocks, batches and settlement on L1; binary cairn.
