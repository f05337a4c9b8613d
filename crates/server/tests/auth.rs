//! Callers: who is let in, and for how long.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

#[allow(dead_code, reason = "each test file uses a part of it")]
mod support;

use std::thread;

use countersign_xtask::process::output_of_input;
use support::{Demo, MIM, OIG};

fn set_password(demo: &Demo, login: &str, password: &str) {
    let mut command = demo.store.command();
    output_of_input(command.args(["user", "password", login]), &format!("{password}\n")).unwrap();
}

#[test]
fn a_login_has_no_case_and_a_password_has() {
    let demo = Demo::start();
    let path = format!("{MIM}/requests");
    for (login, password, status) in [
        ("requester", "demo", 200),
        ("REQUESTER", "demo", 200),
        ("Requester", "Demo", 401),
        ("requester", "demo ", 401),
        ("requester ", "demo", 401),
        ("testuser1", "demo", 204),
    ] {
        let answer = demo.client.login(login, password).get(&path).unwrap();
        assert_eq!(answer.status, status, "{login}:{password}");
    }
}

#[test]
fn a_new_password_counts_at_once_and_the_old_one_no_longer() {
    let demo = Demo::start();
    let path = format!("{OIG}/requests/1001");
    let status = |password: &str| demo.client.login("requester", password).get(&path).unwrap().status;
    assert_eq!((status("demo"), status("demo")), (200, 200), "the second call finds it remembered");
    for password in ["with:colons: and blanks", "h\u{e4}\u{1F511}\u{df}", "demo2"] {
        set_password(&demo, "requester", password);
        assert_eq!(status("demo"), 401, "the old password is remembered");
        assert_eq!(status(password), 200);
    }
}

#[test]
fn a_new_user_may_log_in_and_sees_nothing() {
    let demo = Demo::start();
    let mut command = demo.store.command();
    command.args(["user", "add", "newcomer", "--password-stdin"]);
    output_of_input(&mut command, "a password\n").unwrap();
    let newcomer = demo.client.login("newcomer", "a password");
    assert_eq!(newcomer.get(&format!("{MIM}/requests")).unwrap().status, 204);
    assert_eq!(newcomer.get(&format!("{OIG}/requests/2029")).unwrap().status, 404);
}

#[test]
fn guessing_in_parallel_ends_in_401_or_503_and_harms_nobody() {
    let demo = Demo::with(&[("COUNTERSIGN__AUTH__VERIFICATIONS", "1"), ("COUNTERSIGN__AUTH__QUEUE", "2")]);
    let path = format!("{OIG}/requests/1001");
    assert_eq!(demo.login("requester").get(&path).unwrap().status, 200);
    let guesses: Vec<_> = (0..24)
        .map(|n| {
            let (client, path) = (demo.client.login("requester", &format!("guess{n}")), path.clone());
            thread::spawn(move || client.get(&path).unwrap())
        })
        .collect();
    assert_eq!(demo.client.get("/healthz").unwrap().status, 200);
    assert_eq!(demo.login("requester").get(&path).unwrap().status, 200, "a known caller does not wait");
    let answers: Vec<_> = guesses.into_iter().map(|guess| guess.join().unwrap()).collect();
    for answer in &answers {
        assert!([401, 503].contains(&answer.status), "{}", answer.text());
        assert_eq!(answer.status == 503, answer.header("retry-after").is_some());
    }
    assert!(answers.iter().any(|answer| answer.status == 401));
}
