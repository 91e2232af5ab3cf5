//! Where things lie: the root of the project, and what is written under its target folder.

use std::path::PathBuf;

use anyhow::{Context, Result};
use cargo_metadata::MetadataCommand;

/// The folders that every command needs.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The root of the workspace.
    pub(crate) root: PathBuf,
    /// Cargo's target folder, wherever the caller's environment puts it.
    pub(crate) target: PathBuf,
}

impl Place {
    /// Asks cargo, so that `CARGO_TARGET_DIR` and `.cargo/config.toml` count.
    pub(crate) fn find() -> Result<Self> {
        // `cargo run` says where we are; the path at compile time is of another checkout if two share a target folder.
        let here = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
        let manifest = here.join("../../Cargo.toml");
        let metadata = MetadataCommand::new()
            .manifest_path(manifest)
            .no_deps()
            .exec()
            .context("cargo metadata does not read this workspace")?;
        Ok(Self { root: metadata.workspace_root.into(), target: metadata.target_directory.into() })
    }

    /// What the collector serves to browsers: loader, glue, wasm, locales and the manifest that names them.
    pub(crate) fn assets(&self) -> PathBuf {
        self.target.join("assets")
    }

    /// domshot as it ships, for tests and benchmarks.
    pub(crate) fn domshot(&self) -> PathBuf {
        self.target.join("domshot")
    }

    /// The build tools that come from npm.
    pub(crate) fn node(&self) -> PathBuf {
        self.target.join("node")
    }

    /// What `dist` makes.
    pub(crate) fn dist(&self) -> PathBuf {
        self.root.join("dist")
    }

    /// A program that cargo built in the profile that the tests share.
    pub(crate) fn debug_program(&self, name: &str) -> PathBuf {
        self.target.join("debug").join(name).with_extension(std::env::consts::EXE_EXTENSION)
    }
}
