//! The builder: buildah, with a store of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::process::output;

/// Where Debian keeps the certificates that its programs trust.
const CERTIFICATES: &str = "/etc/ssl/certs/ca-certificates.crt";

pub(super) struct Buildah {
    work: PathBuf,
}

impl Buildah {
    /// Installs what is missing; keeps images and caches in the folder `work`.
    pub(super) fn new(work: &Path) -> anyhow::Result<Self> {
        install("buildah", "buildah")?;
        std::fs::create_dir_all(work.join("tmp"))?;
        Ok(Self { work: work.to_owned() })
    }

    /// A place for files that are not images.
    pub(super) fn work(&self, name: &str) -> PathBuf {
        self.work.join(name)
    }

    /// These options need no privileges beyond root's own: no overlays, no user namespaces, no engine.
    fn command(&self) -> Command {
        let mut command = Command::new("buildah");
        command.args(["--storage-driver", "vfs", "--root"]).arg(self.work("storage"));
        command.arg("--runroot").arg(self.work("run")).env("TMPDIR", self.work("tmp")).stdin(Stdio::null());
        command
    }

    /// What a command of buildah prints, without the end of the line.
    pub(super) fn run<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> anyhow::Result<String> {
        Ok(output(self.command().args(arguments))?.trim().to_owned())
    }

    /// Builds the Dockerfile in `root`, which must find its base images here. This machine's way to crates.io is
    /// mounted while it is built, and does not get into the image.
    pub(super) fn build(&self, root: &Path, image: &str) -> anyhow::Result<()> {
        let mut command = self.command();
        command.args(["bud", "--isolation", "chroot", "--format", "docker", "--pull-never", "--tag", image]);
        let cargo = std::env::var_os("CARGO_HOME").map(PathBuf::from);
        let cargo = cargo.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
        let settings = cargo.unwrap_or_default().join("config.toml");
        for (from, to) in [(Path::new(CERTIFICATES), CERTIFICATES), (&settings, "/usr/local/cargo/config.toml")] {
            if from.exists() {
                command.arg("--volume").arg(format!("{}:{to}:ro", from.display()));
            }
        }
        let status = command.arg(".").current_dir(root).stdout(Stdio::inherit()).status().context("buildah")?;
        ensure!(status.success(), "the Dockerfile cannot be built");
        // What the name stood for before.
        self.run(["rmi", "--prune"]).map(drop)
    }

    /// What the image says of itself.
    pub(super) fn inspect(&self, image: &str) -> anyhow::Result<Value> {
        Ok(serde_json::from_str(&self.run(["inspect", "--type", "image", image])?)?)
    }

    /// The files of the image, until the end of what is returned.
    pub(super) fn mount(&self, image: &str) -> anyhow::Result<Mounted<'_>> {
        let container = self.run(["from", "--pull-never", image])?;
        let path = self.run(["mount", &container])?.into();
        Ok(Mounted { buildah: self, container, path })
    }
}

/// An image's files.
pub(super) struct Mounted<'a> {
    buildah: &'a Buildah,
    container: String,
    pub(super) path: PathBuf,
}

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        let _ = self.buildah.run(["rm", &self.container]);
    }
}

/// Installs Debian's package unless the program is there.
pub(super) fn install(program: &str, package: &str) -> anyhow::Result<()> {
    let found = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if found.is_err() {
        output(Command::new("apt-get").args(["update", "--quiet"]))?;
        let mut install = Command::new("apt-get");
        install.args(["install", "--yes", "--quiet", "--no-install-recommends", package]);
        output(install.env("DEBIAN_FRONTEND", "noninteractive"))?;
    }
    Ok(())
}
