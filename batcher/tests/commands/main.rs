//! The program as people start it: what it says, writes and ends with.

mod before;
mod demo;
mod errors;
mod exit;
mod fleet;
mod numbers;
mod outputs;
mod secrets;
mod shadow;
mod wallet;
mod watching;
mod world;
