//! The texts of a metadata directory, wherever they lie: on disk or in the binary.
//!
//! Paths are relative to the directory and use forward slashes. Nothing is parsed here.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use include_dir::{Dir, include_dir};

static EMBEDDED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/hasura/metadata");

/// The texts of a metadata directory, by path; `None` for a file that is not UTF-8.
#[derive(Clone, Debug, Default)]
pub struct Files(BTreeMap<String, Option<String>>);

impl Files {
    /// The metadata that this program ships.
    pub fn embedded() -> Self {
        let mut files = Self::default();
        files.add_embedded(&EMBEDDED);
        files
    }

    /// A directory on disk. Hidden files are left out, as the CLI does.
    pub fn from_directory(root: &Path) -> io::Result<Self> {
        let mut files = Self::default();
        files.add_directory(root, "")?;
        Ok(files)
    }

    /// The text at a path, or why it has none. `None` if there is no such file.
    pub fn text(&self, path: &str) -> Option<Result<&str, &'static str>> {
        let text = self.0.get(path)?;
        Some(text.as_deref().ok_or("is not a UTF-8 text"))
    }

    /// Every path.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    fn add_embedded(&mut self, directory: &Dir<'_>) {
        for file in directory.files() {
            if let (Some(path), Some(text)) = (file.path().to_str(), file.contents_utf8()) {
                self.0.insert(path.replace('\\', "/"), Some(text.to_owned()));
            }
        }
        for inner in directory.dirs() {
            self.add_embedded(inner);
        }
    }

    fn add_directory(&mut self, directory: &Path, prefix: &str) -> io::Result<()> {
        for entry in std::fs::read_dir(directory)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with('.') {
                continue;
            }
            let path = format!("{prefix}{name}");
            // Followed, so that a mounted configuration directory of links works.
            if std::fs::metadata(entry.path())?.is_dir() {
                self.add_directory(&entry.path(), &format!("{path}/"))?;
            } else {
                let bytes = std::fs::read(entry.path())
                    .map_err(|error| io::Error::new(error.kind(), format!("{path}: {error}")))?;
                self.0.insert(path, String::from_utf8(bytes).ok());
            }
        }
        Ok(())
    }
}

impl Extend<(String, String)> for Files {
    fn extend<I: IntoIterator<Item = (String, String)>>(&mut self, pairs: I) {
        self.0
            .extend(pairs.into_iter().map(|(path, text)| (path, Some(text))));
    }
}

impl<P: Into<String>, T: Into<String>> FromIterator<(P, T)> for Files {
    fn from_iter<I: IntoIterator<Item = (P, T)>>(pairs: I) -> Self {
        Self(
            pairs
                .into_iter()
                .map(|(path, text)| (path.into(), Some(text.into())))
                .collect(),
        )
    }
}
