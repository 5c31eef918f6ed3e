//! Where the store is shown: on the playground's own page, or in a figure elsewhere.

/// Where the store is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Place {
    /// On the playground's own page.
    #[default]
    Page,
    /// In a figure on somebody else's page: nothing is kept in the browser.
    Figure {
        /// Readers may look and step, and run nothing.
        read_only: bool,
    },
}

impl Place {
    /// A figure on somebody else's page.
    pub const fn is_figure(self) -> bool {
        matches!(self, Place::Figure { .. })
    }

    /// The role of a panel, where it is not that of its element: a page with many figures would
    /// have as many landmarks of one name.
    pub const fn panel_role(self) -> Option<&'static str> {
        if self.is_figure() { Some("group") } else { None }
    }

    /// Readers may run nothing.
    pub const fn is_read_only(self) -> bool {
        matches!(self, Place::Figure { read_only: true })
    }
}
