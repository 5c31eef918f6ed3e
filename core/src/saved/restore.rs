//! A saved session on its way back: read and run in slices. Every number in it is a stranger's.

use super::{Part, Saved, SavedError};
use crate::heap::HeapSetting;
use crate::limits::{BRANCHES, NAME_LETTERS, SAVED_STEPS};
use crate::machine::Machine;
use crate::session::{Branch, Detail, Progress, Pushed, Session, Source};
use crate::trace::Parser;
use std::sync::Arc;

/// A saved session on its way back: first its texts are read, then their lines run.
#[derive(Debug)]
pub struct Restore {
    saved: Saved,
    session: Session,
    /// The text that is being read.
    parser: Option<Parser>,
    texts: Vec<Arc<Source>>,
    bytes: usize,
    /// The branch that is being run; before that there is none.
    branch: usize,
    part: usize,
    /// What is left of the part.
    left: Option<Part>,
    steps: usize,
    total_steps: usize,
    fault: Option<SavedError>,
}

impl Restore {
    /// Begins. Nothing is read or run yet.
    ///
    /// # Errors
    ///
    /// Its numbers do not fit each other.
    pub fn new(saved: Saved) -> Result<Restore, SavedError> {
        let total_steps = check(&saved)?;
        let mut session = match &saved.maps {
            Some(maps) => Session::start_from_maps(maps).0,
            None => Session::new(Machine::default()),
        };
        if let Some(words) = &saved.heap {
            let setting = HeapSetting::parse(words);
            let unknown = || SavedError::Damaged("its allocator is not known here".to_owned());
            session = session.with_heap(setting.ok_or_else(unknown)?);
        }
        if saved.protection_keys {
            session = session.with_protection_keys(true);
        }
        if let Some(limit) = saved.max_map_count {
            if !Machine::may_limit(limit) {
                let what = "its limit of mappings cannot be set".to_owned();
                return Err(SavedError::Damaged(what));
            }
            session = session.on_machine(|machine| machine.max_map_count = limit);
        }
        session.branches[0].name = name(&saved, 0);
        Ok(Restore {
            session,
            parser: None,
            texts: Vec::with_capacity(saved.texts.len()),
            bytes: 0,
            branch: 0,
            part: 0,
            left: None,
            steps: 0,
            total_steps,
            fault: None,
            saved,
        })
    }

    /// Reads or runs at most so many lines.
    pub fn advance(&mut self, lines: usize) -> Progress {
        let mut budget = lines.max(1);
        while budget > 0 && !self.is_done() {
            let used = match self.saved.texts.get(self.texts.len()) {
                Some(_) => self.read(budget),
                None => self.run(budget),
            };
            budget = budget.saturating_sub(used.max(1));
        }
        match self.saved.texts.get(self.texts.len()) {
            Some(_) => Progress { done: self.bytes, total: self.total_bytes() },
            None => Progress { done: self.steps, total: self.total_steps },
        }
    }

    fn total_bytes(&self) -> usize {
        self.saved.texts.iter().map(|text| text.text.len()).sum()
    }

    /// Reads lines of the next text; says how many at most.
    fn read(&mut self, budget: usize) -> usize {
        let Some(next) = self.saved.texts.get(self.texts.len()) else { return 0 };
        let (text, choice) = (next.text.clone(), next.choice);
        let parser = self.parser.get_or_insert_with(|| Parser::new(text.clone()));
        let before = parser.bytes_read();
        let more = parser.next_lines(u32::try_from(budget).unwrap_or(u32::MAX));
        self.bytes += parser.bytes_read().saturating_sub(before);
        if more {
            return budget;
        }
        let script = self.parser.take().map(Parser::finish).unwrap_or_default();
        let used = script.lines.len().min(budget);
        self.texts.push(Arc::new(Source::new(text, choice, script.lines)));
        used
    }

    /// Runs lines of the part at hand, or takes up the next part or branch; says how many ran.
    fn run(&mut self, budget: usize) -> usize {
        let Some(mut part) = self.left.take() else {
            self.next_part();
            return 0;
        };
        let Some(source) = self.texts.get(part.text) else { return 0 };
        let mut ran = 0;
        while part.steps > 0 && ran < budget {
            if part.line >= source.lines.len() {
                let what = format!("text {} has fewer steps than it says", part.text + 1);
                self.fault = Some(SavedError::Damaged(what));
                return ran;
            }
            if let Pushed::Step { .. } = self.session.push(source, part.line, Detail::Usual) {
                part.steps -= 1;
                self.steps += 1;
            }
            part.line += 1;
            ran += 1;
        }
        if part.steps > 0 {
            self.left = Some(part);
        }
        ran
    }

    fn next_part(&mut self) {
        let Some(branch) = self.saved.branches.get(self.branch) else { return };
        if let Some(part) = branch.parts.get(self.part) {
            self.part += 1;
            if self.may_begin(*part) {
                self.left = Some(*part);
            } else {
                self.damaged("a part begins in the middle of a text");
            }
            return;
        }
        self.branch += 1;
        self.part = 0;
        if self.branch < self.saved.branches.len() {
            self.begin_branch();
        } else {
            self.arrive();
        }
    }

