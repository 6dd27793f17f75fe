//! The pages for people on call: their links lead somewhere, and the tests that they name are there. Commands of these and
//! of other pages are ones that the program reads; which are carried out, and by which test, is in `docs/testing.md`.

use std::{collections::BTreeSet, fs, process::Command};

use crate::{code, place, text};

/// The pages, from the repository's root.
const PAGES: [&str; 10] = [
    "docs/runbook.md",
    "docs/governance.md",
    "docs/integrate.md",
    "docs/migrate.md",
    "docs/incidents/README.md",
    "docs/incidents/degraded.md",
    "docs/incidents/paused.md",
    "docs/incidents/withdrawals-delayed.md",
    "docs/incidents/resolved.md",
    "deploy/monitoring/README.md",
];
/// Others whose commands are tried.
const WITH_COMMANDS: [&str; 8] = [
    "README.md",
    "deploy/README.md",
    "docs/api.md",
    "docs/fleet.md",
    "docs/operator.md",
    "docs/security.md",
    "docs/verify-deployment.md",
    "docs/wallet.md",
];

/// Values in the place of words that stand for them.
const MEANT: [(&str, &str); 10] = [
    ("$L1", "http://127.0.0.1:1"),
    ("$ROLLUP", "0x1111111111111111111111111111111111111111"),
    ("ADDRESS", "0x1111111111111111111111111111111111111111"),
    ("URL", "http://127.0.0.1:1"),
    ("http://OTHER:8650", "http://127.0.0.1:8650"),
    ("N", "1"),
    ("NAME", "spot-7"),
    ("FILE", "a-file"),
    ("0x4d..c1", "65536"),
    ("0x6b..02", "0x1111111111111111111111111111111111111111111111111111111111111111"),
];

/// The anchor that a heading has.
fn anchor(heading: &str) -> String {
    let kept = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

fn anchors(page: &str) -> BTreeSet<String> {
    let mut in_code = false;
    let lines = page.lines().filter(|line| {
        in_code ^= line.starts_with("```");
        !in_code && line.starts_with('#')
    });
    lines.map(anchor).collect()
}

#[test]
fn links_lead_somewhere() {
    for name in PAGES {
        let page = text(name);
        let folder = place(name).parent().unwrap().to_owned();
        for link in page.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { place(name) } else { folder.join(file) };
            let found = fs::read_to_string(&target);
            let found = found.unwrap_or_else(|error| panic!("{name}: {link}: {error}"));
            assert!(anchor.is_empty() || anchors(&found).contains(anchor), "{name}: {link}");
        }
    }
}

/// Lines of the blocks for a shell, and those that are indented, without their comments.
fn shell_lines(page: &str) -> Vec<String> {
    let blocks = page.split("```sh\n").skip(1).filter_map(|rest| rest.split("\n```").next());
    let lines = blocks.flat_map(str::lines);
    let lines = lines.chain(page.lines().filter(|line| line.starts_with("    ")));
    let lines = lines.map(|line| line.split(" #").next().unwrap().trim());
    lines.map(|line| line.strip_prefix("target/release/").unwrap_or(line).to_owned()).collect()
}

/// What the program is given in a line of a page, if the page says all of it: what may be left out is there, what other
/// programs do with the output is not.
fn arguments(line: &str) -> Option<Vec<String>> {
    let rest = line.strip_prefix("cairn ")?;
    let own = rest.split(['>', '|', '&']).next().unwrap().replace(['[', ']'], "");
    let arguments = own.split_whitespace().map(|argument| {
        let meant = MEANT.iter().find(|(word, _)| *word == argument);
        meant.map_or(argument, |(_, value)| value).to_owned()
    });
    let arguments: Vec<_> = arguments.collect();
    let is_whole = |argument: &String| !argument.contains("..") && !argument.contains(['$', '\\']);
    arguments.iter().all(is_whole).then_some(arguments)
}

/// Commands within sentences.
fn quoted(page: &str) -> Vec<String> {
    let outside = page.split("```").step_by(2);
    let texts = outside.flat_map(|part| part.split('`').skip(1).step_by(2));
    texts.map(|text| text.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn commands_are_ones_that_the_program_reads() {
    let mut read = BTreeSet::new();
    for name in PAGES.into_iter().chain(WITH_COMMANDS) {
        let page = text(name);
        for line in shell_lines(&page).into_iter().chain(quoted(&page)) {
            let Some(arguments) = arguments(&line) else { continue };
            if !read.insert(arguments.join(" ")) {
                continue;
            }
            let output = Command::new(env!("CARGO_BIN_EXE_cairn"))
                .args(&arguments)
                .arg("--help")
                .output()
                .unwrap();
            let error = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{name}: cairn {arguments:?}: {error}");
            let help = String::from_utf8_lossy(&output.stdout);
            for flag in arguments.iter().filter(|argument| argument.starts_with("--")) {
                let is_told = help.split_whitespace().any(|word| word == *flag);
                assert!(is_told, "{name}: no {flag} in cairn {arguments:?}");
            }
        }
    }
    assert!(read.len() > 80, "commands were not found: {read:?}");
}

/// Paragraphs that begin with "Test", with "Scenario", and with "Gate", which names sections of `./x test`.
#[test]
fn tests_that_are_named_are_there() {
    let code = code(&["batcher/src", "batcher/tests", "prover/fleet/tests", "prover/tests"]);
    let (scenarios, gate) = (text("batcher/tests/faults/main.rs"), text("x"));
    let mut count = 0;
    for name in PAGES {
        let page = text(name);
        let mut kind = "";
        for line in page.lines() {
            kind = match line.split_once(": ") {
                Some((begin @ ("Test" | "Tests" | "Scenario" | "Scenarios" | "Gate"), _)) => begin,
                _ if line.starts_with('`') => kind,
                _ => "",
            };
            for named in line.split('`').skip(1).step_by(2) {
                let is_there = match kind {
                    "Test" | "Tests" => code.contains(&format!("fn {named}(")),
                    "Scenario" | "Scenarios" => scenarios.contains(&format!("\"{named}\",")),
                    "Gate" => gate.contains(&format!("section \"{named}\"")),
                    _ => continue,
                };
                assert!(is_there, "{name}: there is no {named}");
                count += 1;
            }
        }
    }
    assert!(count > 15, "names were not found: {count}");
}
