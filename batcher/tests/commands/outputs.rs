//! Where commands write: what cannot be written is said before the work, and what is written is what was asked for.

use std::{
    fs,
    os::unix::{
        fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use alloy::primitives::B256;
use cairn_batcher::{
    committee,
    store::{SCHEMA, Store, records::Identity},
};
use cairn_types::{WORD_BYTES, Word};

use crate::world::{CHAIN, ROLLUP, World, cairn, refusal};

/// Of the system's user who owns nothing.
const NOBODY: u32 = 65_534;

/// Names in a folder, in order.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A folder with all that `exit sign` takes, and one for outputs, in which those may write who own nothing.
fn world() -> World {
    let world = World::new();
    fs::set_permissions(world.folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::create_dir(world.out()).unwrap();
    fs::set_permissions(world.out(), fs::Permissions::from_mode(0o777)).unwrap();
    world
}

impl World {
    /// The folder of outputs.
    fn out(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    fn sign(&self, out: &str) -> Command {
        let (state, leaves, keys) =
            (self.path("state"), self.path("leaves.csv"), self.path("keys"));
        let inputs = ["--state", &state, "--leaves", &leaves, "--keys", &keys];
        cairn(&[&["exit", "sign"], &inputs[..], &["--out", out]].concat())
    }

    /// What is signed, after a run that must succeed.
    fn signed(&self, out: &str) -> Output {
        let output = self.sign(out).output().unwrap();
        assert!(output.status.success(), "{out}: {output:?}");
        output
    }

    fn text(&self) -> String {
        String::from_utf8(self.signed("-").stdout).unwrap()
    }
}

fn is_signed(text: &str) -> bool {
    text.starts_with("leaf,recipient,signature\n65536,0x") && text.lines().count() == 2
}

#[test]
fn every_command_refuses_an_output_that_cannot_be_before_its_work() {
    let world = world();
    fs::write(world.path("out/file"), "old").unwrap();
    let (state, rollup) = (world.path("state"), ROLLUP.to_string());
    let l1 = ["--l1", "http://127.0.0.1:9", "--rollup", &rollup];
    let (leaves, keys) = (world.path("leaves.csv"), world.path("keys"));
    let sign = ["exit", "sign", "--state", &state, "--leaves", &leaves, "--keys", &keys];
    let commands: [(&[&str], &str); 6] = [
        (&["demo"], "--json"),
        (&["demo"], "--manifest"),
        (&["load", "--url", "http://127.0.0.1:9"], "--json"),
        (&[&["reconstruct"], &l1[..]].concat(), "--out"),
        (&[&["snapshot"], &l1[..]].concat(), "--out"),
        (&sign, "--out"),
    ];
    let long = format!("out/new/{}", "n".repeat(256));
    for (command, option) in commands {
        for (name, reason) in [
            ("out/new/", "expected the name of a file, got that of a folder"),
            ("out/new/.", "expected the name of a file, got that of a folder"),
            ("out", "expected the name of a file, got that of a folder"),
            ("out/file/below", "Not a directory"),
            (&long, "File name too long"),
        ] {
            let path = world.path(name);
            let line = refusal(&cairn(&[command, &[option, &path]].concat()).output().unwrap());
            assert!(line.contains(&format!("{option} {path}: {reason}")), "{line}");
        }
        assert_eq!(names(&world.out()), ["file"], "{command:?}");
    }
    assert_eq!(fs::read(world.path("out/file")).unwrap(), b"old");
}

#[test]
fn folders_of_outputs_are_refused_before_the_work_too() {
    let world = world();
    fs::write(world.path("out/file"), "old").unwrap();
    let (state, leaves, keys) = (world.path("state"), world.path("leaves.csv"), world.path("keys"));
    let prove = ["exit", "prove", "--state", &state, "--leaves", &leaves, "--keys", &keys];
    let (rollup, digest) = (ROLLUP.to_string(), "0x".to_owned() + &"00".repeat(32));
    let words = ["--rollup", &rollup, "--batch", "1", "--digest", &digest, "--count", "0"];
    let member = ["--chain-id", "1", "--data", &leaves, "--key", &keys];
    let sign = [&["committee", "sign"], &words[..], &member[..]].concat();
    let commands: [(&[&str], &str); 3] =
        [(&prove, "--out"), (&sign, "--keep"), (&["demo"], "--write-fixtures")];
    for (command, option) in commands {
        for (name, reason) in [
            (world.path("out/file"), "Not a directory"),
            ("-".to_owned(), "expected a folder, got standard output"),
        ] {
            let line = refusal(&cairn(&[command, &[option, &name]].concat()).output().unwrap());
            assert!(
                line.contains(&format!("{option} {name}: ")) && line.contains(reason),
                "{line}"
            );
        }
        assert_eq!(names(&world.out()), ["file"], "{command:?}");
    }

    // A file among the proofs that is none.
    fs::write(world.path("out/exit-0001.json"), "{}").unwrap();
    let line =
        refusal(&cairn(&[&prove[..], &["--out", &world.path("out")]].concat()).output().unwrap());
    assert!(line.contains("exit-0001.json is no exit proof"), "{line}");
}

#[test]
fn two_outputs_of_a_command_are_two_files() {
    let world = world();
    symlink("report", world.path("out/link")).unwrap();
    let (report, link) = (world.path("out/report"), world.path("out/link"));
    for (json, manifest) in [(&report, &report), (&report, &link), (&"-".into(), &"-".into())] {
        let output = cairn(&["demo", "--json", json, "--manifest", manifest]).output().unwrap();
        let line = refusal(&output);
        let reason =
            format!("--manifest {manifest}: expected a file of its own, got that of --json");
        assert!(line.contains(&reason), "{line}");
    }
    assert_eq!(names(&world.out()), ["link"]);
}

/// One of them by the number under which it is open: the rename of the other took its name away.
#[test]
fn a_file_is_not_two_outputs_by_its_descriptor_either() {
    let world = world();
    let file = world.path("out/file");
    for (json, manifest) in [("/dev/fd/8", file.as_str()), (&file, "/dev/fd/8")] {
        let demo = cairn(&["demo", "--json", json, "--manifest", manifest]);
        let line = refusal(&shell(&format!("exec \"$@\" 8> {file}"), &demo));
        assert!(line.contains("expected a file of its own, got that of --json"), "{line}");
    }
    assert_eq!(names(&world.out()), ["file"]);
}

/// Once the program ended well, and the result was nowhere.
#[test]
#[cfg(target_os = "linux")]
fn a_standard_output_that_is_closed_is_refused_where_the_result_goes_there() {
    let world = world();
    for line in ["exec \"$@\" >&-", "exec \"$@\" >&- <&-"] {
        let line = refusal(&shell(line, &world.sign("-")));
        assert!(line.contains("--out -: standard output is closed"), "{line}");
    }
    let dropped = shell("exec \"$@\" > /dev/null", &world.sign("-"));
    assert!(dropped.status.success(), "{dropped:?}");
}

#[test]
fn what_may_not_be_written_is_refused_and_stays() {
    let world = world();
    let state = world.path("state");
    let (file, locked) = (world.path("out/file"), world.path("out/locked"));
    fs::write(&file, "old").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o444)).unwrap();
    fs::create_dir(&locked).unwrap();
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o555)).unwrap();
    for path in [file.clone(), format!("{locked}/new"), format!("{locked}/new/new")] {
        let mut command = world.sign(&path);
        if is_root() {
            // Whom no mode stops.
            command = as_nobody(&world, command);
        }
        let line = refusal(&command.output().unwrap());
        assert!(line.contains(&format!("--out {path}: ")), "{line}");
        assert!(line.contains("Permission denied"), "{line}");
    }
    assert_eq!(fs::read(&file).unwrap(), b"old");
    assert_eq!(
        (names(&world.out()), names(Path::new(&locked))),
        (vec!["file".into(), "locked".into()], vec![])
    );
    assert!(Path::new(&state).exists());
}

