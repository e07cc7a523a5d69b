//! Names of actions.graphql that a tracked table has taken already.
//!
//! Actions share the root fields with the tables, and custom types share their namespace; Hasura serves
//! neither of two things of one name.

use super::sdl::{FILE, Lines};
use super::{ActionKind, Metadata, Problem};

/// Hasura's own root types.
const ROOTS: [&str; 3] = ["query_root", "mutation_root", "subscription_root"];
/// What stands around a table's name in its fields of the query root.
const QUERIES: [(&str, &str); 3] = [("", ""), ("", "_by_pk"), ("", "_aggregate")];
/// The same of the mutation root.
const MUTATIONS: [(&str, &str); 7] = [
    ("insert_", ""),
    ("insert_", "_one"),
    ("update_", ""),
    ("update_", "_by_pk"),
    ("update_", "_many"),
    ("delete_", ""),
    ("delete_", "_by_pk"),
];
/// What a table adds to its name for its types.
const TYPES: [&str; 6] = [
    "",
    "_aggregate",
    "_aggregate_fields",
    "_bool_exp",
    "_order_by",
    "_select_column",
];

/// One problem for each clash.
pub(super) fn find(metadata: &Metadata, lines: &Lines) -> Vec<Problem> {
    let mut found = Vec::new();
    let mut clash = |name: &str, reason: String| {
        found.push(Problem::on_line(FILE, lines.of(name), reason));
    };
    for (name, ..) in metadata.types.iter() {
        if ROOTS.contains(&name) {
            clash(name, format!("type {name} is Hasura's own"));
        }
    }
    for table in metadata.sources.iter().flat_map(|source| &source.tables) {
        let shown = table.name.graphql_name();
        for action in &metadata.actions {
            let fields = match action.kind {
                ActionKind::Query => &QUERIES[..],
                ActionKind::Mutation => &MUTATIONS[..],
            };
            if fields
                .iter()
                .any(|(before, after)| action.name == format!("{before}{shown}{after}"))
            {
                let reason = format!(
                    "action {} clashes with a field of table {}",
                    action.name, table.name
                );
                clash(&action.name, reason);
            }
        }
        for (name, ..) in metadata.types.iter() {
            if TYPES.iter().any(|end| name == format!("{shown}{end}")) {
                clash(
                    name,
                    format!("type {name} clashes with one of table {}", table.name),
                );
            }
        }
    }
    found
}
