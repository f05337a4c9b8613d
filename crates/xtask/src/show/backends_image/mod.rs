//! `backends.8`: the image of the Dockerfile. It is built as it stands, without an engine: by buildah, on a base image
//! made of Debian's packages and this machine's toolchain, under the name that the Dockerfile asks for. Then it is
//! started as an engine would: as its user, on a root that is read-only, with its volume.

mod base;
mod buildah;
mod container;
mod life;
mod proxied;
mod text;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::ensure;
use serde_json::{Value, json};

use self::buildah::Buildah;
use self::container::{Container, Image};
use self::life::Place;
use super::{Context, Size, backends_tls};
use crate::process::{countersign, output};

/// Where images are kept from one run to the next: several gigabytes, which may be removed at any time.
const WORK: &str = "/var/tmp/countersign-image";
/// What the image is called.
const IMAGE: &str = "countersign";
/// The most that the image may have, in megabytes.
const LARGEST_MB: f64 = 60.0;
/// How often it is started on an empty volume …
const STARTS: usize = 5;
/// … and the longest from start to the first answer, in milliseconds, of the one in the middle.
const LONGEST_START_MS: u64 = 1000;

/// The program as the image runs it, without the image; in full size the image itself.
pub fn run(size: Size, context: &Context) -> anyhow::Result<Value> {
    text::check(&context.root)?;
    match size {
        Size::Short => short(context),
        Size::Full => full(context),
    }
}

/// A folder in the place of the volume.
struct Folder<'a> {
    binary: &'a Path,
    folder: tempfile::TempDir,
}

impl Place for Folder<'_> {
    fn command(&self, listen: &str, arguments: &[&str]) -> anyhow::Result<Command> {
        let mut command = countersign(self.binary);
        command.args(arguments).env("COUNTERSIGN__SERVER__LISTEN", listen).current_dir(self.folder.path());
        Ok(command)
    }

    fn serve(&self, listen: &str) -> anyhow::Result<Command> {
        self.command(listen, &["serve", "--migrate"])
    }

    fn health(&self, listen: &str) -> anyhow::Result<Command> {
        self.command(listen, &["health"])
    }

    fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }
}

fn short(context: &Context) -> anyhow::Result<Value> {
    let folder = || -> anyhow::Result<_> { Ok(Folder { binary: &context.binary, folder: tempfile::tempdir()? }) };
    Ok(json!({ "begins": life::begins(&folder()?)?, "stops": life::stops(&folder()?, 1)? }))
}

fn full(context: &Context) -> anyhow::Result<Value> {
    ensure!(output(Command::new("id").arg("-u"))?.trim() == "0", "making a root file system needs root");
    output(Command::new(context.root.join("scripts/lint-container")).current_dir(&context.root))?;
    let buildah = Buildah::new(Path::new(WORK))?;
    base::make(&buildah, &context.root)?;
    buildah.build(&context.root, IMAGE)?;
    let image = Image::of(&buildah, IMAGE)?;
    let size = image.size()?;
    ensure!(size["megabytes"].as_f64().is_some_and(|size| size < LARGEST_MB), "the image is too large: {size}");
    let begins: Vec<Value> =
        (0..STARTS).map(|_| life::begins(&Container::new(&image)?)).collect::<anyhow::Result<_>>()?;
    let mut taken: Vec<u64> = begins.iter().filter_map(|begins| begins["first_answer_ms"].as_u64()).collect();
    taken.sort_unstable();
    ensure!(taken.get(STARTS / 2).is_some_and(|taken| *taken < LONGEST_START_MS), "it starts too slowly: {taken:?} ms");
    Ok(json!({
        "lint": "hadolint and the schema of compose files find nothing",
        "image": size,
        "user": image.user(),
        "process": container::process(&image)?,
        "begins": begins,
        "stops": life::stops(&Container::new(&image)?, 5)?,
        "tls": backends_tls::of(&image.binary())?,
        "proxied": proxied::run(&image, &context.root)?,
    }))
}
