use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{self, ErrorKind, Read, Write},
    os::{
        fd::AsRawFd,
        unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink},
    },
    path::{Path, PathBuf},
    thread,
};

use super::*;

/// Names in a folder, in order.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
    let mut names: Vec<_> = entries.map(name).collect();
    names.sort();
    names
}

fn create(path: &Path) -> io::Result<Output> {
    Output::create("--out", path).map_err(|error| error.source)
}

fn put(path: &Path, content: &[u8]) {
    create(path).unwrap().write(|file| file.write_all(content)).unwrap();
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

fn named_pipe(path: &Path) {
    let made = std::process::Command::new("mkfifo").arg(path).status().unwrap();
    assert!(made.success());
}

#[test]
fn a_failed_write_leaves_the_old_file_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sub").join("key");
    write_atomically(&path, |file| file.write_all(b"old")).unwrap();
    let half = |file: &mut dyn Write| {
        file.write_all(b"half of the n")?;
        Err(io::Error::other("disk full"))
    };
    assert!(write_atomically(&path, |file| half(file)).is_err());
    assert!(create(&path).unwrap().write(half).is_err());
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(names(path.parent().unwrap()), ["key"]);
}

#[test]
fn names_that_no_file_can_have_are_refused_before_the_work() {
    let folder = tempfile::tempdir().unwrap();
    let inside = |name: &str| folder.path().join(name);
    fs::write(inside("file"), "old").unwrap();
    fs::create_dir(inside("folder")).unwrap();
    symlink("loop", inside("loop")).unwrap();
    symlink("new/", inside("link to a new folder")).unwrap();
    let before = names(folder.path());
    let text = |name: &str| PathBuf::from(format!("{}/{name}", folder.path().display()));
    for (path, kind) in [
        (PathBuf::new(), ErrorKind::InvalidInput),
        (text("new/"), ErrorKind::IsADirectory),
        (text("new/."), ErrorKind::IsADirectory),
        (text("new/.."), ErrorKind::IsADirectory),
        (text("folder"), ErrorKind::IsADirectory),
        (text("link to a new folder"), ErrorKind::IsADirectory),
        (PathBuf::from(".."), ErrorKind::IsADirectory),
        (text("file/below"), ErrorKind::NotADirectory),
        (text(&"n".repeat(256)), ErrorKind::InvalidFilename),
        (text(&format!("new/{}", "n".repeat(256))), ErrorKind::InvalidFilename),
    ] {
        let refused = create(&path).unwrap_err();
        assert_eq!(refused.kind(), kind, "{}: {refused}", path.display());
        assert!(check_writable(&path).is_err(), "{}", path.display());
        assert!(write_atomically(&path, |_| Ok(())).is_err(), "{}", path.display());
    }
    assert!(create(&text("loop")).is_err());
    assert_eq!(names(folder.path()), before);
    assert_eq!(fs::read(inside("file")).unwrap(), b"old");
}

#[test]
fn the_longest_name_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("n".repeat(255));
    check_writable(&path).unwrap();
    put(&path, b"new");
    assert_eq!(fs::read(&path).unwrap(), b"new");
}

#[test]
fn an_output_that_is_not_written_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a").join("b").join("out");
    let output = create(&path).unwrap();
    // Not even while the work lasts, which may be killed.
    assert!(names(path.parent().unwrap()).is_empty());
    drop(output);
    assert!(names(folder.path()).is_empty());
    check_writable(&path).unwrap();
    assert!(names(folder.path()).is_empty());

    // What somebody has put there stays.
    let output = create(&path).unwrap();
    fs::write(folder.path().join("a").join("theirs"), "").unwrap();
    drop(output);
    assert_eq!(names(&folder.path().join("a")), ["theirs"]);
    put(&path, b"new");
    assert_eq!(fs::read(&path).unwrap(), b"new");
}

#[test]
fn links_stay_and_what_they_lead_to_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let inside = |name: &str| folder.path().join(name);
    fs::create_dir(inside("far")).unwrap();
    fs::write(inside("far/out"), "old").unwrap();
    symlink("far/second", inside("first")).unwrap();
    symlink("../far/out", inside("far/second")).unwrap();
    symlink("far/new", inside("dangling")).unwrap();
    put(&inside("first"), b"new");
    put(&inside("dangling"), b"made");
    write_atomically(&inside("dangling"), |file| file.write_all(b"made again")).unwrap();
    assert_eq!(fs::read(inside("far/out")).unwrap(), b"new");
    assert_eq!(fs::read(inside("far/new")).unwrap(), b"made again");
    for link in ["first", "far/second", "dangling"] {
        assert!(inside(link).is_symlink(), "{link}");
    }
    assert_eq!(names(&inside("far")), ["new", "out", "second"]);
    assert_eq!(names(folder.path()), ["dangling", "far", "first"]);
}

