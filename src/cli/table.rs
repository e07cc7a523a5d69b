//! What operators read: columns that align, times in UTC, JSON for programs.

use std::io::{ErrorKind, Write};

use anyhow::Context;
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Rows under a head, each column as wide as its widest cell. `indent` stands before each line.
pub(super) fn table<const N: usize>(indent: &str, head: [&str; N], rows: &[[String; N]]) -> String {
    let rows: Vec<[String; N]> = std::iter::once(head.map(str::to_owned))
        .chain(rows.iter().cloned())
        .map(|row| row.map(|cell| plain(&cell)))
        .collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: [usize; N] = std::array::from_fn(|column| width(column).unwrap_or(0));
    let mut text = String::new();
    for row in &rows {
        let cells = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:width$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        text.push_str(&format!("{indent}{}\n", line.trim_end()));
    }
    text
}

/// A text of a stranger's on one line: what would move the cursor is written out.
pub(super) fn plain(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            c if c.is_control() => c.escape_default().to_string(),
            c => c.to_string(),
        })
        .collect()
}

/// A cell that may be empty.
pub(super) fn or_dash(cell: Option<impl ToString>) -> String {
    cell.map_or_else(|| "-".to_owned(), |cell| cell.to_string())
}

/// An instant to the second, in UTC.
pub(super) fn instant(at: OffsetDateTime) -> String {
    at.to_offset(time::UtcOffset::UTC)
        .replace_nanosecond(0)
        .ok()
        .and_then(|at| at.format(&Rfc3339).ok())
        .unwrap_or_else(|| at.to_string())
}

/// Writes text to standard output. A reader that has seen enough (`| head`) is no fault.
pub(super) fn show(text: &str) -> anyhow::Result<()> {
    show_more(text).map(drop)
}

/// The same, and whether anybody still reads.
pub(super) fn show_more(text: &str) -> anyhow::Result<bool> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error).context("cannot write the answer"),
    }
}

/// Writes a value as JSON to standard output.
pub(super) fn show_json(value: &impl Serialize) -> anyhow::Result<()> {
    show(&format!("{}\n", serde_json::to_string_pretty(value)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align_and_no_cell_breaks_a_line() {
        let rows = [
            ["é".to_owned(), "1".to_owned()],
            ["a\u{1b}b".to_owned(), "2".to_owned()],
        ];
        assert_eq!(
            table(" ", ["NAME", "N"], &rows),
            " NAME      N\n é         1\n a\\u{1b}b  2\n"
        );
    }

    #[test]
    fn an_instant_is_shown_in_utc_to_the_second() {
        let at = time::macros::datetime!(2026-01-31 13:10:00.5 +1);
        assert_eq!(instant(at), "2026-01-31T12:10:00Z");
    }
}
