//! The lessons that come with the playground, in the order of the guide.

/// A lesson's text.
#[derive(Debug)]
pub struct LessonText {
    /// Its name in links, ids and among what the browser keeps.
    pub id: &'static str,
    /// What [`Lesson::parse`](super::Lesson::parse) reads.
    pub text: &'static str,
}

macro_rules! lessons {
    ($($id:literal),* $(,)?) => {
        /// All of them.
        pub static LESSONS: &[LessonText] =
            &[$(LessonText { id: $id, text: include_str!(concat!("texts/", $id, ".trace")) }),*];
    };
}

lessons![
    "address-space",
    "mmap",
    "munmap",
    "mprotect",
    "faults",
    "files",
    "copy-on-write",
    "residency",
    "placement",
    "merging",
    "malloc",
    "breaking",
];
