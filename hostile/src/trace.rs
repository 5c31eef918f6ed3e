//! Whole traces on the model: the invariants hold after each line, and every view can be made.

use crate::model::compare::compare;
use crate::model::heap::HeapSetting;
use crate::model::maps::{parse_maps, print_maps};
use crate::model::picture::{Panel, subject, svg_of};
use crate::model::replay::{RanKind, Runner};
use crate::model::report::{choose, write_results, write_search};
use crate::model::state::{State, maps_lines};
use crate::model::trace::Script;
use crate::{lossy, machine};

/// Runs a text line by line.
pub(crate) fn run(bytes: &[u8]) {
    let text = lossy(bytes);
    let mut runner = Runner::new(machine());
    runner.process.heap_setting = HeapSetting::of_trace(&text).unwrap_or_default();
    runner.process.kernel.change_machine(|machine| machine.adopt(&text));
    let start = runner.process.clone();
    let script = Script::parse(&text);
    let choice = choose(&script, None);
    let mut printed = String::new();
    let mut last = None;
    for line in script.lines.iter().filter(|line| choice.takes(line.pid)) {
        let before = runner.process.clone();
        let ran = runner.run(line, &text);
        runner.process.kernel.space.check(&runner.process.kernel.frames);
        write_results(&mut printed, &ran, true);
        write_search(&mut printed, &before, &ran);
        if let RanKind::Call(call, outcome) = &ran.kind {
            last = subject(call, outcome);
        }
    }
    let process = &runner.process;
    let maps = print_maps(&maps_lines(process));
    assert_eq!(parse_maps(&maps).1, [], "{maps}");
    State::of(process);
    compare(&start, process);
    let panels = [Panel::Map, Panel::Heap, Panel::Frames, Panel::Walk];
    svg_of(process, &text, &panels, last);
}
