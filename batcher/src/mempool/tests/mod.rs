//! Each rule of the pool, the pool against a plain model, and intake as callers see it.

mod intake;
mod model;
mod pool;
mod rules;
mod world;
