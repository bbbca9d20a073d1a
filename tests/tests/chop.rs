//! `stickylab chop`: programs with a mistake are found, their mended twins and our own are not
//! accused, and what cannot be judged is said.

#![cfg(target_os = "linux")]

#[path = "chop/again.rs"]
mod again;
#[path = "chop/command.rs"]
mod command;
#[path = "chop/kernel.rs"]
mod kernel;
#[path = "chop/mistakes.rs"]
mod mistakes;
#[path = "chop/order.rs"]
mod order;
#[path = "chop/ours.rs"]
mod ours;
#[path = "chop/pieces.rs"]
mod pieces;
#[path = "chop/reuse.rs"]
mod reuse;
#[path = "chop/victim.rs"]
mod victim;
