//! What the filters share: a strict reader for their configurations.

pub mod field;
pub mod json;
