//! Links between the documents: each file and each heading that is linked is there.

use crate::repository::{files, read, root};

/// A Markdown text without its code blocks and code spans.
fn prose(text: &str) -> String {
    let mut prose = String::new();
    let mut in_block = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        } else if !in_block {
            prose.extend(line.split('`').step_by(2));
            prose.push('\n');
        }
    }
    prose
}

/// The targets of `[text](target)`.
fn targets(text: &str) -> Vec<String> {
    prose(text)
        .split("](")
        .skip(1)
        .filter_map(|rest| Some(rest.split_once(')')?.0.to_owned()))
        .collect()
}

/// The anchor that a heading gets.
fn anchor(heading: &str) -> String {
    heading
        .trim_start_matches('#')
        .trim()
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

fn anchors(text: &str) -> Vec<String> {
    let mut in_block = false;
    let mut found = Vec::new();
    for line in text.lines() {
        if line.starts_with("```") {
            in_block = !in_block;
        } else if !in_block && line.starts_with('#') {
            found.push(anchor(line));
        }
    }
    found
}

#[test]
fn every_link_leads_somewhere() {
    let mut broken = Vec::new();
    for path in files("", "md") {
        let text = read(&path);
        let folder = root().join(&path).parent().unwrap().to_owned();
        for target in targets(&text) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (file, heading) = target
                .split_once('#')
                .map_or((target.as_str(), None), |(f, h)| (f, Some(h)));
            let linked = if file.is_empty() {
                root().join(&path)
            } else {
                folder.join(file)
            };
            if !linked.exists() {
                broken.push(format!("{path}: {target}"));
            } else if let Some(heading) = heading {
                let text = std::fs::read_to_string(linked).unwrap();
                if !anchors(&text).iter().any(|anchor| anchor == heading) {
                    broken.push(format!("{path}: {target} (no such heading)"));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_document_is_linked_from_the_readme_or_from_one_that_is() {
    let mut reached = vec!["README.md".to_owned()];
    let mut at = 0;
    while at < reached.len() {
        let path = reached[at].clone();
        at += 1;
        let folder = std::path::Path::new(&path).parent().unwrap().to_owned();
        for target in targets(&read(&path)) {
            let file = target.split('#').next().unwrap();
            if target.contains("://") || !file.ends_with(".md") {
                continue;
            }
            // `docs/../SECURITY.md` is `SECURITY.md`.
            let linked = root().join(folder.join(file)).canonicalize().unwrap();
            let linked = linked
                .strip_prefix(root().canonicalize().unwrap())
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            if !reached.contains(&linked) {
                reached.push(linked);
            }
        }
    }
    let lost: Vec<String> = files("", "md")
        .into_iter()
        .filter(|path| !reached.contains(path))
        .collect();
    assert!(lost.is_empty(), "nobody finds {lost:?}: link them");
}

#[test]
fn every_document_is_a_page_of_the_book_once_and_every_page_is_there() {
    let folder = root().join("docs");
    let mut pages: Vec<String> = targets(&read("docs/SUMMARY.md"))
        .iter()
        .map(|target| {
            let page = folder.join(target).canonicalize();
            let page = page.unwrap_or_else(|error| panic!("docs/SUMMARY.md: {target}: {error}"));
            let page = page
                .strip_prefix(root().canonicalize().unwrap())
                .unwrap()
                .to_owned();
            page.to_str().unwrap().to_owned()
        })
        .collect();
    pages.sort();
    let documents: Vec<String> = files("", "md")
        .into_iter()
        .filter(|path| path != "docs/SUMMARY.md")
        .collect();
    assert_eq!(
        pages, documents,
        "docs/SUMMARY.md (left) and the documents that there are (right)"
    );
}

#[test]
fn documents_stay_within_their_width_and_name_no_machine() {
    for path in files("", "md") {
        let text = read(&path);
        for home in ["root", "home", "Users"].map(|folder| format!("/{folder}/")) {
            assert!(!text.contains(&home), "{path} names {home}");
        }
    }
}
