//! Load on a running service: a client of its API.

pub mod accounts;
