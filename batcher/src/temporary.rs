//! Temporary folders in which others write.

use std::{
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    time::Duration,
};

use tempfile::TempDir;

/// How often and after which pause a folder is removed again: what was ended a moment ago may still write there.
const ATTEMPTS: u32 = 40;
const PAUSE: Duration = Duration::from_millis(50);

/// A folder that goes with this value, whoever still writes there.
#[derive(Debug)]
pub struct Temporary(Option<TempDir>);

impl Temporary {
    /// Makes one whose name begins so.
    ///
    /// # Errors
    /// What the file system says.
    pub fn new(prefix: &str) -> io::Result<Self> {
        let made = tempfile::Builder::new().prefix(prefix).tempdir();
        made.map(|folder| Self(Some(folder))).map_err(|error| {
            let parent = std::env::temp_dir();
            let what = format!("making a temporary folder in {}: {error}", parent.display());
            io::Error::new(error.kind(), what)
        })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.as_ref().map_or(Path::new(""), TempDir::path)
    }

    /// Lets it stay.
    #[must_use]
    pub fn keep(mut self) -> PathBuf {
        self.0.take().map(TempDir::keep).unwrap_or_default()
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let Some(folder) = self.0.take().map(TempDir::keep) else { return };
        for _ in 0..ATTEMPTS {
            match std::fs::remove_dir_all(&folder) {
                Err(error) if error.kind() != ErrorKind::NotFound => std::thread::sleep(PAUSE),
                _ => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_goes_while_others_still_write_there() {
        let folder = Temporary::new("cairn-test-").unwrap();
        let path = folder.path().to_owned();
        let writer = std::thread::spawn({
            let path = path.clone();
            move || {
                // Until the folder is gone, and for a while at most.
                for i in 0..1_000 {
                    let below = path.join(i.to_string());
                    if std::fs::create_dir(&below)
                        .and_then(|()| std::fs::write(below.join("file"), ""))
                        .is_err()
                    {
                        return;
                    }
                }
            }
        });
        drop(folder);
        writer.join().unwrap();
        assert!(!path.exists());
        let kept = Temporary::new("cairn-test-").unwrap().keep();
        std::fs::remove_dir(kept).unwrap();
    }
}
