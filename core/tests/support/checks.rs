//! The checks over recorded files. They are tests of several test binaries: native, Node, browser.

#![allow(unreachable_pub)]

use crate::support::*;

/// Every trace that was recorded on a real kernel gives the recorded results, maps and pages.
pub fn linux() {
    let mut differences = Vec::new();
    let (mut same, mut pages) = (0, 0);
    for name in names(&LINUX, ".trace") {
        let trace = text(&LINUX, &format!("{name}.trace")).unwrap();
        let expected = text(&LINUX, &format!("{name}.expected")).unwrap();
        let (runner, printed) = run(trace, None, false);
        assert_eq!(runner.counts.skipped, 0, "{name}");
        let mut parts = expected.split("\n\n");
        let results: Vec<&str> = parts.next().unwrap_or_default().lines().collect();
        let maps = parts.next().unwrap_or_default();
        let mut problems = Vec::new();
        let printed = without_comments(&printed);
        if printed != results {
            problems.push(format!("results\n{}\nnot\n{}", printed.join("\n"), results.join("\n")));
        }
        let own_maps = maps_text(&runner.process);
        if maps_columns(&own_maps) != maps_columns(maps) {
            problems.push(format!("maps\n{own_maps}\nnot\n{maps}"));
        }
        if trace.contains("# pages: yes") {
            let recorded = parts.next().unwrap_or_default().lines();
            let columns = recorded.map(|line| line.splitn(3, ' ').take(2).collect::<Vec<_>>());
            let recorded: Vec<String> = columns.map(|columns| columns.join(" ")).collect();
            let own = page_lines(&runner.process);
            if own != recorded {
                problems.push(format!("pages\n{}\nnot\n{}", own.join("\n"), recorded.join("\n")));
            }
            pages += 1;
        }
        if problems.is_empty() {
            same += 1;
        } else {
            differences.push(format!("{name}: {}", problems.join("\n")));
        }
    }
    println!("{same} recorded traces agree ({pages} with their pages)");
    assert!(differences.is_empty(), "{}", differences.join("\n\n"));
    assert!(same >= 446, "only {same} traces ran");
}

/// Every log of a real program ends with the kernel's own list of mappings, without a divergence.
pub fn strace() {
    let mut differences = Vec::new();
    let mut same = 0;
    for name in names(&STRACE, ".final.maps") {
        let file = |ending: &str| text(&STRACE, &format!("{name}.{ending}"));
        let log = file("strace").unwrap();
        let seams: Vec<&str> = file("seams").unwrap_or_default().split_whitespace().collect();
        let with_paths = log.contains(">, ");
        let (runner, _) = run(log, file("initial.maps"), false);
        let counts = runner.counts;
        if counts.divergences + counts.unreadable > 0 {
            differences.push(format!("{name}: {counts:?}"));
        }
        let recorded = comparable(file("final.maps").unwrap(), &seams, with_paths);
        let own = comparable(&maps_text(&runner.process), &seams, with_paths);
        if own != recorded {
            differences.push(format!("{name}: {own:#?}\nnot {recorded:#?}"));
        } else {
            same += 1;
        }
    }
    println!("{same} logs end with the kernel's own mappings");
    assert!(differences.is_empty(), "{}", differences.join("\n\n"));
    assert!(same >= 22, "only {same} logs ran");
}

/// Logs without a list of mappings: no line is unread, nothing diverges.
pub fn strace_without_maps() {
    for name in ["aslr-ls", "pipeline-f", "threads-pthread"] {
        let log = text(&STRACE, &format!("{name}.strace")).unwrap();
        let (runner, printed) = run(log, None, false);
        assert_eq!(runner.counts.unreadable, 0, "{name}");
        assert_eq!(runner.counts.divergences, 0, "{name}: {printed}");
        assert!(runner.counts.calls > 20, "{name}: {:?}", runner.counts);
        assert!(printed.contains("inferred"), "{name}");
    }
}

/// Our own traces print what they printed before. `UPDATE_EXPECT=1` rewrites them (natively).
pub fn traces() {
    let mut differences = Vec::new();
    for name in names(&TRACES, ".trace") {
        let trace = text(&TRACES, &format!("{name}.trace")).unwrap();
        let (runner, printed) = run(trace, None, true);
        let own = format!("{printed}\n{}", maps_text(&runner.process));
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            let path = format!("{}/tests/traces/{name}.expected", env!("CARGO_MANIFEST_DIR"));
            std::fs::write(path, &own).unwrap();
            continue;
        }
        let expected = text(&TRACES, &format!("{name}.expected")).unwrap_or_default();
        if own != expected {
            differences.push(format!("{name}:\n{own}\nnot\n{expected}"));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n\n"));
}

/// A maps text to compare: the kernel's own lines by name only, lines joined at seams, and names
/// only where the log knows them.
fn comparable(text: &str, seams: &[&str], with_paths: bool) -> Vec<[String; 4]> {
    let mut lines: Vec<[String; 4]> = Vec::new();
    for mut columns in maps_columns(text) {
        let name = columns[3].clone();
        if name.starts_with("[v") || name == "[stack]" {
            lines.push([String::new(), String::new(), String::new(), name]);
            continue;
        }
        if !with_paths {
            columns[3] = name.rsplit('/').next().unwrap_or_default().to_owned();
        }
        let (start, end) = columns[0].split_once('-').unwrap_or_default();
        let (start, end) = (start.to_owned(), end.to_owned());
        let seam = seams.iter().any(|seam| seam.trim_start_matches("0x") == start);
        match lines.last_mut() {
            Some(last) if seam && last[0].ends_with(&start) && last[1] == columns[1] => {
                let begin = last[0].split('-').next().unwrap_or_default().to_owned();
                last[0] = format!("{begin}-{end}");
            }
            _ => lines.push(columns),
        }
    }
    lines
}
