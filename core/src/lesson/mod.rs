//! Lessons: predict, then see. A lesson is a trace with remarks, so that `replay` runs it as well.
//!
//! ```text
//! # lesson: A hole in a mapping
//! # Two or three sentences to begin with.
//!
//! # Words for the next call stand right above it.
//! p = mmap(NULL, 3*PAGE_SIZE, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
//!
//! #? You unmap the page in the middle. What is left?
//! #- 1 VMA | One VMA, with a hole in it
//! #- 2 VMAs
//! #- EINVAL
//! munmap(p + PAGE_SIZE, PAGE_SIZE)
//! #! A VMA has one beginning and one end.
//! ```
//!
//! Which answer is right is nowhere said: each is a [`Claim`], and the model decides. A lesson of
//! which not exactly one answer holds is refused when it is read. [`exercise`] makes lessons of
//! numbers, [`LESSONS`] are those that come with the playground.

mod claim;
mod exercise;
mod texts;

pub use claim::Claim;
pub use exercise::exercise;
pub use texts::LESSONS;

use crate::limits::{ANSWERS, LESSON_BYTES, LESSON_CALLS};
use crate::machine::Machine;
use crate::session::{Session, Step};
use crate::state::Totals;
use crate::trace::{Diagnostic, Severity, Span};

/// What the first line of a lesson begins with.
pub const DIRECTIVE: &str = "# lesson:";

/// A lesson.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lesson {
    /// What it is called.
    pub title: String,
    /// What stands before the first call; may be empty.
    pub intro: String,
    /// Its calls, in their order; at least one.
    pub steps: Vec<LessonStep>,
    /// The text that it was read from.
    pub text: String,
}

/// A call of a lesson.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LessonStep {
    /// What is said before it; may be empty.
    pub before: String,
    /// The line as it will run.
    pub line: String,
    /// What the reader is asked first.
    pub question: Option<Question>,
    /// What is said behind it; may be empty.
    pub after: String,
}

/// A question about the call that follows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Question {
    /// Its words.
    pub text: String,
    /// The answers to choose from.
    pub answers: Vec<Answer>,
}

/// An answer to choose.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// What it claims.
    pub claim: Claim,
    /// Its words.
    pub words: String,
}

/// What came of an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Verdict {
    /// The answer that holds; nothing where none does, since other calls ran in between.
    pub holds: Option<usize>,
    /// The answer chosen is the one that holds.
    pub right: bool,
}

impl Question {
    /// Judges the answer of a number (from 0) by what the call did; `before` are the totals before it.
    pub fn judge(&self, chosen: usize, step: &Step, before: Totals) -> Verdict {
        let mut holds = self.answers.iter().map(|answer| answer.claim.holds(step, before));
        let right = holds.clone().nth(chosen).unwrap_or(false);
        let first = holds.position(|holds| holds);
        Verdict { holds: if right { Some(chosen) } else { first }, right }
    }
}

impl Lesson {
    /// Says whether a text means to be a lesson.
    pub fn is_lesson(text: &str) -> bool {
        text.trim_start().starts_with(DIRECTIVE)
    }

    /// Reads a lesson and runs it once, to see that of each question exactly one answer holds.
    ///
    /// # Errors
    ///
    /// The first line that is not as it must be, with what was expected.
    pub fn parse(text: &str) -> Result<Lesson, Diagnostic> {
        if text.len() > LESSON_BYTES {
            return Err(fault(1, format!("a lesson has at most {LESSON_BYTES} bytes")));
        }
        let mut reader = Reader::default();
        for (index, line) in text.lines().enumerate() {
            let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
            reader.line(number, line.trim()).map_err(|message| fault(number, message))?;
        }
        let (lesson, numbers) = reader.finish(text)?;
        lesson.try_out(&numbers)?;
        Ok(lesson)
    }

    /// How many questions it has.
    pub fn question_count(&self) -> usize {
        self.steps.iter().filter(|step| step.question.is_some()).count()
    }

    fn try_out(&self, numbers: &[u32]) -> Result<(), Diagnostic> {
        let mut session = Session::new(Machine::default());
        for (step, number) in self.steps.iter().zip(numbers) {
            let before = session.last_step().map_or_else(claim::start, |step| step.totals);
            let report = session.run(&step.line);
            if let Some(diagnostic) = report.diagnostics.first() {
                return Err(Diagnostic { line: *number, ..diagnostic.clone() });
            }
            let Some(ran) = session.last_step().filter(|it| report.ran == 1 && it.call.is_some())
            else {
                return Err(fault(*number, "expected a call that the model knows"));
            };
            let Some(question) = &step.question else { continue };
            let held = question.answers.iter().filter(|it| it.claim.holds(ran, before)).count();
            if held != 1 {
                let result = ran.signal.as_ref().unwrap_or(&ran.result);
                let message =
                    format!("of its answers {held} hold where one must; the call gives {result}");
                return Err(fault(*number, message));
            }
        }
        Ok(())
    }
}

