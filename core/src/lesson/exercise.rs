//! Exercises: lessons of one question, made of numbers.
//!
//! A seed is one order of all exercises; the number counts along it. Every family of exercises is a
//! product of small ranges, so an index is a choice from each of them, and two indices are two
//! exercises. A seed walks through the indices in steps that have no divisor in common with their
//! number: so none comes again before all were there, which is after millions.

use super::Lesson;
use std::fmt::Write;

/// The exercises of one kind: how many there are, and how one is written.
struct Family {
    ranges: &'static [u64],
    write: fn(&mut Sheet, &[u64]),
}

const HINTS: u64 = 4096;

const FAMILIES: [Family; 8] = [
    Family { ranges: &[24, 9, 9, HINTS], write: unmap },
    Family { ranges: &[24, 9, 9, 4, HINTS], write: protect },
    Family { ranges: &[24, 12, 5, 3, 2, HINTS], write: access },
    Family { ranges: &[200, 6, 8, 63, 2, 2], write: file },
    Family { ranges: &[24, 8, 8, 8, HINTS], write: resident },
    Family { ranges: &[16, 8, 4, 6, 5, 12, HINTS], write: faults },
    Family { ranges: &[24, 3, 6, 6, HINTS], write: arguments },
    Family { ranges: &[400, 2000, 4], write: blocks },
];

/// Writes the exercise of a number (from 0) in the order of a seed. The same numbers give the same
/// exercise; of one seed no two numbers give the same until all exercises were there.
pub fn exercise(seed: u64, number: u64) -> Lesson {
    // Almost every choice has one answer that holds; the next one is taken where it has not.
    // Those that are passed over belong to this number alone: each has a stretch of its own.
    let families = FAMILIES.len() as u64;
    let family = &FAMILIES[(number % families) as usize];
    let mut title = format!("Exercise {}", number.saturating_add(1));
    for attempt in 0..ATTEMPTS {
        let index = (number / families).wrapping_mul(ATTEMPTS).wrapping_add(attempt);
        let mut sheet = Sheet { text: format!("# lesson: {title}\n\n") };
        (family.write)(&mut sheet, &choices(family.ranges, seed, index));
        if let Ok(lesson) = Lesson::parse(&sheet.text) {
            return lesson;
        }
    }
    title.push_str(" (none like it)");
    let steps = vec![super::LessonStep {
        before: String::new(),
        line: "brk(NULL)".to_owned(),
        question: None,
        after: String::new(),
    }];
    Lesson { text: format!("# lesson: {title}\n\nbrk(NULL)\n"), title, intro: String::new(), steps }
}

/// How many indices a number has to itself.
const ATTEMPTS: u64 = 4;

/// The choice from each range that an index stands for, in the order of a seed.
fn choices(ranges: &[u64], seed: u64, index: u64) -> Vec<u64> {
    let size: u64 = ranges.iter().product();
    let mut step = (mixed(seed) % size) | 1;
    while divisor(step, size) != 1 {
        step += 2;
    }
    let place = u128::from(index % size) * u128::from(step) + u128::from(mixed(seed ^ size));
    let mut rest = (place % u128::from(size)) as u64;
    let mut choices = Vec::with_capacity(ranges.len());
    for range in ranges {
        choices.push(rest % range);
        rest /= range;
    }
    choices
}

/// A number without a pattern for each number (the finisher of SplitMix64).
fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { divisor(b, a % b) }
}

/// A lesson being written.
struct Sheet {
    text: String,
}

impl Sheet {
    fn line(&mut self, line: impl AsRef<str>) {
        // Writing into memory does not fail.
        let _ = writeln!(self.text, "{}", line.as_ref());
    }

    /// A mapping `p` of so many pages with rights, at one of many places.
    fn map(&mut self, pages: u64, prot: &str, hint: u64) {
        let hint = 0x1000_0000 + hint * 0x10_0000;
        self.line(format!(
            "p = mmap({hint:#x}, {pages}*PAGE_SIZE, {prot}, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)"
        ));
    }

    fn ask(&mut self, question: &str, claims: &[&str]) {
        self.line(format!("\n#? {question}"));
        for claim in claims {
            self.line(format!("#- {claim}"));
        }
    }
}

