//! The rules of ARCHITECTURE.md: who may depend on whom, and who may speak of
//! what.

#[path = "layering/circles.rs"]
mod circles;
#[path = "layering/dependencies.rs"]
mod dependencies;
#[path = "layering/markup.rs"]
mod markup;
#[path = "layering/sources.rs"]
mod sources;
