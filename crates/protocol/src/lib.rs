//! candor-protocol
