//! The API as clients meet it: a real server on a free port over a store that the tests have filled.

mod fair;
mod fixtures;
mod garbage;
mod limits;
mod load;
mod methods;
mod openrpc;
mod page;
mod raw;
mod records;
mod stand_ins;
mod standing;
mod submission;
mod subscriptions;
mod world;
