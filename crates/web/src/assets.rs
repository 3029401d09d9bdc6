//! The files that pages refer to.

/// A file of the site.
#[derive(Clone, Copy, Debug)]
pub struct Asset {
    /// Its address.
    pub path: &'static str,
    /// Its type.
    pub media_type: &'static str,
    /// Its content.
    pub content: &'static str,
}

/// All of them.
pub const ASSETS: &[Asset] = &[
    Asset {
        path: "assets/style.css",
        media_type: "text/css; charset=utf-8",
        content: include_str!("../assets/style.css"),
    },
    Asset {
        path: "assets/app.js",
        media_type: "text/javascript; charset=utf-8",
        content: include_str!("../assets/app.js"),
    },
    Asset {
        path: "assets/icon.svg",
        media_type: "image/svg+xml",
        content: include_str!("../assets/icon.svg"),
    },
];
