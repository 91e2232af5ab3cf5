//! Disks of our own: a small one, and one that forgets at a power cut what was never flushed. They need the right to mount.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use tokio::process::Command;

/// A disk that is mounted; dropped, it is let go.
#[derive(Debug)]
pub(super) struct Disk {
    at: PathBuf,
    /// The file that it lies in, unless it lies in memory.
    image: Option<PathBuf>,
}

impl Disk {
    /// A disk in memory, of so many mebibytes. `None` where none can be mounted.
    pub(super) async fn small(at: &Path, mib: u32) -> Result<Option<Self>> {
        let disk = Self { at: at.into(), image: None };
        Ok(disk.mount_small(&format!("size={mib}m")).await?.then_some(disk))
    }

    /// Gives it so many mebibytes.
    pub(super) async fn enlarge(&self, mib: u32) -> Result<()> {
        ensure!(self.mount_small(&format!("remount,size={mib}m")).await?, "the disk cannot be made larger");
        Ok(())
    }

    async fn mount_small(&self, options: &str) -> Result<bool> {
        run(Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(&self.at)).await
    }

    /// A disk with a file system and its journal, in a file beside. `None` where none can be mounted.
    pub(super) async fn journaled(at: &Path, mib: u64) -> Result<Option<Self>> {
        let image = at.with_extension("disk");
        std::fs::File::create(&image)?.set_len(mib * 1024 * 1024)?;
        let made =
            run(Command::new("mkfs.ext4").args(["-q", "-F", "-E", "lazy_itable_init=0"]).arg(&image)).await;
        let disk = Self { at: at.into(), image: Some(image) };
        let is_there = matches!(made, Ok(true)) && matches!(disk.mount().await, Ok(true));
        Ok(is_there.then_some(disk))
    }

    async fn mount(&self) -> Result<bool> {
        let image = self.image.as_ref().context("only a disk in a file is mounted again")?;
        run(Command::new("mount").args(["-o", "loop"]).arg(image).arg(&self.at)).await
    }

    /// Writes all that the system is still holding in memory.
    pub(super) async fn settle(&self) -> Result<()> {
        ensure!(
            run(Command::new("sync").arg("--file-system").arg(&self.at)).await?,
            "the disk cannot be written"
        );
        Ok(())
    }

    /// What has reached the disk stays, and what the system was still holding in memory is gone. Whoever used the disk has
    /// ended.
    ///
    /// The file is the disk: it has what was written to the device, and nothing of what is still in the mounted file
    /// system's pages. A copy of it is mounted in its place; what the old mount writes on its way out goes to the old file.
    pub(super) async fn lose_power(&self) -> Result<()> {
        let image = self.image.as_ref().context("only a disk in a file loses anything")?;
        let kept = image.with_extension("kept");
        ensure!(
            run(Command::new("cp").arg("--sparse=always").arg(image).arg(&kept)).await?,
            "the disk cannot be copied"
        );
        ensure!(run(Command::new("umount").arg(&self.at)).await?, "somebody still uses the disk");
        std::fs::rename(&kept, image)?;
        ensure!(self.mount().await?, "what is left of the disk cannot be mounted");
        Ok(())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Where it was never mounted, there is nothing to be said about it.
        let _ = std::process::Command::new("umount")
            .arg("--lazy")
            .arg(&self.at)
            .stderr(std::process::Stdio::null())
            .status();
    }
}

async fn run(command: &mut Command) -> Result<bool> {
    Ok(command.stderr(std::process::Stdio::null()).status().await?.success())
}
