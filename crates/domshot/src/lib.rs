//! domshot
