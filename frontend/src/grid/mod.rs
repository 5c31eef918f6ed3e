//! Geometry and painting of the address space: pure layouts, scenes, and the canvas calls.

pub mod change;
pub mod frames;
pub mod heap;
pub mod layout;
pub mod offers;
pub mod paint;
pub mod scene;
pub mod strip;
