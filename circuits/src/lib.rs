//! The circuits of Cairn: operations, streams, nodes, seal and shrink.