const RW: &str = "PROT_READ|PROT_WRITE";
const PROTS: [&str; 5] =
    ["PROT_READ", RW, "PROT_NONE", "PROT_READ|PROT_EXEC", "PROT_READ|PROT_WRITE|PROT_EXEC"];
const ACCESS: [&str; 4] =
    ["succeeds", "SIGSEGV SEGV_MAPERR", "SIGSEGV SEGV_ACCERR", "SIGBUS BUS_ADRERR"];

fn unmap(sheet: &mut Sheet, of: &[u64]) {
    sheet.map(8 + of[0], RW, of[3]);
    sheet.ask("What is left of the mapping?", &["0 VMAs", "1 VMA", "2 VMAs", "EINVAL"]);
    sheet.line(format!("munmap(p + {}*PAGE_SIZE, {}*PAGE_SIZE)", of[1], of[2]));
    sheet.line("#! The pages in the range go; what stays on either side is a VMA of its own.");
}

fn protect(sheet: &mut Sheet, of: &[u64]) {
    sheet.map(8 + of[0], RW, of[4]);
    sheet.ask("How does the list look then?", &["1 VMA", "2 VMAs", "3 VMAs", "ENOMEM"]);
    let prot = PROTS[of[3] as usize];
    sheet.line(format!("mprotect(p + {}*PAGE_SIZE, {}*PAGE_SIZE, {prot})", of[1], of[2]));
    sheet.line("#! A VMA has one set of rights: it is cut where they change, and only there.");
}

fn access(sheet: &mut Sheet, of: &[u64]) {
    sheet.map(8 + of[0], PROTS[of[2] as usize], of[5]);
    sheet.ask("What comes of this access?", &ACCESS);
    let at = format!("p + {}*PAGE_SIZE + {}", of[1], [0, 4095][of[4] as usize]);
    sheet.line(match of[3] {
        0 => format!("load({at})"),
        1 => format!("store({at}, 0x41)"),
        _ => format!("fetch({at})"),
    });
    sheet.line("#! No VMA: SEGV_MAPERR. A VMA without the right: SEGV_ACCERR.");
}

fn file(sheet: &mut Sheet, of: &[u64]) {
    sheet.line("fd = open(\"data\", O_RDWR|O_CREAT, 0644)");
    sheet.line(format!("ftruncate(fd, {})", 1 + of[0] * 97));
    let kind = ["MAP_PRIVATE", "MAP_SHARED"][of[4] as usize];
    sheet.line(format!("p = mmap(NULL, {}*PAGE_SIZE, {RW}, {kind}, fd, 0)", 2 + of[1]));
    sheet.ask("The mapping may be longer than the file. What comes of this access?", &ACCESS);
    let at = format!("p + {}*PAGE_SIZE + {}", of[2], of[3] * 65);
    sheet.line(if of[5] == 0 { format!("load({at})") } else { format!("store({at}, 0x41)") });
    sheet.line("#! The page in which the file ends is whole; pages behind it are SIGBUS.");
}

fn resident(sheet: &mut Sheet, of: &[u64]) {
    sheet.map(8 + of[0], RW, of[4]);
    sheet.line(format!("store(p + {}*PAGE_SIZE, 0x41)", of[1]));
    sheet.line(format!("load(p + {}*PAGE_SIZE)", of[2]));
    let claims = ["1 page resident", "2 pages resident", "3 pages resident", "SIGSEGV"];
    sheet.ask("How many pages are resident in the end?", &claims);
    sheet.line(format!("store(p + {}*PAGE_SIZE + 8, 0x42)", of[3]));
    sheet.line("#! A page is resident from the first touch on; touching it again changes nothing.");
}

fn faults(sheet: &mut Sheet, of: &[u64]) {
    sheet.map(16 + of[0], RW, of[6]);
    sheet.line(format!("store(p + {}*PAGE_SIZE, 0x41)", of[5]));
    let whole = 1 + of[3];
    let claims: Vec<String> =
        (whole - 1..whole + 3).map(|count| format!("{count} page faults")).collect();
    let claims: Vec<&str> = claims.iter().map(String::as_str).collect();
    sheet.ask("How many page faults does this take?", &claims);
    let inside = [0, 1, 100, 4000][of[2] as usize];
    let more = [0, 1, 96, 97, 4095][of[4] as usize];
    sheet.line(format!("memset(p + {}*PAGE_SIZE + {inside}, 1, {})", of[1], whole * 4096 + more));
    sheet.line(
        "#! One for each page that is touched for the first time, also where only a byte is.",
    );
}

