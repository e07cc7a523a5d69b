//! One role's schema.

use std::collections::BTreeMap;
use std::sync::Arc;

use apollo_compiler::collections::HashMap;
use apollo_compiler::schema::Implementers;
use apollo_compiler::validation::Valid;
use apollo_compiler::{Name, Schema};

use super::actions::ServedAction;
use super::ancestry;
use super::sdl::Sdl;
use super::tables::{Access, ServedTable};
use crate::engine::session::ADMIN;
use crate::hasura::metadata::{ActionKind, Metadata};

pub(crate) const MUTATION_ROOT: &str = "mutation_root";

/// What a role may ask, and what answers.
pub(crate) struct RoleSchema {
    pub(crate) schema: Valid<Schema>,
    pub(crate) implementers: HashMap<Name, Implementers>,
    query: BTreeMap<String, Root>,
    mutation: BTreeMap<String, Root>,
}

/// What answers a root field.
#[derive(Clone)]
pub(crate) enum Root {
    Action(Arc<ServedAction>),
    Table {
        table: Arc<ServedTable>,
        access: Arc<Access>,
        root: TableRoot,
    },
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
        tables: &[Arc<ServedTable>],
    ) -> Result<Self, String> {
        let mut sdl = Sdl::new(&metadata.types);
        let mut query = BTreeMap::new();
        let mut mutation = BTreeMap::new();
        let roles = ancestry(metadata, role);
        for table in tables {
            let access = match table.permissions.get(role) {
                _ if role == ADMIN => Arc::new(table.full_access()),
                Some(access) => Arc::clone(access),
                None => continue,
            };
            sdl.table(table, &access);
            let name = &table.graphql_name;
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
                    let answer = Root::Table {
                        table: Arc::clone(table),
                        access: Arc::clone(&access),
                        root,
                    };
                    query.insert(field, answer);
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
        })
    }

    pub(crate) fn has_mutations(&self) -> bool {
        !self.mutation.is_empty()
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
