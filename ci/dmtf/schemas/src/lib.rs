//! Nothing: the dependency is what is wanted.
