//! candor-rules
