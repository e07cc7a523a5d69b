//! A small disk of one test's own, which can be filled. It needs the right to mount, as root has; it is unmounted when the
//! test is over, however that ends.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A file system in memory.
pub struct Disk {
    folder: PathBuf,
}

impl Disk {
    /// One that holds so many MiB, or why there is none.
    pub fn mount(mebibytes: u32) -> Result<Self, String> {
        let folder = tempfile::tempdir_in("/tmp").unwrap().keep();
        let mounted = Command::new("mount")
            .args([
                "-t",
                "tmpfs",
                "-o",
                &format!("size={mebibytes}m,mode=755"),
                "tmpfs",
            ])
            .arg(&folder)
            .output();
        let fault = match mounted {
            Ok(output) if output.status.success() => {
                unmount_when_this_process_ends(&folder);
                return Ok(Self { folder });
            }
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr);
                said.lines().next().unwrap_or("mount failed").to_owned()
            }
            Err(error) => error.to_string(),
        };
        std::fs::remove_dir(&folder).unwrap();
        Err(fault)
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes a file until nothing more can be written.
    pub fn fill(&self) {
        let mut file = File::create(self.folder.join("filler")).unwrap();
        let mut size = 1 << 20;
        while size > 0 {
            match file.write(&vec![1; size]) {
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::StorageFull => size /= 2,
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Removes it.
    pub fn free(&self) {
        std::fs::remove_file(self.folder.join("filler")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily, so that it goes even where a process of a failed test has a file open on it.
        let _ = Command::new("umount").arg("-l").arg(&self.folder).status();
        let _ = std::fs::remove_dir(&self.folder);
    }
}

/// The same for a process that is killed and cleans up nothing.
#[expect(
    clippy::zombie_processes,
    reason = "the watchdog outlives this process, which is its purpose"
)]
fn unmount_when_this_process_ends(folder: &Path) {
    let script = r#"
        while kill -0 "$1" 2>/dev/null && mountpoint -q "$2"; do sleep 0.5; done
        mountpoint -q "$2" || exit
        for file in "$2"/.tmp*/postgres/postmaster.pid; do
            pid=$(head -n 1 "$file" 2>/dev/null) && kill -QUIT "$pid"
        done
        umount -l "$2" && rmdir "$2""#;
    Command::new("sh")
        .args(["-c", script, "watchdog"])
        .arg(std::process::id().to_string())
        .arg(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
}
