//! A container without an engine: namespaces, mounts and identity as an engine sets them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::buildah::{Buildah, Mounted};
use super::life::{ENTERED, Place};
use crate::process::{Server, outcome, output};

/// The mounts live in a namespace of their own and end with it. What the image does not own it cannot write, nor may
/// it gain any right.
const ENTER: &str = r#"set -eu
    root=$1 volume=$2 inside=$3 entered=$4; shift 4
    mkdir -p "$root/proc" "$root/dev"
    touch "$root/etc/hosts" "$root/etc/resolv.conf"
    mount --bind "$root" "$root"
    mount --bind "$volume" "$root$inside"
    mount -t proc proc "$root/proc"
    mount --bind /dev "$root/dev"
    mount --bind /etc/hosts "$root/etc/hosts"
    mount --bind /etc/resolv.conf "$root/etc/resolv.conf"
    mount -o remount,bind,ro "$root"
    if touch "$root/usr/probe" 2>/dev/null; then echo "the root can be written" >&2; exit 1; fi
    echo "$entered$(date +%s%N)" >&2
    exec setpriv --no-new-privs --bounding-set=-all,+sys_chroot,+setuid,+setgid env --ignore-environment "$@""#;

/// An image with what it says of itself.
pub(super) struct Image<'a> {
    files: Mounted<'a>,
    config: Value,
    layers: usize,
}

impl<'a> Image<'a> {
    pub(super) fn of(buildah: &'a Buildah, name: &str) -> anyhow::Result<Self> {
        let inspected = buildah.inspect(name)?;
        let layers = inspected["Docker"]["rootfs"]["diff_ids"].as_array().map_or(0, Vec::len);
        Ok(Self { files: buildah.mount(name)?, config: inspected["Docker"]["config"].clone(), layers })
    }

    /// The sizes of its files, in megabytes.
    pub(super) fn size(&self) -> anyhow::Result<Value> {
        let megabytes = |path: &Path| -> anyhow::Result<f64> {
            let du = output(Command::new("du").args(["--summarize", "--bytes"]).arg(path))?;
            let bytes: u32 = du.split_whitespace().next().context("a size")?.parse()?;
            Ok((f64::from(bytes) / 1e5).round() / 10.0)
        };
        let packed =
            output(Command::new("sh").args(["-c", "tar -C \"$1\" -cz . | wc -c", "sh"]).arg(&self.files.path))?;
        let packed: u32 = packed.trim().parse()?;
        Ok(json!({
            "megabytes": megabytes(&self.files.path)?,
            "binary_megabytes": megabytes(&self.binary())?,
            "packed_megabytes": (f64::from(packed) / 1e5).round() / 10.0,
            "layers": self.layers,
        }))
    }

    /// The program, as a file of this machine.
    pub(super) fn binary(&self) -> PathBuf {
        self.files.path.join("usr/local/bin/countersign")
    }

    /// `user:group`, both by number.
    pub(super) fn user(&self) -> &str {
        self.config["User"].as_str().unwrap_or_default()
    }

    fn ids(&self) -> anyhow::Result<(u32, u32)> {
        let (user, group) = self.user().split_once(':').context("the image names no user and group")?;
        let ids = (user.parse()?, group.parse()?);
        ensure!(ids.0 != 0 && ids.1 != 0, "the image runs as root");
        Ok(ids)
    }

    fn words(&self, name: &str) -> Vec<String> {
        let words = self.config[name].as_array().into_iter().flatten();
        words.filter_map(|word| word.as_str().map(str::to_owned)).collect()
    }

    /// Where the volume is mounted.
    fn inside(&self) -> anyhow::Result<&str> {
        let volumes = self.config["Volumes"].as_object().context("the image has no volume")?;
        volumes.keys().next().map(String::as_str).context("the image has no volume")
    }

    /// What tells whether a container of it is well.
    fn healthcheck(&self) -> anyhow::Result<Vec<String>> {
        let test = self.config["Healthcheck"]["Test"].as_array().into_iter().flatten();
        let words: Vec<String> = test.filter_map(|word| word.as_str().map(str::to_owned)).collect();
        ensure!(words.first().is_some_and(|word| word == "CMD"), "there is no HEALTHCHECK without a shell: {words:?}");
        Ok(words[1..].to_vec())
    }
}

/// A container's volume, for as many processes as are started in it.
pub(super) struct Container<'a> {
    image: &'a Image<'a>,
    volume: TempDir,
    variables: Vec<(String, String)>,
}