/// As the module says: a rename parts them.
#[test]
fn another_hard_link_keeps_what_was_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let (path, other) = (folder.path().join("out"), folder.path().join("copy"));
    fs::write(&path, "old").unwrap();
    fs::hard_link(&path, &other).unwrap();
    put(&path, b"new");
    assert_eq!(
        (fs::read(&path).unwrap(), fs::read(&other).unwrap()),
        (b"new".into(), b"old".into())
    );
}

#[test]
fn a_file_keeps_its_mode_and_a_new_one_has_what_the_umask_gives() {
    let folder = tempfile::tempdir().unwrap();
    let (path, usual) = (folder.path().join("out"), folder.path().join("usual"));
    File::create(&usual).unwrap();
    put(&path, b"new");
    assert_eq!(mode(&path), mode(&usual));
    for kept in [0o600, 0o640, 0o666, 0o755] {
        fs::set_permissions(&path, Permissions::from_mode(kept)).unwrap();
        put(&path, b"again");
        assert_eq!(mode(&path), kept);
        write_atomically(&path, |file| file.write_all(b"and again")).unwrap();
        assert_eq!(mode(&path), kept);
    }
}

#[test]
fn temporary_files_of_others_stay() {
    let folder = tempfile::tempdir().unwrap();
    let theirs = [".cairn-aBcDeF", ".cairn-aBcDeF.part", "out.part", "out.tmp"];
    for name in theirs {
        fs::write(folder.path().join(name), name).unwrap();
    }
    put(&folder.path().join("out"), b"new");
    drop(create(&folder.path().join("out")).unwrap());
    for name in theirs {
        assert_eq!(fs::read_to_string(folder.path().join(name)).unwrap(), name);
    }
    assert_eq!(names(folder.path()).len(), theirs.len() + 1);
}

#[test]
fn devices_are_written_and_not_replaced() {
    put(Path::new("/dev/null"), b"gone");
    let full = create(Path::new("/dev/full")).unwrap().write(|file| file.write_all(b"more"));
    assert_eq!(full.unwrap_err().source.kind(), ErrorKind::StorageFull);
    for device in ["/dev/null", "/dev/full"] {
        assert!(check_writable(Path::new(device)).is_err());
        assert!(write_atomically(Path::new(device), |_| Ok(())).is_err());
        assert!(fs::metadata(device).unwrap().file_type().is_char_device());
    }
}

#[test]
fn pipes_are_written_and_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    named_pipe(&path);
    let content = vec![7; 1 << 20];
    let reader = thread::spawn({
        let path = path.clone();
        move || fs::read(path).unwrap()
    });
    put(&path, &content);
    assert_eq!(reader.join().unwrap(), content);
    assert!(fs::metadata(&path).unwrap().file_type().is_fifo());
    assert_eq!(names(folder.path()), ["pipe"]);
    // Without a reader it would be waited for for ever.
    let refused = create(&path).unwrap_err().to_string();
    assert!(refused.contains("start its reader first"), "{refused}");

    // As a shell has it for `--out >(command)`.
    let (mut reader, writer) = io::pipe().unwrap();
    let name = format!("/dev/fd/{}", writer.as_raw_fd());
    let output = create(Path::new(&name)).unwrap();
    drop(writer);
    output.write(|file| file.write_all(b"new")).unwrap();
    let mut read = String::new();
    reader.read_to_string(&mut read).unwrap();
    assert_eq!(read, "new");
}

#[test]
fn an_open_file_is_written_after_what_is_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let (path, link) = (folder.path().join("open"), folder.path().join("link"));
    let mut open = OpenOptions::new().create(true).append(true).open(&path).unwrap();
    open.write_all(b"first, ").unwrap();
    let name = PathBuf::from(format!("/dev/fd/{}", open.as_raw_fd()));
    symlink(&name, &link).unwrap();
    put(&name, b"second, ");
    put(&link, b"third");
    assert_eq!(fs::read(&path).unwrap(), b"first, second, third");
    assert_eq!(open.metadata().unwrap().ino(), fs::metadata(&path).unwrap().ino());
    assert_eq!(names(folder.path()), ["link", "open"]);
}