fn is_root() -> bool {
    // The owner of what this process has made.
    tempfile::NamedTempFile::new().unwrap().as_file().metadata().unwrap().uid() == 0
}

/// The command by a user whom modes stop, of a copy of the program.
fn as_nobody(world: &World, command: Command) -> Command {
    let program = world.path("cairn");
    if !Path::new(&program).exists() {
        fs::copy(env!("CARGO_BIN_EXE_cairn"), &program).unwrap();
    }
    let mut nobody = Command::new(program);
    nobody.args(command.get_args()).stdin(Stdio::null()).uid(NOBODY).gid(NOBODY);
    nobody
}

#[test]
fn the_longest_name_links_and_modes_are_kept() {
    let world = world();
    let expected = world.text().lines().next().unwrap().to_owned();
    let long = world.path(&format!("out/{}", "n".repeat(255)));
    let (file, link) = (world.path("out/file"), world.path("out/link"));
    fs::write(&file, "old").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o664)).unwrap();
    symlink("file", &link).unwrap();
    let theirs = world.path("out/file.part");
    fs::write(&theirs, "theirs").unwrap();
    for out in [&long, &link, &world.path("out/new/file")] {
        world.signed(out);
        let text = fs::read_to_string(out).unwrap();
        assert!(text.starts_with(&expected) && is_signed(&text), "{text}");
    }
    assert!(Path::new(&link).is_symlink());
    assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o664);
    assert_eq!(fs::read_to_string(&theirs).unwrap(), "theirs");
    assert_eq!(names(&world.out()).len(), 5);
}

