//! The base image, made here: Debian's packages and this machine's toolchain under the name of the official image.

use std::path::Path;
use std::process::Command;

use anyhow::ensure;

use super::buildah::{Buildah, install};
use super::text;
use crate::process::output;

const RELEASE: &str = "bookworm";
/// What the build needs of what the official image has.
const PACKAGES: &str = "gcc,g++,libc6-dev,make,perl,ca-certificates,pkg-config";
const PATH: &str = "PATH=/usr/local/cargo/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Makes the image that the Dockerfile builds in, unless an earlier run has made it.
pub(super) fn make(buildah: &Buildah, root: &Path) -> anyhow::Result<()> {
    let docker = std::fs::read_to_string(root.join("Dockerfile"))?;
    let name = format!("docker.io/library/{}", text::base(&docker)?);
    if buildah.inspect(&name).is_ok() {
        return Ok(());
    }
    let folder = buildah.work("base");
    let _ = std::fs::remove_dir_all(&folder);
    install("debootstrap", "debootstrap")?;
    let include = format!("--include={PACKAGES}");
    output(Command::new("debootstrap").args(["--variant=minbase", &include, RELEASE]).arg(&folder))?;
    let toolchain = output(Command::new("rustc").args(["--print", "sysroot"]).current_dir(root))?;
    let toolchain = Path::new(toolchain.trim());
    let copy = ["--recursive", "--preserve=mode,links"];
    output(Command::new("cp").args(copy).args([
        toolchain.join("bin"),
        toolchain.join("lib"),
        folder.join("usr/local"),
    ]))?;
    let container = buildah.run(["from", "scratch"])?;
    buildah.run(["add", "--quiet", &container, &folder.display().to_string(), "/"])?;
    buildah.run(["config", "--env", "CARGO_HOME=/usr/local/cargo", "--env", PATH, &container])?;
    buildah.run(["commit", "--rm", "--quiet", &container, &name])?;
    std::fs::remove_dir_all(&folder)?;
    ensure!(buildah.inspect(&name).is_ok(), "{name} is not there");
    Ok(())
}
