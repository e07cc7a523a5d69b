//! One role's schema.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use apollo_compiler::collections::HashMap;
use apollo_compiler::schema::Implementers;
use apollo_compiler::validation::Valid;
use apollo_compiler::{Name, Schema};

use super::actions::ServedAction;
use super::ancestry;
use super::relations::Relation;
use super::sdl::Sdl;
use super::sdl_tables::AllSeen;
use super::tables::{Access, ServedTable, Tracked};
use crate::engine::session::ADMIN;
use crate::hasura::metadata::{ActionKind, Metadata, TableName};

pub(crate) const MUTATION_ROOT: &str = "mutation_root";

/// What a role may ask, and what answers.
pub(crate) struct RoleSchema {
    pub(crate) schema: Valid<Schema>,
    pub(crate) implementers: HashMap<Name, Implementers>,
    query: BTreeMap<String, Root>,
    mutation: BTreeMap<String, Root>,
    tables: AllSeen,
    writes: BTreeSet<String>,
}

/// A table with what the role sees of it.
#[derive(Clone)]
pub(crate) struct Seen {
    pub(crate) table: Arc<ServedTable>,
    pub(crate) access: Arc<Access>,
}

impl Seen {
    /// The relationships to tables that the role sees too, with those.
    pub(super) fn related<'s>(&'s self, all: &'s AllSeen) -> impl Iterator<Item = (&'s Relation, &'s Seen)> {
        self.table
            .relations
            .iter()
            .filter_map(|relation| Some((relation, all.get(&relation.table)?)))
    }
}

/// What answers a root field.
#[derive(Clone)]
pub(crate) enum Root {
    Action(Arc<ServedAction>),
    Table { seen: Seen, root: TableRoot },
}

/// Which of a table's root fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TableRoot {
    Select,
    ByPk,
    Aggregate,
}

impl RoleSchema {
    pub(super) fn build(
        role: &str,
        metadata: &Metadata,
        actions: &[Arc<ServedAction>],
        tracked: &[Tracked],
    ) -> Result<Self, String> {
        let mut sdl = Sdl::new(&metadata.types);
        let mut query = BTreeMap::new();
        let mut mutation = BTreeMap::new();
        let roles = ancestry(metadata, role);
        let mut tables = AllSeen::new();
        let mut writes = BTreeSet::new();
        for Tracked {
            table,
            permissions,
            mutations,
        } in tracked
        {
            let may = |writers: &[String]| writers.iter().any(|one| roles.contains(one.as_str()));
            let open = mutations
                .iter()
                .filter(|(_, writers)| role == ADMIN || may(writers));
            writes.extend(open.map(|(field, _)| field.clone()));
            let access = match permissions.get(role) {
                _ if role == ADMIN => Arc::new(table.full_access()),
                Some(access) => Arc::clone(access),
                None => continue,
            };
            if !access.columns.is_empty() {
                let table = Arc::clone(table);
                tables.insert(table.name.clone(), Seen { table, access });
            }
        }
        for seen in tables.values() {
            sdl.table(seen, &tables);
            let (name, access) = (&seen.table.graphql_name, &seen.access);
            for (open, root, field) in [
                (access.select, TableRoot::Select, name.clone()),
                (access.select_by_pk, TableRoot::ByPk, format!("{name}_by_pk")),
                (
                    access.select_aggregate,
                    TableRoot::Aggregate,
                    format!("{name}_aggregate"),
                ),
            ] {
                if open {
                    let seen = seen.clone();
                    query.insert(field, Root::Table { seen, root });
                }
            }
        }
        for action in actions {
            let permitted = role == ADMIN
                || action
                    .definition
                    .roles
                    .iter()
                    .any(|one| roles.contains(one.as_str()));
            if permitted {
                sdl.action(action);
                let fields = match action.definition.kind {
                    ActionKind::Query => &mut query,
                    ActionKind::Mutation => &mut mutation,
                };
                fields.insert(action.definition.name.clone(), Root::Action(Arc::clone(action)));
            }
        }
        let schema = Schema::parse_and_validate(sdl.finish(), "schema.graphql")
            .map_err(|broken| broken.errors.to_string())?;
        let implementers = schema.implementers_map();
        Ok(Self {
            schema,
            implementers,
            query,
            mutation,
            tables,
            writes,
        })
    }

    pub(crate) fn has_mutations(&self) -> bool {
        !self.mutation.is_empty()
    }

    /// A table, if the role sees it.
    pub(crate) fn seen(&self, table: &TableName) -> Option<&Seen> {
        self.tables.get(table)
    }

    /// Whether Hasura would let the role write by this field of the mutation root.
    pub(crate) fn would_write(&self, field: &str) -> bool {
        self.writes.contains(field)
    }

    /// What answers a root field of the query or mutation root.
    pub(crate) fn root(&self, parent: &str, field: &str) -> Option<&Root> {
        if parent == MUTATION_ROOT {
            self.mutation.get(field)
        } else {
            self.query.get(field)
        }
    }
}
