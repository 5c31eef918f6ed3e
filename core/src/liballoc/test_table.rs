//! Tables of calls and what comes of them, for the tests beside the code.

use super::layout::{LAYOUT_32, MAGIC_LIVE};
use super::test_host::{Hook, Machine, Ret};
use crate::address::Address;

/// Runs a table: each line has questions, and behind ` => ` what they answer, parted by `|`. A
/// question is a call, `sums`, `hooks` (of the last call), `order`, the name of a major block,
/// `resident` with such a name, or the name of a pointer.
#[track_caller]
pub(super) fn check(table: &str) {
    check_on(Machine::new(), table);
}

/// Runs a table on a machine of 32 bits.
#[track_caller]
pub(super) fn check_32(table: &str) {
    check_on(Machine::of(&LAYOUT_32, 0xf7ff_e000), table);
}

#[track_caller]
fn check_on(mut machine: Machine, table: &str) {
    for line in table.lines() {
        let (questions, expected) = match line.split_once("=>") {
            Some((questions, expected)) => (questions, Some(expected.trim())),
            None => (line, None),
        };
        let answers: Vec<String> =
            questions.split('|').map(|question| answer(&mut machine, question.trim())).collect();
        if let Some(expected) = expected {
            assert_eq!(answers.join(" | ").trim(), expected, "{line}");
        }
    }
}

fn answer(machine: &mut Machine, question: &str) -> String {
    if question.ends_with(')') {
        machine.host.hooks.clear();
        return match machine.run(question) {
            Ret::Void => "void".to_owned(),
            Ret::Value(value) => format!("{value:#x}"),
            Ret::Address(address) => name(machine, address),
            Ret::Signal(signal) => {
                format!("{} {} {:#x}", signal.signal.name(), signal.code.name(), signal.address)
            }
        };
    }
    let heap = &machine.heap;
    let lists = machine.lists();
    if question == "sums" {
        return format!(
            "{} {} {} {} {} {}",
            heap.allocated,
            heap.in_use,
            heap.warnings,
            heap.errors,
            heap.possible_overruns,
            name(machine, heap.best_bet.unwrap_or(0)),
        );
    }
    if question == "hooks" {
        let hooks = machine.host.hooks.iter().map(|hook| match *hook {
            Hook::Map { page_count, address: None } => format!("map {page_count} refused"),
            Hook::Map { page_count, address: Some(address) } => {
                format!("map {page_count} {}", name(machine, address))
            }
            Hook::Unmap { address, page_count, result } => {
                format!("unmap {} {page_count} {result}", name(machine, address))
            }
        });
        return hooks.collect::<Vec<_>>().join(", ");
    }
    if question == "order" {
        let names = lists.majors.iter().map(|major| name(machine, major.address));
        return names.collect::<Vec<_>>().join(" ");
    }
    if let Some(major) = question.strip_prefix("resident ") {
        let range = machine.major(major).expect("a major block");
        let runs = machine.host.resident(range);
        let runs = runs.iter().map(|[first, count]| format!("{first}+{count}"));
        return runs.collect::<Vec<_>>().join(" ");
    }
    let Some(range) = machine.major(question) else {
        return format!("{:#x}", machine.value(question));
    };
    let mut majors = lists.majors.iter();
    let Some(major) = majors.find(|major| major.address == range.start()) else {
        return "gone".to_owned();
    };
    let mut text = format!("{} pages, usage {}:", major.pages, major.usage);
    for minor in major.minors.iter() {
        let offset = minor.address.wrapping_sub(major.address);
        text += &format!(" {offset}+{}/{}", minor.size, minor.req_size);
        if minor.magic != MAGIC_LIVE {
            text += &format!("!{:#x}", minor.magic);
        }
    }
    if major.broken.is_some() { text + " broken" } else { text }
}

/// An address as it is recorded: by the newest major block there.
fn name(machine: &Machine, address: Address) -> String {
    if address == 0 {
        return "NULL".to_owned();
    }
    let majors = &machine.host.majors;
    match majors.iter().rposition(|range| range.contains(address)) {
        Some(index) if majors[index].start() == address => format!("M{}", index + 1),
        Some(index) => format!("M{}+{:#x}", index + 1, address - majors[index].start()),
        None => format!("{address:#x}"),
    }
}