fn arguments(sheet: &mut Sheet, of: &[u64]) {
    const ODD: [u64; 6] = [0, 1, 2048, 4095, 4096, 8192];
    const LENGTHS: [u64; 6] = [0, 1, 100, 4095, 4096, 4097];
    sheet.map(8 + of[0], RW, of[4]);
    sheet.ask("Is this call refused?", &["succeeds", "EINVAL", "ENOMEM"]);
    let (at, length) = (ODD[of[2] as usize], LENGTHS[of[3] as usize]);
    sheet.line(match of[1] {
        0 => format!("munmap(p + {at}, {length})"),
        1 => format!("mprotect(p + {at}, {length}, PROT_READ)"),
        _ => format!("madvise(p + {at}, {length}, MADV_DONTNEED)"),
    });
    sheet.line("#! Addresses must be multiples of the page size; lengths are rounded up.");
}

fn blocks(sheet: &mut Sheet, of: &[u64]) {
    sheet.line(format!("a = malloc({})", 1 + of[0] * 50));
    sheet.line(format!("b = malloc({})", 1 + of[1] * 45));
    let last = match of[2] {
        0 => "free(a)",
        1 => "free(b)",
        2 => {
            sheet.line("free(a)");
            "free(b)"
        }
        _ => {
            sheet.line("c = malloc(60000)");
            "free(b)"
        }
    };
    sheet.ask("How many VMAs does the allocator keep?", &["0 VMAs", "1 VMA", "2 VMAs"]);
    sheet.line(last);
    sheet.line("#! Pages go back when a major block is empty; two of them that touch are one VMA.");
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// The lines of a lesson that run.
    fn calls(lesson: &Lesson) -> String {
        lesson.steps.iter().map(|step| step.line.clone() + "\n").collect()
    }

    #[test]
    fn no_exercise_comes_twice() {
        for seed in [0, 1, u64::MAX] {
            let mut seen = BTreeSet::new();
            for number in 0..160 {
                let lesson = exercise(seed, number);
                assert_eq!(lesson.question_count(), 1, "{seed} {number}: {}", lesson.text);
                assert!(seen.insert(calls(&lesson)), "{seed} {number}: {}", lesson.text);
            }
        }
    }

    #[test]
    fn an_index_is_one_choice_and_all_are_reached() {
        for seed in 0..20 {
            let all: BTreeSet<Vec<u64>> = (0..60).map(|it| choices(&[3, 4, 5], seed, it)).collect();
            assert_eq!(all.len(), 60, "{seed}");
        }
    }

    #[test]
    fn every_answer_is_right_at_some_time() {
        let mut right: BTreeSet<(u64, usize)> = BTreeSet::new();
        for number in 0..480 {
            let lesson = exercise(7, number);
            let mut session = crate::session::Session::new(crate::machine::Machine::default());
            let mut before = super::super::claim::start();
            for step in &lesson.steps {
                session.run(&step.line);
                let ran = session.last_step().unwrap();
                if let Some(question) = &step.question {
                    let verdict = question.judge(0, ran, before);
                    right.insert((number % FAMILIES.len() as u64, verdict.holds.unwrap()));
                }
                before = ran.totals;
            }
        }
        for family in 0..FAMILIES.len() as u64 {
            let answers = right.iter().filter(|(of, _)| *of == family).count();
            assert!(answers >= 2, "family {family}: {right:?}");
        }
    }

    #[test]
    fn seeds_and_numbers_at_their_ends() {
        assert_eq!(exercise(3, 5), exercise(3, 5));
        assert_ne!(calls(&exercise(3, 5)), calls(&exercise(4, 5)));
        assert_eq!(exercise(u64::MAX, u64::MAX).question_count(), 1);
    }
}
