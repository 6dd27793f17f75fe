//! How batches are proven: plan, local engine, circuit cache.
