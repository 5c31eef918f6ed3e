//! What a session says of the heap: which allocator the program is linked with, how its last call
//! went, and its figures over time.

use super::Session;
use super::checkpoints::FIRST;
use crate::heap::HeapSetting;
use crate::search::Search;
use crate::state::{Figures, HeapReader};

/// The figures of the heap after some step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FiguresAt {
    /// How many steps lie before.
    pub position: usize,
    /// The figures; all 0 before the first call of the allocator.
    pub figures: Figures,
}

impl Session {
    /// What the program is linked with.
    pub fn heap_setting(&self) -> HeapSetting {
        self.process().heap_setting
    }

    /// How the last call of the allocator went, step by step; nothing if the last call was none.
    pub fn last_search(&self) -> Option<Search> {
        let call = self.last_step()?.call.as_ref().filter(|call| call.is_of_heap())?;
        if let Some(before) = &self.before {
            return before.process.watch(call);
        }
        let mut before = self.clone();
        before.go_to(self.position - 1);
        before.process().watch(call)
    }

    /// The figures of the heap over time, at no more than about `most` positions. In a long session
    /// they are those where a whole state is kept, so that nothing need be run again.
    pub fn figures_over_time(&self, most: usize) -> Vec<FiguresAt> {
        let (mut session, mut heap) = (self.clone(), HeapReader::default());
        let positions = self.positions_of_figures(most);
        positions.into_iter().map(|position| session.figures_at(position, &mut heap)).collect()
    }

    /// The positions that [`figures_over_time`](Session::figures_over_time) looks at.
    pub fn positions_of_figures(&self, most: usize) -> Vec<usize> {
        let (len, most) = (self.len(), most.max(1));
        let positions: Vec<usize> = match len {
            _ if len > 8 * FIRST => self.branch().checkpoints.positions().collect(),
            _ => (0..len).collect(),
        };
        let stride = positions.len().div_ceil(most).max(1);
        let thinned = positions.into_iter().filter(|at| *at < len).step_by(stride);
        thinned.chain([len]).collect()
    }

    /// Goes to a position, and gives the figures of the heap there; `heap` has read other moments
    /// before.
    pub fn figures_at(&mut self, position: usize, heap: &mut HeapReader) -> FiguresAt {
        self.go_to(position);
        let figures = heap.read(self.process()).map(|heap| Figures::of(&heap));
        FiguresAt { position, figures: figures.unwrap_or_default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heap::Allocator;
    use crate::machine::Machine;
    use crate::search::HeapStep;

    const TAGS: HeapSetting = HeapSetting { allocator: Allocator::BoundaryTags, bits: 32 };

    fn session(text: &str) -> Session {
        let mut session = Session::new(Machine::default());
        session.run(text);
        session
    }

    #[test]
    fn another_allocator_runs_the_same_lines() {
        let liballoc = session("a = malloc(100)\nb = malloc(8)\nfree(a)\nstore(b, 1)");
        let tags = liballoc.with_heap(TAGS);
        assert_eq!((tags.len(), tags.position()), (4, 4));
        assert_eq!(tags.heap_setting(), TAGS);
        assert_eq!(tags.last_step().unwrap().result, "0");
        assert_ne!(tags.process(), liballoc.process());
        assert_eq!(tags.with_heap(HeapSetting::default()).process(), liballoc.process());
        // Its text asks for it again.
        assert_eq!(session(&tags.script()).process(), tags.process());
        let mut import = super::super::Import::new(tags.script());
        while !import.is_done() {
            import.advance(10);
        }
        assert_eq!(import.finish().process(), tags.process());
    }

    #[test]
    fn another_allocator_runs_all_branches() {
        let mut liballoc = session("a = malloc(100)\nb = malloc(8)\nfree(a)");
        liballoc.go_to(1);
        liballoc.run("free(a)");
        liballoc.rename_branch(0, "first");
        let tags = liballoc.with_heap(TAGS);
        assert_eq!(tags.branches(), liballoc.branches());
        assert_eq!(tags.position(), 2);
        assert_eq!(tags.process_at(0, 3).unwrap().heap_setting, TAGS);
        let saved = crate::saved::Saved::of(&tags).to_text();
        let again = crate::saved::Saved::from_text(&saved).unwrap().restore().unwrap();
        assert_eq!((again.heap_setting(), again.process()), (TAGS, tags.process()));
    }

    #[test]
    fn the_last_search_is_of_the_state_before() {
        let mut session = session("a = malloc(100)\nb = malloc(200)\nfree(a)\nc = malloc(100)");
        let gap = |session: &Session| {
            let steps = session.last_search()?.steps.into_iter();
            steps.filter(|step| matches!(step, HeapStep::Gap { .. })).map(|it| it.sentence()).next()
        };
        let first = gap(&session).unwrap();
        assert!(first.contains("before the first block") && first.ends_with("fits"), "{first}");
        session.go_to(2);
        let second = gap(&session).unwrap();
        assert!(second.ends_with("0 bytes, 272 needed: too small"), "{second}");
        session.run("brk(0)");
        assert_eq!(session.last_search(), None);
    }

    #[test]
    fn figures_over_time_are_those_of_the_moments() {
        let text: String = (0..3000).map(|i| format!("p{i} = malloc({})\n", i % 50)).collect();
        let session = session(&text);
        let all = session.figures_over_time(100);
        assert!(all.len() <= 101 && all.len() > 20, "{}", all.len());
        assert_eq!(all.last().unwrap().position, 3000);
        for it in all.iter().step_by(7) {
            assert_eq!(it.figures.blocks, it.position as u64);
        }
        let mut few = session.clone();
        few.go_to(5);
        few.run("free(p1)");
        let blocks =
            few.figures_over_time(100).iter().map(|it| it.figures.blocks).collect::<Vec<_>>();
        assert_eq!(blocks, [0, 1, 2, 3, 4, 5, 4]);
    }
}