/// A new file has the mode that the caller's umask gives, as every other program's.
#[test]
fn new_files_follow_the_umask() {
    let world = world();
    for (umask, mode) in [("022", 0o644), ("027", 0o640), ("002", 0o664)] {
        let out = world.path(&format!("out/{umask}"));
        let done = shell(&format!("umask {umask}; exec \"$@\""), &world.sign(&out));
        assert!(done.status.success(), "{done:?}");
        assert_eq!(fs::metadata(&out).unwrap().mode() & 0o777, mode, "{umask}");
    }
}

/// Runs a command by a line of shell, which has it as its arguments.
fn shell(line: &str, command: &Command) -> Output {
    let mut shell = Command::new("sh");
    shell.args(["-c", line, "sh"]).arg(command.get_program()).args(command.get_args());
    shell.stdin(Stdio::null()).output().unwrap()
}

#[test]
fn standard_output_has_the_result_and_nothing_else() {
    let world = world();
    for name in ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"] {
        let output = world.signed(name);
        assert!(is_signed(&String::from_utf8(output.stdout).unwrap()), "{name}");
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.contains("1 leaves signed"), "{name}: {text}");
    }
    // Also where standard output is a file, be it the very one that is named.
    let out = world.path("out/file");
    for name in ["-", "/dev/stdout", &out] {
        let done = shell(&format!("exec \"$@\" > {out}"), &world.sign(name));
        assert!(done.status.success(), "{done:?}");
        assert!(is_signed(&fs::read_to_string(&out).unwrap()), "{name}");
    }
    assert_eq!(names(&world.out()), ["file"]);
    assert!(!Path::new("-").exists());
}

#[test]
fn pipes_and_devices_are_written_and_not_replaced() {
    let world = world();
    let output = world.signed("/dev/null");
    assert!(String::from_utf8(output.stdout).unwrap().contains("1 leaves signed, in /dev/null"));
    assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());

    let (pipe, copy) = (world.path("out/pipe"), world.path("out/copy"));
    let line = format!("mkfifo {pipe}; cat {pipe} > {copy} & \"$@\"; code=$?; wait; exit $code");
    let done = shell(&line, &world.sign(&pipe));
    assert!(done.status.success(), "{done:?}");
    assert!(is_signed(&fs::read_to_string(&copy).unwrap()));
    assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());

    // As bash has it for `--out >(cat > copy)`.
    let line = format!("{{ \"$@\" 3>&1 >&2 | cat > {copy}; }} 2>&1");
    let done = shell(&line, &world.sign("/dev/fd/3"));
    assert!(done.status.success(), "{done:?}");
    assert!(is_signed(&fs::read_to_string(&copy).unwrap()));
}

#[test]
fn a_full_disk_is_one_line_and_the_old_file_stays() {
    let world = world();
    let line = refusal(&world.sign("/dev/full").output().unwrap());
    assert!(line.contains("--out /dev/full: No space left on device"), "{line}");

    // A limit of this process' own, which it meets where it would meet the disk's.
    let (out, new) = (world.path("out/file"), world.path("out/new/file"));
    fs::write(&out, "old").unwrap();
    for path in [&out, &new] {
        let done = shell("trap '' XFSZ; ulimit -f 0; exec \"$@\"", &world.sign(path));
        let line = refusal(&done);
        assert!(line.contains(&format!("--out {path}: File too large")), "{line}");
    }
    assert_eq!(fs::read(&out).unwrap(), b"old");
    assert_eq!(names(&world.out()), ["file"]);
}

#[test]
fn a_backup_goes_to_standard_output_or_to_a_file_of_its_own() {
    let world = world();
    let store = world.path("store");
    let identity =
        Identity { schema: SCHEMA, chain_id: CHAIN, rollup: ROLLUP, genesis: B256::ZERO };
    drop(Store::open(Path::new(&store), &identity).unwrap());
    let backup = |file: &str| cairn(&["db", "backup", &store, file]).output().unwrap();
    let streamed = backup("-");
    assert!(streamed.status.success(), "{streamed:?}");
    assert!(String::from_utf8(streamed.stderr).unwrap().contains("rows are in -"));
    let file = world.path("out/backup");
    assert!(backup(&file).status.success());
    assert_eq!(fs::read(&file).unwrap(), streamed.stdout);
    // Once the whole store was copied, and then it was said.
    let output = backup(&world.path("out/new/"));
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let line = String::from_utf8(output.stderr).unwrap();
    assert!(line.contains("out/new/: expected the name of a file"), "{line}");
    assert_eq!(names(&world.out()), ["backup"]);
}

/// What a member of a data committee keeps is given out by a server, which is another user.
#[test]
fn files_of_a_data_committee_are_as_readable_as_others() {
    let folder = tempfile::tempdir().unwrap();
    let usual = folder.path().join("usual");
    fs::File::create(&usual).unwrap();
    let store = committee::Store::new(folder.path().join("kept"));
    let digest = B256::repeat_byte(1);
    store.keep(digest, &[Word::new([7; WORD_BYTES])]).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
    assert_eq!(mode(&store.path(digest)), mode(&usual));
}