    /// Says whether a part begins where its text does, or goes on where the last step left it: any
    /// other could be run, but not be saved again.
    fn may_begin(&self, part: Part) -> bool {
        let last = self.session.branch().steps.last().map(|step| &step.at);
        let source = self.texts.get(part.text);
        match last.filter(|last| source.is_some_and(|it| Arc::ptr_eq(it, last.source()))) {
            Some(last) => part.line == last.ordinal() + 1,
            None => part.line == 0,
        }
    }

    fn begin_branch(&mut self) {
        let (parent, steps) = self.saved.branches[self.branch].from.unwrap_or((0, 0));
        let name = name(&self.saved, self.branch);
        let begun = self.session.branches.get(parent);
        match begun.filter(|parent| steps <= parent.steps.len()) {
            Some(parent) => {
                let begun: Branch = parent.beginning(steps, name);
                self.session.branches.push(begun);
                self.session.switch_branch(self.branch, steps);
            }
            None => self.damaged("a branch leaves another behind its end"),
        }
    }

    fn arrive(&mut self) {
        let steps = self.session.branches.get(self.saved.active).map(|it| it.steps.len());
        if steps.is_some_and(|steps| self.saved.position <= steps) {
            self.session.switch_branch(self.saved.active, self.saved.position);
        } else {
            self.damaged("its position lies behind its end");
        }
    }

    fn damaged(&mut self, what: &str) {
        self.fault = Some(SavedError::Damaged(what.to_owned()));
    }

    /// Says whether the texts are read and their lines are being run.
    pub fn is_read(&self) -> bool {
        self.texts.len() == self.saved.texts.len()
    }

    /// Says whether all is back, or will never be.
    pub fn is_done(&self) -> bool {
        self.fault.is_some() || self.branch >= self.saved.branches.len()
    }

    /// What was saved.
    pub fn saved(&self) -> &Saved {
        &self.saved
    }

    /// The texts as the session that comes back holds them, in the order of [`Saved::texts`].
    pub fn sources(&self) -> Vec<Arc<Source>> {
        self.texts.clone()
    }

    /// The session.
    ///
    /// # Errors
    ///
    /// It does not fit together, or it is not all back.
    pub fn finish(self) -> Result<Session, SavedError> {
        let unfinished = || SavedError::Damaged("it is not all back".to_owned());
        match self.fault {
            Some(fault) => Err(fault),
            None if self.branch < self.saved.branches.len() => Err(unfinished()),
            None => Ok(self.session),
        }
    }
}

fn name(saved: &Saved, branch: usize) -> Arc<str> {
    let name: String = saved.branches[branch].name.chars().take(NAME_LETTERS).collect();
    if name.trim().is_empty() { "Branch".into() } else { name.into() }
}

/// Holds the numbers against each other; gives how many steps there are to run.
fn check(saved: &Saved) -> Result<usize, SavedError> {
    let damaged = |what: &str| Err(SavedError::Damaged(what.to_owned()));
    if saved.branches.is_empty() || saved.active >= saved.branches.len() {
        return damaged("the branch shown is not there");
    }
    if saved.branches.len() > BRANCHES {
        return Err(SavedError::TooMuch(format!("{BRANCHES} branches")));
    }
    let mut steps = 0_usize;
    for (index, branch) in saved.branches.iter().enumerate() {
        if branch.from.is_some_and(|(parent, _)| parent >= index) {
            return damaged("a branch leaves one that is not there");
        }
        for part in &branch.parts {
            if part.text >= saved.texts.len() {
                return damaged("a text is missing");
            }
            steps = steps.saturating_add(part.steps);
        }
    }
    if steps > SAVED_STEPS {
        return Err(SavedError::TooMuch(format!("{SAVED_STEPS} steps")));
    }
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::saved::{Part, SavedBranch};

    fn saved(branches: usize, steps: usize) -> Saved {
        let mut session = Session::new(Machine::default());
        session.run("brk(0)");
        let mut saved = Saved::of(&session);
        let none = SavedBranch { name: String::new(), from: None, parts: Vec::new() };
        saved.branches.resize(branches, none);
        saved.branches[branches - 1].parts = vec![Part { text: 0, line: 0, steps }];
        saved
    }

    fn error(saved: Saved) -> Option<String> {
        let mut restore = match Restore::new(saved) {
            Ok(restore) => restore,
            Err(error) => return Some(error.to_string()),
        };
        while !restore.is_done() {
            restore.advance(usize::MAX);
        }
        restore.finish().err().map(|error| error.to_string())
    }

    #[test]
    fn so_many_branches_come_back_and_one_more_is_told() {
        assert_eq!(error(saved(BRANCHES, 0)), None);
        let told = "it holds more than 10000 branches";
        assert_eq!(error(saved(BRANCHES + 1, 0)).as_deref(), Some(told));
    }

    /// Nothing is run for what is too much: a text that has fewer lines would else be told.
    #[test]
    fn so_many_steps_are_run_and_one_more_is_told() {
        let fewer = error(saved(1, SAVED_STEPS)).unwrap_or_default();
        assert!(fewer.contains("text 1 has fewer steps than it says"), "{fewer}");
        let told = "it holds more than 20000000 steps";
        assert_eq!(error(saved(1, SAVED_STEPS + 1)).as_deref(), Some(told));
        assert_eq!(error(saved(2, usize::MAX)).as_deref(), Some(told));
    }
}