fn fault(line: u32, message: impl Into<String>) -> Diagnostic {
    let span = Span::default();
    Diagnostic { line, column: 1, span, message: message.into(), severity: Severity::Error }
}

/// Puts a lesson together, line by line.
#[derive(Default)]
struct Reader {
    title: Option<String>,
    /// Remarks since the last call; what stands before a blank line is one paragraph.
    remarks: Vec<String>,
    intro: Option<String>,
    question: Option<Question>,
    steps: Vec<LessonStep>,
    /// Line numbers of the calls.
    numbers: Vec<u32>,
}

impl Reader {
    fn line(&mut self, number: u32, line: &str) -> Result<(), String> {
        if self.title.is_none() {
            return self.first(line);
        }
        if let Some(text) = line.strip_prefix("#?") {
            let text = text.trim().to_owned();
            if self.question.is_some() {
                return Err("a question before the call of the one above".to_owned());
            }
            self.question = Some(Question { text, answers: Vec::new() });
        } else if let Some(text) = line.strip_prefix("#-") {
            let Some(question) = &mut self.question else {
                return Err("an answer (#-) without a question (#?)".to_owned());
            };
            let (claim, words) = text.split_once('|').unwrap_or((text, ""));
            let claim = Claim::parse(claim.trim())?;
            let words = match words.trim() {
                "" => claim.sentence(),
                words => words.to_owned(),
            };
            question.answers.push(Answer { claim, words });
        } else if let Some(text) = line.strip_prefix("#!") {
            let Some(step) = self.steps.last_mut() else {
                return Err("an explanation (#!) before any call".to_owned());
            };
            add(&mut step.after, text.trim());
        } else if let Some(text) = line.strip_prefix('#') {
            self.remarks.push(text.trim().to_owned());
        } else if line.is_empty() {
            if self.intro.is_none() && self.steps.is_empty() && !self.remarks.is_empty() {
                self.intro = Some(self.take_remarks());
            }
        } else {
            return self.call(number, line);
        }
        Ok(())
    }

    fn first(&mut self, line: &str) -> Result<(), String> {
        if line.is_empty() {
            return Ok(());
        }
        let title = line.strip_prefix(DIRECTIVE).map(str::trim).unwrap_or_default();
        if title.is_empty() {
            return Err(format!("expected {DIRECTIVE} and a title in the first line"));
        }
        self.title = Some(title.to_owned());
        Ok(())
    }

    fn call(&mut self, number: u32, line: &str) -> Result<(), String> {
        if let Some(question) = &self.question
            && !ANSWERS.contains(&question.answers.len())
        {
            let (least, most) = (ANSWERS.start(), ANSWERS.end());
            return Err(format!(
                "a question has {least} to {most} answers (#-), and this one {}",
                question.answers.len()
            ));
        }
        if self.steps.len() >= LESSON_CALLS {
            return Err(format!("a lesson has at most {LESSON_CALLS} calls"));
        }
        let before = self.take_remarks();
        let question = self.question.take();
        self.steps.push(LessonStep {
            before,
            line: line.to_owned(),
            question,
            after: String::new(),
        });
        self.numbers.push(number);
        Ok(())
    }

    fn take_remarks(&mut self) -> String {
        std::mem::take(&mut self.remarks).iter().fold(String::new(), |mut all, line| {
            add(&mut all, line);
            all
        })
    }

    fn finish(self, text: &str) -> Result<(Lesson, Vec<u32>), Diagnostic> {
        let last = u32::try_from(text.lines().count()).unwrap_or(u32::MAX).max(1);
        let Some(title) = self.title else {
            return Err(fault(last, format!("expected {DIRECTIVE} and a title")));
        };
        if self.question.is_some() {
            return Err(fault(last, "a question without a call behind it"));
        }
        if self.steps.is_empty() {
            return Err(fault(last, "a lesson has at least one call"));
        }
        let intro = self.intro.unwrap_or_default();
        Ok((Lesson { title, intro, steps: self.steps, text: text.to_owned() }, self.numbers))
    }
}

