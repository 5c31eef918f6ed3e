//! The guide cannot lie: every figure of `docs/guide` runs, and what it states is what the model does.
//!
//! A figure states the result of each call behind it, a signal in the line below, and where a line
//! `# WHY: …` stands, the rule. A block with the word `maps` behind a figure is what
//! `/proc/PID/maps` would then hold. `UPDATE_EXPECT=1` writes all of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use mdbook_mmap::{Block, Moment, blocks, chapter};
use mmap_playground_core::call::{Call, Outcome, Returned};
use mmap_playground_core::heap::HeapSetting;
use mmap_playground_core::machine::Machine;
use mmap_playground_core::maps::print_maps;
use mmap_playground_core::replay::{Ran, RanKind, Runner};
use mmap_playground_core::report::{surprise_sentences, why_sentence};
use mmap_playground_core::state::maps_lines;
use mmap_playground_core::trace::{
    Line, ParsedCall, Script, Statement, print_result, print_signal,
};

/// How many questions learners ask.
const QUESTIONS: usize = 40;

/// Which argument of `mmap` is the descriptor.
const DESCRIPTOR_OF_MMAP: usize = 4;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guide/src")
}

/// The pages of the guide by their path in it.
fn pages() -> Result<BTreeMap<String, String>> {
    let mut pages = BTreeMap::new();
    let mut folders = vec![folder()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).with_context(|| next.display().to_string())? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "md") {
                let name = path.strip_prefix(folder())?.to_string_lossy().replace('\\', "/");
                pages.insert(name, fs::read_to_string(&path)?);
            }
        }
    }
    Ok(pages)
}

/// What the model says of a trace, in the words of the trace.
#[derive(Default)]
struct Retold {
    text: String,
    rules: Vec<String>,
}

impl Retold {
    /// Writes a line's call with the result that it has, and its signal.
    fn call(&mut self, line: &str, from: usize, parsed: &ParsedCall, ran: &Ran) -> Result<()> {
        let RanKind::Call(call, Outcome { returned, .. }) = &ran.kind else {
            bail!("{line}: {:?}", ran.kind)
        };
        let end = parsed.span.end as usize - from;
        let comment = line[end..].find('#').map(|at| format!("  {}", &line[end + at..]));
        self.text += &format!(
            "{} = {}{}\n",
            &line[..end],
            result(call, returned),
            comment.unwrap_or_default()
        );
        if let Returned::Signal(signal) = returned {
            self.text += &format!("{}\n", print_signal(signal));
        }
        self.rules = why_sentence(ran).into_iter().chain(surprise_sentences(ran)).collect();
        Ok(())
    }

    /// Writes the rule behind the last call; the page of the manual is the page's to show.
    fn rule(&mut self, line: &str) -> Result<()> {
        let stated = line.trim_start_matches("# WHY").trim_start_matches(':').trim();
        let rules: Vec<&str> =
            self.rules.iter().map(|rule| rule.split(" [").next().unwrap_or(rule)).collect();
        let found = rules.iter().find(|rule| **rule == stated).or(rules.first());
        let found = found.with_context(|| format!("nothing is to be explained: {line}"))?;
        self.text += &format!("# WHY: {found}\n");
        Ok(())
    }
}

fn result(call: &Call, returned: &Returned) -> String {
    match returned {
        Returned::Signal(_) => "?".to_owned(),
        returned => print_result(call, returned),
    }
}

/// The text of a figure with what the model says in the place of what the text states.
fn retold(text: &str) -> Result<String> {
    let script = Script::parse(text);
    ensure!(script.diagnostics.is_empty(), "{:?}", script.diagnostics);
    let mut runner = Runner::new(Machine::default());
    runner.process.heap_setting = HeapSetting::of_trace(text).unwrap_or_default();
    runner.process.kernel.change_machine(|machine| machine.adopt(text));
    let mut calls: BTreeMap<usize, &Line> = BTreeMap::new();
    for line in &script.lines {
        calls.insert(line.number as usize, line);
    }
    let mut retold = Retold::default();
    let mut from = 0;
    for (index, line) in text.lines().enumerate() {
        match calls.get(&(index + 1)).map(|it| (*it, &it.statement)) {
            Some((parsed, Statement::Call(call))) => {
                let mut alone = parsed.clone();
                // What stands behind a descriptor is believed only of a log, so its line is run as
                // one; what the model does then may not contradict it.
                if call.fd_note(DESCRIPTOR_OF_MMAP).is_none() {
                    alone.statement =
                        Statement::Call(Box::new(ParsedCall { recorded: None, ..*call.clone() }));
                }
                let ran = runner.run(&alone, text);
                ensure!(ran.notes.is_empty(), "{line}: {:?}", ran.notes);
                ensure!(ran.divergence.is_none(), "{line}: {:?}", ran.divergence);
                retold.call(line, from, call, &ran)?;
            }
            Some((_, Statement::Signal(_))) => {}
            Some(_) => bail!("{line}: not a call that the model knows"),
            None if line.starts_with("# WHY") => retold.rule(line)?,
            None => retold.text += &format!("{line}\n"),
        }
        from += line.len() + 1;
    }
    Ok(retold.text)
}

