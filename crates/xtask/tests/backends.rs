//! The adapters are held equal: each makes a test of every case, and the count of what ran shows any that did not.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::process::Command;

use countersign_xtask::process::workspace;

const ADAPTERS: [&str; 3] = ["memory", "postgres", "sqlite"];

fn read(path: &str) -> String {
    std::fs::read_to_string(workspace().join(path)).unwrap()
}

#[test]
fn each_adapter_runs_every_case() {
    let folders = std::fs::read_dir(workspace().join("crates")).unwrap().map(|entry| entry.unwrap().path());
    let mut adapters: Vec<_> = folders
        .filter(|folder| folder.join("tests/conformance.rs").exists())
        .map(|folder| folder.file_name().unwrap().to_str().unwrap().strip_prefix("storage-").unwrap().to_owned())
        .collect();
    adapters.sort_unstable();
    assert_eq!(adapters, ADAPTERS);
    for adapter in ADAPTERS {
        let tests = read(&format!("crates/storage-{adapter}/tests/conformance.rs"));
        assert_eq!(tests.matches("\nconformance_tests!(make);\n").count(), 1, "{adapter}");
        assert!(!tests.contains("cfg(") && !tests.contains("ignore"), "{adapter}");
        let manifest = read(&format!("crates/storage-{adapter}/Cargo.toml"));
        assert!(!manifest.contains("[[test]]") && !manifest.contains("autotests"), "{adapter}");
    }
}

/// The port asks for nothing that only a relational adapter could give.
#[test]
fn the_adapter_in_memory_knows_core_alone() {
    let manifest = read("crates/storage-memory/Cargo.toml");
    let (_, dependencies) = manifest.split_once("\n[dependencies]\n").unwrap();
    let (dependencies, others) = dependencies.split_once("\n[").unwrap();
    let names = |text: &str| -> Vec<String> {
        text.lines().filter(|line| line.contains("countersign-")).map(str::to_owned).collect()
    };
    assert_eq!(names(dependencies), ["countersign-core.workspace = true"]);
    assert_eq!(names(others), ["countersign-storage-conformance.workspace = true"]);
}

/// What `scripts/backends` says of a log in which so many cases passed, and whether it is content.
fn counted(cases: [(&str, u32); 3]) -> (String, bool) {
    let mut log = String::new();
    let ran = |target: &str, passed: u32| {
        format!(
            "     Running tests/{target}.rs (target/debug/deps/{target}-0123456789abcdef)\n\n\
             running {passed} tests\n\ntest result: ok. {passed} passed; 0 failed; 0 ignored\n\n"
        )
    };
    log += "     Running unittests src/lib.rs (target/debug/deps/countersign_server-0123456789abcdef)\n\n";
    log += "test result: ok. 77 passed; 0 failed; 0 ignored\n\n";
    log += &(ran("mim", 4) + &ran("postgres_mim", 4));
    for (adapter, passed) in cases.iter().filter(|(_, passed)| *passed > 0) {
        let library = format!("target/debug/deps/countersign_storage_{adapter}-0123456789abcdef");
        log += &format!("     Running unittests src/lib.rs ({library})\n\ntest result: ok. 3 passed; 0 failed\n\n");
        log += &ran("conformance", *passed);
        log += &ran("other", 9);
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    std::fs::write(&path, log).unwrap();
    let output = Command::new(workspace().join("scripts/backends")).arg(path).output().unwrap();
    (String::from_utf8(output.stdout).unwrap(), output.status.success())
}

#[test]
fn the_count_tells_adapters_apart_that_differ() {
    let (said, content) = counted([("memory", 153), ("postgres", 153), ("sqlite", 153)]);
    assert!(content, "{said}");
    assert!(said.contains("\nconformance: sqlite 153, postgres 153, memory 153\n"), "{said}");
    for cases in [
        [("memory", 152), ("postgres", 153), ("sqlite", 153)],
        [("memory", 153), ("postgres", 152), ("sqlite", 153)],
        [("memory", 153), ("postgres", 153), ("sqlite", 154)],
        [("memory", 0), ("postgres", 153), ("sqlite", 153)],
        [("memory", 0), ("postgres", 0), ("sqlite", 0)],
    ] {
        let (said, content) = counted(cases);
        assert!(!content, "{said}");
    }
}
