//! The API as clients meet it: a real server on a free port over a store that the tests have filled.

mod fair;
mod garbage;
mod limits;
mod load;
mod methods;
mod openrpc;
mod raw;
mod stand_ins;
mod standing;
mod submission;
mod subscriptions;
mod world;
