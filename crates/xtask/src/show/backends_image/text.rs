//! What the files about the image say twice must be the same.

use std::path::Path;

use anyhow::{Context as _, ensure};

/// Fails if the Dockerfile has another toolchain or version than the workspace, or if a variable sets nothing.
pub(super) fn check(root: &Path) -> anyhow::Result<()> {
    let read = |name: &str| std::fs::read_to_string(root.join(name)).with_context(|| name.to_owned());
    let (docker, compose) = (read("Dockerfile")?, read("docker-compose.yml")?);
    let toolchain = quoted(&read("rust-toolchain.toml")?, "channel = ")?;
    let base = base(&docker)?;
    ensure!(base == format!("rust:{toolchain}-bookworm"), "the Dockerfile builds from {base}, not with {toolchain}");
    let version = quoted(&read("Cargo.toml")?, "version = ")?;
    let label = quoted(&docker, "image.version=")?;
    ensure!(label == version, "the Dockerfile is labelled {label}, and this is version {version}");
    let settings = read("config/default.toml")?;
    for name in variables(&docker).chain(variables(&compose)) {
        ensure!(is_setting(&settings, name), "{name} sets nothing");
    }
    Ok(())
}

/// The image that the program is built in.
pub(super) fn base(docker: &str) -> anyhow::Result<&str> {
    let from = docker.lines().find_map(|line| line.strip_prefix("FROM ")?.strip_suffix(" AS build"));
    from.context("the Dockerfile has no stage `build`")
}

fn quoted(text: &str, before: &str) -> anyhow::Result<String> {
    let found = text.split_once(before).and_then(|(_, rest)| rest.split('"').nth(1));
    Ok(found.with_context(|| format!("no {before:?}"))?.to_owned())
}

fn variables(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| word.starts_with("COUNTERSIGN__"))
}

/// Whether the documented settings have the key that the variable is for.
fn is_setting(settings: &str, variable: &str) -> bool {
    let name = variable.trim_start_matches("COUNTERSIGN__").trim_end_matches("_FILE").to_ascii_lowercase();
    let Some((section, key)) = name.split_once("__") else { return false };
    let section = settings.split_once(&format!("\n[{section}]\n")).map(|(_, rest)| rest.split("\n[").next());
    let mut lines = section.flatten().unwrap_or_default().lines();
    lines.any(|line| line.trim_start_matches("# ").strip_prefix(key).is_some_and(|rest| rest.starts_with(" = ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_that_sets_nothing_is_seen() {
        let settings = "# All.\n\n[server]\n# Where.\nlisten = \"a\"\n# public_url = \"b\"\n\n[storage]\nurl = \"c\"\n";
        for known in
            ["COUNTERSIGN__SERVER__LISTEN", "COUNTERSIGN__SERVER__PUBLIC_URL", "COUNTERSIGN__STORAGE__URL_FILE"]
        {
            assert!(is_setting(settings, known), "{known}");
        }
        for unknown in
            ["COUNTERSIGN__SERVER__URL", "COUNTERSIGN__SERVER__LIST", "COUNTERSIGN__STORE__URL", "COUNTERSIGN__X"]
        {
            assert!(!is_setting(settings, unknown), "{unknown}");
        }
    }

    #[test]
    fn a_version_that_was_left_behind_is_seen() {
        let root = crate::process::workspace();
        check(&root).unwrap();
        let copy = tempfile::tempdir().unwrap();
        std::fs::create_dir(copy.path().join("config")).unwrap();
        for name in ["Dockerfile", "docker-compose.yml", "rust-toolchain.toml", "Cargo.toml", "config/default.toml"] {
            std::fs::copy(root.join(name), copy.path().join(name)).unwrap();
        }
        check(copy.path()).unwrap();
        std::fs::write(copy.path().join("rust-toolchain.toml"), "[toolchain]\nchannel = \"1.0.0\"\n").unwrap();
        assert!(check(copy.path()).unwrap_err().to_string().contains("1.0.0"));
    }
}
