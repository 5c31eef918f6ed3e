//! The page's panels, one file each.

pub mod address_space;
pub mod call_form;
pub mod completions;
pub mod console;
pub mod console_input;
pub mod frames;
pub mod guide;
pub mod header;
pub mod heap;
pub mod heap_figures;
pub mod heap_search;
pub mod heap_setting;
pub mod hex_view;
pub mod icons;
pub mod import;
pub mod inspector;
pub mod keys;
pub mod legend;
pub mod offer_menu;
pub mod overview;
pub mod page_grid;
pub mod page_walk;
pub mod print_picture;
pub mod timeline;
pub mod vma_list;
pub mod welcome;