#[test]
fn two_outputs_to_one_file_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let inside = |name: &str| folder.path().join(name);
    fs::create_dir(inside("sub")).unwrap();
    symlink("out", inside("link")).unwrap();
    named_pipe(&inside("pipe"));
    let _reader = OpenOptions::new().read(true).write(true).open(inside("pipe")).unwrap();
    let two = |a: &Path, b: &Path| {
        Output::create_all([("--json", Some(a)), ("--none", None), ("--csv", Some(b))])
    };
    fs::write(inside("there"), "old").unwrap();
    let open = OpenOptions::new().append(true).open(inside("there")).unwrap();
    let descriptor = PathBuf::from(format!("/dev/fd/{}", open.as_raw_fd()));
    for (a, b) in [
        (descriptor.clone(), inside("there")),
        (inside("there"), descriptor.clone()),
        (descriptor.clone(), descriptor.clone()),
        (inside("out"), inside("out")),
        (inside("out"), inside("sub/../out")),
        (inside("out"), inside("link")),
        (inside("new/out"), inside("new/./out")),
        (inside("pipe"), inside("pipe")),
        ("-".into(), "-".into()),
    ] {
        let refused = two(&a, &b).unwrap_err();
        let text = format!("--csv {}: expected a file of its own, got that of --json", b.display());
        assert_eq!(refused.to_string(), text);
    }
    for (a, b) in [
        (inside("out"), inside("other")),
        (inside("out"), inside("sub/out")),
        (inside("out"), "-".into()),
        (inside("out"), descriptor),
        ("/dev/null".into(), "/dev/null".into()),
    ] {
        let [json, none, csv] = two(&a, &b).unwrap();
        assert!(json.is_some() && none.is_none() && csv.is_some());
    }
    assert_eq!(names(folder.path()), ["link", "pipe", "sub", "there"]);
}

#[test]
fn an_output_that_is_an_input_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let inside = |name: &str| folder.path().join(name);
    fs::write(inside("keys"), "seeds").unwrap();
    symlink("keys", inside("link")).unwrap();
    fs::hard_link(inside("keys"), inside("hard link")).unwrap();
    named_pipe(&inside("pipe"));
    let _reader = OpenOptions::new().read(true).write(true).open(inside("pipe")).unwrap();
    let open = OpenOptions::new().append(true).open(inside("keys")).unwrap();
    let open = PathBuf::from(format!("/dev/fd/{}", open.as_raw_fd()));
    let before = names(folder.path());
    let refuse = |output: &Path, input: &Path| {
        let output = Output::create("--out", output).unwrap();
        output.refuse_inputs([("--none", None), ("--keys", Some(input))])
    };
    for (output, input) in [
        (inside("keys"), inside("keys")),
        (inside("keys"), inside("./keys")),
        (inside("link"), inside("keys")),
        (inside("keys"), inside("link")),
        (inside("keys"), inside("hard link")),
        (open, inside("keys")),
    ] {
        let refused = refuse(&output, &input).unwrap_err().to_string();
        let what = "expected a file of its own, got that of --keys";
        assert_eq!(refused, format!("--out {}: {what}", output.display()));
    }
    for (output, input) in [
        (inside("out"), inside("keys")),
        (inside("out"), inside("out")),
        (inside("keys"), inside("nowhere")),
        (inside("keys"), inside("pipe")),
        (inside("pipe"), inside("pipe")),
        ("-".into(), inside("keys")),
        ("/dev/null".into(), "/dev/null".into()),
    ] {
        assert!(refuse(&output, &input).is_ok(), "{} {}", output.display(), input.display());
    }
    assert_eq!(fs::read(inside("keys")).unwrap(), b"seeds");
    assert_eq!(names(folder.path()), before);
}

#[test]
fn a_result_that_cannot_have_its_name_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out");
    let output = create(&path).unwrap();
    // Meanwhile.
    fs::create_dir(&path).unwrap();
    let refused = output.write(|file| file.write_all(b"the work of hours")).unwrap_err();
    let text = refused.to_string();
    let kept = text.split("; all of it is in ").nth(1).unwrap();
    assert_eq!(fs::read(kept).unwrap(), b"the work of hours");
}

#[test]
fn folders_are_checked_by_a_file_in_them() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "old").unwrap();
    let check = |path: &Path| check_folder("--out", path).map_err(|error| error.source.kind());
    assert_eq!(check(&folder.path().join("a").join("b/")), Ok(()));
    assert_eq!(check(folder.path()), Ok(()));
    assert_eq!(check(&file), Err(ErrorKind::NotADirectory));
    assert_eq!(check(&file.join("below")), Err(ErrorKind::NotADirectory));
    assert_eq!(check(&folder.path().join("n".repeat(256))), Err(ErrorKind::InvalidFilename));
    assert_eq!(check(Path::new("")), Err(ErrorKind::InvalidInput));
    assert_eq!(check(Path::new("-")), Err(ErrorKind::InvalidInput));
    // A file system of the kernel's: what is there cannot be made by anyone.
    assert!(check(Path::new("/proc/self")).is_err());
    assert_eq!(names(folder.path()), ["file"]);
}
