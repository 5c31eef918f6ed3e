//! The windows over the page, and the panels that narrow screens show one of.

use mmap_playground_core::heap::HeapSetting;

/// A window that lies over the page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dialog {
    /// Import.
    Import,
    /// The keys.
    Keys,
    /// Two moments held against each other.
    Compare,
    /// The branches.
    Branches,
    /// The kept sessions.
    Sessions,
    /// The link, and the files that can be saved.
    Share,
    /// All lines run again, linked with another allocator.
    Linking(HeapSetting),
    /// How true the page is.
    Truth,
    /// The lessons.
    Lessons,
}

/// The panel that is shown where there is room for one only.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Tab {
    Calls,
    Console,
    Inspector,
    Heap,
    Frames,
}

impl Tab {
    /// All of them, in order.
    pub const ALL: [Tab; 5] = [Tab::Calls, Tab::Console, Tab::Inspector, Tab::Heap, Tab::Frames];

    /// Its title.
    pub const fn title(self) -> &'static str {
        match self {
            Tab::Calls => "Calls",
            Tab::Console => "Console",
            Tab::Inspector => "Inspector",
            Tab::Heap => "Heap",
            Tab::Frames => "Frames",
        }
    }

    /// Its name in ids and classes.
    pub const fn id(self) -> &'static str {
        match self {
            Tab::Calls => "calls",
            Tab::Console => "console",
            Tab::Inspector => "inspector",
            Tab::Heap => "heap",
            Tab::Frames => "frames",
        }
    }

    /// The selector of its panel.
    pub fn panel(self) -> String {
        format!(".panel[data-panel={}]", self.id())
    }
}