/// The text of each block of a page that states something, as the model has it.
fn expected(page: &str) -> Result<Vec<(Block, String)>> {
    let mut expected = Vec::new();
    let mut last: Option<Block> = None;
    for block in blocks(page) {
        let at = || format!("line {}", block.line);
        if block.is("mmap") {
            expected.push((block.clone(), retold(&block.text).with_context(at)?));
            last = Some(block);
        } else if block.is("maps") {
            let figure = last.as_ref().context("a maps text before any figure")?;
            let moment = Moment::of(&figure.text, None).with_context(at)?;
            let lines = maps_lines(&moment.process);
            let made = lines.into_iter().filter(|line| line.path != "[stack]").collect::<Vec<_>>();
            expected.push((block, print_maps(&made)));
        }
    }
    Ok(expected)
}

#[test]
fn figures_state_what_the_model_does() -> Result<()> {
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut figures = 0;
    for (name, page) in pages()? {
        let expected = expected(&page).context(name.clone())?;
        figures += expected.len();
        if update {
            let mut page = page.clone();
            for (block, text) in expected.iter().rev() {
                let fenced = &page[block.range.clone()];
                let opening = fenced.find('\n').unwrap_or(fenced.len()) + 1;
                let start = block.range.start + opening;
                page.replace_range(start..start + block.text.len(), text);
            }
            fs::write(folder().join(&name), page)?;
            continue;
        }
        for (block, text) in expected {
            ensure!(
                block.text == text,
                "{name}, line {}: states\n{}\nbut the model says\n{text}",
                block.line,
                block.text
            );
        }
        chapter(&page).context(name)?;
    }
    ensure!(figures >= QUESTIONS, "only {figures} figures");
    Ok(())
}

/// The pages and anchors that a page links to.
fn links(page: &str) -> Vec<&str> {
    let links = page.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    links.filter(|link| !link.contains("://") && !link.contains(' ')).collect()
}

#[test]
fn every_question_has_its_figure() -> Result<()> {
    let pages = pages()?;
    let table = pages.get("questions.md").context("no questions.md")?;
    let rows: Vec<&str> = table.lines().filter(|line| line.starts_with("| ")).skip(2).collect();
    ensure!(rows.len() == QUESTIONS, "{} questions", rows.len());
    for (index, row) in rows.iter().enumerate() {
        let number = index + 1;
        ensure!(row.starts_with(&format!("| {number} | ")), "{row}: not number {number}");
        let link = *links(row).first().with_context(|| format!("{row}: no link"))?;
        let (name, anchor) = link.split_once('#').with_context(|| format!("{link}: no anchor"))?;
        let page = pages.get(name).with_context(|| format!("{link}: no such page"))?;
        let heading = format!(" {{#{anchor}}}\n");
        let at = page.find(&heading).with_context(|| format!("{link}: no such heading"))?;
        let section = page[at + heading.len()..].split("\n## ").next().unwrap_or_default();
        let figures = blocks(section).iter().filter(|block| block.is("mmap")).count();
        ensure!(figures > 0, "{link}: no figure");
    }
    Ok(())
}

#[test]
fn every_page_is_in_the_summary_and_every_link_leads_somewhere() -> Result<()> {
    let pages = pages()?;
    let summary = links(pages.get("SUMMARY.md").context("no SUMMARY.md")?);
    for (name, page) in &pages {
        ensure!(name == "SUMMARY.md" || summary.contains(&name.as_str()), "{name} is not listed");
        for link in links(page).into_iter().filter(|link| link.contains(".md")) {
            let (to, anchor) = link.split_once('#').unwrap_or((link, ""));
            let to = match name.rsplit_once('/') {
                _ if to.starts_with("../") => to.trim_start_matches("../").to_owned(),
                Some((folder, _)) => format!("{folder}/{to}"),
                None => to.to_owned(),
            };
            let target = pages.get(&to).with_context(|| format!("{name}: {link} leads nowhere"))?;
            let there = anchor.is_empty() || target.contains(&format!("{{#{anchor}}}"));
            ensure!(there, "{name}: {link} has no such heading");
        }
    }
    Ok(())
}

#[test]
fn a_wrong_statement_is_noticed() -> Result<()> {
    let right = "p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7ffe000\nstore(p, 1) = ?  # refused\n--- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_ACCERR, si_addr=0x7ffff7ffe000} ---\n# WHY: the mapping at 0x7ffff7ffe000 is r--: it may not be written\na = malloc(1) = 0x7ffff7fee060\n";
    assert_eq!(retold(right)?, right);
    for (from, to) in [
        ("0x7ffff7ffe000\nstore", "0x7ffff7ffd000\nstore"),
        ("SEGV_ACCERR", "SEGV_MAPERR"),
        ("may not be written", "may not be read"),
        ("0x7ffff7fee060", "0x7ffff7fee070"),
        ("= ?", "= 0"),
    ] {
        let wrong = right.replacen(from, to, 1);
        assert_ne!(wrong, right);
        assert_eq!(retold(&wrong)?, right, "{to} is not noticed");
    }
    assert!(retold("free(0)\nhello there\n").is_err());
    Ok(())
}
