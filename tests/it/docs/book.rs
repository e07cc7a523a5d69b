//! The documents as a book: it builds, and its links lead somewhere.

use std::process::Command;

use crate::repository::root;

#[test]
fn the_book_builds_and_every_link_in_it_leads_somewhere() {
    let output = Command::new(root().join("scripts/book.sh")).output().unwrap();
    let (told, complained) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{told}{complained}");
    // mdBook warns of what it does not like and goes on.
    assert!(!complained.contains("WARN"), "{complained}");
    let flows = std::fs::read_to_string(root().join("target/book/html/flows.html")).unwrap();
    let document = crate::repository::read("docs/flows.md");
    assert_eq!(
        flows.matches("<div class=\"diagram\"><svg ").count(),
        document.matches("```mermaid").count(),
        "every diagram is drawn"
    );
}