/// Adds a line of a paragraph.
fn add(paragraph: &mut String, line: &str) {
    if !paragraph.is_empty() && !line.is_empty() {
        paragraph.push(' ');
    }
    paragraph.push_str(line);
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOLE: &str = "# lesson: A hole\n# To begin\n# with.\n\n# Words.\n\
        p = mmap(NULL, 3*PAGE_SIZE, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n\n\
        #? What is left?\n#- 1 VMA | One, with a hole\n#- 2 VMAs\n#- EINVAL\n\
        munmap(p + PAGE_SIZE, PAGE_SIZE)\n#! A VMA has one end,\n#! and one beginning.\n";

    #[test]
    fn a_lesson_is_read() {
        let lesson = Lesson::parse(HOLE).unwrap();
        assert_eq!((lesson.title.as_str(), lesson.intro.as_str()), ("A hole", "To begin with."));
        assert_eq!((lesson.steps.len(), lesson.question_count()), (2, 1));
        assert_eq!(lesson.steps[0].before, "Words.");
        let last = &lesson.steps[1];
        assert_eq!(last.after, "A VMA has one end, and one beginning.");
        let question = last.question.as_ref().unwrap();
        let words: Vec<_> = question.answers.iter().map(|answer| answer.words.as_str()).collect();
        assert_eq!(words[0], "One, with a hole");
        assert_eq!(words[1], "Besides the stack there are 2 VMAs");
        assert_eq!(lesson.text, HOLE);
    }

    #[test]
    fn an_answer_is_judged_by_what_ran() {
        let lesson = Lesson::parse(HOLE).unwrap();
        let question = lesson.steps[1].question.as_ref().unwrap();
        let mut session = Session::new(Machine::default());
        session.run(&lesson.steps[0].line);
        let before = session.last_step().unwrap().totals;
        session.run(&lesson.steps[1].line);
        let step = session.last_step().unwrap();
        let judged = |chosen| question.judge(chosen, step, before);
        assert_eq!(judged(0), Verdict { holds: Some(1), right: false });
        assert_eq!(judged(1), Verdict { holds: Some(1), right: true });
        assert_eq!(judged(9), Verdict { holds: Some(1), right: false });
        // Something else ran in between: no answer holds, and none is right.
        session.run("munmap(p, 3*PAGE_SIZE)");
        let step = session.last_step().unwrap();
        assert_eq!(question.judge(1, step, before), Verdict { holds: None, right: false });
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (from, to, line, told) in [
            ("# lesson: A hole", "# a hole", 1, "expected # lesson: and a title"),
            ("# lesson: A hole", "# lesson:", 1, "expected # lesson: and a title"),
            ("#? What", "# What", 9, "without a question"),
            ("#- 2 VMAs\n", "", 11, "of its answers 0 hold"),
            ("#- EINVAL", "#- succeeds", 12, "of its answers 2 hold"),
            ("#- EINVAL", "#- something", 11, "is no claim"),
            ("#- 1 VMA | One, with a hole\n#- 2 VMAs\n", "", 10, "2 to 6 answers"),
            ("munmap(p", "munmap(q", 12, "q"),
            ("munmap(p + PAGE_SIZE, PAGE_SIZE)", "fork()", 12, "a call that the model knows"),
        ] {
            let wrong = HOLE.replacen(from, to, 1);
            assert_ne!(wrong, HOLE, "{from}");
            let fault = Lesson::parse(&wrong).unwrap_err();
            assert_eq!(fault.line, line, "{to}: {fault}");
            assert!(fault.message.contains(told), "{to}: {fault}");
        }
        assert!(Lesson::parse("").is_err() && Lesson::parse("# lesson: x").is_err());
        assert!(Lesson::parse(&format!("{HOLE}#? And?\n")).is_err());
        assert!(Lesson::parse(&format!("{HOLE}{}", "#".repeat(LESSON_BYTES))).is_err());
    }

    #[test]
    fn the_lessons_that_come_along_are_lessons() {
        assert_eq!(LESSONS.len(), 12);
        for text in LESSONS {
            let lesson = Lesson::parse(text.text).unwrap_or_else(|it| panic!("{}: {it}", text.id));
            assert!(lesson.question_count() >= 2, "{}", text.id);
            assert!(!lesson.intro.is_empty(), "{}", text.id);
            let explained = lesson.steps.iter().filter(|it| it.question.is_some());
            assert!(explained.clone().all(|step| !step.after.is_empty()), "{}", text.id);
        }
    }
}
