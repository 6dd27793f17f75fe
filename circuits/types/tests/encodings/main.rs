//! Every encoding of the project, tested from outside.

mod elements;
mod packed;
mod signed;
mod statements;
mod strategies;
mod words;
