//! The page's icons: strokes on a 16 by 16 grid, in the colour of the text around them.

use yew::prelude::*;

fn icon(path: &'static str) -> Html {
    html! {
        <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
            <path d={path} fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" />
        </svg>
    }
}

macro_rules! icons {
    ($($(#[$doc:meta])* $name:ident = $path:literal;)*) => {
        $($(#[$doc])* pub fn $name() -> Html { icon($path) })*
    };
}

icons! {
    /// To the start.
    first = "M4 3.5v9M11.5 3.5 7 8l4.5 4.5";
    /// One back.
    back = "M10 3.5 5.5 8l4.5 4.5";
    /// One on.
    forward = "M6 3.5 10.5 8 6 12.5";
    /// To the end.
    last = "M12 3.5v9M4.5 3.5 9 8l-4.5 4.5";
    /// Run by itself.
    play = "M5 3l8 5-8 5zM6.2 5.2v5.6M7.7 6v4M9.2 7v2";
    /// Stop running.
    pause = "M5.5 3.5v9M10.5 3.5v9";
    /// Take back.
    undo = "M3 6.5h6.5a3.5 3.5 0 0 1 0 7H7M3 6.5l3-3M3 6.5l3 3";
    /// Have back.
    redo = "M13 6.5H6.5a3.5 3.5 0 0 0 0 7H9M13 6.5l-3-3M13 6.5l-3 3";
    /// Bring in.
    import = "M8 2.5v7M5 7l3 3 3-3M3 10.5v3h10v-3";
    /// Light and dark.
    theme = "M8 2.5a5.5 5.5 0 1 0 0 11zM8 2.5a5.5 5.5 0 0 1 0 11";
    /// Keys.
    keys = "M2 4.5h12v7H2zM4.5 7h.01M7 7h.01M9.5 7h.01M11.8 7h.01M5.5 9.3h5";
    /// Done.
    done = "M3 8.5l3.5 3.5L13 4.5";
    /// Copy.
    copy = "M5.5 5.5h7v8h-7zM3.5 10.5v-8h7";
    /// Pick a place.
    pick = "M8 2v3M8 11v3M2 8h3M11 8h3M8 8h.01";
    /// Held against the kernel.
    truth = "M8 1.8 13.2 4v3.8c0 3-2.2 5.2-5.2 6.4-3-1.2-5.2-3.4-5.2-6.4V4zM5.6 8l1.8 1.8 3.2-3.4";
    /// Close.
    close = "M4 4l8 8M12 4l-8 8";
    /// Nearer.
    plus = "M8 3.5v9M3.5 8h9";
    /// Further.
    minus = "M3.5 8h9";
    /// A list that opens.
    chevron = "M4.5 6.5 8 10l3.5-3.5";
    /// What may be chosen.
    list = "M2.5 4h.01M2.5 8h.01M2.5 12h.01M5.5 4h8M5.5 8h8M5.5 12h5";
    /// Further up.
    up = "M4.5 9.5 8 6l3.5 3.5";
    /// Edit in the form.
    edit = "M3 13l.8-3L10.5 3.2l2.3 2.3L6 12.2z";
    /// A failure.
    fault = "M8 2.5 14 13H2zM8 6.5v3M8 11.3h.01";
    /// The next failure.
    next_fault = "M2.5 3.5l5 4.5-5 4.5M10.8 3.5v5.2M10.8 12.3h.01";
    /// The failure before.
    last_fault = "M13.5 3.5l-5 4.5 5 4.5M5.2 3.5v5.2M5.2 12.3h.01";
    /// Sessions.
    sessions = "M2 4h4.5l1.5 2h6v7H2zM2 8h12";
    /// Send out.
    share = "M8 9.5v-7M5 5l3-3 3 3M3 8.5v5h10v-5";
    /// Branches.
    branch = "M4.5 3v10M4.5 9c4 0 7-1 7-5M4.5 3h.01M11.5 3.5h.01M4.5 13h.01";
    /// Two things beside each other.
    compare = "M2.5 3.5h4v9h-4zM9.5 3.5h4v9h-4zM2.5 8h4M9.5 6h4";
    /// Go on.
    enter = "M12.5 3.5v4a2 2 0 0 1-2 2h-7M3.5 9.5l3-3M3.5 9.5l3 3";
}

/// The mark of the playground: four pages, one of them resident.
pub fn logo() -> Html {
    html! {
        <svg class="logo" viewBox="0 0 20 20" width="22" height="22" aria-hidden="true" focusable="false">
            <rect x="1.5" y="1.5" width="7" height="7" rx="1.5" class="logo-r" />
            <rect x="11.5" y="1.5" width="7" height="7" rx="1.5" class="logo-w" />
            <rect x="1.5" y="11.5" width="7" height="7" rx="1.5" class="logo-o" />
            <rect x="11.5" y="11.5" width="7" height="7" rx="1.5" class="logo-x" />
        </svg>
    }
}
