//! Names the version of the circuits: a hash over every source file that they follow from.
//!
//! Cached circuits and keys are kept under this name, so that any change makes new ones.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

fn main() {
    let prover = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let root = prover.parent().expect("the workspace is above").to_path_buf();
    let mut files = vec![root.join("Cargo.lock"), root.join("rust-toolchain.toml")];
    collect(&root.join("circuits"), &mut files);
    files.sort();
    let mut hash = Sha256::new();
    for file in files {
        println!("cargo:rerun-if-changed={}", file.display());
        let name = file.strip_prefix(&root).expect("below the root").to_string_lossy().into_owned();
        let content = fs::read(&file).expect("a source file is readable");
        hash.update((name.len() as u64).to_le_bytes());
        hash.update(name);
        hash.update((content.len() as u64).to_le_bytes());
        hash.update(content);
    }
    let version: String = hash.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    println!("cargo:rerun-if-changed={}", root.join("circuits").display());
    println!("cargo:rustc-env=CAIRN_CIRCUITS_VERSION={version}");
}

/// All sources and manifests below a folder, tests too: simpler than telling them apart, and never wrong.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a source folder is readable").flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|e| e == "rs" || e == "toml") {
            files.push(path);
        }
    }
}
