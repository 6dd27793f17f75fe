//! The service as an operator has it: its keys, its stages, its start and its stop.

mod keys;
mod supervisor;
