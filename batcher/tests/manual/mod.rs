//! A page of `docs/` as its reader follows it: the commands that stand there, and a shell for them.

use std::{
    path::{Path, PathBuf},
    process::Output,
};

use cairn_batcher::l1::tools;

fn text(page: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(page);
    std::fs::read_to_string(path).unwrap()
}

/// The blocks for a shell of a page, by the heading of their section.
pub(crate) fn sections(page: &str) -> Vec<(String, Vec<String>)> {
    let text = text(page);
    let sections = text.split("\n## ").flat_map(|part| part.split("\n### ").collect::<Vec<_>>());
    let with_blocks = sections.map(|section| {
        let blocks = section.split("```sh\n").skip(1);
        let blocks = blocks.map(|rest| rest.split("```").next().unwrap().to_owned()).collect();
        (section.lines().next().unwrap().to_owned(), blocks)
    });
    with_blocks.filter(|(_, blocks): &(_, Vec<_>)| !blocks.is_empty()).collect()
}

/// The commands of a section, each of which stands in one line, without what is said of them there.
pub(crate) fn commands(page: &str, heading: &str) -> Vec<String> {
    let sections = sections(page);
    let section = sections.iter().find(|(name, _)| name == heading);
    let (_, blocks) = section.unwrap_or_else(|| panic!("{page} has no commands in {heading:?}"));
    let lines = blocks.iter().flat_map(|block| block.lines());
    let commands = lines.map(|line| line.split(" #").next().unwrap().trim().to_owned());
    commands.filter(|command| !command.is_empty()).collect()
}

/// The commands of a program within a page's sentences.
pub(crate) fn quoted(page: &str, program: &str) -> Vec<String> {
    let text = text(page);
    let outside = text.split("```").step_by(2);
    let quoted = outside.flat_map(|part| part.split('`').skip(1).step_by(2));
    let own = quoted.filter(|text| text.split_whitespace().next() == Some(program));
    own.map(|text| text.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

/// A shell with `cairn`, Foundry's `cast` and the machine's programs, and with nothing of this process's environment.
#[derive(Debug)]
pub(crate) struct Shell {
    folder: PathBuf,
    variables: Vec<(String, String)>,
}

impl Shell {
    /// One that runs in a folder. `contracts` is the project whose tools are installed.
    pub(crate) fn new(folder: &Path, contracts: &Path) -> Self {
        let cast = tools::find(&contracts.join("node_modules"), "cast").unwrap();
        let programs = [Path::new(env!("CARGO_BIN_EXE_cairn")), cast.as_path()].map(|program| {
            std::path::absolute(program.parent().unwrap()).unwrap().display().to_string()
        });
        let shell = Self { folder: folder.to_owned(), variables: Vec::new() };
        let path = format!("{}:/usr/bin:/bin", programs.join(":"));
        shell.with("PATH", path).with("HOME", folder.display())
    }

    pub(crate) fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.variables.push((name.to_owned(), value.to_string()));
        self
    }

    /// Runs lines up to the first that fails.
    pub(crate) async fn run(&self, lines: &str) -> Output {
        let mut bash = tokio::process::Command::new("bash");
        bash.args(["-euo", "pipefail", "-c", lines]).current_dir(&self.folder);
        bash.env_clear();
        for (name, value) in &self.variables {
            bash.env(name, value);
        }
        bash.output().await.unwrap()
    }

    /// What lines print of which none fails.
    pub(crate) async fn told(&self, lines: &str) -> String {
        let output = self.run(lines).await;
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{error}\n{lines}");
        String::from_utf8(output.stdout).unwrap()
    }
}
