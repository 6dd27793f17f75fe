//! Canonical data of Cairn: operations, words, statements and headers. Plain data, no proof system.
