//! The real router over real HTTP.