impl<'a> Container<'a> {
    /// A container with an empty volume, which has the owner that the image gave it.
    pub(super) fn new(image: &'a Image<'a>) -> anyhow::Result<Self> {
        let volume = tempfile::tempdir()?;
        let inside = image.files.path.join(image.inside()?.trim_start_matches('/'));
        for what in ["chown", "chmod"] {
            output(Command::new(what).arg(format!("--reference={}", inside.display())).arg(volume.path()))?;
        }
        image.ids()?;
        Ok(Self { image, volume, variables: Vec::new() })
    }

    /// The same with a variable in its environment.
    #[must_use]
    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Puts a file into the volume that its user alone can read; where it is inside.
    pub(super) fn put(&self, name: &str, content: &[u8]) -> anyhow::Result<String> {
        let path = self.volume.path().join(name);
        std::fs::write(&path, content)?;
        output(Command::new("chown").arg(self.image.user()).arg(&path))?;
        output(Command::new("chmod").arg("0400").arg(&path))?;
        Ok(format!("{}/{name}", self.image.inside()?))
    }

    /// Runs `words` in the container, as an engine does.
    fn execute<'w>(&self, listen: &str, words: impl IntoIterator<Item = &'w String>) -> anyhow::Result<Command> {
        let (user, group) = self.image.ids()?;
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "sh", "-c", ENTER, "sh"]);
        command.arg(&self.image.files.path).arg(self.volume.path()).arg(self.image.inside()?).arg(ENTERED);
        command.args(self.image.words("Env")).arg(format!("COUNTERSIGN__SERVER__LISTEN={listen}"));
        command.args(self.variables.iter().map(|(name, value)| format!("{name}={value}")));
        command.arg("/usr/bin/unshare").arg("--root").arg(&self.image.files.path);
        let folder = self.image.config["WorkingDir"].as_str().unwrap_or("/");
        command.args(["--wd", folder, "--setgid", &group.to_string(), "--setuid", &user.to_string(), "--"]).args(words);
        command.stdin(Stdio::null());
        Ok(command)
    }
}

impl Place for Container<'_> {
    fn command(&self, listen: &str, arguments: &[&str]) -> anyhow::Result<Command> {
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        self.execute(listen, self.image.words("Entrypoint").iter().chain(&arguments))
    }

    fn serve(&self, listen: &str) -> anyhow::Result<Command> {
        self.execute(listen, self.image.words("Entrypoint").iter().chain(&self.image.words("Cmd")))
    }

    fn health(&self, listen: &str) -> anyhow::Result<Command> {
        self.execute(listen, &self.image.healthcheck()?)
    }

    /// The volume is the working directory.
    fn folder(&self) -> PathBuf {
        self.volume.path().to_owned()
    }
}

/// What the kernel says of a server in a container, and what it says to a command that writes outside of the volume.
pub(super) fn process(image: &Image<'_>) -> anyhow::Result<Value> {
    let container = Container::new(image)?;
    let server = Server::start(&mut container.serve("127.0.0.1:0")?)?;
    let read = |name: &str| std::fs::read_to_string(format!("/proc/{}/{name}", server.id()));
    let (status, mounts) = (read("status")?, read("mountinfo")?);
    let of = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.unwrap_or_default().split_whitespace().next().unwrap_or_default().to_owned()
    };
    // The fifth word is where it is mounted as the process sees it, the sixth how.
    let root = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>()).find(|words| words.get(4) == Some(&"/"));
    let root = root.and_then(|words| words.get(5).map(ToString::to_string)).unwrap_or_default();
    ensure!(of("Uid") != "0" && of("CapEff").trim_matches('0').is_empty() && of("NoNewPrivs") == "1", "{status}");
    ensure!(root.split(',').any(|option| option == "ro"), "the root is not read-only: {root}");
    let written = outcome(&mut container.command("127.0.0.1:0", &["export", "/export.jsonl"])?)?;
    let said = String::from_utf8_lossy(&written.stderr).lines().last().unwrap_or_default().to_owned();
    ensure!(!written.status.success() && said.contains("Read-only file system"), "a file is written outside: {said}");
    server.stop()?;
    Ok(json!({
        "uid": of("Uid"), "gid": of("Gid"), "capabilities": of("CapEff"), "no_new_privileges": of("NoNewPrivs"),
        "root": root, "write_outside": said,
    }))
}
