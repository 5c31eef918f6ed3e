//! Geometry and painting of the address space: pure layouts, scenes, and the canvas calls.

pub mod bytes;
pub mod change;
pub mod far;
pub mod frames;
pub mod heap;
pub mod lanes;
pub mod layout;
pub mod level;
pub mod links;
pub mod offers;
pub mod paint;
mod paint_bodies;
pub mod paint_levels;
pub mod paint_zoom;
pub mod plan;
pub mod scene;
pub mod strip;
