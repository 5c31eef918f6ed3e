//! Any text as a lesson: told what is wrong with it, or one that can be played.

use crate::lossy;
use crate::model::lesson::{Lesson, exercise};
use crate::model::saved::{text_from_link, text_to_link};

/// A lesson that is taken reads the same from its own text; and exercises of any numbers are
/// lessons.
pub(crate) fn run(bytes: &[u8]) {
    let text = lossy(bytes);
    match Lesson::parse(&text) {
        Ok(lesson) => {
            assert!(!lesson.steps.is_empty());
            let linked = text_from_link(&text_to_link(&lesson.text));
            assert_eq!(linked.map(|text| Lesson::parse(&text)), Ok(Ok(lesson)));
        }
        Err(fault) => assert!(fault.line > 0 && fault.column > 0),
    }
    if let [b'#', number @ ..] = bytes
        && let Some(number) = number.first_chunk()
    {
        let number = u64::from_le_bytes(*number);
        let made = exercise(number, number.rotate_left(17));
        assert_eq!(Lesson::parse(&made.text), Ok(made));
    }
}
